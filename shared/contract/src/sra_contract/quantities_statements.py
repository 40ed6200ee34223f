"""Quantities of companies: statements, margins, growth, valuation."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

STATEMENTS: Mapping[str, Quantity] = {
    "reported_currency": Quantity("text", "Currency of the statements."),
    "available_at": Quantity(
        "timestamp with time zone",
        "When the public could know the last of the row's statements, in UTC; NULL without statements.",
    ),
    "available_basis": Quantity("text", "Basis of available_at: accepted, filing_day or assumed."),
    "known_at": Quantity(
        "timestamp with time zone",
        "When we stored the newest input of the row, in UTC.",
    ),
    "fundamentals_basis": Quantity(
        "text", "Kind of the twelve months of *_ttm: four quarters, two halves or a fiscal year."
    ),
    "revenue_ttm": Quantity("numeric", "Revenue of twelve months.", unit="reported_currency"),
    "gross_profit_ttm": Quantity("numeric", "Gross profit of twelve months.", unit="reported_currency"),
    "operating_income_ttm": Quantity("numeric", "Operating income of twelve months.", unit="reported_currency"),
    "ebitda_ttm": Quantity("numeric", "EBITDA of twelve months, vendor's.", unit="reported_currency"),
    "ebit_ttm": Quantity("numeric", "EBIT of twelve months, vendor's.", unit="reported_currency"),
    "interest_expense_ttm": Quantity("numeric", "Interest expense of twelve months.", unit="reported_currency"),
    "net_income_ttm": Quantity("numeric", "Net income of twelve months.", unit="reported_currency"),
    "operating_cash_flow_ttm": Quantity("numeric", "Operating cash flow of twelve months.", unit="reported_currency"),
    "capital_expenditure_ttm": Quantity(
        "numeric", "Capital expenditure of twelve months.", unit="reported_currency", sign="zero or negative"
    ),
    "free_cash_flow_ttm": Quantity(
        "numeric", "Operating cash flow less capital expenditure of twelve months, vendor's.", unit="reported_currency"
    ),
    "eps_ttm": Quantity("numeric", "Basic earnings per share of twelve months.", unit="reported_currency"),
    "eps_diluted_ttm": Quantity("numeric", "Diluted earnings per share of twelve months.", unit="reported_currency"),
    "cash_and_short_term_investments": Quantity(
        "numeric", "Cash and short-term investments on period_end_date.", unit="reported_currency"
    ),
    "total_current_assets": Quantity("numeric", "Current assets on period_end_date.", unit="reported_currency"),
    "total_current_liabilities": Quantity(
        "numeric", "Current liabilities on period_end_date.", unit="reported_currency"
    ),
    "total_assets": Quantity("numeric", "Total assets on period_end_date.", unit="reported_currency"),
    "total_liabilities": Quantity("numeric", "Total liabilities on period_end_date.", unit="reported_currency"),
    "total_stockholders_equity": Quantity(
        "numeric", "Stockholders' equity on period_end_date.", unit="reported_currency"
    ),
    "total_debt": Quantity("numeric", "Total debt on period_end_date.", unit="reported_currency"),
    "net_debt": Quantity("numeric", "Total debt less cash, vendor's, on period_end_date.", unit="reported_currency"),
    "gross_margin": Quantity(
        "numeric",
        "Gross profit / revenue.",
        unit="fraction",
        formula="gross_profit_ttm / revenue_ttm, NULL if the divisor is not above zero",
    ),
    "operating_margin": Quantity(
        "numeric",
        "Operating income / revenue.",
        unit="fraction",
        formula="operating_income_ttm / revenue_ttm, NULL if the divisor is not above zero",
    ),
    "ebitda_margin": Quantity(
        "numeric",
        "EBITDA / revenue.",
        unit="fraction",
        formula="ebitda_ttm / revenue_ttm, NULL if the divisor is not above zero",
    ),
    "net_margin": Quantity(
        "numeric",
        "Net income / revenue.",
        unit="fraction",
        formula="net_income_ttm / revenue_ttm, NULL if the divisor is not above zero",
    ),
    "free_cash_flow_margin": Quantity(
        "numeric",
        "Free cash flow / revenue.",
        unit="fraction",
        formula="free_cash_flow_ttm / revenue_ttm, NULL if the divisor is not above zero",
    ),
    "return_on_equity": Quantity(
        "numeric",
        "Common income / common equity.",
        unit="fraction",
        formula="common_income_ttm / common_equity, NULL if the divisor is not above zero",
    ),
    "return_on_assets": Quantity(
        "numeric",
        "Net income / assets.",
        unit="fraction",
        formula="net_income_ttm / total_assets, NULL if the divisor is not above zero",
    ),
    "debt_to_equity_ratio": Quantity(
        "numeric",
        "Debt / equity.",
        unit="ratio",
        formula="total_debt / total_stockholders_equity, NULL if the divisor is not above zero",
    ),
    "financial_leverage_ratio": Quantity(
        "numeric",
        "Assets / equity.",
        unit="ratio",
        formula="total_assets / total_stockholders_equity, NULL if the divisor is not above zero",
    ),
    "net_debt_to_ebitda": Quantity(
        "numeric",
        "Net debt / EBITDA.",
        unit="ratio",
        formula="net_debt / ebitda_ttm, NULL if the divisor is not above zero",
    ),
    "current_ratio": Quantity(
        "numeric",
        "Current assets / current liabilities.",
        unit="ratio",
        formula="total_current_assets / total_current_liabilities, NULL if the divisor is not above zero",
    ),
    "interest_coverage_ratio": Quantity(
        "numeric",
        "EBIT / interest expense.",
        unit="ratio",
        formula="ebit_ttm / interest_expense_ttm, NULL if the divisor is not above zero",
    ),
    "quarterly_revenue_growth": Quantity(
        "numeric",
        "Growth of revenue in the newest quarter against the same quarter a year before.",
        unit="fraction",
        formula="newest / former - 1, NULL if the former is not above zero",
    ),
    "quarterly_earnings_growth": Quantity(
        "numeric",
        "Growth of net income in the newest quarter against the same quarter a year before.",
        unit="fraction",
        formula="newest / former - 1, NULL if the former is not above zero",
    ),
    "quarters": Quantity("jsonb", "The newest four quarters as reported, newest first."),
    "growth_fiscal_year": Quantity("integer", "Fiscal year of the yearly growth figures.", unit="fiscal year"),
    "revenue_growth": Quantity("numeric", "Growth of revenue in the newest fiscal year, vendor's.", unit="fraction"),
    "net_income_growth": Quantity(
        "numeric", "Growth of net income in the newest fiscal year, vendor's.", unit="fraction"
    ),
    "eps_growth": Quantity(
        "numeric", "Growth of diluted earnings per share in the newest fiscal year, vendor's.", unit="fraction"
    ),
    "free_cash_flow_growth": Quantity(
        "numeric", "Growth of free cash flow in the newest fiscal year, vendor's.", unit="fraction"
    ),
    "has_vendor_ratios": Quantity("boolean", "Whether the vendor delivers ratios or key metrics for a fiscal year."),
    "vendor_pe_ratio": Quantity("numeric", "Price / earnings, vendor's.", unit="ratio"),
    "vendor_ev_to_ebitda": Quantity("numeric", "Enterprise value / EBITDA, vendor's.", unit="ratio"),
    "vendor_free_cash_flow_yield": Quantity(
        "numeric", "Free cash flow / market capitalisation, vendor's.", unit="fraction"
    ),
    "altman_z_score": Quantity("numeric", "Altman Z-score, vendor's.", unit="score"),
    "piotroski_score": Quantity("numeric", "Piotroski F-score, vendor's.", unit="score, 0 to 9"),
    "fundamentals_reason": Quantity("text", "Why there are no twelve months; NULL if there are."),
    "vendor_ratios_date": Quantity(
        "date", "Last day of the fiscal year of the vendor's ratios; the older one if they are of two years."
    ),
    "common_income_ttm": Quantity(
        "numeric",
        "Net income of twelve months after preferred dividends, if the vendor delivers them.",
        unit="reported_currency",
    ),
    "preferred_stock": Quantity("numeric", "Preferred stock on period_end_date.", unit="reported_currency"),
    "minority_interest": Quantity("numeric", "Minority interests on period_end_date.", unit="reported_currency"),
    "common_equity": Quantity(
        "numeric",
        "Stockholders' equity less preferred stock and minority interests, if known, on period_end_date.",
        unit="reported_currency",
    ),
    "reported_diluted_shares": Quantity(
        "numeric", "Diluted weighted shares of the last period, as reported.", unit="shares"
    ),
    "split_parts": Quantity(
        "jsonb", "The periods and the factors of the splits since their filing; empty if there are none."
    ),
}
