"""Splits of shares."""

from __future__ import annotations

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, History, Scope, Storage
from fmp_collectors.records import Day, Number, Record, Symbol


class Split(Record):
    """`numerator` new shares for `denominator` old ones, from `date` on."""

    symbol: Symbol
    date: Day
    numerator: Number
    denominator: Number


SPLITS = FmpDataset(
    name="splits",
    title="Splits",
    record=Split,
    table="fmp_split",
    key=("symbol", "date"),
    cadence=Cadence.DAILY,
    storage=Storage.EVENTS,
    days_back=30,
    days_ahead=90,
    history=History.DELISTED,
    symbol_fields=("symbol",),
    endpoints=(
        FmpEndpoint(path="splits-calendar", scope=Scope.RANGE, range_days=30, full_rows=3900),
        FmpEndpoint(path="splits", scope=Scope.SYMBOL, params={"limit": "1000"}),
    ),
)
