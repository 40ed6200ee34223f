"""Tries rejected records again, under the rules as they now are or with corrected lines, and marks what it resolved."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import asyncpg
import polars as pl

from fundata_ingest.batches import FileHead, Position, TextBatch, TypedBatch
from fundata_ingest.catalogue import Catalogue, Dataset
from fundata_ingest.chunks import Delivery, prepare_chunk
from fundata_ingest.commit import store_findings, store_versions
from fundata_ingest.reader import read_batches
from fundata_ingest.records import read_json_batches
from fundata_ingest.typed import type_batch
from fundata_ingest.versions import DataSource
from sra_shared.counts import Counts
from sra_shared.db import Connection
from sra_shared.runs import ProcessingTask, RunEnd, RunRequest, TaskType, Unit, UnitContext, UnitPlan, UnitStatus

_PAGE = 500
_PAGE_BYTES = 16 << 20
_START = Position(0, 1)
_MOST_NAMED = 20

_IS_OPEN = "r.source = 'fundata' AND r.resolved_at IS NULL AND ($1::bigint[] IS NULL OR r.reject_id = ANY($1))"
_SQL_DATASETS = f"""
SELECT DISTINCT r.dataset FROM rejected_record r WHERE {_IS_OPEN} AND ($2::text IS NULL OR r.dataset = $2) ORDER BY 1
"""  # noqa: S608 - constants of this module
_SQL_NOT_OPEN = """
SELECT w.reject_id, r.dataset, r.source, r.resolved_at, r.resolution
FROM unnest($1::bigint[]) AS w (reject_id) LEFT JOIN rejected_record r USING (reject_id)
WHERE r.source IS DISTINCT FROM 'fundata' OR r.resolved_at IS NOT NULL OR ($2::text IS NOT NULL AND r.dataset <> $2)
ORDER BY 1
"""
_SQL_OPEN = f"""
WITH page AS (
  SELECT r.reject_id, octet_length(r.raw) AS bytes FROM rejected_record r
  WHERE {_IS_OPEN} AND r.dataset = $2 AND r.reject_id > $3 ORDER BY r.reject_id LIMIT {_PAGE}),
bounded AS (SELECT reject_id, sum(bytes) OVER (ORDER BY reject_id) - bytes AS before FROM page)
SELECT r.*, (SELECT coalesce(u.detail -> 'columns', u.progress -> 'columns') FROM run_unit u
             WHERE u.task_id = r.run_id AND coalesce(u.detail ->> 'file', u.progress ->> 'file') = r.file_path
             LIMIT 1) AS columns
FROM bounded b JOIN rejected_record r USING (reject_id)
WHERE b.before < {_PAGE_BYTES} ORDER BY r.reject_id
FOR UPDATE OF r
"""  # noqa: S608
_SQL_OF_ANSWER = """
SELECT r.*, NULL AS columns FROM rejected_record r
WHERE r.run_id = $1 AND r.file_path IS NOT DISTINCT FROM $2 AND r.dataset = $3 AND r.data_source = 'API'
  AND (r.resolved_at IS NULL OR r.resolved_by = $4)
"""
_SQL_HAS_TWIN = """
SELECT EXISTS (SELECT FROM fundata_data WHERE identifier = $1 AND dataset = $2 AND record_id = ''
               AND source_file IS NOT DISTINCT FROM $3 AND content_hash <> $4)
