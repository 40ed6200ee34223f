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
from sra_shared.errors import ConfigError
from sra_shared.runs import ProcessingTask, RunEnd, RunRequest, TaskType, Unit, UnitContext, UnitPlan

_PAGE = 500
_START = Position(0, 1)

_SQL_OPEN = """
SELECT r.*, (SELECT coalesce(u.detail -> 'columns', u.progress -> 'columns') FROM run_unit u
             WHERE u.task_id = r.run_id AND coalesce(u.detail ->> 'file', u.progress ->> 'file') = r.file_path
             LIMIT 1) AS columns
FROM rejected_record r
WHERE r.source = 'fundata' AND r.resolved_at IS NULL AND r.reject_id > $1
  AND ($2::bigint[] IS NULL OR r.reject_id = ANY($2)) AND ($3::text IS NULL OR r.dataset = $3)
ORDER BY r.reject_id LIMIT $4
FOR UPDATE
"""
_SQL_RESOLVE = """
UPDATE rejected_record SET resolved_at = now(), resolved_by = $2, resolution = $3
WHERE reject_id = $1
"""
_SQL_STILL = "UPDATE rejected_record SET reason = $2, detail = $3 WHERE reject_id = $1 AND $2 <> reason"


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


def parse_corrections(text: str) -> dict[int, str]:
    """Read a file of corrected lines: on each line a reject's id, a tab or a comma, and the record as it should be.

    A line without a leading id belongs to the record before it. Raises ConfigError for a file that starts otherwise.
    """
    found: dict[int, str] = {}
    current: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        head, mark, rest = line.partition("\t") if "\t" in line else line.partition(",")
        if mark and head.strip().isdigit():
            current = int(head)
            found[current] = rest
        elif current is not None:
            found[current] += f"\n{line}"
        elif line.strip():
            raise ConfigError(
                f"Line {number} does not start with the id of a reject.", next_step="Write ID, a tab, and the record."
            )
    return found


@dataclass(frozen=True)
class ReplayWork:
    """What `rejects replay` does, page by page in the order of the rejects."""

    catalogue: Catalogue
    source: str = "fundata"
    ordered: bool = False
    concurrency: int = 1

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """One part: the open rejects."""
        return [UnitPlan("rejects", context.task.parameters.get("replay") or "(all)", {"file": "rejects"})]

    async def process(self, context: UnitContext) -> None:
        """Try them again from the resume point on; what is still wrong stays open under its present reason."""
        parameters = context.task.parameters
        corrections = {int(key): line for key, line in parameters.get("corrections", {}).items()}
        wanted = sorted(corrections) if "corrections" in parameters else parameters.get("reject_ids")
        while True:
            async with context.transaction() as connection:
                after = int(context.unit.resume.get("reject_id", 0))
                rows = await connection.fetch(_SQL_OPEN, after, wanted, parameters.get("replay") or None, _PAGE)
                if not rows:
                    break
                total = Counts()
                for row in rows:
                    total += await self._replay_one(connection, context.task.task_id, row, corrections)
                await context.commit(connection, total, resume={"reject_id": rows[-1]["reject_id"]})

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """The datasets are those whose records were stored."""
        rows = await connection.fetch(
            "SELECT DISTINCT dataset FROM rejected_record WHERE resolved_by = $1", task.task_id
        )
        return RunEnd(datasets=sorted(row["dataset"] for row in rows))

    async def _replay_one(
        self, connection: Connection, run_id: UUID, row: asyncpg.Record, corrections: Mapping[int, str]
    ) -> Counts:
        dataset = self.catalogue.find_dataset(row["dataset"])
        if row["reason"] == "row_too_long" and row["reject_id"] not in corrections:
            # only its beginning was kept
            return Counts(read=1, rejected=1, rejected_by={row["reason"]: 1})
        raw = corrections[row["reject_id"]].encode() if row["reject_id"] in corrections else bytes(row["raw"])
        typed = await asyncio.to_thread(_type_raw, dataset, row, raw)
        if typed.frame.height != 1 or typed.rejects:
            reject = typed.rejects[0] if typed.rejects else None
            reason = reject.reason if reject else "field_count"
            detail = reject.detail if reject else "The line holds not exactly one record."
            await connection.execute(_SQL_STILL, row["reject_id"], reason, detail)
            return Counts(read=1, rejected=1, rejected_by={reason: 1})
        stored = await _store_one(connection, run_id, dataset, row, typed)
        how = "corrected" if row["reject_id"] in corrections else "replayed"
        await connection.execute(_SQL_RESOLVE, row["reject_id"], run_id, how if stored else f"{how}, known already")
        return Counts(read=1, stored=stored, unchanged=1 - stored, warnings_by=typed.warnings_by)


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
