"""Yields of US treasuries by tenor."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, History, Scope
from fmp_collectors.records import Day, Number, Record


class TreasuryRate(Record):
    """The curve of one day, in percent."""

    date: Day
    month1: Number | None = Field(None, alias="month1")
    month2: Number | None = Field(None, alias="month2")
    month3: Number | None = Field(None, alias="month3")
    month6: Number | None = Field(None, alias="month6")
    year1: Number | None = Field(None, alias="year1")
    year2: Number | None = Field(None, alias="year2")
    year3: Number | None = Field(None, alias="year3")
    year5: Number | None = Field(None, alias="year5")
    year7: Number | None = Field(None, alias="year7")
    year10: Number | None = Field(None, alias="year10")
    year20: Number | None = Field(None, alias="year20")
    year30: Number | None = Field(None, alias="year30")


TREASURY_RATES = FmpDataset(
    name="treasury_rates",
    title="US treasury yields",
    record=TreasuryRate,
    table="fmp_treasury_rate",
    key=("date",),
    cadence=Cadence.DAILY,
    history=History.LISTED,
    hours_after_close=30,
    observed="date",
    daily_days=90,
    # a longer range silently returns its newest three months
    endpoints=(FmpEndpoint(path="treasury-rates", scope=Scope.RANGE, range_days=85),),
)
