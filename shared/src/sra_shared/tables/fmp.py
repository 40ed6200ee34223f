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
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.tables.fmp_columns import (
    list_days,
    list_event_indexes,
    list_flags,
    list_numbers,
    list_provenance,
    list_texts,
    list_validity,
    make_current_index,
    make_ended_run,
    make_time,
)
from sra_shared.tables.metadata import metadata

FIRST_YEAR, LAST_YEAR = 1980, 2040


equity_profile = Table(
    "equity_profile",
    metadata,
    *list_texts("symbol", "company_name", "exchange", required=True),
    *list_texts("sector", "industry"),
    *list_numbers("market_cap", "employees"),
    *list_texts("description", "website", "country", "currency"),
    *list_flags("is_etf", "is_actively_trading"),
    *list_numbers("current_price", "change_percentage", "volume"),
    *list_provenance(),
    Column(
        "lasting_hash", LargeBinary, comment="Content without the moving fields: price, change, volume, market cap."
    ),
    Column(
        "known_at",
        DateTime(timezone=True),
        comment="Since when all but the moving fields are as they are; null: since updated_at.",
    ),
    PrimaryKeyConstraint("symbol", "exchange"),
    CheckConstraint("exchange IN ('NYSE', 'NASDAQ', 'AMEX', 'TSX', 'TSXV')", name="exchange_known"),
    CheckConstraint("market_cap BETWEEN 0 AND 1e14", name="market_cap_range"),
    CheckConstraint("volume >= 0", name="volume_not_negative"),
    CheckConstraint("char_length(symbol) BETWEEN 1 AND 32 AND symbol = upper(btrim(symbol))", name="symbol_form"),
)

fmp_universe = Table(
    "fmp_universe",
    metadata,
    *list_texts("symbol", "exchange", required=True),
    *list_texts("company_name", "exchange_full_name", "sector", "industry", "country"),
    *list_flags("is_etf", "is_fund", "is_actively_trading"),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_universe", "symbol", "exchange"),
    Index("ix_fmp_universe_exchange", "exchange", postgresql_where=text("valid_to IS NULL")),
)

fmp_symbol_change = Table(
    "fmp_symbol_change",
    metadata,
    *list_days("date", required=True),
    *list_texts("old_symbol", "new_symbol", required=True),
    *list_texts("company_name"),
    *list_provenance(),
    PrimaryKeyConstraint("old_symbol", "new_symbol", "date"),
    Index("ix_fmp_symbol_change_new_symbol", "new_symbol"),
)

fmp_delisted = Table(
    "fmp_delisted",
    metadata,
    *list_texts("symbol", "exchange", required=True),
    *list_days("delisted_date", required=True),
    *list_texts("company_name"),
    *list_days("ipo_date"),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "exchange", "delisted_date"),
)

fmp_quote = Table(
    "fmp_quote",
    metadata,
    *list_texts("symbol", required=True),
    make_time("quoted_at", now=False),
    *list_texts("exchange", required=True),
    *list_texts("name"),
    *list_numbers(
        *("price", "change_percentage", "change", "volume", "day_low", "day_high", "year_high", "year_low"),
        *("market_cap", "price_avg50", "price_avg200", "open", "previous_close"),
    ),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "quoted_at"),
    postgresql_partition_by="RANGE (quoted_at)",
)

fmp_eod_price = Table(
    "fmp_eod_price",
    metadata,
    *list_texts("symbol", required=True),
    *list_days("date", required=True),
    *list_numbers("open", "high", "low", "close", "volume"),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
    Index("ix_fmp_eod_price_date", "date"),
    postgresql_partition_by="RANGE (date)",
)

