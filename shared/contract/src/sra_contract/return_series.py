"""Series and summaries of returns: one series for every security, calendar periods, categories of funds."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column
from sra_contract.security_types import SecurityType


class TotalReturnHistory(ViewModel):
    """One daily series for listings, ETFs and funds: price, price in today's shares, index of total return.

    A listing has the series of its newest symbol in equity_quote_history, a fund that in fund_quote_history. The return
    between two days is the quotient of their total_return_index, less one; the index ends at the newest price.
    """

    security_id: str = column()
    date: dt.date = column()
    identifier: str = column()
    type: SecurityType = column()
    currency: str | None = column()
    unadjusted_price: Decimal | None = column()
    adjusted_price: Decimal | None = column()
    total_return_index: Decimal | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "total_return_history"
    view_subject: ClassVar[Subject] = "Series"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "date")


class CalendarPeriodReturn(ViewModel):
    """The return of every security over each calendar month and year.

    A period is measured from the last price of the period before to its own last price; the first period of a series is
    measured from its first price. It is partial if it has not ended, or if its last price is more than seven days before its
    end. It is also partial if the start price is missing or more than seven days before the beginning. Returns across a
    change of currency are NULL, and so is the total return if total_return_index is NULL. fund_return_reconciliation compares
    months of funds with the vendor's.
    """

    security_id: str = column()
    identifier: str = column()
    type: SecurityType = column()
    return_period: Literal["month", "year"] = column()
    return_period_end: dt.date = column()
    return_start_date: dt.date | None = column()
    return_end_date: dt.date = column()
    currency: str | None = column()
    period_price_return: Decimal | None = column()
    period_total_return: Decimal | None = column()
    is_partial: bool = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "period_returns"
    view_subject: ClassVar[Subject] = "Series"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "return_period", "return_period_end")


class CategorySummary(ViewModel):
    """The vendor's returns of the funds in each CIFSC category over one, three, five and ten years, by month end.

    A month contains the funds with a return of the vendor to that month end, each in its present category, or in its last
    category if the fund has ended. The vendor delivers only the newest month. Months before the first load therefore contain
    only the funds whose newest figures were of that month.
    """

    category: str = column()
    month_end_date: dt.date = column()
    return_years: int = column()
    fund_count: int = column()
    median_return: Decimal = column()
    first_quartile_return: Decimal = column()
    third_quartile_return: Decimal = column()
    as_of: datetime = column()
    last_run_id: UUID | None = column()

    view_name: ClassVar[str] = "category_summary"
    view_subject: ClassVar[Subject] = "Members and categories"
    view_key: ClassVar[tuple[str, ...]] = ("category", "month_end_date", "return_years")
