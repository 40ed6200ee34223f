"""Our monthly returns of funds next to the vendor's."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class FundReturnReconciliation(ViewModel):
    """Our total return of every fund and month next to the vendor's, which verifies values, distributions and splits.

    There is one row for each month end that FundPerformanceSummary ever had for a fund. vendor_return is its OneMonthReturn, of
    the newest active version for that month; a later version for another month does not replace it. total_return is that of
    fund_quote_history from the last value on or before the end of the month before to the last value on or before month_end_date,
    each at most 7 days older; it includes the distributions and splits of the days between. Computed with 40 digits, rounded half
    up to six decimals. is_within is true if the two differ by at most 0.1 percentage points (0.001). It is NULL if they cannot be
    compared, and reason states why: no_month_end (month_end_date is not one of the last 8 days of its month), no_vendor_return,
    no_end_value, no_start_value. A distribution that was consolidated without a split (see fund_quote_history) shows as a
    difference.
    """

    identifier: str = column()
    month_end_date: dt.date = column()
    start_date: dt.date | None = column()
    end_date: dt.date | None = column()
    total_return: Decimal | None = column()
    vendor_return: Decimal | None = column()
    difference: Decimal | None = column()
    is_within: bool | None = column()
    reason: Literal["no_month_end", "no_vendor_return", "no_end_value", "no_start_value"] | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    security_id: str = column()

    view_name: ClassVar[str] = "fund_return_reconciliation"
    view_subject: ClassVar[Subject] = "Runs and quality"
    view_key: ClassVar[tuple[str, ...]] = ("identifier", "month_end_date")
