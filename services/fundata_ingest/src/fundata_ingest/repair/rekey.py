"""Moves records that are stored under an odd key to the normal one: `412000.0` to `412000`.

The tables are append-only. The record is appended under its true key as a new version, unless it is already known there. The odd
key gets a last version whose record_state is REKEYED, which no current view shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg
import polars as pl

from fundata_ingest.catalogue import FundataDataset
from fundata_ingest.formats.batches import TypedBatch
from fundata_ingest.store.chunk_commit import store_versions
from fundata_ingest.store.chunks import DeliveryContext, prepare_chunk
from fundata_ingest.store.target_tables import find_target_table
from fundata_ingest.transform.dates import is_within_bounds
from sra_shared.kit.db import Connection

REKEYED: Final = "Rekeyed"
"""record_state of the last version of a key whose record continues under its normal form."""

_SQL_UNLIST = """
DELETE FROM fundata_odd_key k WHERE k.dataset = $1 AND NOT EXISTS (
  SELECT FROM {table} t
  WHERE t.identifier = k.identifier AND t.dataset = k.dataset AND {same_record} AND t.row_ordinal = 0
    AND t.record_state IS DISTINCT FROM $2
    AND NOT EXISTS (SELECT FROM {table}_superseded s WHERE s.identifier = t.identifier AND s.{key} = t.{key}
                    AND s.dataset = t.dataset AND s.data_version = t.data_version))
"""
_DELIVERED_WITH = ["data_source", "source_file", "execution_id"]


def read_changes(rows: Sequence[asyncpg.Record]) -> pl.Series:
    """Return the stored change dates of records; those out of bounds, which an older release stored, as null."""
    changes = pl.Series("stored", [row["change_date"] for row in rows], dtype=pl.Date)
    return changes.set(~is_within_bounds(changes, datetime.now(UTC).date()), None)


def find_moved(dataset: FundataDataset, rows: Sequence[asyncpg.Record], fresh: TypedBatch) -> pl.Series:
    """Return which records of `fresh` have another key than they are stored under.

    `rows` are the stored ones; the `source_line` of a fresh record is its position among them.
    """
    part = find_target_table(dataset).key_column
    place = fresh.frame["source_line"]
    identifiers = pl.Series([row["identifier"] for row in rows], dtype=pl.String).gather(place)
    parts = pl.Series([row["part"] for row in rows], dtype=fresh.frame.schema[part]).gather(place)
    moved = (fresh.frame["identifier"] != identifiers) | (fresh.frame[part] != parts)
    if part == "record_id":
        # a record must not lose the id that identifies it
        moved = moved & ((fresh.frame[part] != "") | (parts == ""))
    return moved


async def store_moved(
    connection: Connection, dataset: FundataDataset, run_id: UUID, rows: Sequence[asyncpg.Record], fresh: TypedBatch
) -> None:
    """Append the records of `fresh` under their keys, each as delivered, in the transaction of their page.

    `rows` as in find_moved. Raises what the database raises.
    """
    place = fresh.frame["source_line"]
    delivered = pl.DataFrame(
        {name: [rows[at][name] for at in place] for name in ("source_line", *_DELIVERED_WITH)},
        schema={"source_line": pl.Int64, **dict.fromkeys(_DELIVERED_WITH, pl.String)},
    ).with_columns(
        pl.col("source_line").fill_null(0).alias("line"), place.alias("place"), read_changes(rows).gather(place)
    )
    # records delivered twice under one path have the same lines
    turn = pl.int_range(pl.len()).over(*_DELIVERED_WITH, "line")
    for group in delivered.with_columns(turn=turn).partition_by(*_DELIVERED_WITH, "turn"):
        first = group.row(0, named=True)
        delivery = DeliveryContext(
            dataset=dataset,
            run_id=run_id,
            data_source=first["data_source"],
            source_file=first["source_file"],
            execution_id=first["execution_id"],
            today=datetime.now(UTC).date(),
            ahead=False,
        )
        await store_versions(connection, delivery, prepare_chunk(_restore_lines(fresh, group), delivery))


def _restore_lines(fresh: TypedBatch, group: pl.DataFrame) -> TypedBatch:
    """Return the records of a group in line order, with their lines and their stored change date."""
    lines = group.select("place", "line", "stored")
    frame = (
        fresh.frame.join(lines, left_on="source_line", right_on="place", how="inner")
        .with_columns(source_line="line", change_date=pl.col("change_date").fill_null(pl.col("stored")))
        .drop("line", "stored")
        .sort("source_line")
    )
    elements = (
        fresh.elements.join(lines, left_on="source_line", right_on="place", how="inner", maintain_order="left")
        .with_columns(source_line="line")
        .drop("line", "stored")
    )
    return replace(fresh, frame=frame, elements=elements)


async def delete_odd_keys(connection: Connection, dataset: FundataDataset) -> None:
    """Remove the odd keys of a dataset from the list of those that hold current records."""
    target = find_target_table(dataset)
    same_record = "t.record_id = k.record_id" if target.key_column == "record_id" else "true"
    query = _SQL_UNLIST.format(table=target.table, key=target.key_column, same_record=same_record)
    await connection.execute(query, dataset.name, REKEYED)
