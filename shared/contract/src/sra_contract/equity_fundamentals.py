"""What a company's statements say, apart from its price."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import ViewModel, column
from sra_contract.equity_quarter import Quarter
from sra_contract.equity_valuation import SplitPart

AvailableBasis = Literal["accepted", "filing_day", "assumed"]
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
    The balance sheet is that of period_end_date. Quarterly growth compares the newest quarter with the one that ended 350
    to 380 days before it, in one currency. eps_ttm and eps_diluted_ttm sum the reported periods in full precision. A
    split between a filing and the newest price leaves open whether the vendor restated the period (IAS 33.64): they are then
    NULL, and split_parts has the periods and the factors that equity_metrics chooses from. common_income_ttm is the net income
    after preferred dividends: the vendor's bottom line where it differs from the net income, else the net income less the
    preferred dividends of the cash flow. common_equity is stockholders' equity less preferred stock and less minority
    interests; the latter are not subtracted where stockholders' equity and they together are nearer to total equity (assets
    less liabilities), so that the equity does not contain them. return_on_equity is of the two. Margins and ratios have 40
    digits inside and are rounded half up to six decimals (specification, section 5); a ratio whose denominator is not above
    zero is NULL. vendor_* are those of the newest fiscal year (fmp_ratio, fmp_key_metric), as delivered. equity_metrics puts
    the price of now beside them.

    available_at is the moment at which the public could know the last of the row's statements; available_basis says how we
    know. accepted: the vendor's time of acceptance, a time of New York, where it has a time of day and its day lies after the
    period. filing_day: the end of the filing day in New York, where that day lies after the period. assumed: the end of the
    90th day after the period in New York, of a fiscal year the 120th. known_at is the moment at which we stored the newest of
    these statements and of the vendor's figures. equity_fundamentals_as_of computes the same figures from a past state.
    """

    symbol: str = column()
    reported_currency: str | None = column()
    fundamentals_basis: Literal["quarters", "half_years", "fiscal_year"] | None = column()
    period_end_date: dt.date | None = column("It is the day of the balance sheet too.")
    revenue_ttm: Decimal | None = column()
    gross_profit_ttm: Decimal | None = column()
    operating_income_ttm: Decimal | None = column()
    ebitda_ttm: Decimal | None = column()
    ebit_ttm: Decimal | None = column()
    interest_expense_ttm: Decimal | None = column()
    net_income_ttm: Decimal | None = column()
    operating_cash_flow_ttm: Decimal | None = column()
    capital_expenditure_ttm: Decimal | None = column()
    free_cash_flow_ttm: Decimal | None = column()
    eps_ttm: Decimal | None = column("As reported; NULL where a split since a filing leaves the shares open.")
    eps_diluted_ttm: Decimal | None = column("As reported; NULL where a split since a filing leaves the shares open.")
    cash_and_short_term_investments: Decimal | None = column()
    total_current_assets: Decimal | None = column()
    total_current_liabilities: Decimal | None = column()
    total_assets: Decimal | None = column()
    total_liabilities: Decimal | None = column()
    total_stockholders_equity: Decimal | None = column()
    total_debt: Decimal | None = column()
    net_debt: Decimal | None = column()
    gross_margin: Decimal | None = column()
    operating_margin: Decimal | None = column()
    ebitda_margin: Decimal | None = column()
    net_margin: Decimal | None = column()
    free_cash_flow_margin: Decimal | None = column()
    return_on_equity: Decimal | None = column()
    return_on_assets: Decimal | None = column()
    debt_to_equity_ratio: Decimal | None = column()
    financial_leverage_ratio: Decimal | None = column()
    net_debt_to_ebitda: Decimal | None = column()
    current_ratio: Decimal | None = column()
    interest_coverage_ratio: Decimal | None = column()
    quarterly_revenue_growth: Decimal | None = column()
    quarterly_earnings_growth: Decimal | None = column()
    quarters: list[Quarter] = column()
    growth_fiscal_year: int | None = column()
    revenue_growth: Decimal | None = column()
    net_income_growth: Decimal | None = column()
    eps_growth: Decimal | None = column()
    free_cash_flow_growth: Decimal | None = column()
    has_vendor_ratios: bool = column()
    vendor_pe_ratio: Decimal | None = column()
    vendor_pb_ratio: Decimal | None = column()
    vendor_ps_ratio: Decimal | None = column()
    vendor_ev_to_ebitda: Decimal | None = column()
    vendor_free_cash_flow_yield: Decimal | None = column()
    altman_z_score: Decimal | None = column()
    piotroski_score: Decimal | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    fundamentals_reason: MissingReason | None = column()
    vendor_ratios_date: dt.date | None = column()
    available_at: datetime | None = column()
    available_basis: AvailableBasis | None = column()
    known_at: datetime | None = column("Scores are left out.")
    common_income_ttm: Decimal | None = column()
    preferred_stock: Decimal | None = column()
    minority_interest: Decimal | None = column()
    common_equity: Decimal | None = column()
    reported_diluted_shares: Decimal | None = column()
    split_parts: list[SplitPart] = column()
    security_id: str | None = column()

    view_name: ClassVar[str] = "equity_fundamentals"
