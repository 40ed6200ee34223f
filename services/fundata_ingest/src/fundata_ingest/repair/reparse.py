"""Derives a dataset's typed columns again from raw_json and appends the records that differ as new versions.

A record whose derived key differs is moved to that key, see rekey.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import polars as pl

from fundata_ingest.catalogue import Catalogue, FundataDataset
from fundata_ingest.formats.batches import TypedBatch
from fundata_ingest.formats.json_records import read_stored_records
from fundata_ingest.repair.rekey import REKEYED, delete_odd_keys, find_moved, read_changes, store_moved
from fundata_ingest.store.chunks import LOCK_BUCKETS
from fundata_ingest.store.target_tables import TargetTable, copy_frame, find_target_table
from fundata_ingest.store.version_lookup import lock_identifiers
from fundata_ingest.transform.typed_batches import bucket_identifiers, explode, number_parser, type_batch
from sra_shared.kit.db import Connection
from sra_shared.runs import ProcessingTask, RunEnd, RunRequest, TaskType, Unit, UnitContext, UnitPlan
from sra_shared.runs.counts import Counts

_ROWS = 5_000
# a page holds at most this many characters of raw_json and rows of the table, and one record
_CHARACTERS, _TABLE_ROWS = 8 << 20, 50_000
_ROWS_AT_ONCE = 50
_LONGEST_ATTEMPT = 14_400

_SQL_PAGE = """
SELECT t.identifier, t.{key} AS part, t.data_version, t.change_date, t.raw_json::text AS raw_json,
  t.data_source, t.source_file, t.source_line, t.execution_id,
  CASE WHEN t.array_source_field IS NULL THEN 1 ELSE
    (SELECT count(*) FROM {table} v WHERE v.identifier = t.identifier AND v.{key} = t.{key} AND v.dataset = t.dataset
     AND v.data_version = t.data_version) END AS table_rows
FROM {table} t
WHERE t.dataset = $1 AND t.row_ordinal = 0 AND (t.identifier, t.{key}) > ($2::text, $3::{key_type})
  AND NOT EXISTS (SELECT FROM {table}_superseded s WHERE s.identifier = t.identifier AND s.{key} = t.{key}
                  AND s.dataset = t.dataset AND s.data_version = t.data_version)
ORDER BY t.identifier, t.{key}
"""
_SQL_TEMPORARY = "CREATE TEMP TABLE reparsed ON COMMIT DROP AS SELECT {columns}, content_hash FROM {table} WHERE false"
# a page is read before its keys are locked, so only versions that are still the latest count
_SQL_CHANGED = """
CREATE TEMP TABLE changed ON COMMIT DROP AS
WITH stored AS (
  SELECT {columns} FROM {table} t
  WHERE t.dataset = $1 AND EXISTS (SELECT FROM reparsed r WHERE r.identifier = t.identifier AND r.{key} = t.{key}
                                   AND r.data_version = t.data_version)),
fresh AS (SELECT {columns} FROM reparsed)
SELECT DISTINCT identifier, {key} AS part, data_version FROM (
  (SELECT * FROM stored EXCEPT ALL SELECT * FROM fresh) UNION ALL (SELECT * FROM fresh EXCEPT ALL SELECT * FROM stored)
) AS difference
WHERE NOT EXISTS (SELECT FROM {table}_superseded s WHERE s.identifier = difference.identifier
                  AND s.{key} = difference.{key} AND s.dataset = $1 AND s.data_version = difference.data_version)
"""
_SQL_APPEND = """
INSERT INTO {table} (run_id, parser_version, data_version, content_hash, dataset, data_source, source_file, source_line,
                     execution_id, raw_json, {record_id}{columns_but_version})
SELECT $2, $3, n.newest + 1, r.content_hash, $1, t.data_source, t.source_file, t.source_line, t.execution_id, t.raw_json,
       {from_record_id}{fresh_columns}
FROM changed c
JOIN reparsed r ON r.identifier = c.identifier AND r.{key} = c.part
JOIN {table} t ON t.identifier = c.identifier AND t.{key} = c.part AND t.dataset = $1
              AND t.data_version = c.data_version AND t.row_ordinal = 0
