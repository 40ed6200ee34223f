"""The newest price of every security."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel


class LatestQuote(ViewModel):
    """Newest price or NAVPS that is not NULL, one row per security.

    A fund's comes from the newest day that has one, FundDailyNAVPS before Pricing, with all delivered digits. A listing's
    comes from its newest quote, or from its newest close where that is of a later day; the day is that of New York, where
    all five exchanges keep their time.
    """

    source: Literal["fundata", "fmp"] = Field(description="Vendor.")
    identifier: str = Field(description="InstrumentKey of a fund, symbol of a listing.")
    type: str | None = Field(description="equity, etf or fund; none where the security is not in security_master.")
    name: str | None = Field(description="Name to show.")
    price: Annotated[Decimal, Col("currency of the row")] = Field(description="Price, or net asset value per share.")
    currency: str | None = Field(description="Currency of price and change; none where the vendor gives none.")
    price_date: date = Field(description="Day of the price.")
    quoted_at: datetime | None = Field(
        description="Moment of the newest quote; none for a fund, which has one value a day."
    )
    change: Annotated[Decimal | None, Col("currency of the row")] = Field(
        description="Change since the day before, vendor's; none where the price is a close."
    )
    change_percent: Annotated[Decimal | None, Col("percent")] = Field(description="The same in percent, vendor's.")
    volume: Annotated[Decimal | None, Col("shares")] = Field(description="Volume of the day; none for a fund.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    view_name: ClassVar[str] = "latest_quote"
