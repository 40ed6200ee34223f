"""Replays rejected records, under the current rules or with corrected lines, and marks the resolved ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID

import asyncpg
import polars as pl

from fundata_ingest.catalogue import Catalogue, FundataDataset
from fundata_ingest.formats.batches import FileHead, Position, TextBatch, TypedBatch
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.store.chunk_commit import store_versions, store_warnings
from fundata_ingest.store.chunks import DeliveryContext, prepare_chunk
from fundata_ingest.transform.json_batches import read_json_batches
from fundata_ingest.transform.typed_batches import type_batch
from fundata_ingest.transform.versions import DataSource
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.runs import ProcessingTask, RunEnd, Unit, UnitContext, UnitPlan
from sra_shared.runs.counts import Counts
from sra_shared.runs.rejects import (
    CORRECTED,
    RejectPages,
    ReplayRequest,
    conclude_replay,
    leave_open,
    plan_replay,
    resolve_reject,
)

_START = Position(0, 1)

# The column order comes from the file of the row: the newest of its path, or the first of several exports. The run exists as long
# as the reject is open.
_RUN = "CASE WHEN r.data_source = 'CSV' THEN coalesce(r.last_run_id, r.run_id) ELSE r.run_id END"
_COLUMNS = compose(
    """, (
  SELECT coalesce(u.detail -> 'columns', u.progress -> 'columns') FROM run_unit u
  WHERE u.task_id = {run} AND coalesce(u.detail ->> 'file', u.progress ->> 'file') = r.file_path LIMIT 1) AS columns,
  EXISTS (SELECT FROM task_execution_log t WHERE t.task_id = {run}) AS knows_run
""",
    run=_RUN,
)
_SQL_OF_ANSWER = """
SELECT r.*, NULL AS columns FROM rejected_record r
WHERE r.run_id = $1 AND r.file_path IS NOT DISTINCT FROM $2 AND r.dataset = $3 AND r.data_source = 'API'
  AND (r.resolved_at IS NULL OR r.resolved_by = $4)
"""
_SQL_HAS_TWIN = """
SELECT EXISTS (SELECT FROM fundata_data WHERE identifier = $1 AND dataset = $2 AND record_id = ''
               AND source_file IS NOT DISTINCT FROM $3 AND content_hash <> $4)
