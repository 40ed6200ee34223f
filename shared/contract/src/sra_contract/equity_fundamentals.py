"""The figures of a company's statements that do not depend on its price."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column
from sra_contract.equity_quarter import Quarter
from sra_contract.equity_valuation import SplitPart

AvailableBasis = Literal["accepted", "filing_day", "assumed"]
MissingReason = Literal["no_statements", "no_whole_period", "currency_changed", "currency_unknown", "revenue_disagrees"]


class EquityFundamentals(ViewModel):
    """One row per company with statements: twelve months, balance sheet, margins, growth, the vendor's ratios and scores.

    The twelve months are the newest, by period end date, of three kinds; fundamentals_basis names the kind. Four quarters count
    if their end dates are 75 to 125 days apart, 245 to 295 days in total, and no earlier end date shows that the first is shorter
    or longer than a quarter. Two halves count if their end dates are 165 to 200 days apart without a quarter between them, and
    either the earlier end dates show that the first is a half, or a fiscal year has the revenue of both. Quarters and halves must
    have one currency. If a fiscal year ends with them, their revenue must sum to the year's within 1%; otherwise they are
    cumulative or mislabelled, and no twelve months contain one of them. A fiscal year counts if the previous one ended 350 to 380
    days before, so that it is not a transition period. For one end date, quarters or halves take precedence over the year. Fiscal
    labels only name periods: period end dates up to 14 days apart are one period, and the statement stored last counts. The
    newest 30 periods are read, usually six years. fundamentals_reason states why there are no twelve months: no_statements;
    no_whole_period, also if a period is missing; currency_changed or currency_unknown, between the newest periods;
    revenue_disagrees, with a fiscal year that may be a transition period. The balance sheet is that of period_end_date. Quarterly
    growth compares the newest quarter with the one that ended 350 to 380 days before it, in one currency. eps_ttm and
    eps_diluted_ttm sum the reported periods at full precision. If there is a split between a filing and the newest price, it is
    unclear whether the vendor restated the period (IAS 33.64). They are then NULL, and split_parts has the periods and the
    factors from which equity_metrics chooses. common_income_ttm is the net income after preferred dividends: the vendor's bottom
    line if it differs from the net income, else the net income less the preferred dividends of the cash flow. common_equity is
    stockholders' equity less preferred stock and minority interests. Minority interests are not subtracted if stockholders'
    equity plus minority interests is nearer to total equity (assets less liabilities), because stockholders' equity then excludes
    them. return_on_equity is the ratio of the two. Margins and ratios have 40 digits inside and are rounded half up to six
    decimals (specification, section 5); a ratio whose denominator is not above zero is NULL. vendor_* are those of the newest
    fiscal year (fmp_ratio, fmp_key_metric), as delivered. equity_metrics adds the current price.

    available_at is when the public could know the last of the row's statements; available_basis names its source. accepted: the
    vendor's time of acceptance in New York, if it has a time of day and its day is after the period. filing_day: the end of the
    filing day in New York, if that day is after the period. assumed: the end of the 90th day after the period in New York, or of
    the 120th for a fiscal year. known_at is when we stored the newest of these statements and of the vendor's figures.
    equity_fundamentals_as_of computes the same figures from a past state.
    """

    symbol: str = column()
    reported_currency: str | None = column()
    fundamentals_basis: Literal["quarters", "half_years", "fiscal_year"] | None = column()
    period_end_date: dt.date | None = column("It is also the day of the balance sheet.")
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
    eps_ttm: Decimal | None = column("As reported; NULL if a split since a filing leaves the shares open.")
    eps_diluted_ttm: Decimal | None = column("As reported; NULL if a split since a filing leaves the shares open.")
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
    known_at: datetime | None = column("Scores are excluded.")
    common_income_ttm: Decimal | None = column()
    preferred_stock: Decimal | None = column()
    minority_interest: Decimal | None = column()
    common_equity: Decimal | None = column()
    reported_diluted_shares: Decimal | None = column()
    split_parts: list[SplitPart] = column()
    security_id: str | None = column()

    view_name: ClassVar[str] = "equity_fundamentals"
    view_subject: ClassVar[Subject] = "Statements and figures"
    view_key: ClassVar[tuple[str, ...]] = ("symbol",)
