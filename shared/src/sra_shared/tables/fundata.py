"""Tables of Fundata: what was delivered, every version of it, which versions are no longer the latest, and the exports.

`fundata_data`, `fundata_quotes` and the two `..._superseded` tables are append-only; triggers refuse anything else. A
version that is no longer the latest of its key has a row in the side table, so that exactly one version of a key has none.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.tables.metadata import metadata

FIRST_YEAR, LAST_YEAR = 1980, 2040
APPEND_ONLY = ("fundata_data", "fundata_quotes", "fundata_data_superseded", "fundata_quotes_superseded")
DATA_SOURCES = ("CSV", "API")
EXPORT_STATES = ("requesting", "requested", "ready", "loading", "loaded", "repeated", "failed")

_DATA_TEXTS = (
    "language legal_name family_name series_name company currency instrument_type objective strategy cifsc_type properties"
    " distribution_frequency legal_status management_type share_class fixed_distribution high_net_worth document_type"
    " identifier_type identifier_value allocation_type allocation_name expense_type fund_grade benchmark_type"
    " benchmark_instrument_key capitalization style duration_class credit_rating_class fund_serv_code sales_status load_type"
    " fee_type paid_by fee_note security description"
)
_DATA_DATES = (
    "inception_date allocation_date expense_date date month_end_date performance_start_date inception_return_date"
    " max_start_date max_end_date"
)
_DATA_NUMBERS = (
    "min_investment sub_investment management_fee allocation_value expense_value fund_assets_value series_assets_value"
    " one_month_return three_month_return six_month_return ytd_return inception_return ytd_total_distribution year"
    " compound_return calendar_simple_return calendar_return_year compound_return_quartile compound_return_fund_count"
    " compound_return_ranking calendar_return_quartile calendar_return_fund_count calendar_return_ranking annualized_std"
    " annualized_alpha beta r_squared annualized_sharpe annualized_treynor annualized_sortino annualized_information_ratio"
    " annualized_jensen_alpha annualized_tracking_error tax_efficiency calmar downside_deviation worst_monthly_return"
    " uninterrupted_drawdown max_percent_change max_down_length max_recovery_time"
    " one_year_max_drawdown three_year_max_drawdown five_year_max_drawdown ten_year_max_drawdown"
    " one_year_category_batting three_year_category_batting five_year_category_batting ten_year_category_batting"
    " one_year_absolute_batting three_year_absolute_batting five_year_absolute_batting ten_year_absolute_batting"
    " one_year_up_capture three_year_up_capture five_year_up_capture ten_year_up_capture"
    " one_year_down_capture three_year_down_capture five_year_down_capture ten_year_down_capture"
    " total_distribution dividend_income foreign_dividend_income capital_gains interest_income return_of_principle"
    " max_percent value days market_percent holding_number start_month end_month fee"
)
_QUOTE_NUMBERS = (
    "navps navps_penny_change navps_percent_change previous_navps current_yield current_yield_percent_change"
    " total_distribution dividend_income_distribution foreign_dividend_income_distribution capital_gains_distribution"
    " interest_income_distribution return_of_principle_distribution"
)


def _now(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


def _provenance() -> list[Column[object]]:
    """Columns of both tables that every row fills or that are narrow, in an order that wastes no padding."""
    return [
        Column("run_id", Uuid, nullable=False),
        Column("source_line", BigInteger, comment="Physical line where the record starts; the header is 1."),
        _now("processed_at"),
        _now("updated_at"),
        Column("data_version", Integer, nullable=False),
        Column("array_element_index", Integer, comment="0-based."),
        Column("change_date", Date),
        Column("row_ordinal", SmallInteger, nullable=False, comment="0-based over the exploded rows of one record."),
        Column("parser_version", SmallInteger, nullable=False),
        Column("identifier", Text, nullable=False, comment="InstrumentKey."),
        Column("dataset", Text, nullable=False),
        Column("record_id", Text, nullable=False, server_default=text("''")),
        Column("data_source", Text, nullable=False),
        Column("content_hash", LargeBinary, nullable=False, comment="BLAKE2b-128 over the delivered columns."),
        Column("source_file", Text),
        Column("record_state", Text),
        Column("api_version", Text),
        Column("execution_id", Text, comment="The vendor's id of the export that delivered it."),
        Column("array_source_field", Text),
        Column("array_element_value", Text),
        Column("raw_json", JSONB, nullable=False, comment="Every delivered column, as text."),
    ]


def _rules() -> list[CheckConstraint]:
    sources = ", ".join(repr(source) for source in DATA_SOURCES)
    return [
        CheckConstraint(f"data_source IN ({sources})", name="data_source_known"),
        CheckConstraint("data_version >= 1", name="data_version_counts"),
    ]


def _numbers(names: str) -> list[Column[object]]:
    return [Column(name, Numeric(12, 2)) for name in names.split()]


def _dates(names: str) -> list[Column[object]]:
    return [Column(name, Date) for name in names.split()]


def _texts(names: str) -> list[Column[object]]:
    return [Column(name, Text) for name in names.split()]


fundata_data = Table(
    "fundata_data",
    metadata,
    *_provenance(),
    *_texts(_DATA_TEXTS),
    *_dates(_DATA_DATES),
    *_numbers(_DATA_NUMBERS),
    PrimaryKeyConstraint("identifier", "dataset", "record_id", "data_version", "row_ordinal"),
    *_rules(),
    # a run's rows lie together, so that a block index finds them at next to no cost while rows come in
    Index(
        "ix_fundata_data_run",
        "run_id",
        "dataset",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32, "autosummarize": True},
    ),
)

fundata_quotes = Table(
    "fundata_quotes",
    metadata,
    *_provenance(),
    Column("date", Date, nullable=False),
    Column("previous_date", Date),
    Column("distribution_pay_date", Date),
    Column("split", Text, comment="SplitFactor too."),
    *_numbers(_QUOTE_NUMBERS),
    PrimaryKeyConstraint("identifier", "date", "dataset", "data_version", "row_ordinal"),
    *_rules(),
    CheckConstraint("navps >= 0", name="navps_not_negative"),
    Index("ix_fundata_quotes_date", "date"),
    Index(
        "ix_fundata_quotes_run",
        "run_id",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32, "autosummarize": True},
    ),
    postgresql_partition_by="RANGE (date)",
)

fundata_data_superseded = Table(
    "fundata_data_superseded",
    metadata,
    Column("identifier", Text),
    Column("dataset", Text),
    Column("record_id", Text),
    Column("data_version", Integer),
    Column("superseded_by", Integer, nullable=False, comment="The version that was the latest from then on."),
    _now("superseded_at"),
    Column("run_id", Uuid, nullable=False),
    PrimaryKeyConstraint("identifier", "dataset", "record_id", "data_version"),
)

fundata_quotes_superseded = Table(
    "fundata_quotes_superseded",
    metadata,
    Column("identifier", Text),
    Column("date", Date),
    Column("dataset", Text),
    Column("data_version", Integer),
    Column("superseded_by", Integer, nullable=False, comment="The version that was the latest from then on."),
    _now("superseded_at"),
    Column("run_id", Uuid, nullable=False),
    PrimaryKeyConstraint("identifier", "date", "dataset", "data_version"),
)

fundata_export = Table(
    "fundata_export",
    metadata,
    Column("export_id", BigInteger, Identity(always=True), primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("language", Text, nullable=False, server_default=text("''"), comment="Empty where the endpoint takes none."),
    Column("from_date", Date, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'requesting'")),
    Column("execution_id", Text, comment="The vendor's; stored before the first question how far it is."),
    Column("repeats", BigInteger, comment="The export that loaded the execution which the vendor named again."),
    Column("file_hash", Text, comment="SHA-256 of what was downloaded, in hex."),
    Column("size_bytes", BigInteger),
    Column("error", Text),
    _now("requested_at"),
    Column("ready_at", DateTime(timezone=True)),
    Column("loaded_at", DateTime(timezone=True)),
    UniqueConstraint("execution_id"),
    UniqueConstraint("run_id", "dataset", "language"),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in EXPORT_STATES)})", name="state_known"),
    CheckConstraint(
        "state IN ('requesting', 'repeated', 'failed') OR execution_id IS NOT NULL", name="execution_id_known"
    ),
    CheckConstraint("(state = 'repeated') = (repeats IS NOT NULL)", name="repeats_known"),
)

fundata_cursor = Table(
    "fundata_cursor",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("language", Text, primary_key=True, server_default=text("''")),
    Column("changed_until", Date, nullable=False, comment="All changes up to this day were asked for and loaded."),
    Column("run_id", Uuid, nullable=False),
    _now("updated_at"),
)

fundata_odd_key = Table(
    "fundata_odd_key",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("identifier", Text, primary_key=True),
    Column("record_id", Text, primary_key=True, server_default=text("''"), comment="Empty for quotes."),
    Column("normal_identifier", Text, nullable=False),
    Column("normal_record_id", Text, nullable=False),
    _now("listed_at"),
)
