"""The newest value of a fund."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class FundValue(ViewModel):
    """The newest value of every fund, the returns of its day, and its yield: the part of a fund's page that changes daily.

    It is the newest day of fund_quote_history. The yield is that of the newest day with one, at most 7 days before
    price_date.
    """

    identifier: str = column()
    currency: str | None = column()
    navps: Decimal | None = column("It is the newest one.")
    price_date: dt.date = column()
    change: Decimal | None = column()
    vendor_price_return_1d: Decimal | None = column()
    price_return_1d: Decimal | None = column()
    return_1d: Decimal | None = column()
    current_yield: Decimal | None = column()
    current_yield_percent_change: Decimal | None = column()
    current_yield_date: dt.date | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    security_id: str = column()

    view_name: ClassVar[str] = "fund_value"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("identifier",)
