"""What all datasets of fiscal periods share: the key of a period, and how to request it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, History, Plan, Repeats, Scope, Storage
from fmp_collectors.records import Cik, Day, Record, Symbol

Period = Annotated[
    Literal["FY", "Q1", "Q2", "Q3", "Q4"],
    BeforeValidator(lambda value: value.strip().upper() if isinstance(value, str) else value),
]


class PeriodRecord(Record):
    """Figures of one fiscal period, whose last day is `date`; a fiscal year may differ from the calendar year."""

    symbol: Symbol
    fiscal_year: int = Field(ge=1900, le=2200)
    period: Period
    date: Day
    reported_currency: str | None = None


class FiledStatement(PeriodRecord):
    """A statement as filed; `accepted_date` is a time of the US east coast, as text."""

    cik: Cik = None
    filing_date: Day | None = None
    accepted_date: str | None = None


def declare_statement(
    name: str,
    *,
    title: str,
    record: type[PeriodRecord],
    table: str,
    path: str,
    has_bulk: bool = True,
    history: History = History.LISTED,
) -> FmpDataset:
    """Declare a dataset of fiscal periods: requested by year and period if there is a bulk endpoint, else by company."""
    bulk = FmpEndpoint(path=f"{path}-bulk", scope=Scope.FISCAL, plan=Plan.ULTIMATE, is_bulk=True)
    single = FmpEndpoint(path=path, scope=Scope.SYMBOL, is_fiscal=True)
    return FmpDataset(
        name=name,
        title=title,
        record=record,
        table=table,
        key=("symbol", "fiscal_year", "period", "date"),
        cadence=Cadence.WEEKLY,
        storage=Storage.VERSIONS,
        history=history,
        audience=Audience.COMPANIES,
        symbol_fields=("symbol",),
        repeats=Repeats.FILED if issubclass(record, FiledStatement) else Repeats.AMBIGUOUS,
        endpoints=(bulk, single) if has_bulk else (single,),
    )
