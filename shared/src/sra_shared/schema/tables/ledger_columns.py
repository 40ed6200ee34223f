"""Columns that the ledgers share, and the comments of those that mean the same in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ColumnElement, DateTime, text
from sqlalchemy.dialects.postgresql import JSONB

EVERY_SERVICE = ("gateway", "fmp_ingest", "fundata_ingest", "view_builder")
"""The writers of the ledger of runs."""

TASK_TYPE = "Kind of work, such as daily_quotes or unified_refresh."
SOURCE = "Source: fmp or fundata; NULL for a refresh and for a build of views."
VENDOR = "Source: fmp or fundata."
DATASET = "Name of the dataset, as in docs/datasets.md or fundata/catalogue.toml."
FIRST_LINE = "Physical line where the record starts; the header is 1."
COUNTS: Mapping[str, str] = {
    "read_count": "Source records read: the sum of the four counts that follow.",
    "stored_count": "Source records stored.",
    "unchanged_count": "Source records with the content that is stored already.",
    "duplicate_count": "Source records that repeat another one of the same delivery.",
    "rejected_count": "Source records rejected.",
    "out_of_scope_count": "Rows of other exchanges or symbols; read_count leaves them out.",
}


def make_time(name: str, comment: str, *, required: bool = False) -> Column[object]:
    """One moment; a required one is that of the transaction, unless it is given."""
    default = make_now() if required else None
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=default, comment=comment)


def make_now() -> ColumnElement[object]:
    """The moment of the transaction."""
    return text("now()")  # type: ignore[return-value]


def make_json(name: str, comment: str, default: str = "{}") -> Column[Any]:
    """A JSON value."""
    return Column(name, JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"), comment=comment)


def make_count(name: str, comment: str) -> Column[Any]:
    """A number of things."""
    return Column(name, BigInteger, nullable=False, server_default=text("0"), comment=comment)


def list_counts() -> list[Column[Any]]:
    """The outcomes of source records, with the reasons."""
    return [
        *(make_count(name, comment) for name, comment in COUNTS.items()),
        make_json("rejected_by", "Number of rejected source records by reason."),
        make_json("warnings_by", "Number of warnings by reason."),
    ]


def make_conservation() -> CheckConstraint:
    """No record is lost or counted twice."""
    return CheckConstraint(
        "read_count = stored_count + unchanged_count + duplicate_count + rejected_count",
        name="no_record_lost_or_doubled",
    )


def limit_values(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """The column has one of these values."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=f"{column}_known")
