"""Daily closes of listings, raw and adjusted."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, Col, ViewModel

Amount = Annotated[Decimal | None, Col("currency of the row")]
Shares = Annotated[Decimal | None, Col("shares")]
Factor = Annotated[Decimal | None, Col("factor")]


class EquityQuoteHistory(ViewModel):
    """Prices of every listing and session: as delivered, adjusted for splits, and with dividends reinvested.

    open, high, low, close and volume are the vendor's, unadjusted. split_adjusted_* are those in today's shares:
    price / split_factor, volume x share_factor, which leaves out price factors such as spin-offs. total_return_close is
    close / total_return_factor, so that the ratio of two of them is the total return between their days, dividends reinvested
    on the ex-date. The factors are those of price_adjustment, computed with 40 digits; adjusted figures are rounded half up
    to twelve decimals. An event shows in the same moment as the close from which on it counts. After a rename the sessions of
    the former symbol are under the new one; delivered_symbol has the former one. Source: specification, section 5.
    """

    symbol: str = Field(description="Symbol.")
    date: dt.date = Field(description="Session.")
    currency: str | None = Field(description="Currency of every amount of the row.")
    open: Amount = Field(description="First price of the session, as delivered.")
    high: Amount = Field(description="Highest price of the session, as delivered.")
    low: Amount = Field(description="Lowest price of the session, as delivered.")
    close: Amount = Field(description="Last price of the session, as delivered.")
    volume: Shares = Field(description="Shares traded in the session, as delivered.")
    split_adjusted_open: Amount = Field(description="open in today's shares.")
    split_adjusted_high: Amount = Field(description="high in today's shares.")
    split_adjusted_low: Amount = Field(description="low in today's shares.")
    split_adjusted_close: Amount = Field(description="close in today's shares.")
    split_adjusted_volume: Shares = Field(description="volume in today's shares.")
    total_return_close: Amount = Field(
        description="close in today's shares with all dividends since reinvested; NULL where one cannot be placed or is doubtful."
    )
    split_factor: Factor = Field(description="What prices of the day are divided by.")
    total_return_factor: Factor = Field(description="The same with all dividends since reinvested.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description="The run that last changed the row: its price, or an event that adjusts it.")
    delivered_symbol: str = Field(description="Symbol under which the vendor told the session.")
    share_factor: Factor = Field(description="Today's shares for one of the day: what its volume is multiplied by.")

    view_name: ClassVar[str] = "equity_quote_history"