"""
_SQL_RESOLVE = """
UPDATE rejected_record SET resolved_at = now(), resolved_by = $2, resolution = $3
WHERE reject_id = $1
"""
_SQL_STILL = "UPDATE rejected_record SET reason = $2, detail = $3 WHERE reject_id = $1 AND $2 <> reason"
_AMBIGUOUS = "Several records of its answer have this key, no record id and different content: correct it with an id."


def make_replay_request(
    *,
    dataset: str | None = None,
    reject_ids: Sequence[int] | None = None,
    corrections: Mapping[int, str] | None = None,
) -> RunRequest:
    """Return the request: all open rejects, those of a dataset, the given ones, or those with corrected lines."""
    parameters: dict[str, Any] = {"replay": dataset or ""}
    if reject_ids:
        parameters["reject_ids"] = sorted(reject_ids)
    if corrections is not None:
        parameters["corrections"] = {str(reject_id): line for reject_id, line in corrections.items()}
    return RunRequest(task_type=TaskType.CSV_IMPORT, parameters=parameters)


@dataclass(frozen=True)
class Asked:
    """What a replay is asked for: the dataset and the ids of the rejects (None for all), and the corrected records."""

    dataset: str | None
    reject_ids: list[int] | None
    corrections: Mapping[int, str]

    @classmethod
    def read(cls, task: ProcessingTask) -> Asked:
        """Read the parameters of a run."""
        parameters = task.parameters
        corrections = {int(key): line for key, line in parameters.get("corrections", {}).items()}
        wanted = sorted(corrections) if "corrections" in parameters else parameters.get("reject_ids")
        return cls(parameters.get("replay") or None, wanted, corrections)


@dataclass(frozen=True)
class ReplayWork:
    """What `rejects replay` does, dataset by dataset, page by page in the order of the rejects."""

    catalogue: Catalogue
    source: str = "fundata"
    ordered: bool = False
    concurrency: int = 1

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return a part for each dataset with open rejects, and one that fails for ids which name no open reject."""
        asked = Asked.read(context.task)
        async with context.pool.acquire() as connection:
            datasets = await connection.fetch(_SQL_DATASETS, asked.reject_ids, asked.dataset)
            wrong = await connection.fetch(_SQL_NOT_OPEN, asked.reject_ids or [], asked.dataset)
        plans = [UnitPlan(f"rejects of {row['dataset']}", row["dataset"], {"file": "rejects"}) for row in datasets]
        if wrong:
            told = " ".join(_describe_wrong_id(row) for row in wrong[:_MOST_NAMED])
            more = f" And {len(wrong) - _MOST_NAMED} more." if len(wrong) > _MOST_NAMED else ""
            plans.append(UnitPlan("not open", "", {"file": "rejects"}, UnitStatus.FAILED, told + more))
        return plans

    async def process(self, context: UnitContext) -> None:
        """Try a dataset's rejects again from the resume point on; what is still wrong stays open under its present reason."""
        dataset = self.catalogue.find_dataset(context.unit.dataset)
        replay = _Replay(dataset, context.task.task_id, Asked.read(context.task))
        while True:
            async with context.transaction() as connection:
                after = int(context.unit.resume.get("reject_id", 0))
                rows = await connection.fetch(_SQL_OPEN, replay.asked.reject_ids, dataset.name, after)
                if not rows:
                    break
                total = Counts()
                for row in rows:
                    total += await replay.try_again(connection, row)
                await context.commit(connection, total, resume={"reject_id": rows[-1]["reject_id"]})

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """The datasets are those whose records were stored."""
        rows = await connection.fetch(
            "SELECT DISTINCT dataset FROM rejected_record WHERE resolved_by = $1", task.task_id
        )
        return RunEnd(datasets=sorted(row["dataset"] for row in rows))


def _describe_wrong_id(row: asyncpg.Record) -> str:
    name = f"Reject {row['reject_id']}"
    if row["source"] is None:
        return f"{name} is not known."
    if row["source"] != "fundata":
        return f"{name} is one of {row['source']}, which cannot be tried again."
    if row["resolved_at"] is not None:
        return f"{name} was resolved before ({row['resolution']})."
    return f"{name} is of {row['dataset']}."


