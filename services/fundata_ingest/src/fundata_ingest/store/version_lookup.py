"""Finds the stored versions of a chunk's keys: first which identifiers have any, cheaply, then those keys alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from fundata_ingest.store.chunks import Chunk, DeliveryContext
from fundata_ingest.store.target_tables import TargetTable
from fundata_ingest.transform.content_hash import HASH_BYTES
from fundata_ingest.transform.dates import is_within_bounds
from fundata_ingest.transform.versions import EXISTING_SCHEMA
from sra_shared.kit.database.locks import take_locks
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import FatalError

# Every query scans the primary key. It is planned every time, because a plan from when a partition was empty could use any of its
# indexes.
SQL_PLAN_BY_INDEX = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config(name, 'off', true)
FROM unnest('{enable_seqscan,enable_bitmapscan,enable_hashjoin,enable_mergejoin,enable_material,jit}'::text[]) AS name
"""

SQL_FIND_DAYS = """
SELECT chunk.identifier
FROM unnest($1::text[], $2::date[], $3::date[]) AS chunk (identifier, first_day, last_day)
CROSS JOIN LATERAL (
  SELECT FROM fundata_quotes q
  WHERE q.identifier = chunk.identifier AND q.dataset = $4 AND q.date BETWEEN chunk.first_day AND chunk.last_day
  LIMIT 1) AS found
"""
SQL_FIND_IDENTIFIERS = """
SELECT chunk.identifier
FROM unnest($1::text[]) AS chunk (identifier)
CROSS JOIN LATERAL (
  SELECT FROM fundata_data d WHERE d.identifier = chunk.identifier AND d.dataset = $2 LIMIT 1) AS found
"""
SQL_READ_VERSIONS = """
SELECT chunk.key, '-infinity'::date, found.*
FROM unnest($1::bigint[], $2::text[], $3::{key_type}[]) AS chunk (key, identifier, part)
CROSS JOIN LATERAL (
  SELECT t.data_version, t.data_source = 'API', coalesce(t.change_date, '-infinity'), t.content_hash,
         t.run_id = ANY($5::uuid[]) AND t.source_file IS NOT DISTINCT FROM $6
  FROM {table} t
  WHERE t.identifier = chunk.identifier AND t.{key_column} = chunk.part AND t.dataset = $4 AND t.row_ordinal = 0
  OFFSET 0) AS found
"""
SQL_READ_SPANS = """
SELECT chunk.place, found.*
FROM unnest($1::text[], $2::date[], $3::date[]) WITH ORDINALITY AS chunk (identifier, first_day, last_day, place)
CROSS JOIN LATERAL (
  SELECT t.date, t.data_version, t.data_source = 'API', coalesce(t.change_date, '-infinity'), t.content_hash,
         t.run_id = ANY($5::uuid[]) AND t.source_file IS NOT DISTINCT FROM $6
  FROM fundata_quotes t
  WHERE t.identifier = chunk.identifier AND t.date BETWEEN chunk.first_day AND chunk.last_day AND t.dataset = $4
    AND t.row_ordinal = 0
  OFFSET 0) AS found
"""
# One row of these in COPY's binary form: the number of fields, then before each value its length.
_FIELDS = (
    ("place", ">i8", 8),
    ("day", ">i4", 4),
    ("version", ">i4", 4),
    ("is_api", "u1", 1),
    ("change", ">i4", 4),
    ("hash", f"V{HASH_BYTES}", HASH_BYTES),
    ("in_file", "u1", 1),
)
_ROW = np.dtype(
    [("fields", ">i2"), *(part for name, kind, _ in _FIELDS for part in ((f"{name}_size", ">i4"), (name, kind)))]
)
_HEADER_BYTES, _TRAILER_BYTES = 19, 2
_EPOCH_DAYS, _NO_DAY = 10_957, -(2**31)
# a scan of a span costs a quarter of a look-up for each of its days; with more days per record it would read too much
_MOST_DAYS_PER_RECORD = 4


async def lock_identifiers(connection: Connection, dataset: str, buckets: Sequence[int]) -> None:
    """Lock out other writers of these identifiers until the transaction ends."""
    await connection.execute(SQL_PLAN_BY_INDEX)
    await take_locks(connection, [f"fundata:{dataset}:{bucket:02}" for bucket in buckets])


