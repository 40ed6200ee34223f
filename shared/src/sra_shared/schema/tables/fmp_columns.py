"""Columns that the FMP tables share, and the comments of those that mean the same in each.

A column is declared with its comment: `sector="..."` states it, a bare name takes it from `SHARED`. The unit of a group
of numbers is appended to each of its comments.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, LargeBinary, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

LISTING_CURRENCY = "in the currency of the listing"
REPORTED_CURRENCY = "in the reported currency"
DELIVERED = "as delivered"

SHARED: Mapping[str, str] = {
    "symbol": "Symbol of the listing in FMP's form and in capitals, such as BRK-B or RY.TO.",
    "exchange": "Code of the exchange: NYSE, NASDAQ, AMEX, TSX or TSXV.",
    "company_name": "Name of the company or fund, as delivered.",
    "sector": "Sector, as delivered.",
    "industry": "Industry, as delivered.",
    "country": "Country of the issuer, as delivered; mostly a two-letter ISO code.",
    "description": "Description in prose, as delivered.",
    "website": "Address of the website, as delivered.",
    "isin": "International Securities Identification Number (ISIN), as delivered.",
    "security_cusip": "CUSIP number, as delivered.",
    "cik": "Central Index Key (CIK) of the company at the SEC, ten digits.",
    "is_etf": "Whether FMP lists it as an ETF; does not exclude is_fund.",
    "is_fund": "Whether FMP lists it as a fund; does not exclude is_etf.",
    "is_actively_trading": "Whether it is actively traded, according to FMP.",
    "source_updated_at": "FMP's updatedAt, as delivered.",
    "dataset": "Name of the dataset, as in docs/datasets.md.",
    "reported_currency": "Code of the currency that the company reports in, as delivered.",
}


def list_texts(*names: str, required: bool = False, **comments: str) -> list[Column[object]]:
    """Text columns."""
    found = _find_comments(names, comments)
    return [Column(name, Text, nullable=not required, comment=comment) for name, comment in found.items()]


def list_numbers(*, unit: str | None = None, **comments: str) -> list[Column[object]]:
    """Exact numbers, in `unit` if they have one in common."""
    tail = "" if unit is None else f", {unit}."
    # without a precision: no number of the vendor overflows
    return [Column(name, Numeric, comment=f"{comment}{tail}") for name, comment in comments.items()]


def list_flags(*names: str) -> list[Column[object]]:
    """Truth values."""
    return [Column(name, Boolean, comment=comment) for name, comment in _find_comments(names, {}).items()]


def list_days(*, required: bool = False, **comments: str) -> list[Column[object]]:
    """Dates."""
    return [Column(name, Date, nullable=not required, comment=comment) for name, comment in comments.items()]


def list_prices(what: str, unit: str) -> list[Column[object]]:
    """The first, highest, lowest and last of a session's prices."""
    words = {"open": "Opening", "high": "Highest", "low": "Lowest", "close": "Closing"}
    return list_numbers(unit=unit, **{name: f"{word} {what}" for name, word in words.items()})


def _find_comments(names: tuple[str, ...], comments: Mapping[str, str]) -> dict[str, str]:
    return {name: SHARED[name] for name in names} | dict(comments)


def make_time(name: str, comment: str, *, now: bool = True) -> Column[object]:
    """One moment."""
    default = text("now()") if now else None
    return Column(name, DateTime(timezone=True), nullable=False, server_default=default, comment=comment)


def make_updated_at() -> Column[object]:
    """When a row was written."""
    return make_time("updated_at", "When the row was last written (UTC).")


def make_content_hash() -> Column[object]:
    """The digest that decides whether a record changed."""
    comment = "Digest of the record, except fields that its dataset ignores; an equal digest means no change."
    return Column("content_hash", LargeBinary, nullable=False, comment=comment)


def make_raw_json() -> Column[object]:
    """The record itself."""
    return Column("raw_json", JSONB, nullable=False, comment="The record as delivered.")


def make_call_id() -> Column[object]:
    """The call that returned a row."""
    comment = "The call that returned the row, as in fmp_call; NULL in rows stored before calls were recorded."
    return Column("call_id", BigInteger, comment=comment)


def list_provenance() -> list[Column[object]]:
    """Where a row comes from."""
    return [
        make_raw_json(),
        Column("run_id", Uuid, nullable=False, comment="The run that last wrote the row."),
        make_content_hash(),
        make_time("created_at", "When the row was first stored (UTC)."),
        make_updated_at(),
        make_call_id(),
    ]


def list_validity() -> list[Column[object]]:
    """From when to when a list named it."""
    return [
        Column(
            "row_id",
            BigInteger,
            nullable=False,
            server_default=text("nextval('fmp_snapshot_row')"),
            comment="Number of the row, unique over all tables that have valid_from and valid_to.",
        ),
        make_time("valid_from", "Since when FMP listed the entry with this content (UTC)."),
        Column(
            "valid_to", DateTime(timezone=True), comment="When FMP stopped listing it (UTC); NULL while it is listed."
        ),
    ]


def make_current_index(table: str, *key: str) -> Index:
    """One current row per key."""
    return Index(f"uq_{table}_current", *key, unique=True, postgresql_where=text("valid_to IS NULL"))


def make_ended_run() -> Column[object]:
    """Which run ended an event."""
    comment = "The run whose response no longer contained the event; NULL while it is current."
    return Column("ended_run_id", Uuid, comment=comment)


def list_event_indexes(table: str) -> list[Index]:
    """The indexes that find current events by day, and ended ones by the run that ended them."""
    return [
        Index(f"ix_{table}_date", "date", postgresql_where=text("valid_to IS NULL")),
        Index(f"ix_{table}_ended_run_id", "ended_run_id", postgresql_where=text("ended_run_id IS NOT NULL")),
    ]
