"""Prices of indices and sector ETFs at the end of each session."""

from __future__ import annotations

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, History, Plan, Scope
from fmp_collectors.records import Day, Number, Record, Symbol, Volume

_INDICES = ("^GSPC", "^DJI", "^IXIC", "^NDX", "^RUT", "^VIX", "^GSPTSE", "^TX60")
_SECTORS = ("XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY")
_CANADIAN_SECTORS = ("XEG.TO", "XFN.TO", "XIT.TO", "XMA.TO", "XRE.TO", "XST.TO", "XUT.TO")


class IndexPrice(Record):
    """One session of an index or sector ETF, adjusted for splits, in points or the listing's currency."""

    symbol: Symbol
    date: Day
    open: Number | None = None
    high: Number | None = None
    low: Number | None = None
    close: Number | None = None
    volume: Volume | None = None


INDEX_PRICES = FmpDataset(
    name="index_prices",
    title="Indices and sector ETFs",
    record=IndexPrice,
    table="fmp_index_price",
    key=("symbol", "date"),
    cadence=Cadence.DAILY,
    history=History.LISTED,
    hours_after_close=6,
    observed="date",
    prices=("close",),
    side_prices=("open", "high", "low"),
    # covers averages over 200 sessions and the change over a year
    daily_days=400,
    endpoints=(
        FmpEndpoint(
            path="historical-price-eod/full",
            scope=Scope.TOPIC,
            topics=(*_INDICES, *_SECTORS, *_CANADIAN_SECTORS),
            is_dated=True,
            plan=Plan.FREE,
        ),
    ),
)
