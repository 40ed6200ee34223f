"""Quarantine of a delivery's rejected rows, with what a replay needs to check and store them."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from fmp_collectors.dataset import FmpDataset
from fmp_collectors.records import Rejected, dump_exact
from fmp_collectors.rejects import name_row
from fmp_ingest.store.batch import FmpBatch
from sra_shared.kit.db import Connection, dump_json
from sra_shared.kit.logs import get_logger
from sra_shared.runs.rejects import Deliverer, Sighting, keep_sightings, make_identity

_log = get_logger(__name__)

SOURCE = "fmp"
_MOST_RAW_BYTES = 1_000_000


async def keep_rejected(connection: Connection, dataset: FmpDataset, run_id: UUID, delivery: FmpBatch) -> set[int]:
    """Quarantine the rejected rows with their reasons, or increment the counters of known ones, and log them.

    Return the numbers of the calls to which the quarantined rows refer.
    """
    rejected = delivery.batch.rejected
    if not rejected:
        return set()
    stored = {name_row(dataset, one.raw, one.origin) for one in delivery.batch.accepted} - {None}
    sightings = [_make_sighting(dataset, delivery.path, one, stored) for one in rejected]
    # distinguish rows with one key by content, not by position in the response
    sightings.sort(key=lambda one: (one.identity, one.raw))
    by = Deliverer(run_id, SOURCE, dataset.name, "API", str(run_id))
    calls = await keep_sightings(connection, by, sightings)
    _log.warning(
        "records_rejected",
        dataset=dataset.name,
        rejected=len(rejected),
        reasons=dict(Counter(one.reason for one in rejected)),
        first=rejected[0].detail,
        symbol=rejected[0].symbol,
    )
    return calls


def _make_sighting(dataset: FmpDataset, path: str, rejected: Rejected, stored: set[str | None]) -> Sighting:
    raw, call = encode_row(rejected), rejected.call
    name = name_row(dataset, rejected.raw, rejected.origin)
    if name is not None:
        identity = make_identity(SOURCE, dataset.name, name)
    else:
        identity = make_identity(SOURCE, dataset.name, path, rejected.symbol or "", raw=raw)
    origin = None
    if rejected.origin is not None:
        origin = dump_json({**vars(rejected.origin), "has_twin": name in stored})
    return Sighting(
        identity=identity,
        reason=rejected.reason,
        detail=rejected.detail,
        raw=raw,
        file_path=path,
        record_key=rejected.symbol,
        call_id=None if call is None else call.call_id,
        origin=origin,
        delivered_on=None if call is None else call.answered_at,
    )


def encode_row(rejected: Rejected) -> bytes:
    """Return a row as JSON: bytes that are not UTF-8 unchanged, lone surrogates as the escapes in which they came."""
    text = dump_exact(rejected.raw)
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "backslashreplace")
    return raw[:_MOST_RAW_BYTES]
