"""The universe: the securities that the five exchanges list."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, Plan, Scope, Storage
from fmp_collectors.records import ExchangeCode, MarketCap, Record, Symbol, Volume


class UniverseListing(Record):
    """A listing as the screener shows it; prices come from their own datasets."""

    volatile = frozenset({"market_cap", "volume", "avg_volume", "price", "beta", "lastAnnualDividend"})
    unstored = frozenset({"market_cap", "volume", "avg_volume"})

    symbol: Symbol
    exchange: ExchangeCode = Field(alias="exchangeShortName")
    company_name: str | None = None
    exchange_full_name: str | None = Field(None, alias="exchange")
    sector: str | None = None
    industry: str | None = None
    country: str | None = None
    is_etf: bool | None = None
    is_fund: bool | None = None
    is_actively_trading: bool | None = None
    market_cap: MarketCap | None = None
    volume: Volume | None = None
    avg_volume: Volume | None = None


UNIVERSE = FmpDataset(
    name="universe",
    title="Listings of the five exchanges",
    record=UniverseListing,
    table="fmp_universe",
    key=("symbol", "exchange"),
    cadence=Cadence.DAILY,
    storage=Storage.SNAPSHOT,
    exchange_field="exchangeShortName",
    list_field="exchange",
    endpoints=(
        FmpEndpoint(
            path="company-screener",
            scope=Scope.EXCHANGE,
            params={"isActivelyTrading": "true", "includeAllShareClasses": "true"},
            page_size=10_000,
            plan=Plan.STARTER,
        ),
    ),
)
