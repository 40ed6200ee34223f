"""All that a fund's page shows."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import ViewModel, column
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


class FundPage(ViewModel):
    """One row per mutual fund: profile, value, returns, rank, risk, fees, holdings, allocations, distributions.

    Returns over standard horizons and calendar years are the vendor's (FundPerformanceSummary, FundYearlyPerformance) at the
    newest month's end, in percent and at full precision; so are rank and quartile (FundYearlyPerformanceRankingByClass),
    risk (FundRiskYearlyPerformance), drawdown, capture and batting (FundAdvancedPerformance), each beside the month's end it
    is of. A percentile is 100 x rank / funds of the category, rounded half up to two decimals: the best of fifty is at 2.
    Lists are those of the newest day, allocations of each type's newest, in English where both languages are there; holdings
    are the first ten, distributions the newest 24. Source: specification, section 5.
    """

    identifier: str = column()
    name: str | None = column("It is that of security_master.")
    name_en: str | None = column()
    name_fr: str | None = column()
    company: str | None = column()
    family: str | None = column()
    series: str | None = column()
    category: str | None = column()
    objective: str | None = column()
    currency: str | None = column()
    inception_date: dt.date | None = column()
    nav: Decimal | None = column()
    nav_date: dt.date | None = column()
    nav_change: Decimal | None = column()
    nav_change_percent: Decimal | None = column()
    fund_assets: Decimal | None = column()
    series_assets: Decimal | None = column()
    assets_date: dt.date | None = column()
    returns_date: dt.date | None = column()
    return_1m_percent: Decimal | None = column()
    return_3m_percent: Decimal | None = column()
    return_6m_percent: Decimal | None = column()
    return_ytd_percent: Decimal | None = column()
    return_inception_percent: Decimal | None = column()
    inception_return_date: dt.date | None = column()
    fund_grade: str | None = column()
    returns: list[PeriodReturn] = column()
    risk: list[PeriodRisk] = column()
    management_fee_percent: Decimal | None = column()
    expenses: list[Expense] = column()
    holdings_date: dt.date | None = column()
    top_holdings: list[Holding] = column()
    allocations_date: dt.date | None = column()
    allocations: list[Allocation] = column()
    distributions: list[Distribution] = column()
    price_return_1d: Decimal | None = column()
    total_return_1d: Decimal | None = column()
    mer_percent: Decimal | None = column()
    ter_percent: Decimal | None = column()
    worst_monthly_return_percent: Decimal | None = column()
    loads: list[Load] = column()
    trailers: list[Trailer] = column()
    other_fees: list[OtherFee] = column()
    benchmarks: list[Benchmark] = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    instrument_type: str | None = column()
    strategy: str | None = column()
    properties: str | None = column()
    distribution_frequency: str | None = column()
    legal_status: str | None = column()
    management_type: str | None = column()
    share_class: str | None = column()
    fixed_distribution: str | None = column()
    high_net_worth: str | None = column()
    document_type: str | None = column()
    min_investment: Decimal | None = column()
    sub_investment: Decimal | None = column()
    performance_start_date: dt.date | None = column()
    ytd_total_distribution: Decimal | None = column()
    current_yield_percent: Decimal | None = column()
    current_yield_change_percent: Decimal | None = column()
    current_yield_date: dt.date | None = column()
    calendar_returns: list[CalendarReturn] = column()
    drawdown_date: dt.date | None = column()
    uninterrupted_drawdown_percent: Decimal | None = column()
    max_percent_change: Decimal | None = column()
    max_start_date: dt.date | None = column()
    max_end_date: dt.date | None = column()
    max_down_length: Decimal | None = column()
    max_recovery_time: Decimal | None = column()
    equity_capitalization: str | None = column()
    equity_style: str | None = column()
    equity_style_date: dt.date | None = column()
    fixed_income_duration: str | None = column()
    fixed_income_credit_rating: str | None = column()
    fixed_income_style_date: dt.date | None = column()
    identifiers: list[OtherIdentifier] = column()
    is_active: bool = column()
    security_id: str = column()
    fund_id: str | None = column()

    view_name: ClassVar[str] = "fund_page"
