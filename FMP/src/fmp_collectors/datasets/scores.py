"""Scores of a company's health."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, Plan, Scope
from fmp_collectors.records import MarketCap, Number, Record, Symbol


class Score(Record):
    """Scores and the trailing figures behind them, in the reported currency; the vendor states no date."""

    symbol: Symbol
    reported_currency: str | None = None
    altman_z_score: Number | None = Field(None, description="Altman Z-score, as delivered.")
    piotroski_score: Number | None = Field(None, description="Piotroski score, as delivered.")
    working_capital: Number | None = Field(None, description="Working capital, in the reported currency.")
    total_assets: Number | None = Field(None, description="Total assets, in the reported currency.")
    retained_earnings: Number | None = Field(None, description="Retained earnings, in the reported currency.")
    ebit: Number | None = Field(None, description="Earnings before interest and taxes, in the reported currency.")
    market_cap: MarketCap | None = Field(None, description="Market capitalisation, in the reported currency.")
    total_liabilities: Number | None = Field(None, description="Total liabilities, in the reported currency.")
    revenue: Number | None = Field(None, description="Revenue, in the reported currency.")


SCORES = FmpDataset(
    name="scores",
    title="Altman and Piotroski scores",
    record=Score,
    table="fmp_score",
    about="Altman and Piotroski scores with the trailing figures behind them: newest row per company.",
    key=("symbol",),
    cadence=Cadence.WEEKLY,
    audience=Audience.COMPANIES,
    symbol_fields=("symbol",),
    endpoints=(
        FmpEndpoint(path="scores-bulk", scope=Scope.LIST, plan=Plan.ULTIMATE, is_bulk=True),
        FmpEndpoint(path="financial-scores", scope=Scope.SYMBOL),
    ),
)
