"""Quotes: the last price of every listing."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, Plan, Scope
from fmp_collectors.records import EpochTime, ExchangeCode, MarketCap, Number, Record, Symbol, Volume


class Quote(Record):
    """A price with its day's range; the change is against the close before, in the listing's currency."""

    symbol: Symbol
    quoted_at: EpochTime = Field(alias="timestamp")
    exchange: ExchangeCode
    name: str | None = None
    price: Number | None = None
    change_percentage: Number | None = None
    change: Number | None = None
    volume: Volume | None = None
    day_low: Number | None = None
    day_high: Number | None = None
    year_high: Number | None = None
    year_low: Number | None = None
    market_cap: MarketCap | None = None
    price_avg50: Number | None = None
    price_avg200: Number | None = None
    open: Number | None = None
    previous_close: Number | None = None


QUOTE = FmpDataset(
    name="quote",
    title="Last prices",
    record=Quote,
    table="fmp_quote",
    key=("symbol", "quoted_at"),
    cadence=Cadence.DAILY,
    hours_after_close=6,
    observed="quoted_at",
    prices=("price",),
    side_prices=(
        *("open", "day_low", "day_high", "year_high", "year_low", "previous_close", "price_avg50", "price_avg200"),
    ),
    exchange_field="exchange",
    # a quote belongs to its moment: the next one is a separate row
    keeps_history=False,
    endpoints=(
        FmpEndpoint(path="batch-exchange-quote", scope=Scope.EXCHANGE, params={"short": "false"}, plan=Plan.ULTIMATE),
        FmpEndpoint(path="batch-quote", scope=Scope.BATCH, batch_size=100, plan=Plan.STARTER),
        FmpEndpoint(path="quote", scope=Scope.SYMBOL, plan=Plan.FREE),
    ),
)
