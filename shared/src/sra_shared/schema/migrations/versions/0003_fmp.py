"""FMP tables: what was delivered, the limiter's state, market sessions.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = [
    "equity_profile",
    "fmp_universe",
    "fmp_symbol_change",
    "fmp_delisted",
    "fmp_quote",
    "fmp_split",
    "fmp_dividend",
    "fmp_eod_price",
    "fmp_treasury_rate",
    "fmp_etf_info",
    "fmp_etf_holding",
    "fmp_vanished_entry",
    "fmp_symbol_alias",
    "market_session",
    "fmp_limiter",
    "fmp_limiter_worker",
    "fmp_quota",
    "fmp_call_tally",
]

# two branches, each of which a query by symbol and date reads by an index
PRICE_HISTORY = """
CREATE VIEW fmp_price_history AS
SELECT p.symbol, p.symbol AS traded_as, p.date, p.open, p.high, p.low, p.close, p.volume, p.run_id, p.updated_at
FROM fmp_eod_price p
WHERE NOT EXISTS (SELECT FROM fmp_symbol_alias a WHERE a.former_symbol = p.symbol AND p.date < a.valid_to
                  AND p.date >= coalesce(a.valid_from, '-infinity'))
UNION ALL
SELECT a.symbol, p.symbol, p.date, p.open, p.high, p.low, p.close, p.volume, p.run_id, p.updated_at
FROM fmp_symbol_alias a
JOIN fmp_eod_price p ON p.symbol = a.former_symbol AND p.date < a.valid_to
                    AND p.date >= coalesce(a.valid_from, '-infinity')
