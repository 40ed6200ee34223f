"""FMP: rows that newer ones replaced, and the calls that brought rows; both are append-only."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.tables.fmp_columns import list_texts, make_call_id, make_time
from sra_shared.tables.metadata import metadata

fmp_call = Table(
    "fmp_call",
    metadata,
    Column("call_id", BigInteger, primary_key=True, autoincrement=False),
    make_time("answered_at", now=False),
    Column("size_bytes", BigInteger, nullable=False, comment="Of the body after decompression."),
    Column("rows", Integer, nullable=False, comment="Rows in the answer, stored or not."),
    Column("status", SmallInteger, nullable=False, comment="HTTP status."),
    Column("run_id", Uuid, nullable=False, comment="The run that called."),
    *list_texts("path", required=True),
    Column("parameters", JSONB, nullable=False, comment="Without the key, which is sent in a header."),
    Column("digest", LargeBinary, nullable=False, comment="BLAKE2b-256 of the body after decompression."),
    Index("ix_fmp_call_run_id", "run_id"),
)

fmp_row_history = Table(
    "fmp_row_history",
    metadata,
    make_time("known_from", now=False, comment="When the row was stored as it is here."),
    make_time("known_until", now=False, comment="When another one replaced it."),
    make_time("created_at", now=False),
    make_call_id(),
    Column("run_id", Uuid, nullable=False, comment="The run that wrote the row."),
    Column("replaced_by", Uuid, nullable=False, comment="The run that replaced it."),
    *list_texts("table_name", required=True),
    Column("symbol", Text, comment="That of the key; null if the key has none."),
    Column("content_hash", LargeBinary, nullable=False),
    Column("key", JSONB, nullable=False, comment="The key's columns."),
    Column("row_values", JSONB, nullable=False, comment="The other columns, as typed when it was stored."),
    Column("raw_json", JSONB, nullable=False, comment="The record as delivered."),
    Index("ix_fmp_row_history_symbol", "table_name", "symbol"),
    postgresql_partition_by="RANGE (known_until)",
)