CROSS JOIN LATERAL (SELECT max(v.data_version) AS newest FROM {table} v
                    WHERE v.identifier = c.identifier AND v.{key} = c.part AND v.dataset = $1) AS n
"""
_SQL_SUPERSEDE = """
INSERT INTO {table}_superseded (identifier, {key}, dataset, data_version, superseded_by, run_id)
SELECT c.identifier, c.part, $1, c.data_version, n.newest, $2
FROM changed c
CROSS JOIN LATERAL (SELECT max(v.data_version) AS newest FROM {table} v
                    WHERE v.identifier = c.identifier AND v.{key} = c.part AND v.dataset = $1) AS n
"""


def make_reparse_request(dataset: str) -> RunRequest:
    """Return the request to derive a dataset's columns again."""
    return RunRequest(task_type=TaskType.CSV_IMPORT, parameters={"reparse": dataset}, timeout_seconds=_LONGEST_ATTEMPT)


@dataclass(frozen=True)
class ReparseWork:
    """The work of `load --reparse`: the latest version of every key of one dataset, page by page along the key."""

    catalogue: Catalogue
    page_rows: int = _ROWS
    source: str = "fundata"
    ordered: bool = False
    concurrency: int = 1

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return one part: the dataset."""
        dataset = self.catalogue.find_dataset(context.task.parameters["reparse"])
        return [UnitPlan(dataset.name, dataset.name, {"file": dataset.name})]

    async def process(self, context: UnitContext) -> None:
        """Go through the dataset from the resume point on."""
        dataset = self.catalogue.find_dataset(context.unit.dataset)
        while True:
            after = _read_resume(context.unit.resume, dataset)
            async with context.pool.acquire() as reader, reader.transaction():
                rows = await _read_page(reader, dataset, after, self.page_rows)
            if not rows:
                async with context.transaction() as connection:
                    await delete_odd_keys(connection, dataset)
                return
            fresh = await asyncio.to_thread(_type_again, dataset, rows)
            async with context.transaction() as connection:
                delta = await _append_changed(connection, context, dataset, rows, fresh)
                last = rows[-1]
                await context.commit(
                    connection, delta, resume={"identifier": last["identifier"], "part": str(last["part"])}
                )

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Return nothing besides the results of the parts."""
        return RunEnd()


async def _read_page(
    connection: Connection, dataset: FundataDataset, after: tuple[str, str | date], page_rows: int
) -> list[asyncpg.Record]:
    """Return the next records along the key, as many as are typed at a time."""
    rows: list[asyncpg.Record] = []
    characters = table_rows = 0
    query = _fill(_SQL_PAGE, dataset)
    async for row in connection.cursor(query, dataset.name, *after, prefetch=_ROWS_AT_ONCE):
        rows.append(row)
        characters += len(row["raw_json"])
        table_rows += row["table_rows"]
        if len(rows) >= page_rows or characters >= _CHARACTERS or table_rows >= _TABLE_ROWS:
            break
    return rows


def _read_resume(resume: Mapping[str, Any], dataset: FundataDataset) -> tuple[str, str | date]:
    if dataset.table == "quotes":
        return resume.get("identifier", ""), date.fromisoformat(resume.get("part", "0001-01-01"))
    return resume.get("identifier", ""), resume.get("part", "")


def _type_again(dataset: FundataDataset, rows: Sequence[asyncpg.Record]) -> TypedBatch:
    batch = read_stored_records(dataset, range(len(rows)), [row["raw_json"] for row in rows])
    return type_batch(batch, today=datetime.now(UTC).date())


def _list_columns(dataset: FundataDataset, target: TargetTable) -> list[str]:
    """Return the derived columns of a row, those of the key and the version first."""
    own = [
        name for name in dataset.table_columns.values() if name not in ("identifier", "record_id", target.key_column)
    ]
    arrays = ["array_source_field", "array_element_index", "array_element_value"]
    names = ["identifier", target.key_column, "data_version", "row_ordinal", "record_state", "change_date"]
    return list(dict.fromkeys([*names, *arrays, *own]))


