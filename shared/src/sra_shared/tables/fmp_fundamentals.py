"""FMP: statements and what is derived from them, every version that was ever delivered.

A row is one version of one period of one company. A restatement is a new version; `learnt_at` says from when on we knew
it, `filing_date` when the company filed it. The latest version is the one with the greatest number.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table

from sra_shared.tables.fmp_columns import list_days, list_numbers, list_provenance, list_texts, make_time
from sra_shared.tables.metadata import metadata


def _make_table(name: str, *figures: str, is_filed: bool = False) -> Table:
    filed = [*list_texts("cik", "accepted_date"), *list_days("filing_date")] if is_filed else []
    return Table(
        name,
        metadata,
        *list_texts("symbol", "period", required=True),
        *list_days("date", required=True),
        Column("fiscal_year", Integer, nullable=False),
        Column("version", Integer, nullable=False, comment="From 1; a restatement is the next."),
        make_time("learnt_at"),
        *list_texts("reported_currency"),
        *filed,
        *list_numbers(*figures),
        *list_provenance(),
        PrimaryKeyConstraint("symbol", "fiscal_year", "period", "date", "version"),
        Index(f"ix_{name}_run_id", "run_id"),
    )


fmp_income_statement = _make_table(
    "fmp_income_statement",
    *("revenue", "cost_of_revenue", "gross_profit", "operating_expenses", "operating_income", "ebitda", "ebit"),
    *("interest_expense", "income_before_tax", "income_tax_expense", "net_income", "eps", "eps_diluted"),
    *("weighted_average_shs_out", "weighted_average_shs_out_dil"),
    is_filed=True,
)
fmp_balance_sheet = _make_table(
    "fmp_balance_sheet",
    *("cash_and_cash_equivalents", "cash_and_short_term_investments", "net_receivables", "inventory"),
    *("total_current_assets", "goodwill_and_intangible_assets", "total_assets", "total_current_liabilities"),
    *("long_term_debt", "total_liabilities", "retained_earnings", "total_stockholders_equity", "minority_interest"),
    *("total_debt", "net_debt"),
    is_filed=True,
)
fmp_cash_flow = _make_table(
    "fmp_cash_flow",
    *("net_income", "depreciation_and_amortization", "stock_based_compensation", "operating_cash_flow"),
    *("capital_expenditure", "free_cash_flow", "net_dividends_paid", "common_stock_repurchased"),
    *("net_debt_issuance", "net_change_in_cash"),
    is_filed=True,
)
fmp_income_growth = _make_table(
    "fmp_income_growth",
    *("growth_revenue", "growth_gross_profit", "growth_operating_income", "growth_net_income"),
    *("growth_eps", "growth_eps_diluted", "growth_ebitda"),
)
fmp_balance_sheet_growth = _make_table(
    "fmp_balance_sheet_growth",
    *("growth_total_assets", "growth_total_liabilities", "growth_total_stockholders_equity", "growth_total_debt"),
    *("growth_net_debt", "growth_inventory"),
)
fmp_cash_flow_growth = _make_table(
    "fmp_cash_flow_growth",
    *("growth_net_income", "growth_operating_cash_flow", "growth_capital_expenditure", "growth_free_cash_flow"),
    "growth_dividends_paid",
)
fmp_financial_growth = _make_table(
    "fmp_financial_growth",
    *("revenue_growth", "gross_profit_growth", "ebit_growth", "operating_income_growth", "net_income_growth"),
    *("eps_growth", "eps_diluted_growth", "dividends_per_share_growth", "operating_cash_flow_growth"),
    *("asset_growth", "book_value_per_share_growth", "debt_growth", "free_cash_flow_growth"),
)
fmp_ratio = _make_table(
    "fmp_ratio",
    *("gross_profit_margin", "operating_profit_margin", "net_profit_margin", "ebitda_margin", "current_ratio"),
    *("quick_ratio", "debt_to_equity_ratio", "price_to_earnings_ratio", "price_to_book_ratio", "price_to_sales_ratio"),
    *("price_to_free_cash_flow_ratio", "dividend_yield", "dividend_payout_ratio", "interest_coverage_ratio"),
    *("book_value_per_share", "revenue_per_share", "net_income_per_share", "free_cash_flow_per_share"),
    *("dividend_per_share", "asset_turnover", "effective_tax_rate"),
)
fmp_key_metric = _make_table(
    "fmp_key_metric",
    *("market_cap", "enterprise_value", "ev_to_sales", "ev_to_ebitda", "net_debt_to_ebitda", "return_on_assets"),
    *("return_on_equity", "return_on_invested_capital", "earnings_yield", "free_cash_flow_yield", "working_capital"),
    *("invested_capital", "income_quality", "graham_number"),
)
