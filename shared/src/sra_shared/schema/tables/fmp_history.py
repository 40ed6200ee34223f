"""FMP: rows that newer ones replaced, and the calls that returned rows; both are append-only."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.schema.tables.fmp_columns import list_texts, make_call_id, make_content_hash, make_raw_json, make_time
from sra_shared.schema.tables.metadata import metadata, written_by

fmp_call = Table(
    "fmp_call",
    metadata,
    Column(
        "call_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Number of the call, from a sequence; rows refer to it.",
    ),
    make_time("answered_at", "When the response was complete (UTC).", now=False),
    Column("size_bytes", BigInteger, nullable=False, comment="Size of the body after decompression, in bytes."),
    Column("rows", Integer, nullable=False, comment="Rows in the response, stored or not."),
    Column("status", SmallInteger, nullable=False, comment="HTTP status."),
    Column("run_id", Uuid, nullable=False, comment="The run that called."),
    *list_texts(required=True, path="Path of the endpoint, such as eod-bulk."),
    Column("parameters", JSONB, nullable=False, comment="Query parameters; the API key is not among them."),
    Column("digest", LargeBinary, nullable=False, comment="BLAKE2b-256 of the body after decompression."),
    Index("ix_fmp_call_run_id", "run_id"),
    comment="Calls to FMP whose rows were stored or rejected; append-only.",
    info=written_by("fmp_ingest"),
)

fmp_row_history = Table(
    "fmp_row_history",
    metadata,
    make_time("known_from", "When this state of the row was stored (UTC).", now=False),
    make_time("known_until", "When another row replaced it (UTC).", now=False),
    make_time("created_at", "When the first row of the key was stored (UTC).", now=False),
    make_call_id(),
    Column("run_id", Uuid, nullable=False, comment="The run that wrote the row."),
    Column("replaced_by", Uuid, nullable=False, comment="The run that replaced it."),
    *list_texts(required=True, table_name="Table of the row."),
    Column("symbol", Text, comment="Symbol in the key; NULL if the key has none."),
    make_content_hash(),
    Column("key", JSONB, nullable=False, comment="The key's columns."),
    Column("row_values", JSONB, nullable=False, comment="The other columns, as typed when the row was stored."),
    make_raw_json(),
    Index("ix_fmp_row_history_symbol", "table_name", "symbol"),
    postgresql_partition_by="RANGE (known_until)",
    comment="Rows of FMP tables that newer rows replaced; append-only.",
    info=written_by("fmp_ingest"),
)
