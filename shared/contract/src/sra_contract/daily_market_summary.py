"""The fund market of each day."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class DailyMarketSummary(ViewModel):
    """One row per day and currency, from the latest records: the number of funds with a value, mean and median, advances and
    declines.

    Each fund has one value per day; FundDailyNAVPS takes precedence over Pricing. avg_navps is the arithmetic mean. median_navps
    is the middle value, or the mean of the two middle values. Both are computed from NAVPS at full precision and rounded half up
    to six decimals. A fund advances (declines) if the vendor's change of the day (NAVPSPennyChange, PennyChangeDay, else
    NAVPSPercentChange) is above (below) zero at full precision; a fund without a change counts in neither. A fund without a
    currency, or one that ended or merged, is under XXX, ISO 4217's code for no currency. Source: specification, section 5.
    """

    date: dt.date = column()
    currency: str = column("XXX if the vendor delivers none, or if the fund has ended.")
    total_symbols: int = column()
    avg_navps: Decimal = column()
    median_navps: Decimal = column()
    advancers: int = column()
    decliners: int = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "daily_market_summary"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("date", "currency")
