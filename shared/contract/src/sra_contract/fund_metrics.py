"""The vendor's figures of funds in flat columns."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class FundProfile(ViewModel):
    """The identity of a fund."""

    identifier: str = column()
    name: str | None = column("It is that of security_master.")
    isin: str | None = column()
    company: str | None = column()
    family: str | None = column()
    series: str | None = column()
    category: str | None = column()
    currency: str | None = column("The returns of the fund are measured in it.")
    inception_date: dt.date | None = column()
    is_active: bool = column("A fund is active if its record is.")


class FundMonthEndReturns(FundProfile):
    """The returns up to a year and since inception."""

    month_end_date: dt.date | None = column()
    month_end_return_1m: Decimal | None = column()
    month_end_return_3m: Decimal | None = column()
    month_end_return_6m: Decimal | None = column()
    month_end_return_ytd: Decimal | None = column()
    month_end_return_since_inception: Decimal | None = column()
    inception_return_date: dt.date | None = column()


class FundYears(FundMonthEndReturns):
    """The returns over whole years, each with its rank in the category."""

    month_end_date_1y: dt.date | None = column()
    month_end_return_1y: Decimal | None = column()
    rank_date_1y: dt.date | None = column()
    category_rank_1y: int | None = column()
    category_fund_count_1y: int | None = column()
    quartile_1y: int | None = column()
    percentile_1y: int | None = column()
    month_end_date_3y: dt.date | None = column()
    month_end_return_3y: Decimal | None = column()
    rank_date_3y: dt.date | None = column()
    category_rank_3y: int | None = column()
    category_fund_count_3y: int | None = column()
    quartile_3y: int | None = column()
    percentile_3y: int | None = column()
    month_end_date_5y: dt.date | None = column()
    month_end_return_5y: Decimal | None = column()
    rank_date_5y: dt.date | None = column()
    category_rank_5y: int | None = column()
    category_fund_count_5y: int | None = column()
    quartile_5y: int | None = column()
    percentile_5y: int | None = column()
    month_end_date_10y: dt.date | None = column()
    month_end_return_10y: Decimal | None = column()
    rank_date_10y: dt.date | None = column()
    category_rank_10y: int | None = column()
    category_fund_count_10y: int | None = column()
    quartile_10y: int | None = column()
    percentile_10y: int | None = column()


class FundRisk(FundYears):
    """The risk over whole years."""

    risk_date_1y: dt.date | None = column()
    vendor_standard_deviation_1y: Decimal | None = column()
    vendor_sharpe_1y: Decimal | None = column()
    vendor_beta_1y: Decimal | None = column()
    risk_date_3y: dt.date | None = column()
    vendor_standard_deviation_3y: Decimal | None = column()
    vendor_sharpe_3y: Decimal | None = column()
    vendor_beta_3y: Decimal | None = column()
    risk_date_5y: dt.date | None = column()
    vendor_standard_deviation_5y: Decimal | None = column()
    vendor_sharpe_5y: Decimal | None = column()
    vendor_beta_5y: Decimal | None = column()
    risk_date_10y: dt.date | None = column()
    vendor_standard_deviation_10y: Decimal | None = column()
    vendor_sharpe_10y: Decimal | None = column()
    vendor_beta_10y: Decimal | None = column()


class FundMetrics(FundRisk):
    """One row per mutual fund: month-end returns, rank, risk and fees in flat columns, for lists and screens.

    The figures are the vendor's and those of fund_page, each from its newest month end, which has a separate column:
    FundPerformanceSummary (month_end_date), FundYearlyPerformance (month_end_date_*), FundYearlyPerformanceRankingByClass
    (rank_date_*), FundRiskYearlyPerformance (risk_date_*), FundExpenses (expense_date, trading_expense_date). Returns, fees and
    standard deviations are the delivered percentages as fractions, digit by digit. Sharpe ratio and beta are as delivered.
    vendor_* are the vendor's figures of risk; our own in other views have no prefix. A rank, count or quartile that is not a
    whole number is NULL. A percentile is 100 x rank / funds, rounded up. management_fee is never a substitute for
    management_expense_ratio. Source: specification, section 5.
    """

    management_expense_ratio: Decimal | None = column()
    expense_date: dt.date | None = column()
    trading_expense_ratio: Decimal | None = column()
    trading_expense_date: dt.date | None = column()
    management_fee: Decimal | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    security_id: str = column()
    fund_id: str | None = column()

    view_name: ClassVar[str] = "fund_metrics"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("identifier",)
