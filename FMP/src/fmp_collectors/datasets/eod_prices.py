"""Prices at the end of each session."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, History, Plan, Scope
from fmp_collectors.records import Day, Number, Record, Symbol, Volume


class EodPrice(Record):
    """One session of a security, as delivered and unadjusted, in the listing's currency."""

    # adjusted prices of the past change with every dividend; they stay in the record as delivered
    volatile = frozenset({"adjOpen", "adjHigh", "adjLow", "adjClose"})

    symbol: Symbol
    date: Day
    # the raw series of a single symbol calls its raw prices adjusted
    open: Number | None = Field(None, validation_alias=AliasChoices("open", "adjOpen"))
    high: Number | None = Field(None, validation_alias=AliasChoices("high", "adjHigh"))
    low: Number | None = Field(None, validation_alias=AliasChoices("low", "adjLow"))
    close: Number | None = Field(None, validation_alias=AliasChoices("close", "adjClose"))
    volume: Volume | None = None


EOD_PRICES = FmpDataset(
    name="eod_prices",
    title="Prices at the end of each session",
    record=EodPrice,
    table="fmp_eod_price",
    key=("symbol", "date"),
    cadence=Cadence.DAILY,
    history=History.DELISTED,
    hours_after_close=6,
    observed="date",
    prices=("close",),
    side_prices=("open", "high", "low"),
    symbol_fields=("symbol",),
    endpoints=(
        FmpEndpoint(path="eod-bulk", scope=Scope.SESSION, plan=Plan.ULTIMATE, is_bulk=True),
        # `full` is adjusted for splits and would differ from the bulk file
        FmpEndpoint(path="historical-price-eod/non-split-adjusted", scope=Scope.SYMBOL, is_dated=True, plan=Plan.FREE),
    ),
)
