"""Exchange rates at the end of each day."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.currencies import ALWAYS
from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, History, Scope
from fmp_collectors.records import Day, Number, Record, Symbol


class ExchangeRate(Record):
    """One day of a pair: USDCAD is Canadian dollars for one US dollar."""

    pair: Symbol = Field(alias="symbol")
    date: Day
    open: Number | None = None
    high: Number | None = None
    low: Number | None = None
    close: Number | None = None


EXCHANGE_RATES = FmpDataset(
    name="exchange_rates",
    title="Exchange rates",
    record=ExchangeRate,
    table="fmp_exchange_rate",
    key=("pair", "date"),
    prices=("close",),
    side_prices=("open", "high", "low"),
    observed="date",
    cadence=Cadence.DAILY,
    audience=Audience.CURRENCIES,
    history=History.LISTED,
    skips_refused=True,
    hours_after_close=30,
    daily_days=30,
    # the rate of the current day moves until 22:00 UTC
    days_ahead=-1,
    endpoints=(FmpEndpoint(path="historical-price-eod/full", scope=Scope.TOPIC, topics=ALWAYS, is_dated=True),),
)
