"""The newest price of every security."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class LatestQuote(ViewModel):
    """Newest price or net asset value that is not NULL, one row per security: a listing has price, a fund has navps.

    A fund's value comes from the newest day that has one, with all delivered digits; FundDailyNAVPS takes precedence over
    Pricing. A listing's price comes from its newest quote, or from its newest close if that is of a later day. Days are in New
    York time, the time zone of all five exchanges. price_return_1d is ours for a fund and the quote's for a listing. The changes
    are NULL on the first day of a security or of a currency.
    """

    source: Literal["fundata", "fmp"] = column()
    identifier: str = column()
    type: str | None = column("NULL if the security is not in security_master.")
    name: str | None = column()
    price: Decimal | None = column("NULL for a fund, which has navps.")
    navps: Decimal | None = column("NULL for a listing, which has price.")
    currency: str | None = column("NULL if the vendor delivers none.")
    price_date: date = column()
    quoted_at: datetime | None = column("NULL for a fund, which has one value a day.")
    change: Decimal | None = column("NULL if the price is a close.")
    price_return_1d: Decimal | None = column("For a listing, NULL if the price is a close.")
    volume: Decimal | None = column("NULL for a fund.")
    as_of: datetime = column()
    last_run_id: UUID = column()
    security_id: str | None = column()

    view_name: ClassVar[str] = "latest_quote"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("source", "identifier")
