"""The keys that a resumed delivery read before its resume point."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from fundata_ingest.formats.batches import TextBatch
from fundata_ingest.store.chunks import DeliveryContext, hash_keys
from fundata_ingest.store.file_tracker import StreamState
from fundata_ingest.transform.typed_batches import type_batch
from fundata_ingest.transform.versions import KeySet


def collect_met_keys(batches: Iterator[TextBatch], delivery: DeliveryContext, state: StreamState) -> KeySet:
    """Return the keys before the resume point if the file had unchanged records, else none: the database has the keys of stored
    ones.

    `batches` are the stream's, from the beginning of the file.
    """
    met = KeySet()
    if state.position is None or not state.counts.unchanged:
        return met
    for batch in takewhile(lambda batch: batch.start.offset < state.offset, batches):
        met.add(hash_keys(type_batch(batch, today=delivery.today), delivery.target))
    return met
