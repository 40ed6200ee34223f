"""FMP: statements and figures derived from them, in every delivered version.

A row is one version of one period of one company. A restatement is a new version; `learnt_at` is when we stored it, `filing_date`
when the company filed it. The latest version is the one with the greatest number.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table

from sra_shared.schema.tables.fmp_columns import (
    DELIVERED,
    REPORTED_CURRENCY,
    list_days,
    list_numbers,
    list_provenance,
    list_texts,
    make_time,
)
from sra_shared.schema.tables.metadata import metadata, written_by

_FRACTION = "as a fraction (0.05 is 5%)"
_RATIO = "as a ratio"


def _make_table(name: str, comment: str, *figures: Column[object], is_filed: bool = False) -> Table:
    filed = [
        *list_texts("cik", accepted_date="Time of the SEC's acceptance, as delivered: US Eastern time as text."),
        *list_days(filing_date="Day of the filing."),
    ]
    return Table(
        name,
        metadata,
        *list_texts("symbol", required=True),
        *list_texts(required=True, period="Fiscal period: FY, Q1, Q2, Q3 or Q4."),
        *list_days(required=True, date="Last day of the period."),
        Column("fiscal_year", Integer, nullable=False, comment="Fiscal year; may differ from the calendar year."),
        Column("version", Integer, nullable=False, comment="Version of the period, from 1; a restatement is the next."),
        make_time("learnt_at", "When the version was stored (UTC)."),
        *list_texts("reported_currency"),
        *(filed if is_filed else []),
        *figures,
        *list_provenance(),
        PrimaryKeyConstraint("symbol", "fiscal_year", "period", "date", "version"),
        Index(f"ix_{name}_run_id", "run_id"),
        comment=f"{comment}: every version of each company's fiscal periods; append-only.",
        info=written_by("fmp_ingest"),
    )


def _list_growth(what: Mapping[str, str], *, since: str = "") -> list[Column[object]]:
    return list_numbers(unit=_FRACTION, **{name: f"Change of {words}{since}" for name, words in what.items()})


fmp_income_statement = _make_table(
    "fmp_income_statement",
    "Income statements",
    *list_numbers(
        unit=REPORTED_CURRENCY,
        revenue="Revenue",
        cost_of_revenue="Cost of revenue",
        gross_profit="Gross profit",
        operating_expenses="Operating expenses",
        operating_income="Operating income",
        ebitda="Earnings before interest, taxes, depreciation and amortisation",
        ebit="Earnings before interest and taxes",
        interest_expense="Interest expense",
        income_before_tax="Income before tax",
        income_tax_expense="Income tax expense",
        net_income="Net income",
        eps="Earnings per share",
        eps_diluted="Diluted earnings per share",
    ),
    *list_numbers(
        weighted_average_shs_out="Weighted average number of shares outstanding.",
        weighted_average_shs_out_dil="Weighted average number of shares outstanding, diluted.",
    ),
    is_filed=True,
)
fmp_balance_sheet = _make_table(
    "fmp_balance_sheet",
    "Balance sheets",
    *list_numbers(
        unit=REPORTED_CURRENCY,
        cash_and_cash_equivalents="Cash and cash equivalents",
        cash_and_short_term_investments="Cash and short-term investments",
        net_receivables="Net receivables",
        inventory="Inventory",
        total_current_assets="Total current assets",
        goodwill_and_intangible_assets="Goodwill and intangible assets",
        total_assets="Total assets",
        total_current_liabilities="Total current liabilities",
        long_term_debt="Long-term debt",
        total_liabilities="Total liabilities",
        retained_earnings="Retained earnings",
        total_stockholders_equity="Total stockholders' equity",
        minority_interest="Minority interest",
        total_debt="Total debt",
        net_debt="Net debt",
    ),
    is_filed=True,
)
fmp_cash_flow = _make_table(
    "fmp_cash_flow",
    "Cash flow statements",
    *list_numbers(
        unit=f"{REPORTED_CURRENCY}; an outflow is negative",
        net_income="Net income",
        depreciation_and_amortization="Depreciation and amortisation",
        stock_based_compensation="Stock-based compensation",
        operating_cash_flow="Cash flow from operations",
        capital_expenditure="Capital expenditure",
        free_cash_flow="Free cash flow",
        net_dividends_paid="Dividends paid, net",
        common_stock_repurchased="Repurchases of common stock",
        net_debt_issuance="Debt issued, net of repayments",
        net_change_in_cash="Net change in cash",
    ),
    is_filed=True,
)
fmp_income_growth = _make_table(
    "fmp_income_growth",
    "Growth of income items",
    *_list_growth(
        {
            "growth_revenue": "revenue",
            "growth_gross_profit": "gross profit",
            "growth_operating_income": "operating income",
            "growth_net_income": "net income",
            "growth_eps": "earnings per share",
            "growth_eps_diluted": "diluted earnings per share",
            "growth_ebitda": "EBITDA",
        },
        since=" against a year before",
    ),
)
fmp_balance_sheet_growth = _make_table(
    "fmp_balance_sheet_growth",
    "Growth of balance sheet items",
    *_list_growth(
        {
            "growth_total_assets": "total assets",
            "growth_total_liabilities": "total liabilities",
            "growth_total_stockholders_equity": "total stockholders' equity",
            "growth_total_debt": "total debt",
            "growth_net_debt": "net debt",
            "growth_inventory": "inventory",
        }
    ),
)
fmp_cash_flow_growth = _make_table(
    "fmp_cash_flow_growth",
    "Growth of cash flow items",
    *_list_growth(
        {
            "growth_net_income": "net income",
            "growth_operating_cash_flow": "the cash flow from operations",
            "growth_capital_expenditure": "capital expenditure",
            "growth_free_cash_flow": "free cash flow",
            "growth_dividends_paid": "dividends paid",
        }
    ),
)
fmp_financial_growth = _make_table(
    "fmp_financial_growth",
    "Growth of the main figures of all three statements",
    *_list_growth(
        {
            "revenue_growth": "revenue",
            "gross_profit_growth": "gross profit",
            "ebit_growth": "EBIT",
            "operating_income_growth": "operating income",
            "net_income_growth": "net income",
            "eps_growth": "earnings per share",
            "eps_diluted_growth": "diluted earnings per share",
            "dividends_per_share_growth": "dividends per share",
            "operating_cash_flow_growth": "the cash flow from operations",
            "asset_growth": "assets",
            "book_value_per_share_growth": "book value per share",
            "debt_growth": "debt",
            "free_cash_flow_growth": "free cash flow",
        }
    ),
)
fmp_ratio = _make_table(
    "fmp_ratio",
    "Margins, valuation ratios and figures per share",
    *list_numbers(
        unit=_FRACTION,
        gross_profit_margin="Gross profit margin",
        operating_profit_margin="Operating profit margin",
        net_profit_margin="Net profit margin",
        ebitda_margin="EBITDA margin",
    ),
    *list_numbers(
        unit=_RATIO,
        current_ratio="Current ratio",
        quick_ratio="Quick ratio",
        debt_to_equity_ratio="Debt to equity",
        price_to_earnings_ratio="Price to earnings",
        price_to_book_ratio="Price to book value",
        price_to_sales_ratio="Price to sales",
        price_to_free_cash_flow_ratio="Price to free cash flow",
    ),
    *list_numbers(
        unit=_FRACTION, dividend_yield="Dividend yield", dividend_payout_ratio="Share of the earnings paid as dividends"
    ),
    *list_numbers(unit=_RATIO, interest_coverage_ratio="Interest coverage"),
    *list_numbers(
        unit=DELIVERED,
        book_value_per_share="Book value per share",
        revenue_per_share="Revenue per share",
        net_income_per_share="Net income per share",
        free_cash_flow_per_share="Free cash flow per share",
        dividend_per_share="Dividend per share",
    ),
    *list_numbers(unit=_RATIO, asset_turnover="Asset turnover"),
    *list_numbers(unit=_FRACTION, effective_tax_rate="Effective tax rate"),
)
fmp_key_metric = _make_table(
    "fmp_key_metric",
    "Key metrics: value, returns and efficiency",
    *list_numbers(unit=DELIVERED, market_cap="Market capitalisation", enterprise_value="Enterprise value"),
    *list_numbers(
        unit=_RATIO,
        ev_to_sales="Enterprise value to sales",
        ev_to_ebitda="Enterprise value to EBITDA",
        net_debt_to_ebitda="Net debt to EBITDA",
    ),
    *list_numbers(
        unit=_FRACTION,
        return_on_assets="Return on assets",
        return_on_equity="Return on equity",
        return_on_invested_capital="Return on invested capital",
        earnings_yield="Earnings yield",
        free_cash_flow_yield="Free cash flow yield",
    ),
    *list_numbers(
        unit=DELIVERED,
        working_capital="Working capital",
        invested_capital="Invested capital",
        income_quality="Income quality",
        graham_number="Graham number",
    ),
)
