"""Everything that a fund's page shows."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column
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
    newest month end; so are rank and quartile (FundYearlyPerformanceRankingByClass), risk (FundRiskYearlyPerformance),
    drawdown, capture and batting (FundAdvancedPerformance), each next to its month end. Returns, fees, weights, standard
    deviations and drawdowns are the delivered percentages as fractions, digit by digit. A drawdown is zero or below. A percentile
    is 100 x rank / funds of the category, rounded up: the best of fifty is at 2. Ranks, counts and years that are not whole
    numbers are NULL. Figures whose unit we cannot prove keep the vendor's name and are as delivered. Lists are those of the
    newest day, allocations those of each type's newest day, in English if both languages are available. Holdings are the first
    ten, distributions the newest 24. Source: specification, section 5.
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
    navps: Decimal | None = column("It is the newest one.")
    price_date: dt.date | None = column()
    change: Decimal | None = column()
    vendor_price_return_1d: Decimal | None = column()
    fund_assets: Decimal | None = column()
    series_assets: Decimal | None = column()
    assets_date: dt.date | None = column()
    month_end_date: dt.date | None = column()
    month_end_return_1m: Decimal | None = column()
    month_end_return_3m: Decimal | None = column()
    month_end_return_6m: Decimal | None = column()
    month_end_return_ytd: Decimal | None = column()
    month_end_return_since_inception: Decimal | None = column()
    inception_return_date: dt.date | None = column()
    fund_grade: str | None = column()
    returns: list[PeriodReturn] = column()
    risk: list[PeriodRisk] = column()
    management_fee: Decimal | None = column()
    expenses: list[Expense] = column()
    holdings_date: dt.date | None = column()
    top_holdings: list[Holding] = column()
    allocations_date: dt.date | None = column()
    allocations: list[Allocation] = column()
    distributions: list[Distribution] = column()
    price_return_1d: Decimal | None = column()
    return_1d: Decimal | None = column()
    management_expense_ratio: Decimal | None = column()
    trading_expense_ratio: Decimal | None = column()
    worst_monthly_return: Decimal | None = column()
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
    min_subsequent_investment: Decimal | None = column()
    performance_start_date: dt.date | None = column()
    ytd_total_distribution: Decimal | None = column()
    current_yield: Decimal | None = column()
    current_yield_percent_change: Decimal | None = column()
    current_yield_date: dt.date | None = column()
    calendar_returns: list[CalendarReturn] = column()
    drawdown_date: dt.date | None = column()
    uninterrupted_drawdown: Decimal | None = column()
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
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("identifier",)
