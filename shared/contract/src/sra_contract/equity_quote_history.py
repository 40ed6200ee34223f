"""Daily closes of listings, raw and adjusted."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class EquityQuoteHistory(ViewModel):
    """Prices of every listing and session: as delivered, adjusted for splits, and with dividends reinvested.

    open, high, low, close and volume are the vendor's, unadjusted. split_adjusted_* are those in today's shares: price /
    split_factor, volume x share_factor, which leaves out price factors such as spin-offs. total_return_close is close /
    total_return_factor, so that the ratio of two of them is the total return between their days, dividends reinvested on the
    ex-date. The factors are those of price_adjustment, computed with 40 digits; adjusted figures are rounded half up to twelve
    decimals. An event appears at the same moment as the first close for which it counts. After a rename, the sessions of the
    former symbol are under the new one; delivered_symbol has the former one. Sessions of another security that had the symbol
    before are excluded. Each row is in the listing's currency of its day. Source: specification, section 5.
    """

    symbol: str = column()
    date: dt.date = column("It is a session.")
    currency: str | None = column()
    open: Decimal | None = column()
    high: Decimal | None = column()
    low: Decimal | None = column()
    close: Decimal | None = column()
    volume: Decimal | None = column()
    split_adjusted_open: Decimal | None = column()
    split_adjusted_high: Decimal | None = column()
    split_adjusted_low: Decimal | None = column()
    split_adjusted_close: Decimal | None = column()
    split_adjusted_volume: Decimal | None = column()
    total_return_close: Decimal | None = column()
    split_factor: Decimal | None = column()
    total_return_factor: Decimal | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column("The run changed the price, or an event that adjusts it.")
    delivered_symbol: str = column()
    share_factor: Decimal | None = column()
    security_id: str | None = column()

    view_name: ClassVar[str] = "equity_quote_history"
    view_subject: ClassVar[Subject] = "Series"
    view_key: ClassVar[tuple[str, ...]] = ("symbol", "date")
