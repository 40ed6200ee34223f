"""The fund market of each day."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel


class DailyMarketSummary(ViewModel):
    """Per day and currency, over the latest records: how many funds have a value, its mean and median, how many rose and fell.

    One value a fund and day, FundDailyNAVPS before Pricing. avg_navps is the arithmetic mean, median_navps the middle
    value, or the mean of the two in the middle, both of NAVPS at full precision and rounded half up to six decimals. A fund
    advances (declines) where the vendor's change of the day (NAVPSPennyChange, PennyChangeDay, else NAVPSPercentChange)
    is above (below) zero at full precision; one without a change counts in neither. A fund whose currency the vendor does
    not give stands under XXX, which is ISO 4217's code for that. Source: specification, section 5.
    """

    date: Annotated[dt.date, Col()] = Field(description="Day of the values.")
    currency: str = Field(description="Currency of the funds, and of both amounts; XXX where the vendor gives none.")
    total_symbols: int = Field(description="Funds with a net asset value on the day.")
    avg_navps: Annotated[Decimal, Col("currency of the row")] = Field(description="Mean net asset value per share.")
    median_navps: Annotated[Decimal, Col("currency of the row")] = Field(
        description="Median net asset value per share."
    )
    advancers: int = Field(description="Funds that rose since their day before.")
    decliners: int = Field(description="Funds that fell since their day before.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    view_name: ClassVar[str] = "daily_market_summary"
