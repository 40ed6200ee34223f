"""Commits one chunk: rows, versions, what they supersede, rejects, warnings, resume point and counts, in one transaction."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import polars as pl

from fundata_ingest.formats.batches import TypedBatch
from fundata_ingest.store.chunks import Chunk, DeliveryContext, build_rows, hash_keys
from fundata_ingest.store.target_tables import copy_bytes, copy_frame
from fundata_ingest.store.version_lookup import find_existing, lock_identifiers
from fundata_ingest.transform.versions import DataSource, Decision, KeySet, decide_versions
from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger
from sra_shared.runs.counts import Counts
from sra_shared.runs.rejects import Deliverer, Sighting, keep_sightings, make_identity

log = get_logger(__name__)

SOURCE = "fundata"
# each export has its own path
_EXPORT = re.compile(r"(api/[^/]+)/.*", re.DOTALL)
_WARNING_COLUMNS = ("run_id", "source", "dataset", "file_path", "line", "field", "value", "reason")


async def store_chunk(connection: Connection, delivery: DeliveryContext, chunk: Chunk, met: KeySet) -> Counts:
    """Store a chunk inside the caller's transaction and return its counts.

    `met` holds the keys of this file that were read before without being stored. The chunk's keys are added to it, so the set
    must be rebuilt after a rollback. Raises what the database raises.
    """
    frame = chunk.typed.frame
    repeated = 0
    stored = 0
    # lock the rejects first, as a replay does
    await store_rejects(connection, delivery, chunk.typed)
    if frame.height:
        decision = await store_versions(connection, delivery, chunk)
        stored = int(decision.stored.sum())
        repeated = int(_find_repeated(delivery, chunk, decision, met).sum())
    await store_warnings(connection, delivery, chunk.typed)
    return Counts(
        read=chunk.typed.read,
        stored=stored,
        unchanged=frame.height - stored - repeated,
        duplicate=repeated,
        rejected=len(chunk.typed.rejects),
        rejected_by=chunk.typed.rejected_by,
        warnings_by=chunk.typed.warnings_by,
    ).check(f"a chunk of {delivery.source_file or delivery.dataset.name}")


async def store_versions(connection: Connection, delivery: DeliveryContext, chunk: Chunk) -> Decision:
    """Lock the chunk's identifiers, decide on its records (at least one) and append the new versions."""
    frame = chunk.typed.frame
    await lock_identifiers(connection, delivery.dataset.name, chunk.buckets)
    decision = decide_versions(
        keys=chunk.keys,
        content_hash=frame["content_hash"],
        change_date=frame["change_date"],
        existing=await find_existing(connection, delivery, chunk),
        data_source=delivery.data_source,
    )
    await _append_versions(connection, delivery, chunk, decision)
    return decision


async def _append_versions(connection: Connection, delivery: DeliveryContext, chunk: Chunk, decision: Decision) -> None:
    target, stored = delivery.target, decision.stored
    if not stored.any():
        delivery.ahead = False
        return
    first = chunk.is_first
    as_encoded = not decision.superseded.height and bool((stored == first).all()) and int(decision.version.max()) == 1
    if chunk.encoded is not None and as_encoded:
        columns, rows = chunk.encoded
        await copy_bytes(connection, target.table, columns, rows)
    else:
        delivery.ahead = as_encoded
        await copy_frame(connection, target.table, build_rows(delivery, chunk.typed, stored, decision.version))
    if decision.superseded.height:
        keys = chunk.typed.frame.select(target.key).with_row_index("row").cast({"row": pl.Int64})
        await copy_frame(
            connection,
            target.superseded,
            decision.superseded.join(keys, on="row", how="inner")
            .drop("row")
            .with_columns(dataset=pl.lit(delivery.dataset.name), run_id=pl.lit(str(delivery.run_id))),
        )


def _find_repeated(delivery: DeliveryContext, chunk: Chunk, decision: Decision, met: KeySet) -> npt.NDArray[np.bool_]:
    """Return which records are not new versions and repeat a key of this file; remember the keys of the others."""
    repeated, known = decision.repeated, ~decision.stored
    if delivery.file_hash is None or not known.any():
        return repeated
    hashes = hash_keys(chunk.typed, delivery.target)
    if len(met):
        repeated = repeated | (known & met.contains(hashes))
    met.add(hashes[known & ~repeated])
    return repeated


async def store_rejects(connection: Connection, delivery: DeliveryContext, typed: TypedBatch) -> None:
    """Quarantine the chunk's rejects; for repeated ones, increment the counters."""
    if not typed.rejects:
        return
    dataset, path = delivery.dataset.name, delivery.source_file
    place = name_place(path, delivery.data_source)
    await keep_sightings(
        connection,
        Deliverer(delivery.run_id, SOURCE, dataset, delivery.data_source, name_delivery(delivery)),
        [
            Sighting(
                identity=make_identity(SOURCE, dataset, place, raw=reject.raw),
                reason=reject.reason,
                detail=reject.detail.replace("\0", ""),
                raw=reject.raw,
                file_path=path,
                file_hash=delivery.file_hash,
                line=reject.line,
                delivered_on=delivery.delivered_at,
            )
            for reject in typed.rejects
        ],
    )
    log.warning(
        "records_rejected",
        dataset=dataset,
        file=path,
        rejected=len(typed.rejects),
        reasons=dict(typed.rejected_by),
        first_line=typed.rejects[0].line,
        first=typed.rejects[0].detail,
    )


def name_delivery(delivery: DeliveryContext) -> str:
    """Return what distinguishes one file or export from the next under the same path."""
    return f"{delivery.source_file or ''} {delivery.file_hash or delivery.run_id}"


def name_place(path: str | None, data_source: DataSource) -> str:
    """Return where a row is delivered again: the file's path, or the request of an export."""
    export = _EXPORT.fullmatch(path or "") if data_source == "API" else None
    return export[1] if export else path or ""


async def store_warnings(connection: Connection, delivery: DeliveryContext, typed: TypedBatch) -> None:
    """Store the chunk's warnings."""
    run, dataset, path = delivery.run_id, delivery.dataset.name, delivery.source_file
    if typed.warnings:
        await connection.copy_records_to_table(
            "field_warning",
            columns=_WARNING_COLUMNS,
            records=[(run, SOURCE, dataset, path, w.line, w.field, w.value, w.reason) for w in typed.warnings],
        )
