"""Statements of companies and what is derived from them, version by version.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FILED = ("fmp_income_statement", "fmp_balance_sheet", "fmp_cash_flow")
FILED_COLUMNS: dict[str, type[sa.Text] | type[sa.Date]] = {
    "cik": sa.Text,
    "accepted_date": sa.Text,
    "filing_date": sa.Date,
}
FIGURES = {
    "fmp_income_statement": (
        "revenue",
        "cost_of_revenue",
        "gross_profit",
        "operating_expenses",
        "operating_income",
        "ebitda",
        "ebit",
        "interest_expense",
        "income_before_tax",
        "income_tax_expense",
        "net_income",
        "eps",
        "eps_diluted",
        "weighted_average_shs_out",
        "weighted_average_shs_out_dil",
    ),
    "fmp_balance_sheet": (
        "cash_and_cash_equivalents",
        "cash_and_short_term_investments",
        "net_receivables",
        "inventory",
        "total_current_assets",
        "goodwill_and_intangible_assets",
        "total_assets",
        "total_current_liabilities",
        "long_term_debt",
        "total_liabilities",
        "retained_earnings",
        "total_stockholders_equity",
        "minority_interest",
        "total_debt",
        "net_debt",
    ),
    "fmp_cash_flow": (
        "net_income",
        "depreciation_and_amortization",
        "stock_based_compensation",
        "operating_cash_flow",
        "capital_expenditure",
        "free_cash_flow",
        "net_dividends_paid",
        "common_stock_repurchased",
        "net_debt_issuance",
        "net_change_in_cash",
    ),
    "fmp_income_growth": (
        "growth_revenue",
        "growth_gross_profit",
        "growth_operating_income",
        "growth_net_income",
        "growth_eps",
        "growth_eps_diluted",
        "growth_ebitda",
    ),
    "fmp_balance_sheet_growth": (
        "growth_total_assets",
        "growth_total_liabilities",
        "growth_total_stockholders_equity",
        "growth_total_debt",
        "growth_net_debt",
        "growth_inventory",
    ),
    "fmp_cash_flow_growth": (
        "growth_net_income",
        "growth_operating_cash_flow",
        "growth_capital_expenditure",
        "growth_free_cash_flow",
        "growth_dividends_paid",
    ),
    "fmp_financial_growth": (
        "revenue_growth",
        "gross_profit_growth",
        "ebit_growth",
        "operating_income_growth",
        "net_income_growth",
        "eps_growth",
        "eps_diluted_growth",
        "dividends_per_share_growth",
        "operating_cash_flow_growth",
        "asset_growth",
        "book_value_per_share_growth",
        "debt_growth",
        "free_cash_flow_growth",
    ),
    "fmp_ratio": (
        "gross_profit_margin",
        "operating_profit_margin",
        "net_profit_margin",
        "ebitda_margin",
        "current_ratio",
        "quick_ratio",
        "debt_to_equity_ratio",
        "price_to_earnings_ratio",
        "price_to_book_ratio",
        "price_to_sales_ratio",
        "price_to_free_cash_flow_ratio",
        "dividend_yield",
        "dividend_payout_ratio",
        "interest_coverage_ratio",
        "book_value_per_share",
        "revenue_per_share",
        "net_income_per_share",
        "free_cash_flow_per_share",
        "dividend_per_share",
        "asset_turnover",
        "effective_tax_rate",
    ),
    "fmp_key_metric": (
        "market_cap",
        "enterprise_value",
        "ev_to_sales",
        "ev_to_ebitda",
        "net_debt_to_ebitda",
        "return_on_assets",
        "return_on_equity",
        "return_on_invested_capital",
        "earnings_yield",
        "free_cash_flow_yield",
        "working_capital",
        "invested_capital",
        "income_quality",
        "graham_number",
    ),
}


def upgrade() -> None:
    for table, figures in FIGURES.items():
        filed = FILED_COLUMNS if table in FILED else {}
        op.create_table(
            table,
            sa.Column("symbol", sa.Text(), nullable=False),
            sa.Column("period", sa.Text(), nullable=False),
            sa.Column("date", sa.Date(), nullable=False),
            sa.Column("fiscal_year", sa.Integer(), nullable=False),
            sa.Column("version", sa.Integer(), nullable=False, comment="From 1; a restatement is the next."),
            sa.Column("learnt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
            sa.Column("reported_currency", sa.Text()),
            *(sa.Column(name, kind) for name, kind in filed.items()),
            *(sa.Column(name, sa.Numeric()) for name in figures),
            sa.Column(
                "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
            ),
            sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
            sa.Column("content_hash", sa.LargeBinary(), nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
            sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
            sa.PrimaryKeyConstraint("symbol", "fiscal_year", "period", "date", "version", name=op.f(f"pk_{table}")),
        )
        op.create_index(f"ix_{table}_run_id", table, ["run_id"], unique=False)
        # a restatement is a row more; the database refuses everything else
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION fundata_refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def downgrade() -> None:
    for table in reversed(FIGURES):
        op.drop_table(table)
