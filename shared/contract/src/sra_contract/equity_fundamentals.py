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
MissingReason = Literal["no_statements", "no_whole_period", "currency_changed", "currency_unknown", "revenue_disagrees"]


class EquityFundamentals(ViewModel):
    """One row per company with statements: twelve months, balance sheet, margins, growth, the vendor's ratios and scores.

    The twelve months are the newest, by period end date, of three kinds; fundamentals_basis says which. Four quarters count
    where their end dates are 75 to 125 days apart, 245 to 295 days in all, and no end date before them shows that the first
    is shorter or longer than a quarter. Two halves count where their end dates are 165 to 200 days apart, without a quarter
    between, and the first is a half by the end dates before it, or a fiscal year has the revenue of both. Quarters and
    halves have one currency, and where a fiscal year ends with them, their revenue sums to the year's within 1%: if it does
    not, they are cumulative or mislabelled, and no twelve months contain one of them. A fiscal year counts where the former
    one ended 350 to 380 days before, so that it is no transition period; of one end date, quarters or halves come before
    the year. Fiscal labels only name periods: period end dates up to 14 days apart are one period, and the statement learnt
    last counts. The newest 30 periods are read, six years as a rule. fundamentals_reason says why there are no twelve months:
    no_statements; no_whole_period, also where a period is missing; currency_changed or currency_unknown, between the
    newest periods; revenue_disagrees, with a fiscal year that may be a transition period.
    The balance sheet is that of fundamentals_date. Quarterly growth compares the newest quarter with the one that ended 350
    to 380 days before it, in one currency. eps_ttm and eps_diluted_ttm sum the reported periods in full precision, each
    restated by the splits between its filing and the newest price (IAS 33.64). Margins and ratios have 40 digits inside and
    are rounded half up to six decimals (specification, section 5); a ratio whose denominator is not above zero is NULL.
    vendor_* are those of the newest fiscal year (fmp_ratio, fmp_key_metric), as delivered. equity_metrics puts the price of
    now beside them.
    """

    symbol: str = Field(description="Symbol.")
    reported_currency: str | None = Field(description="Currency of the statements.")
    fundamentals_basis: Literal["quarters", "half_years", "fiscal_year"] | None = Field(
        description="What the twelve months are."
    )
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
    quarterly_revenue_growth: Fraction = Field(
        description="Revenue of the newest quarter / that a year before - 1; NULL where that is not above zero."
    )
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
    fundamentals_reason: MissingReason | None = Field(
        description="Why there are no twelve months; NULL where there are."
    )
    vendor_ratios_date: dt.date | None = Field(
        description="Last day of the fiscal year of the vendor's ratios; of two years, the older."
    )

    view_name: ClassVar[str] = "equity_fundamentals"
