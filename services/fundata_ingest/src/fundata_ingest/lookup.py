"""Finds the stored versions of a chunk's keys: first which identifiers have any, cheaply, then those keys alone."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from uuid import UUID

import polars as pl

from fundata_ingest.chunks import Chunk, Delivery
from fundata_ingest.targets import Target
from fundata_ingest.versions import make_existing
from sra_shared.db import Connection

# Every question is a walk along the primary key; a plan made while a table was empty must not scan it later.
SQL_PLAN_BY_INDEX = """
SELECT set_config(name, 'off', true)
FROM unnest('{enable_seqscan,enable_bitmapscan,enable_hashjoin,enable_mergejoin,enable_material}'::text[]) AS name
"""
SQL_LOCK = "SELECT pg_advisory_xact_lock($1, bucket) FROM unnest($2::int[]) AS bucket"

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
SELECT chunk.key, found.*
FROM unnest($1::bigint[], $2::text[], $3::{key_type}[]) AS chunk (key, identifier, part)
CROSS JOIN LATERAL (
  SELECT t.data_version, t.data_source, t.change_date, t.content_hash,
         t.run_id = ANY($5::uuid[]) AND t.source_file IS NOT DISTINCT FROM $6
  FROM {table} t
  WHERE t.identifier = chunk.identifier AND t.{key_column} = chunk.part AND t.dataset = $4 AND t.row_ordinal = 0
  OFFSET 0) AS found
"""


async def lock_identifiers(connection: Connection, dataset: str, buckets: Sequence[int]) -> None:
    """Keep other writers of these identifiers out until the transaction ends; always taken in ascending order."""
    number = zlib.crc32(dataset.encode()) - 2**31
    await connection.execute(SQL_PLAN_BY_INDEX)
    await connection.fetch(SQL_LOCK, number, sorted(buckets))


async def find_existing(connection: Connection, delivery: Delivery, chunk: Chunk) -> pl.DataFrame:
    """Return all stored versions of the chunk's keys, as `decide_versions` wants them."""
    target = delivery.target
    frame = chunk.typed.frame.select(target.key).with_row_index("row").filter(pl.Series(chunk.is_first))
    identifiers = await _find_identifiers(connection, delivery, frame)
    if not identifiers:
        return make_existing([])
    wanted = frame.filter(pl.col("identifier").is_in(identifiers))
    rows = await connection.fetch(
        _write_query(target),
        wanted["row"].to_list(),
        wanted["identifier"].to_list(),
        wanted[target.key_column].to_list(),
        delivery.dataset.name,
        _list_runs(delivery),
        delivery.source_file,
    )
    return make_existing([tuple(row) for row in rows])


def _list_runs(delivery: Delivery) -> list[UUID]:
    return [*delivery.file_runs, delivery.run_id]


def _write_query(target: Target) -> str:
    return SQL_READ_VERSIONS.format(table=target.table, key_column=target.key_column, key_type=target.key_type)


async def _find_identifiers(connection: Connection, delivery: Delivery, frame: pl.DataFrame) -> list[str]:
    if delivery.dataset.table == "quotes":
        spans = frame.group_by("identifier").agg(
            pl.col("date").min().alias("first_day"), pl.col("date").max().alias("last_day")
        )
        columns = [spans[name].to_list() for name in spans.columns]
        rows = await connection.fetch(SQL_FIND_DAYS, *columns, delivery.dataset.name)
    else:
        rows = await connection.fetch(
            SQL_FIND_IDENTIFIERS, frame["identifier"].unique().to_list(), delivery.dataset.name
        )
    return [row["identifier"] for row in rows]
