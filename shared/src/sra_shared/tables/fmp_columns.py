"""Columns that the FMP tables share."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, LargeBinary, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB


def list_texts(*names: str, required: bool = False) -> list[Column[object]]:
    """Text columns."""
    return [Column(name, Text, nullable=not required) for name in names]


def list_numbers(*names: str) -> list[Column[object]]:
    """Exact numbers."""
    # without a precision: no number of the vendor overflows
    return [Column(name, Numeric) for name in names]


def list_flags(*names: str) -> list[Column[object]]:
    """Truth values."""
    return [Column(name, Boolean) for name in names]


def list_days(*names: str, required: bool = False) -> list[Column[object]]:
    """Dates."""
    return [Column(name, Date, nullable=not required) for name in names]


def make_time(name: str, *, now: bool = True) -> Column[object]:
    """One moment."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()") if now else None)


def list_provenance() -> list[Column[object]]:
    """Where a row comes from."""
    return [
        Column("raw_json", JSONB, nullable=False, comment="The record as delivered."),
        Column("run_id", Uuid, nullable=False, comment="The run that wrote the row last."),
        Column("content_hash", LargeBinary, nullable=False),
        make_time("created_at"),
        make_time("updated_at"),
    ]


def list_validity() -> list[Column[object]]:
    """From when to when a list named it."""
    return [
        Column("row_id", BigInteger, nullable=False, server_default=text("nextval('fmp_snapshot_row')")),
        make_time("valid_from"),
        Column("valid_to", DateTime(timezone=True), comment="Null while the list names it."),
    ]


def make_current_index(table: str, *key: str) -> Index:
    """One current row per key."""
    return Index(f"uq_{table}_current", *key, unique=True, postgresql_where=text("valid_to IS NULL"))
