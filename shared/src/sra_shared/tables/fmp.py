"""FMP: what the vendor delivered, the state of the limiter, the sessions of the exchanges."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.tables.metadata import metadata

FIRST_YEAR, LAST_YEAR = 1980, 2040


def _texts(*names: str, required: bool = False) -> list[Column[object]]:
    return [Column(name, Text, nullable=not required) for name in names]


def _numbers(*names: str) -> list[Column[object]]:
    # without a precision: no number of the vendor overflows
    return [Column(name, Numeric) for name in names]


def _flags(*names: str) -> list[Column[object]]:
    return [Column(name, Boolean) for name in names]


def _days(*names: str, required: bool = False) -> list[Column[object]]:
    return [Column(name, Date, nullable=not required) for name in names]


def _time(name: str, *, now: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()") if now else None)


def _provenance() -> list[Column[object]]:
    return [
        Column("raw_json", JSONB, nullable=False, comment="The record as delivered."),
        Column("run_id", Uuid, nullable=False, comment="The run that wrote the row last."),
        Column("content_hash", LargeBinary, nullable=False),
        _time("created_at"),
        _time("updated_at"),
    ]


def _validity() -> list[Column[object]]:
    return [
        Column("row_id", BigInteger, nullable=False, server_default=text("nextval('fmp_snapshot_row')")),
        _time("valid_from"),
        Column("valid_to", DateTime(timezone=True), comment="Null while the list names it."),
    ]


def _current_index(table: str, *key: str) -> Index:
    return Index(f"uq_{table}_current", *key, unique=True, postgresql_where=text("valid_to IS NULL"))


equity_profile = Table(
    "equity_profile",
    metadata,
    *_texts("symbol", "company_name", "exchange", required=True),
    *_texts("sector", "industry"),
    *_numbers("market_cap", "employees"),
    *_texts("description", "website", "country", "currency"),
    *_flags("is_etf", "is_actively_trading"),
    *_numbers("current_price", "change_percentage", "volume"),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "exchange"),
    CheckConstraint("exchange IN ('NYSE', 'NASDAQ', 'AMEX', 'TSX', 'TSXV')", name="exchange_known"),
    CheckConstraint("market_cap BETWEEN 0 AND 1e14", name="market_cap_range"),
    CheckConstraint("volume >= 0", name="volume_not_negative"),
    CheckConstraint("char_length(symbol) BETWEEN 1 AND 32 AND symbol = upper(btrim(symbol))", name="symbol_form"),
)

fmp_universe = Table(
    "fmp_universe",
    metadata,
    *_texts("symbol", "exchange", required=True),
    *_texts("company_name", "exchange_full_name", "sector", "industry", "country"),
    *_flags("is_etf", "is_fund", "is_actively_trading"),
    *_provenance(),
    *_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    _current_index("fmp_universe", "symbol", "exchange"),
    Index("ix_fmp_universe_exchange", "exchange", postgresql_where=text("valid_to IS NULL")),
)

fmp_symbol_change = Table(
    "fmp_symbol_change",
    metadata,
    *_days("date", required=True),
    *_texts("old_symbol", "new_symbol", required=True),
    *_texts("company_name"),
    *_provenance(),
    PrimaryKeyConstraint("old_symbol", "new_symbol", "date"),
    Index("ix_fmp_symbol_change_new_symbol", "new_symbol"),
)

fmp_delisted = Table(
    "fmp_delisted",
    metadata,
    *_texts("symbol", "exchange", required=True),
    *_days("delisted_date", required=True),
    *_texts("company_name"),
    *_days("ipo_date"),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "exchange", "delisted_date"),
)

fmp_quote = Table(
    "fmp_quote",
    metadata,
    *_texts("symbol", required=True),
    _time("quoted_at", now=False),
    *_texts("exchange", required=True),
    *_texts("name"),
    *_numbers(
        *("price", "change_percentage", "change", "volume", "day_low", "day_high", "year_high", "year_low"),
        *("market_cap", "price_avg50", "price_avg200", "open", "previous_close"),
    ),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "quoted_at"),
    postgresql_partition_by="RANGE (quoted_at)",
)

fmp_eod_price = Table(
    "fmp_eod_price",
    metadata,
    *_texts("symbol", required=True),
    *_days("date", required=True),
    *_numbers("open", "high", "low", "close", "volume"),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
    Index("ix_fmp_eod_price_date", "date"),
    postgresql_partition_by="RANGE (date)",
)

fmp_split = Table(
    "fmp_split",
    metadata,
    *_texts("symbol", required=True),
    *_days("date", required=True),
    *_numbers("numerator", "denominator"),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
)

fmp_dividend = Table(
    "fmp_dividend",
    metadata,
    *_texts("symbol", required=True),
    *_days("date", required=True),
    *_days("record_date", "payment_date", "declaration_date"),
    *_numbers("adj_dividend", "dividend", "dividend_yield"),
    *_texts("frequency"),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
)

fmp_treasury_rate = Table(
    "fmp_treasury_rate",
    metadata,
    *_days("date", required=True),
    *_numbers("month1", "month2", "month3", "month6"),
    *_numbers("year1", "year2", "year3", "year5", "year7", "year10", "year20", "year30"),
    *_provenance(),
    PrimaryKeyConstraint("date"),
)

fmp_etf_info = Table(
    "fmp_etf_info",
    metadata,
    *_texts("symbol", required=True),
    *_texts("name", "description", "isin", "asset_class", "security_cusip", "domicile", "website", "etf_company"),
    *_numbers("expense_ratio", "assets_under_management", "avg_volume"),
    *_days("inception_date"),
    *_numbers("nav"),
    *_texts("nav_currency"),
    *_numbers("holdings_count"),
    *_flags("is_actively_trading"),
    Column("sectors_list", JSONB),
    *_texts("source_updated_at"),
    *_provenance(),
    PrimaryKeyConstraint("symbol"),
)

fmp_etf_holding = Table(
    "fmp_etf_holding",
    metadata,
    *_texts("symbol", "asset", "name", "isin", "security_cusip", required=True),
    Column("occurrence", Integer, nullable=False, comment="Place among positions that look alike, from 1."),
    *_numbers("shares_number", "weight_percentage", "market_value"),
    *_texts("source_updated_at"),
    *_provenance(),
    *_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    _current_index("fmp_etf_holding", "symbol", "asset", "name", "isin", "security_cusip", "occurrence"),
)

market_session = Table(
    "market_session",
    metadata,
    Column("exchange", Text, nullable=False, comment="NYSE (for NYSE, NASDAQ, AMEX) or TSX (for TSX, TSXV)."),
    *_days("session_date", required=True),
    _time("close_at", now=False),
    PrimaryKeyConstraint("exchange", "session_date"),
)

fmp_limiter = Table(
    "fmp_limiter",
    metadata,
    Column("budget", Text, nullable=False, comment="calls, bulk or backfill."),
    Column(
        "next_slot_at", DateTime(timezone=True), nullable=False, comment="First moment that no process has reserved."
    ),
    PrimaryKeyConstraint("budget"),
)

fmp_limiter_worker = Table(
    "fmp_limiter_worker",
    metadata,
    Column("budget", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("permits", Integer, nullable=False, comment="Calls that it may have in flight."),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="A dead worker's calls count until then."),
    PrimaryKeyConstraint("budget", "worker"),
)

fmp_quota = Table(
    "fmp_quota",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("last_success_at", DateTime(timezone=True)),
    Column("limited_since", DateTime(timezone=True), comment="First limit answer since the last success."),
    Column("parked_until", DateTime(timezone=True)),
    Column("reason", Text, comment="day or bandwidth."),
    CheckConstraint("only_row", name="one_row"),
)

fmp_call_tally = Table(
    "fmp_call_tally",
    metadata,
    Column("second", DateTime(timezone=True), nullable=False),
    Column("run_id", Uuid, nullable=False),
    *[Column(name, Integer, nullable=False) for name in ("calls", "retried", "throttled")],
    UniqueConstraint("second", "run_id"),
    Index("ix_fmp_call_tally_run_id", "run_id"),
)
