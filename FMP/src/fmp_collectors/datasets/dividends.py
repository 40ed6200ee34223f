"""Dividends."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, History, Repeats, Scope, Storage
from fmp_collectors.records import Day, Number, Record, Symbol


class Dividend(Record):
    """A payment per share, `date` being the ex-date; the yield is in percent."""

    # it moves with the price until the ex-date
    volatile = frozenset({"dividend_yield"})

    symbol: Symbol
    date: Day
    record_date: Day | None = None
    payment_date: Day | None = None
    declaration_date: Day | None = None
    adj_dividend: Number | None = None
    dividend: Number | None = None
    dividend_yield: Number | None = Field(None, alias="yield")
    frequency: str | None = None


DIVIDENDS = FmpDataset(
    name="dividends",
    title="Dividends",
    record=Dividend,
    table="fmp_dividend",
    key=("symbol", "date"),
    cadence=Cadence.DAILY,
    storage=Storage.EVENTS,
    kind_field="frequency",
    days_back=30,
    days_ahead=90,
    history=History.DELISTED,
    symbol_fields=("symbol",),
    # a regular and a special payment may be on the same day
    repeats=Repeats.SET,
    # a response is capped near 4,000 rows; the exact number is unknown, so request short ranges
    endpoints=(
        FmpEndpoint(path="dividends-calendar", scope=Scope.RANGE, range_days=5, full_rows=3900),
        FmpEndpoint(path="dividends", scope=Scope.SYMBOL, params={"limit": "1000"}),
    ),
)