class _Replay:
    """The rejects of one dataset in one run."""

    def __init__(self, dataset: Dataset, run_id: UUID, asked: Asked) -> None:
        self.dataset = dataset
        self.asked = asked
        self._run_id = run_id
        self._ambiguous: dict[tuple[UUID, str | None], frozenset[str]] = {}

    async def try_again(self, connection: Connection, row: asyncpg.Record) -> Counts:
        """Store one record, or note why it is still wrong; returns what became of it."""
        is_corrected = row["reject_id"] in self.asked.corrections
        if row["reason"] == "row_too_long" and not is_corrected:
            # only its beginning was kept
            return Counts(read=1, rejected=1, rejected_by={row["reason"]: 1})
        typed = await asyncio.to_thread(self._type_row, row)
        if typed.frame.height != 1 or typed.rejects:
            reject = typed.rejects[0] if typed.rejects else None
            reason = reject.reason if reject else "field_count"
            detail = reject.detail if reject else "The line holds not exactly one record."
            return await self._leave_open(connection, row, reason, detail)
        if await self._is_ambiguous(connection, row, typed.frame, is_corrected=is_corrected):
            return await self._leave_open(connection, row, "ambiguous_key", _AMBIGUOUS)
        stored = await _store_one(connection, self._run_id, self.dataset, row, typed)
        how = "corrected" if is_corrected else "replayed"
        await connection.execute(
            _SQL_RESOLVE, row["reject_id"], self._run_id, how if stored else f"{how}, known already"
        )
        return Counts(read=1, stored=stored, unchanged=1 - stored, warnings_by=typed.warnings_by)

    async def _leave_open(self, connection: Connection, row: asyncpg.Record, reason: str, detail: str) -> Counts:
        await connection.execute(_SQL_STILL, row["reject_id"], reason, detail)
        return Counts(read=1, rejected=1, rejected_by={reason: 1})

    def _type_row(self, row: asyncpg.Record) -> TypedBatch:
        corrected = self.asked.corrections.get(row["reject_id"])
        return _type_raw(self.dataset, row, bytes(row["raw"]) if corrected is None else corrected.encode())

    async def _is_ambiguous(
        self, connection: Connection, row: asyncpg.Record, frame: pl.DataFrame, *, is_corrected: bool
    ) -> bool:
        """Return whether a JSON record without record id stands beside another one of its answer under the same key."""
        if self.dataset.table == "quotes" or row["data_source"] != "API" or frame["record_id"][0]:
            return False
        if row["reason"] == "ambiguous_key" and not is_corrected:
            return True
        answer = row["run_id"], row["file_path"]
        if answer not in self._ambiguous:
            self._ambiguous[answer] = await self._find_ambiguous(connection, *answer)
        identifier, content_hash = frame["identifier"][0], frame["content_hash"][0]
        return identifier in self._ambiguous[answer] or bool(
            await connection.fetchval(_SQL_HAS_TWIN, identifier, self.dataset.name, row["file_path"], content_hash)
        )

    async def _find_ambiguous(self, connection: Connection, run_id: UUID, path: str | None) -> frozenset[str]:
        """Return the identifiers under which the rejects of an answer hold different records without a record id."""
        first: dict[str, bytes] = {}
        ambiguous: set[str] = set()
        async for row in connection.cursor(_SQL_OF_ANSWER, run_id, path, self.dataset.name, self._run_id, prefetch=10):
            if row["reason"] == "row_too_long" and row["reject_id"] not in self.asked.corrections:
                continue
            frame = (await asyncio.to_thread(self._type_row, row)).frame
            for identifier, record_id, content_hash in frame.select(
                "identifier", "record_id", "content_hash"
            ).iter_rows():
                if not record_id and first.setdefault(identifier, content_hash) != content_hash:
                    ambiguous.add(identifier)
        return frozenset(ambiguous)


def _type_raw(dataset: Dataset, row: asyncpg.Record, raw: bytes) -> TypedBatch:
    """Read the bytes of one record as its delivery was read, and number its line as there."""
    is_json = row["data_source"] == "API" and raw.lstrip()[:1] == b"{"
    if is_json:
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


def _empty_frame(dataset: Dataset) -> pl.DataFrame:
    return pl.DataFrame(schema={"source_line": pl.Int64, **dict.fromkeys(dataset.column_names, pl.String)})


@dataclass(frozen=True)
class _NoRows:
    def get(self, row: int) -> bytes:
        raise IndexError(row)


async def _store_one(
    connection: Connection, run_id: UUID, dataset: Dataset, row: asyncpg.Record, typed: TypedBatch
) -> int:
    """Store the record with the data_source and change date of its delivery; returns 1 where it is a new version."""
    source: DataSource = "API" if row["data_source"] == "API" else "CSV"
    path = row["file_path"]
    delivery = Delivery(
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
    await store_findings(connection, delivery, typed)
    return int(decision.stored.sum())
