"""Profiles of companies and funds, with the last price."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, Plan, Scope
from fmp_collectors.records import ExchangeCode, MarketCap, Number, Record, Symbol, Volume


class EquityProfile(Record):
    """The company or fund of a symbol; amounts are in the listing's currency, the change is in percent."""

    model_config = ConfigDict(validate_by_name=True)
    unstored = frozenset({"average_volume"})
    # `change` has no column, so it has the vendor's name
    moving = frozenset({"current_price", "change_percentage", "change", "volume", "average_volume", "market_cap"})

    symbol: Symbol
    company_name: str
    exchange: ExchangeCode
    sector: str | None = None
    industry: str | None = None
    market_cap: MarketCap | None = None
    employees: Number | None = Field(None, alias="fullTimeEmployees")
    description: str | None = None
    website: str | None = None
    country: str | None = None
    currency: str | None = None
    is_etf: bool | None = None
    is_actively_trading: bool | None = None
    current_price: Number | None = Field(None, alias="price")
    change_percentage: Number | None = None
    volume: Volume | None = None
    average_volume: Volume | None = None


PROFILE = FmpDataset(
    name="profile",
    title="Company and fund profiles",
    record=EquityProfile,
    table="equity_profile",
    key=("symbol", "exchange"),
    cadence=Cadence.WEEKLY,
    exchange_field="exchange",
    prices=("current_price",),
    endpoints=(
        FmpEndpoint(path="profile-bulk", scope=Scope.PARTS, plan=Plan.ULTIMATE, is_bulk=True),
        FmpEndpoint(path="profile", scope=Scope.SYMBOL),
    ),
)
