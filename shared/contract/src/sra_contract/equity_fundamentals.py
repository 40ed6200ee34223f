"""What a company's statements say, apart from its price."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel
from sra_contract.equity_quarter import Quarter

Reported = Annotated[Decimal | None, Col("reported_currency")]
Fraction = Annotated[Decimal | None, Col("fraction")]
Ratio = Annotated[Decimal | None, Col("ratio")]


class EquityFundamentals(ViewModel):
    """One row per company with statements: twelve months, balance sheet, margins, growth, the vendor's ratios and scores.

    The twelve months are the sum of the four newest quarters, else the newest fiscal year; fundamentals_basis says which.
    eps_ttm and eps_diluted_ttm sum the reported quarters in full precision, each restated by the splits between its filing
    and the newest price (IAS 33.64). Margins and ratios have 40 digits inside and are rounded half up to six decimals
    (specification, section 5); a ratio whose denominator is not above zero is NULL. vendor_* are those of the newest fiscal
    year (fmp_ratio, fmp_key_metric), as delivered. equity_metrics puts the price of now beside them.
    """

    symbol: str = Field(description="Symbol.")
    reported_currency: str | None = Field(description="Currency of the statements.")
    fundamentals_basis: Literal["quarters", "fiscal_year"] | None = Field(description="What the twelve months are.")
    fundamentals_date: dt.date | None = Field(description="Last day of the twelve months and day of the balance sheet.")
    revenue_ttm: Reported = Field(description="Revenue.")
    gross_profit_ttm: Reported = Field(description="Gross profit.")
    operating_income_ttm: Reported = Field(description="Operating income.")
    ebitda_ttm: Reported = Field(description="EBITDA, vendor's.")
    ebit_ttm: Reported = Field(description="EBIT, vendor's.")
    interest_expense_ttm: Reported = Field(description="Interest expense.")
    net_income_ttm: Reported = Field(description="Net income.")
    operating_cash_flow_ttm: Reported = Field(description="Operating cash flow.")
    capital_expenditure_ttm: Reported = Field(description="Capital expenditure, negative.")
    free_cash_flow_ttm: Reported = Field(description="Operating cash flow less capital expenditure.")
    eps_ttm: Reported = Field(description="Basic earnings per share, in today's shares.")
    eps_diluted_ttm: Reported = Field(description="Diluted earnings per share, in today's shares.")
    cash_and_short_term_investments: Reported = Field(description="Cash and short-term investments.")
    total_current_assets: Reported = Field(description="Current assets.")
    total_current_liabilities: Reported = Field(description="Current liabilities.")
    total_assets: Reported = Field(description="Total assets.")
    total_liabilities: Reported = Field(description="Total liabilities.")
    total_stockholders_equity: Reported = Field(description="Stockholders' equity.")
    total_debt: Reported = Field(description="Total debt.")
    net_debt: Reported = Field(description="Total debt less cash, vendor's.")
    gross_margin: Fraction = Field(description="gross_profit_ttm / revenue_ttm.")
    operating_margin: Fraction = Field(description="operating_income_ttm / revenue_ttm.")
    ebitda_margin: Fraction = Field(description="ebitda_ttm / revenue_ttm.")
    net_margin: Fraction = Field(description="net_income_ttm / revenue_ttm.")
    free_cash_flow_margin: Fraction = Field(description="free_cash_flow_ttm / revenue_ttm.")
    return_on_equity: Fraction = Field(description="net_income_ttm / total_stockholders_equity.")
    return_on_assets: Fraction = Field(description="net_income_ttm / total_assets.")
    debt_to_equity_ratio: Ratio = Field(description="total_debt / total_stockholders_equity.")
    financial_leverage_ratio: Ratio = Field(description="total_assets / total_stockholders_equity.")
    net_debt_to_ebitda: Ratio = Field(description="net_debt / ebitda_ttm.")
    current_ratio: Ratio = Field(description="total_current_assets / total_current_liabilities.")
    interest_coverage_ratio: Ratio = Field(description="ebit_ttm / interest_expense_ttm.")
    quarterly_revenue_growth: Fraction = Field(description="Revenue of the newest quarter / that a year before - 1.")
    quarterly_earnings_growth: Fraction = Field(description="The same of net income.")
    quarters: list[Quarter] = Field(description="The newest four quarters as reported, newest first.")
    growth_fiscal_year: Annotated[int | None, Col("fiscal year", "integer")] = Field(
        description="Fiscal year of the four figures of growth that follow."
    )
    revenue_growth: Fraction = Field(description="Growth of revenue, vendor's.")
    net_income_growth: Fraction = Field(description="Growth of net income, vendor's.")
    eps_growth: Fraction = Field(description="Growth of diluted earnings per share, vendor's.")
    free_cash_flow_growth: Fraction = Field(description="Growth of free cash flow, vendor's.")
    has_vendor_ratios: bool = Field(description="Whether the vendor gives ratios or key metrics of a fiscal year.")
    vendor_pe_ratio: Ratio = Field(description="Price / earnings, vendor's.")
    vendor_price_to_book_ratio: Ratio = Field(description="Price / book value, vendor's.")
    vendor_price_to_sales_ratio: Ratio = Field(description="Price / sales, vendor's.")
    vendor_ev_to_ebitda: Ratio = Field(description="Enterprise value / EBITDA, vendor's.")
    vendor_free_cash_flow_yield: Fraction = Field(description="Free cash flow / market capitalisation, vendor's.")
    altman_z_score: Annotated[Decimal | None, Col("score")] = Field(description="Altman Z-score, vendor's.")
    piotroski_score: Annotated[Decimal | None, Col("score, 0 to 9")] = Field(description="Piotroski F-score, vendor's.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    view_name: ClassVar[str] = "equity_fundamentals"
