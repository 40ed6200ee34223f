"""What an ETF holds."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, Plan, Repeats, Scope, Storage
from fmp_collectors.records import Number, Record, Symbol

# these are parts of the key, and half of the rows (bonds, cash) lack some of them
KeyText = Annotated[
    str,
    BeforeValidator(lambda value: "" if value is None else value),
    StringConstraints(strip_whitespace=True, max_length=400),
]


class EtfHolding(Record):
    """One position; shares and weight (percent) may be negative. Positions with equal keys are numbered."""

    volatile = frozenset({"source_updated_at", "occurrence"})

    symbol: Symbol
    asset: KeyText = ""
    name: KeyText = ""
    isin: KeyText = ""
    security_cusip: KeyText = ""
    occurrence: int = Field(1, alias="(occurrence)")
    shares_number: Number | None = None
    weight_percentage: Number | None = None
    market_value: Number | None = None
    source_updated_at: str | None = Field(None, alias="updatedAt")


ETF_HOLDINGS = FmpDataset(
    name="etf_holdings",
    title="ETF holdings",
    record=EtfHolding,
    table="fmp_etf_holding",
    key=("symbol", "asset", "name", "isin", "security_cusip", "occurrence"),
    cadence=Cadence.WEEKLY,
    storage=Storage.SNAPSHOT,
    audience=Audience.FUNDS,
    list_field="symbol",
    repeats=Repeats.NUMBERED,
    endpoints=(FmpEndpoint(path="etf/holdings", scope=Scope.SYMBOL, plan=Plan.ULTIMATE),),
)