WHERE NOT EXISTS (SELECT FROM fmp_eod_price n WHERE n.symbol = a.symbol AND n.date = p.date)
"""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE fmp_snapshot_row")
    op.create_table(
        "equity_profile",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("market_cap", sa.Numeric(), nullable=True),
        sa.Column("employees", sa.Numeric(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("is_etf", sa.Boolean(), nullable=True),
        sa.Column("is_actively_trading", sa.Boolean(), nullable=True),
        sa.Column("current_price", sa.Numeric(), nullable=True),
        sa.Column("change_percentage", sa.Numeric(), nullable=True),
        sa.Column("volume", sa.Numeric(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "exchange IN ('NYSE', 'NASDAQ', 'AMEX', 'TSX', 'TSXV')", name=op.f("ck_equity_profile_exchange_known")
        ),
        sa.CheckConstraint(
            "char_length(symbol) BETWEEN 1 AND 32 AND symbol = upper(btrim(symbol))",
            name=op.f("ck_equity_profile_symbol_form"),
        ),
        sa.CheckConstraint("market_cap BETWEEN 0 AND 1e14", name=op.f("ck_equity_profile_market_cap_range")),
        sa.CheckConstraint("volume >= 0", name=op.f("ck_equity_profile_volume_not_negative")),
        sa.PrimaryKeyConstraint("symbol", "exchange", name=op.f("pk_equity_profile")),
    )
    op.create_table(
        "fmp_call_tally",
        sa.Column("second", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("retried", sa.Integer(), nullable=False),
        sa.Column("throttled", sa.Integer(), nullable=False),
        sa.UniqueConstraint("second", "run_id", name=op.f("uq_fmp_call_tally_second_run_id")),
    )
    op.create_index("ix_fmp_call_tally_run_id", "fmp_call_tally", ["run_id"], unique=False)
    op.create_table(
        "fmp_delisted",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("delisted_date", sa.Date(), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=True),
        sa.Column("ipo_date", sa.Date(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "exchange", "delisted_date", name=op.f("pk_fmp_delisted")),
    )
    op.create_table(
        "fmp_dividend",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("record_date", sa.Date(), nullable=True),
        sa.Column("payment_date", sa.Date(), nullable=True),
        sa.Column("declaration_date", sa.Date(), nullable=True),
        sa.Column("adj_dividend", sa.Numeric(), nullable=True),
        sa.Column("dividend", sa.Numeric(), nullable=True),
        sa.Column("dividend_yield", sa.Numeric(), nullable=True),
        sa.Column("frequency", sa.Text(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "date", name=op.f("pk_fmp_dividend")),
    )
    op.create_table(
        "fmp_eod_price",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Numeric(), nullable=True),
        sa.Column("high", sa.Numeric(), nullable=True),
        sa.Column("low", sa.Numeric(), nullable=True),
        sa.Column("close", sa.Numeric(), nullable=True),
        sa.Column("volume", sa.Numeric(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "date", name=op.f("pk_fmp_eod_price")),
        postgresql_partition_by="RANGE (date)",
    )
    op.create_index("ix_fmp_eod_price_date", "fmp_eod_price", ["date"], unique=False)
    op.create_table(
        "fmp_etf_holding",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("isin", sa.Text(), nullable=False),
        sa.Column("security_cusip", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False, comment="Place among positions that look alike, from 1."),
        sa.Column("shares_number", sa.Numeric(), nullable=True),
        sa.Column("weight_percentage", sa.Numeric(), nullable=True),
        sa.Column("market_value", sa.Numeric(), nullable=True),
        sa.Column("source_updated_at", sa.Text(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("row_id", sa.BigInteger(), server_default=sa.text("nextval('fmp_snapshot_row')"), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True, comment="Null while the list names it."),
        sa.PrimaryKeyConstraint("symbol", "row_id", name=op.f("pk_fmp_etf_holding")),
    )
    op.create_index(
        "uq_fmp_etf_holding_current",
        "fmp_etf_holding",
        ["symbol", "asset", "name", "isin", "security_cusip", "occurrence"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "fmp_etf_info",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("isin", sa.Text(), nullable=True),
        sa.Column("asset_class", sa.Text(), nullable=True),
        sa.Column("security_cusip", sa.Text(), nullable=True),
        sa.Column("domicile", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("etf_company", sa.Text(), nullable=True),
        sa.Column("expense_ratio", sa.Numeric(), nullable=True),
        sa.Column("assets_under_management", sa.Numeric(), nullable=True),
        sa.Column("avg_volume", sa.Numeric(), nullable=True),
        sa.Column("inception_date", sa.Date(), nullable=True),
        sa.Column("nav", sa.Numeric(), nullable=True),
        sa.Column("nav_currency", sa.Text(), nullable=True),
        sa.Column("holdings_count", sa.Numeric(), nullable=True),
        sa.Column("is_actively_trading", sa.Boolean(), nullable=True),
        sa.Column("sectors_list", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("source_updated_at", sa.Text(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_fmp_etf_info")),
    )
    op.create_table(
        "fmp_limiter",
        sa.Column("budget", sa.Text(), nullable=False, comment="calls, bulk or backfill."),
        sa.Column(
            "next_slot_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="First moment that no process has reserved.",
        ),
        sa.PrimaryKeyConstraint("budget", name=op.f("pk_fmp_limiter")),
    )
    op.create_table(
        "fmp_limiter_worker",
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("permits", sa.Integer(), nullable=False, comment="Calls that it may have in flight."),
        sa.Column(
            "expires_at", sa.DateTime(timezone=True), nullable=False, comment="A dead worker's calls count until then."
        ),
        sa.PrimaryKeyConstraint("budget", "worker", name=op.f("pk_fmp_limiter_worker")),
    )
    op.create_table(
        "fmp_quota",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "limited_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="First limit answer since the last success.",
        ),
        sa.Column("parked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="day or bandwidth."),
        sa.CheckConstraint("only_row", name=op.f("ck_fmp_quota_one_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_fmp_quota")),
    )
    op.create_table(
        "fmp_quote",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("quoted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("change_percentage", sa.Numeric(), nullable=True),
        sa.Column("change", sa.Numeric(), nullable=True),
        sa.Column("volume", sa.Numeric(), nullable=True),
        sa.Column("day_low", sa.Numeric(), nullable=True),
        sa.Column("day_high", sa.Numeric(), nullable=True),
        sa.Column("year_high", sa.Numeric(), nullable=True),
        sa.Column("year_low", sa.Numeric(), nullable=True),
        sa.Column("market_cap", sa.Numeric(), nullable=True),
        sa.Column("price_avg50", sa.Numeric(), nullable=True),
        sa.Column("price_avg200", sa.Numeric(), nullable=True),
        sa.Column("open", sa.Numeric(), nullable=True),
        sa.Column("previous_close", sa.Numeric(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "quoted_at", name=op.f("pk_fmp_quote")),
        postgresql_partition_by="RANGE (quoted_at)",
    )
    op.create_table(
        "fmp_split",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("numerator", sa.Numeric(), nullable=True),
        sa.Column("denominator", sa.Numeric(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "date", name=op.f("pk_fmp_split")),
    )
    op.create_table(
        "fmp_symbol_change",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("old_symbol", sa.Text(), nullable=False),
        sa.Column("new_symbol", sa.Text(), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("old_symbol", "new_symbol", "date", name=op.f("pk_fmp_symbol_change")),
    )
    op.create_index("ix_fmp_symbol_change_new_symbol", "fmp_symbol_change", ["new_symbol"], unique=False)
    op.create_table(
        "fmp_treasury_rate",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("month1", sa.Numeric(), nullable=True),
        sa.Column("month2", sa.Numeric(), nullable=True),
        sa.Column("month3", sa.Numeric(), nullable=True),
        sa.Column("month6", sa.Numeric(), nullable=True),
        sa.Column("year1", sa.Numeric(), nullable=True),
        sa.Column("year2", sa.Numeric(), nullable=True),
        sa.Column("year3", sa.Numeric(), nullable=True),
        sa.Column("year5", sa.Numeric(), nullable=True),
        sa.Column("year7", sa.Numeric(), nullable=True),
        sa.Column("year10", sa.Numeric(), nullable=True),
        sa.Column("year20", sa.Numeric(), nullable=True),
        sa.Column("year30", sa.Numeric(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_fmp_treasury_rate")),
    )
    op.create_table(
        "fmp_universe",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=True),
        sa.Column("exchange_full_name", sa.Text(), nullable=True),
        sa.Column("sector", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("is_etf", sa.Boolean(), nullable=True),
        sa.Column("is_fund", sa.Boolean(), nullable=True),
        sa.Column("is_actively_trading", sa.Boolean(), nullable=True),
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("row_id", sa.BigInteger(), server_default=sa.text("nextval('fmp_snapshot_row')"), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True, comment="Null while the list names it."),
        sa.PrimaryKeyConstraint("symbol", "row_id", name=op.f("pk_fmp_universe")),
    )
    op.create_index(
        "ix_fmp_universe_exchange",
        "fmp_universe",
        ["exchange"],
        unique=False,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index(
        "uq_fmp_universe_current",
        "fmp_universe",
        ["symbol", "exchange"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "fmp_vanished_entry",
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run whose answers lack the entry."),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column(
            "row_id", sa.BigInteger(), nullable=False, comment="Row of the dataset's table, to be closed at its end."
        ),
        sa.PrimaryKeyConstraint("run_id", "dataset", "row_id", name=op.f("pk_fmp_vanished_entry")),
    )
    op.create_table(
        "fmp_symbol_alias",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("former_symbol", sa.Text(), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            nullable=True,
            comment="First day on which the former symbol meant this security; null: always.",
        ),
        sa.Column("valid_to", sa.Date(), nullable=False, comment="First day on which it no longer did."),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that learnt of it."),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "former_symbol", "valid_to", name=op.f("pk_fmp_symbol_alias")),
    )
    op.create_index("ix_fmp_symbol_alias_former_symbol", "fmp_symbol_alias", ["former_symbol", "valid_to"])
    op.create_table(
        "market_session",
        sa.Column(
            "exchange", sa.Text(), nullable=False, comment="NYSE (for NYSE, NASDAQ, AMEX) or TSX (for TSX, TSXV)."
        ),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("close_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("exchange", "session_date", name=op.f("pk_market_session")),
    )
    op.execute("CREATE TABLE fmp_quote_default PARTITION OF fmp_quote DEFAULT")
    op.execute("CREATE TABLE fmp_eod_price_default PARTITION OF fmp_eod_price DEFAULT")
    for year in range(1980, 2041):
        op.execute(
            f"CREATE TABLE fmp_quote_{year} PARTITION OF fmp_quote"
            f" FOR VALUES FROM ('{year}-01-01 00:00+00') TO ('{year + 1}-01-01 00:00+00')"
        )
        op.execute(
            f"CREATE TABLE fmp_eod_price_{year} PARTITION OF fmp_eod_price"
            f" FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01')"
        )
    op.execute("INSERT INTO fmp_quota (only_row) VALUES (true)")
    op.execute(PRICE_HISTORY)


def downgrade() -> None:
    op.execute("DROP VIEW fmp_price_history")
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP SEQUENCE fmp_snapshot_row")
