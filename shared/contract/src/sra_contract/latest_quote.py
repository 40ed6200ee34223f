"""The newest price of every security."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import ViewModel, column


class LatestQuote(ViewModel):
    """Newest price or NAVPS that is not NULL, one row per security.

    A fund's comes from the newest day that has one, FundDailyNAVPS before Pricing, with all delivered digits. A listing's
    comes from its newest quote, or from its newest close where that is of a later day; the day is that of New York, where
    all five exchanges keep their time. The change is NULL on the first day of a security or of a currency.
    """

    source: Literal["fundata", "fmp"] = column()
    identifier: str = column()
    type: str | None = column("None if the security is not in security_master.")
    name: str | None = column()
    price: Decimal = column("Of a fund, its newest net asset value per share.")
    currency: str | None = column("None if the vendor gives none.")
    price_date: date = column()
    quoted_at: datetime | None = column("None for a fund, which has one value a day.")
    change: Decimal | None = column("None if the price is a close.")
    change_percent: Decimal | None = column()
    volume: Decimal | None = column("None for a fund.")
    as_of: datetime = column()
    last_run_id: UUID = column()
    security_id: str | None = column()

    view_name: ClassVar[str] = "latest_quote"
