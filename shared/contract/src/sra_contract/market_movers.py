"""The largest gains and losses of a session among the members of the large indices."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class MarketMovers(ViewModel):
    """The ten largest gains and the ten largest losses of a session in each of four markets.

    S&P 500, Nasdaq-100 and Dow include their current constituents. The vendor delivers no constituents for Toronto, so all
    equities listed on TSX are included; basis is then listing. A move is the vendor's change of the newest quote against the
    previous close, as a fraction. Only quotes of one session count: the session of most members' newest quotes, or the newer of
    two with equal numbers. A halted share, or one quoted a day early, is therefore not a mover. Equal moves are ranked by market
    capitalisation. Source: specification, section 5.
    """

    market: Literal["sp500", "nasdaq100", "dow", "tsx"] = column()
    market_name: str = column()
    basis: Literal["constituents", "listing"] = column()
    direction: Literal["gainer", "loser"] = column()
    rank: int = column()
    session_date: dt.date = column()
    symbol: str = column()
    name: str | None = column()
    exchange: str | None = column()
    sector: str | None = column()
    currency: str | None = column()
    price: Decimal | None = column("Only quotes of the session count.")
    change: Decimal | None = column()
    price_return_1d: Decimal = column()
    volume: Decimal | None = column()
    market_cap: Decimal | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    security_id: str = column()

    view_name: ClassVar[str] = "market_movers"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("market", "direction", "rank")