fmp_split = Table(
    "fmp_split",
    metadata,
    *list_texts("symbol", required=True),
    *list_days("date", required=True),
    *list_numbers("numerator", "denominator"),
    *list_provenance(),
    *list_validity(),
    make_ended_run(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_split", "symbol", "date"),
    *list_event_indexes("fmp_split"),
)

fmp_dividend = Table(
    "fmp_dividend",
    metadata,
    *list_texts("symbol", required=True),
    *list_days("date", required=True),
    *list_days("record_date", "payment_date", "declaration_date"),
    *list_numbers("adj_dividend", "dividend", "dividend_yield"),
    *list_texts("frequency"),
    *list_provenance(),
    *list_validity(),
    make_ended_run(),
    PrimaryKeyConstraint("symbol", "row_id"),
    # payments of one day are a set
    make_current_index("fmp_dividend", "symbol", "date", "content_hash"),
    *list_event_indexes("fmp_dividend"),
)

fmp_treasury_rate = Table(
    "fmp_treasury_rate",
    metadata,
    *list_days("date", required=True),
    *list_numbers("month1", "month2", "month3", "month6"),
    *list_numbers("year1", "year2", "year3", "year5", "year7", "year10", "year20", "year30"),
    *list_provenance(),
    PrimaryKeyConstraint("date"),
)

fmp_exchange_rate = Table(
    "fmp_exchange_rate",
    metadata,
    Column("pair", Text, nullable=False, comment="USDCAD is Canadian dollars for one US dollar."),
    *list_days("date", required=True),
    *list_numbers("open", "high", "low", "close"),
    *list_provenance(),
    PrimaryKeyConstraint("pair", "date"),
)

fmp_history_state = Table(
    "fmp_history_state",
    metadata,
    *list_texts("dataset", required=True),
    Column(
        "part",
        Text,
        nullable=False,
        comment="listed or delisted companies, or the index or pair of currencies of which there are series.",
    ),
    Column("first_day", Date, nullable=False, comment="Everything from this day on was asked for."),
    Column("is_whole", Boolean, nullable=False, comment="False where the plan refused some of it."),
    Column("run_id", Uuid, comment="The backfill; null where it was not known."),
    make_time("updated_at"),
    PrimaryKeyConstraint("dataset", "part"),
)

fmp_etf_info = Table(
    "fmp_etf_info",
    metadata,
    *list_texts("symbol", required=True),
    *list_texts("name", "description", "isin", "asset_class", "security_cusip", "domicile", "website", "etf_company"),
    *list_numbers("expense_ratio", "assets_under_management", "avg_volume"),
    *list_days("inception_date"),
    *list_numbers("nav"),
    *list_texts("nav_currency"),
    *list_numbers("holdings_count"),
    *list_flags("is_actively_trading"),
    Column("sectors_list", JSONB),
    *list_texts("source_updated_at"),
    *list_provenance(),
    PrimaryKeyConstraint("symbol"),
)

fmp_etf_holding = Table(
    "fmp_etf_holding",
    metadata,
    *list_texts("symbol", "asset", "name", "isin", "security_cusip", required=True),
    Column("occurrence", Integer, nullable=False, comment="Place among positions that look alike, from 1."),
    *list_numbers("shares_number", "weight_percentage", "market_value"),
    *list_texts("source_updated_at"),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_etf_holding", "symbol", "asset", "name", "isin", "security_cusip", "occurrence"),
)

fmp_vanished_entry = Table(
    "fmp_vanished_entry",
    metadata,
    Column("run_id", Uuid, nullable=False, comment="The run whose answers lack the entry."),
    *list_texts("dataset", required=True),
    Column("row_id", BigInteger, nullable=False, comment="Row of the dataset's table, to be closed at its end."),
    PrimaryKeyConstraint("run_id", "dataset", "row_id"),
)

fmp_symbol_alias = Table(
    "fmp_symbol_alias",
    metadata,
    *list_texts("symbol", "former_symbol", required=True),
    Column("valid_from", Date, comment="First day on which the former symbol meant this security; null: always."),
    Column("valid_to", Date, nullable=False, comment="First day on which it no longer did."),
    Column("run_id", Uuid, nullable=False, comment="The run that learnt of it."),
    make_time("updated_at"),
    PrimaryKeyConstraint("symbol", "former_symbol", "valid_to"),
    Index("ix_fmp_symbol_alias_former_symbol", "former_symbol", "valid_to"),
)

fmp_symbol_period = Table(
    "fmp_symbol_period",
    metadata,
    *list_texts("symbol", required=True),
    Column("place", Integer, nullable=False, comment="Place among the symbol's owners, from 1 in the order of time."),
    Column("valid_from", Date, comment="First day of the owner: when the former owner's time ended; null: the first."),
    Column("valid_to", Date, comment="First day on which the symbol was no longer the owner's; null: it still is."),
    Column("taken_on", Date, comment="Day of the rename by which the owner took the symbol; null: it was listed so."),
    Column("ended_by", Text, comment="rename or delisting."),
    Column("renamed_to", Text, comment="Symbol that the owner took instead."),
    Column(
        "owner_symbol", Text, nullable=False, comment="The owner's newest symbol; with owner_until it names the owner."
    ),
    Column("owner_until", Date, comment="Day after the owner's delisting; null while it is not delisted."),
    Column("run_id", Uuid, nullable=False, comment="The run that derived the row last."),
    make_time("updated_at"),
    PrimaryKeyConstraint("symbol", "place"),
    CheckConstraint("ended_by IN ('rename', 'delisting')", name="ended_by_known"),
    Index("ix_fmp_symbol_period_owner_symbol", "owner_symbol"),
)

market_session = Table(
    "market_session",
    metadata,
    Column("exchange", Text, nullable=False, comment="NYSE (for NYSE, NASDAQ, AMEX) or TSX (for TSX, TSXV)."),
    *list_days("session_date", required=True),
    make_time("close_at", now=False),
    PrimaryKeyConstraint("exchange", "session_date"),
)

fmp_limiter = Table(
    "fmp_limiter",
    metadata,
    Column("budget", Text, nullable=False, comment="calls, bulk or backfill."),
    PrimaryKeyConstraint("budget"),
)

fmp_limiter_ticket = Table(
    "fmp_limiter_ticket",
    metadata,
    Column("budget", Text, nullable=False),
    Column(
        "usable_at",
        DateTime(timezone=True),
        nullable=False,
        comment="A little more than a minute after the call before was answered.",
    ),
    Column("tickets", Integer, nullable=False, comment="Tickets that no process has."),
    PrimaryKeyConstraint("budget", "usable_at"),
)

fmp_limiter_worker = Table(
    "fmp_limiter_worker",
    metadata,
    Column("budget", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("permits", Integer, nullable=False, comment="Calls that it may have in flight."),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="A dead worker's calls count until then."),
    Column("wants", Integer, nullable=False, comment="Calls that it could have in flight."),
    Column("tickets", Integer, nullable=False, comment="Tickets at hand and with calls."),
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
    Column("limited_at", DateTime(timezone=True), comment="Last limit answer."),
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
