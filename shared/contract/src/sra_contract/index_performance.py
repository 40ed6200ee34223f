"""The performance and trend of the large indices of New York and Toronto."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class IndexPerformance(ViewModel):
    """One row each for S&P 500, Nasdaq Composite, Dow Jones Industrial Average and S&P/TSX Composite: returns, trend.

    A price return is P(end) / P(start) - 1 of the closing level, without dividends. The end is the newest close. The start is the
    last close before it (1d), or on or before the end minus 7 days, 1, 3, 12 calendar months, or the last day of the former
    quarter (qtd) or year (ytd). It is NULL if that close is more than 7 days older than required. Returns are computed with 40
    digits and rounded half up to six decimals. sma_50 and sma_200 are the means of the newest 50 and 200 closes, NULL if there
    are fewer. trend is up above both, down below both, mixed between. Source: specification, section 5.
    """

    symbol: str = column()
    name: str = column()
    currency: str = column("It is that of the prices of the index's members.")
    date: dt.date = column("It is the session of the newest close.")
    level: Decimal = column("It is the newest one.")
    level_change: Decimal | None = column()
    price_return_1d: Decimal | None = column()
    price_return_1w: Decimal | None = column()
    price_return_1m: Decimal | None = column()
    price_return_3m: Decimal | None = column()
    price_return_qtd: Decimal | None = column()
    price_return_ytd: Decimal | None = column()
    price_return_1y: Decimal | None = column()
    sma_50: Decimal | None = column()
    sma_200: Decimal | None = column()
    distance_sma_50: Decimal | None = column()
    distance_sma_200: Decimal | None = column()
    trend: Literal["up", "down", "mixed"] | None = column()
    level_year_high: Decimal | None = column()
    level_year_low: Decimal | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "index_performance"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("symbol",)
