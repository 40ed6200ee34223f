"""Scores of a company's health."""

from __future__ import annotations

from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, Plan, Scope
from fmp_collectors.records import MarketCap, Number, Record, Symbol


class Score(Record):
    """Scores and the trailing figures behind them, in the reported currency; the vendor states no date."""

    symbol: Symbol
    reported_currency: str | None = None
    altman_z_score: Number | None = None
    piotroski_score: Number | None = None
    working_capital: Number | None = None
    total_assets: Number | None = None
    retained_earnings: Number | None = None
    ebit: Number | None = None
    market_cap: MarketCap | None = None
    total_liabilities: Number | None = None
    revenue: Number | None = None


SCORES = FmpDataset(
    name="scores",
    title="Altman and Piotroski scores",
    record=Score,
    table="fmp_score",
    key=("symbol",),
    cadence=Cadence.WEEKLY,
    audience=Audience.COMPANIES,
    symbol_fields=("symbol",),
    endpoints=(
        FmpEndpoint(path="scores-bulk", scope=Scope.LIST, plan=Plan.ULTIMATE, is_bulk=True),
        FmpEndpoint(path="financial-scores", scope=Scope.SYMBOL),
    ),
)