"""
_AMBIGUOUS = (
    "Several records of its response have this key, no record id and different content: correct it with a record id."
)


@dataclass(frozen=True)
class FundataReplayWork:
    """The work of `rejects replay`, dataset by dataset, page by page in the order of the rejects."""

    catalogue: Catalogue
    source: str = "fundata"
    ordered: bool = False
    concurrency: int = 1

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return a part for each dataset with open rejects, and one that fails for ids that name no open reject."""
        async with context.pool.acquire() as connection:
            return await plan_replay(connection, context.task, self.source)

    async def process(self, context: UnitContext) -> None:
        """Replay a dataset's rejects from the resume point on; rows that are still invalid stay open with their current
        reason."""
        dataset, request = self.catalogue.find_dataset(context.unit.dataset), ReplayRequest.read(context.task)
        replay = _Replay(dataset, context.task.task_id, request)
        pages = RejectPages(self.source, dataset.name, request, extra=_COLUMNS)
        while True:
            async with context.transaction() as connection:
                rows = await pages.read_page(connection, int(context.unit.resume.get("reject_id", 0)))
                if not rows:
                    break
                total = Counts()
                for row in rows:
                    total += await replay.try_again(connection, row)
                await context.commit(connection, total, resume={"reject_id": rows[-1]["reject_id"]})

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Report as datasets those whose rejects were resolved."""
        return await conclude_replay(connection, task, units)


class _Replay:
    """The rejects of one dataset in one run."""

    def __init__(self, dataset: FundataDataset, run_id: UUID, request: ReplayRequest) -> None:
        self.dataset = dataset
        self.request = request
        self._run_id = run_id
        self._ambiguous: dict[tuple[UUID, str | None], frozenset[str]] = {}

    async def try_again(self, connection: Connection, row: asyncpg.Record) -> Counts:
        """Store one record, or record why it is still invalid; return its counts."""
        is_corrected = row["reject_id"] in self.request.corrections
        if not (is_corrected or self._is_whole(row)):
            return Counts(read=1, rejected=1, rejected_by={row["reason"]: 1})
        typed = await asyncio.to_thread(self._type_row, row)
        if typed.frame.height != 1 or typed.rejects:
            reject = typed.rejects[0] if typed.rejects else None
            reason = reject.reason if reject else "field_count"
            detail = reject.detail if reject else "The line does not contain exactly one record."
            return await leave_open(connection, row, reason, detail)
        if await self._is_ambiguous(connection, row, typed.frame, is_corrected=is_corrected):
            return await leave_open(connection, row, "ambiguous_key", _AMBIGUOUS)
        stored = await _store_one(connection, self._run_id, self.dataset, row, typed)
        how = CORRECTED if is_corrected else "replayed"
        await resolve_reject(connection, row["reject_id"], self._run_id, how if stored else f"{how}, already known")
        return Counts(read=1, stored=stored, unchanged=1 - stored, warnings_by=typed.warnings_by)

    @staticmethod
    def _is_whole(row: asyncpg.Record) -> bool:
        """Whether the record is complete and readable. Only the beginning of a long record is kept, and a line's column order is
        lost with its run, if that was archived after a dismissal."""
        return row["reason"] != "row_too_long" and (_is_json(row, bytes(row["raw"])) or row["knows_run"])

    def _type_row(self, row: asyncpg.Record) -> TypedBatch:
        corrected = self.request.corrections.get(row["reject_id"])
        return _type_raw(self.dataset, row, bytes(row["raw"]) if corrected is None else corrected.encode())

    async def _is_ambiguous(
        self, connection: Connection, row: asyncpg.Record, frame: pl.DataFrame, *, is_corrected: bool
    ) -> bool:
        """Return whether its response has another JSON record with the same key, and this one has no record id."""
        if self.dataset.table == "quotes" or row["data_source"] != "API" or frame["record_id"][0]:
            return False
        if row["reason"] == "ambiguous_key" and not is_corrected:
            return True
        response = row["run_id"], row["file_path"]
        if response not in self._ambiguous:
            self._ambiguous[response] = await self._find_ambiguous(connection, *response)
        identifier, content_hash = frame["identifier"][0], frame["content_hash"][0]
        return identifier in self._ambiguous[response] or bool(
            await connection.fetchval(_SQL_HAS_TWIN, identifier, self.dataset.name, row["file_path"], content_hash)
        )

    async def _find_ambiguous(self, connection: Connection, run_id: UUID, path: str | None) -> frozenset[str]:
        """Return the identifiers under which the rejects of a response hold different records without a record id."""
        first: dict[str, bytes] = {}
        ambiguous: set[str] = set()
        async for row in connection.cursor(_SQL_OF_ANSWER, run_id, path, self.dataset.name, self._run_id, prefetch=10):
            if row["reason"] == "row_too_long" and row["reject_id"] not in self.request.corrections:
                continue
            frame = (await asyncio.to_thread(self._type_row, row)).frame
            for identifier, record_id, content_hash in frame.select(
                "identifier", "record_id", "content_hash"
            ).iter_rows():
                if not record_id and first.setdefault(identifier, content_hash) != content_hash:
                    ambiguous.add(identifier)
        return frozenset(ambiguous)


def _is_json(row: asyncpg.Record, raw: bytes) -> bool:
    return row["data_source"] == "API" and raw.lstrip()[:1] == b"{"


def _type_raw(dataset: FundataDataset, row: asyncpg.Record, raw: bytes) -> TypedBatch:
    """Read the bytes of one record as its delivery was read, with the same line number."""
    if _is_json(row, raw):
        delivered_on = row["delivered_on"].date() if row["delivered_on"] else None
        batches = read_json_batches(BytesIO(b"[" + raw + b"]"), dataset, delivered_on=delivered_on)
    else:
        columns = tuple(row["columns"] or dataset.column_names)
        batches = read_batches(BytesIO(raw), FileHead(dataset, columns, _START))
    today = datetime.now(UTC).date()
    pieces = [type_batch(batch, today=today) for batch in batches]
    if not pieces:
        empty = TextBatch(dataset, _empty_frame(dataset), (), _START, _START, _NoRows())
        return type_batch(empty, today=today)
    typed = pieces[0]
    line = pl.lit(row["line"], dtype=pl.Int64).alias("source_line")
    return replace(
        typed,
        frame=typed.frame.with_columns(line),
        elements=typed.elements.with_columns(line),
        rejects=tuple(reject for piece in pieces for reject in piece.rejects),
        warnings=tuple(replace(warning, line=row["line"] or 0) for warning in typed.warnings),
    )


def _empty_frame(dataset: FundataDataset) -> pl.DataFrame:
    return pl.DataFrame(schema={"source_line": pl.Int64, **dict.fromkeys(dataset.column_names, pl.String)})


@dataclass(frozen=True)
class _NoRows:
    def get(self, row: int) -> bytes:
        raise IndexError(row)


async def _store_one(
    connection: Connection, run_id: UUID, dataset: FundataDataset, row: asyncpg.Record, typed: TypedBatch
) -> int:
    """Store the record with the data_source and change date of its delivery; return 1 if it is a new version."""
    source: DataSource = "API" if row["data_source"] == "API" else "CSV"
    path = row["file_path"]
    delivery = DeliveryContext(
        dataset=dataset,
        run_id=run_id,
        data_source=source,
        source_file=path,
        execution_id=path.rsplit("/", 1)[-1] if source == "API" and path else None,
        today=datetime.now(UTC).date(),
        delivered_at=row["delivered_on"],
        ahead=False,
    )
    decision = await store_versions(connection, delivery, prepare_chunk(typed, delivery))
    await store_warnings(connection, delivery, typed)
    return int(decision.stored.sum())
