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


def make_time(name: str, *, now: bool = True, comment: str | None = None) -> Column[object]:
    """One moment."""
    default = text("now()") if now else None
    return Column(name, DateTime(timezone=True), nullable=False, server_default=default, comment=comment)


def make_call_id() -> Column[object]:
    """The call that brought a row."""
    comment = "The call that brought the row, as in fmp_call; null in rows stored before calls were kept."
    return Column("call_id", BigInteger, comment=comment)


def list_provenance() -> list[Column[object]]:
    """Where a row comes from."""
    return [
        Column("raw_json", JSONB, nullable=False, comment="The record as delivered."),
        Column("run_id", Uuid, nullable=False, comment="The run that wrote the row last."),
        Column("content_hash", LargeBinary, nullable=False),
        make_time("created_at"),
        make_time("updated_at"),
        make_call_id(),
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


def make_ended_run() -> Column[object]:
    """Which run ended an event."""
    return Column(
        "ended_run_id", Uuid, comment="The run whose answer named the event no longer; null while it is named."
    )


def list_event_indexes(table: str) -> list[Index]:
    """What finds current events by day, and ended ones by the run that ended them."""
    return [
        Index(f"ix_{table}_date", "date", postgresql_where=text("valid_to IS NULL")),
        Index(f"ix_{table}_ended_run_id", "ended_run_id", postgresql_where=text("ended_run_id IS NOT NULL")),
    ]
