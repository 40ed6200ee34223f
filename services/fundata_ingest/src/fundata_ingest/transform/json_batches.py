"""The records of a JSON delivery, with the keys that are ambiguous within it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

import polars as pl

from fundata_ingest.catalogue import FundataDataset
from fundata_ingest.formats.batches import Position, TextBatch
from fundata_ingest.formats.csv_reader import BATCH_ROWS
from fundata_ingest.formats.json_records import read_json_records
from fundata_ingest.transform.typed_batches import type_batch

# The day only bounds the dates of quotes.
_NO_BOUND = date(1970, 1, 1)


def read_json_batches(
    stream: BinaryIO,
    dataset: FundataDataset,
    *,
    delivered_on: date | None,
    start: Position | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[TextBatch]:
    """Yield the records as `read_json_records` does, after reading all of `stream` once for its ambiguous keys."""
    ambiguous = find_ambiguous_keys(stream, dataset)
    yield from read_json_records(
        stream, dataset, delivered_on=delivered_on, ambiguous=ambiguous, start=start, batch_rows=batch_rows
    )


def find_ambiguous_keys(stream: BinaryIO, dataset: FundataDataset) -> frozenset[str]:
    """Return the identifiers for which `stream` holds different records without record_id (none in quotes)."""
    if dataset.table == "quotes":
        return frozenset()
    first: dict[str, bytes] = {}
    ambiguous: set[str] = set()
    for batch in read_json_records(stream, dataset, delivered_on=None, ambiguous=frozenset()):
        frame = type_batch(batch, today=_NO_BOUND).frame
        keyless = frame.filter(pl.col("record_id") == "").select("identifier", "content_hash")
        for identifier, content_hash in keyless.iter_rows():
            if first.setdefault(identifier, content_hash) != content_hash:
                ambiguous.add(identifier)
    return frozenset(ambiguous)
