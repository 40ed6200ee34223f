"""Yields of US treasuries by tenor."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, History, Scope
from fmp_collectors.records import Day, Number, Record


def _declare_tenor(unit: str, length: int) -> Any:
    return Field(None, alias=f"{unit}{length}", description=f"Yield of US treasuries of {length} {unit}s, in percent.")


class TreasuryRate(Record):
    """The curve of one day, in percent."""

    date: Day = Field(description="Day of the curve.")
    month1: Number | None = _declare_tenor("month", 1)
    month2: Number | None = _declare_tenor("month", 2)
    month3: Number | None = _declare_tenor("month", 3)
    month6: Number | None = _declare_tenor("month", 6)
    year1: Number | None = _declare_tenor("year", 1)
    year2: Number | None = _declare_tenor("year", 2)
    year3: Number | None = _declare_tenor("year", 3)
    year5: Number | None = _declare_tenor("year", 5)
    year7: Number | None = _declare_tenor("year", 7)
    year10: Number | None = _declare_tenor("year", 10)
    year20: Number | None = _declare_tenor("year", 20)
    year30: Number | None = _declare_tenor("year", 30)


TREASURY_RATES = FmpDataset(
    name="treasury_rates",
    title="US treasury yields",
    record=TreasuryRate,
    table="fmp_treasury_rate",
    about="Yields of US treasuries by tenor: newest row per day.",
    key=("date",),
    cadence=Cadence.DAILY,
    history=History.LISTED,
    hours_after_close=30,
    observed="date",
    daily_days=90,
    # a longer range silently returns its newest three months
    endpoints=(FmpEndpoint(path="treasury-rates", scope=Scope.RANGE, range_days=85),),
)
