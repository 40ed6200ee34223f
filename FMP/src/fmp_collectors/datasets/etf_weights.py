"""The weights of countries and sectors in an ETF."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, Plan, Scope, Storage
from fmp_collectors.datasets.etf_holdings import KeyText
from fmp_collectors.records import Number, Record, Symbol


def _read_percent(value: Any) -> Any:
    return value.strip().removesuffix("%").strip() if isinstance(value, str) else value


Percent = Annotated[Number, BeforeValidator(_read_percent)]


class CountryWeight(Record):
    """The share of a country in percent; the vendor writes it with its sign."""

    symbol: Symbol
    country: KeyText = ""
    weight_percentage: Percent | None = None


class SectorWeight(Record):
    """The share of a sector in percent."""

    symbol: Symbol
    sector: KeyText = ""
    weight_percentage: Percent | None = None


ETF_COUNTRIES = FmpDataset(
    name="etf_countries",
    title="ETF weights by country",
    record=CountryWeight,
    table="fmp_etf_country",
    key=("symbol", "country"),
    cadence=Cadence.WEEKLY,
    storage=Storage.SNAPSHOT,
    audience=Audience.FUNDS,
    list_field="symbol",
    endpoints=(FmpEndpoint(path="etf/country-weightings", scope=Scope.SYMBOL, plan=Plan.STARTER, sends=("country",)),),
)
ETF_SECTORS = FmpDataset(
    name="etf_sectors",
    title="ETF weights by sector",
    record=SectorWeight,
    table="fmp_etf_sector",
    key=("symbol", "sector"),
    cadence=Cadence.WEEKLY,
    storage=Storage.SNAPSHOT,
    audience=Audience.FUNDS,
    list_field="symbol",
    endpoints=(
        FmpEndpoint(path="etf/sector-weightings", scope=Scope.SYMBOL, plan=Plan.STARTER, sends=("symbol", "sector")),
    ),
)
