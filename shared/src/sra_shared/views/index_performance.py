"""How the large indices of New York and Toronto did, and where they are heading."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.changes import select_changed
from sra_shared.views.fragments import PUBLISHED_DIGITS, performance
from sra_shared.views.performance import Horizon, figure, starts_at

_INDICES = (
    ("^GSPC", "S&P 500", "USD"),
    ("^IXIC", "Nasdaq Composite", "USD"),
    ("^DJI", "Dow Jones Industrial Average", "USD"),
    ("^GSPTSE", "S&P/TSX Composite", "CAD"),
)
_VALUES = ", ".join(f"('{symbol}', '{name}', '{currency}')" for symbol, name, currency in _INDICES)
_NAMES = ", ".join(f"'{symbol}'" for symbol, _, _ in _INDICES)
_LEVEL = """SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND {condition} ORDER BY p.date DESC LIMIT 1"""
_HORIZONS = (
    Horizon("1d"),
    Horizon("1w"),
    Horizon("1m", 1),
    Horizon("3m", 3),
    Horizon("qtd"),
    Horizon("ytd"),
    Horizon("1y", 12),
)


def _join_start(horizon: Horizon) -> str:
    level = _LEVEL.format(condition=starts_at(horizon.target("e.day")))
    return f"LEFT JOIN LATERAL ({level}) s{horizon.name} ON true"


def _average(sessions: int) -> str:
    """The mean close of the newest sessions, NULL where there are fewer."""
    return (
        f"CASE WHEN count(*) FILTER (WHERE c.place <= {sessions}) = {sessions}"
        f" THEN round(avg(c.close) FILTER (WHERE c.place <= {sessions}), {PUBLISHED_DIGITS}) END AS sma_{sessions}"
    )


_QUERY = f"""
SELECT s.symbol, i.name, i.currency, e.day AS date, e.price AS close, e.price - s1d.price AS change,
  {", ".join(f"{figure(h, 'e.price', 'e.day', f's{h.name}.price')} AS performance_{h.name}" for h in _HORIZONS)},
  a.sma_50, a.sma_200, {performance("e.price", "a.sma_50")} AS distance_sma_50,
  {performance("e.price", "a.sma_200")} AS distance_sma_200,
  CASE WHEN e.price > a.sma_50 AND e.price > a.sma_200 THEN 'up' WHEN e.price < a.sma_50 AND e.price < a.sma_200 THEN 'down'
    WHEN a.sma_50 IS NOT NULL AND a.sma_200 IS NOT NULL THEN 'mixed' END AS trend,
  y.year_high, y.year_low, greatest(a.as_of, {", ".join(f"s{h.name}.stored_at" for h in _HORIZONS)}) AS as_of
FROM scope s
JOIN (VALUES {_VALUES}) i (symbol, name, currency) ON i.symbol = s.symbol
CROSS JOIN LATERAL ({_LEVEL.format(condition="true")}) e
{chr(10).join(map(_join_start, _HORIZONS))}
CROSS JOIN LATERAL (
  SELECT {_average(50)}, {_average(200)}, max(c.updated_at) AS as_of FROM (
    SELECT x.close, x.updated_at, row_number() OVER (ORDER BY x.date DESC) AS place FROM public.fmp_index_price x
    WHERE x.symbol = s.symbol AND x.close > 0 ORDER BY x.date DESC LIMIT 200
  ) c
) a
CROSS JOIN LATERAL (
  SELECT max(coalesce(x.high, x.close)) AS year_high, min(coalesce(x.low, x.close)) AS year_low FROM public.fmp_index_price x
  WHERE x.symbol = s.symbol AND x.close > 0 AND x.date > (e.day - interval '12 months')::date AND x.date <= e.day
) y
"""  # noqa: S608 - fragments of this package

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

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="index_performance",
        key=("symbol",),
        query=_QUERY,
        sources=(Source("fmp_index_price", "fmp", ("index_prices",)),),
        keyed=Keyed(
            scope=("symbol",),
            all_scopes=f"SELECT i.symbol FROM (VALUES {_VALUES}) i (symbol, name, currency)",  # noqa: S608 - names of this module
            changed_scopes=(f"{select_changed('fmp_index_price')} AND symbol IN ({_NAMES})",),
        ),
    )
