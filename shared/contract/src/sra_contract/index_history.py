"""Levels and members of indices over time."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class IndexLevel(ViewModel):
    """Daily levels of every collected index, and prices of the sector ETFs that are collected with them, as delivered.

    Levels are without dividends. Prices of an ETF are adjusted for splits, in the currency of the listing.
    """

    symbol: str = column()
    date: dt.date = column()
    name: str | None = column("NULL for an index that is not in index_performance.")
    security_id: str | None = column("NULL for an index.")
    level: Decimal | None = column()
    level_open: Decimal | None = column()
    level_high: Decimal | None = column()
    level_low: Decimal | None = column()
    volume: Decimal | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "index_history"
    view_subject: ClassVar[Subject] = "Series"
    view_key: ClassVar[tuple[str, ...]] = ("symbol", "date")


class IndexConstituent(ViewModel):
    """Members of the S&P 500, the Nasdaq-100 and the Dow, present and former, with the days of their addition and removal.

    The members on a day have member_from NULL or at most that day, and member_until NULL or later. The days are the vendor's.
    If a present member has none, it is the day on which the vendor's list first had it. If a member left the list without a
    reported removal, it is the day on which we noticed that. Members that left before the vendor's list of changes begins are
    missing. security_id is NULL for a member that we do not know.
    """

    index_name: Literal["sp500", "nasdaq", "dowjones"] = column()
    symbol: str = column()
    membership: int = column()
    security_id: str | None = column()
    name: str | None = column()
    sector: str | None = column()
    sub_sector: str | None = column()
    headquarters: str | None = column()
    cik: str | None = column()
    founded: str | None = column()
    member_from: dt.date | None = column()
    member_until: dt.date | None = column()
    removal_reason: str | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "index_constituents"
    view_subject: ClassVar[Subject] = "Members and categories"
    view_key: ClassVar[tuple[str, ...]] = ("index_name", "symbol", "membership")
