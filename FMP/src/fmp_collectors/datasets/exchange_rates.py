"""Exchange rates at the end of each day."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.currencies import ALWAYS
from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, History, Scope
from fmp_collectors.records import Day, Number, Record, Symbol

_UNIT = "in units of the second currency for one of the first"


class ExchangeRate(Record):
    """One day of a pair: USDCAD is Canadian dollars for one US dollar."""

    pair: Symbol = Field(
        alias="symbol", description="Pair of currencies: USDCAD is Canadian dollars for one US dollar."
    )
    date: Day = Field(description="Day of the rates.")
    open: Number | None = Field(None, description=f"Opening rate, {_UNIT}.")
    high: Number | None = Field(None, description=f"Highest rate, {_UNIT}.")
    low: Number | None = Field(None, description=f"Lowest rate, {_UNIT}.")
    close: Number | None = Field(None, description=f"Closing rate, {_UNIT}.")


EXCHANGE_RATES = FmpDataset(
    name="exchange_rates",
    title="Exchange rates",
    record=ExchangeRate,
    table="fmp_exchange_rate",
    about="Exchange rates at the end of each day: newest row per pair and day.",
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