def _fill(query: str, dataset: FundataDataset) -> str:
    target = find_target_table(dataset)
    columns = _list_columns(dataset, target)
    rest = [name for name in columns if name != "data_version"]
    has_own_record_id = target.key_column != "record_id"
    return query.format(
        table=target.table,
        key=target.key_column,
        key_type=target.key_type,
        columns=", ".join(columns),
        columns_but_version=", ".join(rest),
        fresh_columns=", ".join(f"r.{name}" for name in rest),
        record_id="record_id, " if has_own_record_id else "",
        from_record_id="t.record_id, " if has_own_record_id else "",
    )


async def _append_changed(
    connection: Connection,
    context: UnitContext,
    dataset: FundataDataset,
    rows: Sequence[asyncpg.Record],
    fresh: TypedBatch,
) -> Counts:
    """Append new versions of the records whose derived columns differ, and return the page's counts."""
    moved = find_moved(dataset, rows, fresh)
    stored = pl.Series([row["identifier"] for row in rows], dtype=pl.String)
    touched = pl.concat([fresh.frame["identifier"], stored])
    await lock_identifiers(connection, dataset.name, bucket_identifiers(touched, LOCK_BUCKETS).unique().to_list())
    await connection.execute(_fill(_SQL_TEMPORARY, dataset))
    await copy_frame(connection, "reparsed", _make_rows(dataset, rows, fresh, moved))
    await connection.execute("ANALYZE reparsed")
    await connection.execute(_fill(_SQL_CHANGED, dataset), dataset.name)
    await connection.execute(_fill(_SQL_APPEND, dataset), dataset.name, context.task.task_id, number_parser(dataset))
    await connection.execute(_fill(_SQL_SUPERSEDE, dataset), dataset.name, context.task.task_id)
    changed = {tuple(row) for row in await connection.fetch("SELECT identifier, part FROM changed")}
    if moved.any():
        going = _select_going(rows, fresh, moved, changed)
        await store_moved(connection, dataset, context.task.task_id, rows, going)
    # a record that the current rules would reject stays as it was stored
    return Counts(read=len(rows), stored=len(changed), unchanged=len(rows) - len(changed))


def _select_going(
    rows: Sequence[asyncpg.Record], fresh: TypedBatch, moved: pl.Series, changed: Collection[tuple[Any, ...]]
) -> TypedBatch:
    """Return the moved records whose odd key ends with this page; the others moved with an earlier one."""
    ends = [(rows[at]["identifier"], rows[at]["part"]) in changed for at in fresh.frame["source_line"]]
    frame = fresh.frame.filter(moved & pl.Series(ends, dtype=pl.Boolean))
    elements = fresh.elements.filter(fresh.elements["source_line"].is_in(frame["source_line"].implode()))
    return replace(fresh, frame=frame, elements=elements)


def _make_rows(
    dataset: FundataDataset, rows: Sequence[asyncpg.Record], fresh: TypedBatch, moved: pl.Series
) -> pl.DataFrame:
    """Return the newly derived rows, under the stored keys and versions with which they are compared."""
    target = find_target_table(dataset)
    part = pl.Series([row["part"] for row in rows], dtype=fresh.frame.schema[target.key_column])
    versions = pl.Series("data_version", [row["data_version"] for row in rows], dtype=pl.Int32)
    states = fresh.frame["record_state"].set(moved, REKEYED)
    frame = explode(replace(fresh, frame=fresh.frame.with_columns(states.alias("record_state"))))
    lines = frame["source_line"]
    frame = frame.with_columns(
        versions.gather(lines),
        pl.Series("identifier", [row["identifier"] for row in rows], dtype=pl.String).gather(lines),
        part.gather(lines).alias(target.key_column),
        pl.col("change_date").fill_null(read_changes(rows).gather(lines)),
    )
    return frame.select(*_list_columns(dataset, target), "content_hash")
