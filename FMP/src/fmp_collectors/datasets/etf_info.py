"""What an ETF is: issuer, fees, size."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, Plan, Scope
from fmp_collectors.records import Day, Number, Record, Symbol, Volume


class EtfInfo(Record):
    """Facts about an ETF; the expense ratio is in percent."""

    volatile = frozenset({"source_updated_at"})

    symbol: Symbol
    name: str | None = None
    description: str | None = None
    isin: str | None = None
    asset_class: str | None = None
    security_cusip: str | None = None
    domicile: str | None = None
    website: str | None = None
    etf_company: str | None = None
    expense_ratio: Number | None = None
    assets_under_management: Number | None = None
    avg_volume: Volume | None = None
    inception_date: Day | None = None
    nav: Number | None = None
    nav_currency: str | None = None
    holdings_count: Number | None = None
    is_actively_trading: bool | None = None
    sectors_list: list[dict[str, Any]] | None = None
    source_updated_at: str | None = Field(None, alias="updatedAt")


ETF_INFO = FmpDataset(
    name="etf_info",
    title="ETF facts",
    record=EtfInfo,
    table="fmp_etf_info",
    key=("symbol",),
    cadence=Cadence.WEEKLY,
    audience=Audience.FUNDS,
    side_prices=("nav",),
    endpoints=(FmpEndpoint(path="etf/info", scope=Scope.SYMBOL, plan=Plan.STARTER),),
)