async def find_existing(connection: Connection, delivery: DeliveryContext, chunk: Chunk) -> pl.DataFrame:
    """Return all stored versions of the chunk's keys, in the form that `decide_versions` expects."""
    target = delivery.target
    frame = chunk.typed.frame.select(target.key).with_row_index("row").filter(pl.Series(chunk.is_first))
    if delivery.dataset.table == "quotes":
        spans = _list_spans(frame)
        if spans["days"].sum() <= _MOST_DAYS_PER_RECORD * frame.height:
            return await _read_spans(connection, delivery, frame, spans)
    identifiers = await _find_identifiers(connection, delivery, frame)
    if not identifiers:
        return pl.DataFrame(schema=EXISTING_SCHEMA)
    wanted = frame.filter(pl.col("identifier").is_in(identifiers))
    rows = await _read_rows(
        connection,
        _write_query(target),
        wanted["row"].to_list(),
        wanted["identifier"].to_list(),
        wanted[target.key_column].to_list(),
        delivery.dataset.name,
        _list_runs(delivery),
        delivery.source_file,
    )
    return _frame_versions(rows, pl.Series("key", rows["place"].astype(np.int64)), delivery.today)


def _list_runs(delivery: DeliveryContext) -> list[UUID]:
    return [*delivery.file_runs, delivery.run_id]


def _write_query(target: TargetTable) -> str:
    return SQL_READ_VERSIONS.format(table=target.table, key_column=target.key_column, key_type=target.key_type)


def _list_spans(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the first and the last day of each identifier, and how many days that is."""
    return (
        frame.group_by("identifier")
        .agg(pl.col("date").min().alias("first_day"), pl.col("date").max().alias("last_day"))
        .with_columns(days=(pl.col("last_day") - pl.col("first_day")).dt.total_days() + 1)
    )


async def _read_spans(
    connection: Connection, delivery: DeliveryContext, frame: pl.DataFrame, spans: pl.DataFrame
) -> pl.DataFrame:
    rows = await _read_rows(
        connection,
        SQL_READ_SPANS,
        spans["identifier"].to_list(),
        spans["first_day"].to_list(),
        spans["last_day"].to_list(),
        delivery.dataset.name,
        _list_runs(delivery),
        delivery.source_file,
    )
    if not rows.size:
        return pl.DataFrame(schema=EXISTING_SCHEMA)
    places = pl.Series(rows["place"].astype(np.int64) - 1)
    met = pl.DataFrame({"identifier": spans["identifier"].gather(places), "date": _read_days(rows["day"])})
    keys = met.join(frame, on=["identifier", "date"], how="left", maintain_order="left")["row"]
    existing = _frame_versions(rows, keys.alias("key"), delivery.today)
    return existing.drop_nulls("key") if keys.null_count() else existing


async def _read_rows(connection: Connection, query: str, *arguments: object) -> npt.NDArray[np.void]:
    """Return the rows of one of the queries above, read from COPY's binary form: hundreds of thousands a second."""
    buffer = BytesIO()
    await connection.copy_from_query(query, *arguments, output=buffer, format="binary")
    view = buffer.getbuffer()[_HEADER_BYTES:-_TRAILER_BYTES]
    rows = np.frombuffer(view, dtype=_ROW) if len(view) % _ROW.itemsize == 0 else None
    if rows is None or not all((rows[f"{name}_size"] == size).all() for name, _, size in _FIELDS):
        raise FatalError("The stored versions do not have the expected form.", next_step="Check the tables.")
    return rows


def _frame_versions(rows: npt.NDArray[np.void], key: pl.Series, today: date) -> pl.DataFrame:
    hashes = rows["hash"].tobytes()
    changes = _read_days(rows["change"])
    return pl.DataFrame(
        [
            key,
            pl.Series("data_version", rows["version"].astype(np.int32)),
            pl.Series("rank", rows["is_api"].astype(np.int8)),
            # older releases stored placeholders as dates, and `9999-12-31` would stay the latest forever
            changes.set(~is_within_bounds(changes, today), None).alias("change_date"),
            pl.Series(
                "content_hash",
                [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)],
                dtype=pl.Binary,
            ),
            pl.Series("in_file", rows["in_file"].astype(np.bool_)),
        ]
    )


def _read_days(days: npt.NDArray[np.int32]) -> pl.Series:
    """Return PostgreSQL's dates; -infinity, which means none here, as null."""
    since_1970 = pl.Series(days.astype(np.int32), dtype=pl.Int32).replace(_NO_DAY, None)
    return (since_1970 + _EPOCH_DAYS).cast(pl.Date)


async def _find_identifiers(connection: Connection, delivery: DeliveryContext, frame: pl.DataFrame) -> list[str]:
    if delivery.dataset.table == "quotes":
        spans = _list_spans(frame)
        columns = [spans[name].to_list() for name in ("identifier", "first_day", "last_day")]
        rows = await connection.fetch(SQL_FIND_DAYS, *columns, delivery.dataset.name)
    else:
        rows = await connection.fetch(
            SQL_FIND_IDENTIFIERS, frame["identifier"].unique().to_list(), delivery.dataset.name
        )
    return [row["identifier"] for row in rows]
