"""All that a fund's page shows."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel
from sra_contract.fund_page_parts import (
    Allocation,
    Benchmark,
    CalendarReturn,
    Distribution,
    Expense,
    Holding,
    Load,
    OtherFee,
    OtherIdentifier,
    PeriodReturn,
    PeriodRisk,
    Trailer,
)

Percent = Annotated[Decimal | None, Col("percent, as the vendor delivers it")]
Amount = Annotated[Decimal | None, Col("currency of the row")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class FundPage(ViewModel):
    """One row per mutual fund: profile, value, returns, rank, risk, fees, holdings, allocations, distributions.

    Returns over standard horizons and calendar years are the vendor's (FundPerformanceSummary, FundYearlyPerformance) at the
    newest month's end, in percent and at full precision; so are rank and quartile (FundYearlyPerformanceRankingByClass),
    risk (FundRiskYearlyPerformance), drawdown, capture and batting (FundAdvancedPerformance), each beside the month's end it
    is of. A percentile is 100 x rank / funds of the category, rounded half up to two decimals: the best of fifty is at 2.
    Lists are those of the newest day, allocations of each type's newest, in English where both languages are there; holdings
    are the first ten, distributions the newest 24. Source: specification, section 5.
    """

    identifier: str = Field(description="InstrumentKey.")
    name: str | None = Field(description="Name to show, as in security_master.")
    name_en: str | None = Field(description="English name.")
    name_fr: str | None = Field(description="French name.")
    company: str | None = Field(description="Manager.")
    family: str | None = Field(description="Fund family.")
    series: str | None = Field(description="Series.")
    category: str | None = Field(description="CIFSC category.")
    objective: str | None = Field(description="Objective.")
    currency: str | None = Field(description="Currency of every amount of the row.")
    inception_date: dt.date | None = Field(description="First day of the fund.")
    nav: Amount = Field(description="Newest net asset value per share, with all delivered digits.")
    nav_date: dt.date | None = Field(description="Its day.")
    nav_change: Amount = Field(description="Its change since the day before, vendor's.")
    nav_change_percent: Percent = Field(description="The same in percent, vendor's.")
    fund_assets: Amount = Field(description="Assets of the fund, all series.")
    series_assets: Amount = Field(description="Assets of the series.")
    assets_date: dt.date | None = Field(description="Day of the assets.")
    returns_date: dt.date | None = Field(description="Month's end of the returns that follow.")
    return_1m_percent: Percent = Field(description="Return over one month.")
    return_3m_percent: Percent = Field(description="Return over three months.")
    return_6m_percent: Percent = Field(description="Return over six months.")
    return_ytd_percent: Percent = Field(description="Return since the year began.")
    return_inception_percent: Percent = Field(description="Return since inception, a year.")
    inception_return_date: dt.date | None = Field(description="First day of that return.")
    fund_grade: str | None = Field(description="The vendor's grade, A to E.")
    returns: list[PeriodReturn] = Field(
        description="Annualised return, rank, quartile and percentile in the category over 1, 3, 5, 10 years."
    )
    risk: list[PeriodRisk] = Field(description="Risk, drawdown and capture over 1, 3, 5, 10 years.")
    management_fee_percent: Percent = Field(description="Management fee, a year.")
    expenses: list[Expense] = Field(description="Newest ratio of each type.")
    holdings_date: dt.date | None = Field(description="Day of the holdings.")
    top_holdings: list[Holding] = Field(description="The ten largest positions.")
    allocations_date: dt.date | None = Field(description="Newest day of the allocations; each part has its own.")
    allocations: list[Allocation] = Field(
        description="Portfolio by asset class, region and so on, of each type the newest day's parts."
    )
    distributions: list[Distribution] = Field(description="Newest 24 distributions, newest first.")
    price_return_1d: Fraction = Field(description="Change of the newest value alone, ours (see fund_quote_history).")
    total_return_1d: Fraction = Field(description="The same with distribution and split, ours.")
    mer_percent: Percent = Field(description="Newest management expense ratio.")
    ter_percent: Percent = Field(description="Newest trading expense ratio.")
    worst_monthly_return_percent: Percent = Field(description="Worst return of a month.")
    loads: list[Load] = Field(description="How the series is sold, and its loads.")
    trailers: list[Trailer] = Field(description="Trailing commissions by months of holding.")
    other_fees: list[OtherFee] = Field(description="Fees besides the ratios.")
    benchmarks: list[Benchmark] = Field(description="What the fund is measured by.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)
    instrument_type: str | None = Field(description="Kind of fund, in the vendor's words.")
    strategy: str | None = Field(description="Strategy.")
    properties: str | None = Field(description="Properties, as the vendor lists them.")
    distribution_frequency: str | None = Field(description="How often it pays.")
    legal_status: str | None = Field(description="Legal form.")
    management_type: str | None = Field(description="How it is managed.")
    share_class: str | None = Field(description="Share class.")
    fixed_distribution: str | None = Field(description="Whether it pays a fixed distribution, as delivered.")
    high_net_worth: str | None = Field(description="Whether it is for large investors, as delivered.")
    document_type: str | None = Field(description="Kind of offering document.")
    min_investment: Amount = Field(description="Least first investment.")
    sub_investment: Amount = Field(description="Least further investment.")
    performance_start_date: dt.date | None = Field(description="First day that the vendor computes returns from.")
    ytd_total_distribution: Amount = Field(description="Paid per share since the year began, up to returns_date.")
    current_yield_percent: Percent = Field(
        description="Current yield, of the newest day that has one, at most 7 days before nav_date."
    )
    current_yield_change_percent: Percent = Field(description="Its change.")
    current_yield_date: dt.date | None = Field(description="Its day.")
    calendar_returns: list[CalendarReturn] = Field(
        description="Return, rank, quartile and percentile in the category of each calendar year, newest first."
    )
    drawdown_date: dt.date | None = Field(
        description="Month's end of worst_monthly_return_percent and the six figures that follow."
    )
    uninterrupted_drawdown_percent: Percent = Field(
        description="Fall without an interruption, vendor's UninterruptedDrawdown."
    )
    max_percent_change: Percent = Field(description="Largest change, vendor's MaxPercentChange.")
    max_start_date: dt.date | None = Field(description="First day of that change.")
    max_end_date: dt.date | None = Field(description="Last day of that change.")
    max_down_length: Annotated[Decimal | None, Col("as the vendor delivers it")] = Field(
        description="How long it went down, vendor's MaxDownLength."
    )
    max_recovery_time: Annotated[Decimal | None, Col("as the vendor delivers it")] = Field(
        description="How long it took to recover, vendor's MaxRecoveryTime."
    )
    equity_capitalization: str | None = Field(description="Size of the companies that it holds.")
    equity_style: str | None = Field(description="Style in which it holds equities.")
    equity_style_date: dt.date | None = Field(description="Month's end of both.")
    fixed_income_duration: str | None = Field(description="Class of the duration of its bonds.")
    fixed_income_credit_rating: str | None = Field(description="Class of the credit rating of its bonds.")
    fixed_income_style_date: dt.date | None = Field(description="Month's end of both.")
    identifiers: list[OtherIdentifier] = Field(description="Identifiers besides InstrumentKey, by type.")

    view_name: ClassVar[str] = "fund_page"
