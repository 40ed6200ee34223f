"""How the large indices of New York and Toronto did, and where they are heading."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel

Points = Annotated[Decimal | None, Col("index points")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class IndexPerformance(ViewModel):
    """One row each for S&P 500, Nasdaq Composite, Dow Jones Industrial Average and S&P/TSX Composite: performance, trend.

    Performance is P(end) / P(start) - 1 of the closing level, without dividends: the end is the newest close, the start the
    last one before it (1d), or on or before the end minus 7 days, 1, 3, 12 calendar months, or the last day of the former
    quarter (qtd) or year (ytd); NULL where that is over 7 days older than asked for. Computed with 40 digits, rounded half
    up to six decimals. sma_50 and sma_200 are the means of the newest 50 and 200 closes, NULL where there are fewer. trend
    is up above both, down below both, mixed between. Source: specification, section 5.
    """

    symbol: str = Field(description="The vendor's symbol of the index.")
    name: str = Field(description="Name of the index.")
    currency: str = Field(description="Currency of its members' prices.")
    date: dt.date = Field(description="Session of the newest close.")
    close: Annotated[Decimal, Col("index points")] = Field(description="Newest closing level.")
    change: Points = Field(description="Change since the close before.")
    performance_1d: Fraction = Field(description="Performance over one session.")
    performance_1w: Fraction = Field(description="Performance over seven days.")
    performance_1m: Fraction = Field(description="Performance over one month.")
    performance_3m: Fraction = Field(description="Performance over a quarter: three months.")
    performance_qtd: Fraction = Field(description="Performance since the former calendar quarter's end.")
    performance_ytd: Fraction = Field(description="Performance since the former year's end.")
    performance_1y: Fraction = Field(description="Performance over one year.")
    sma_50: Points = Field(description="Mean of the newest 50 closes.")
    sma_200: Points = Field(description="Mean of the newest 200 closes.")
    distance_sma_50: Fraction = Field(description="close / sma_50 - 1.")
    distance_sma_200: Fraction = Field(description="close / sma_200 - 1.")
    trend: Literal["up", "down", "mixed"] | None = Field(description="close against both averages.")
    year_high: Points = Field(description="Highest level of twelve months.")
    year_low: Points = Field(description="Lowest level of twelve months.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    view_name: ClassVar[str] = "index_performance"
