"""Reports of earnings, past and expected."""

from __future__ import annotations

from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, History, Repeats, Scope
from fmp_collectors.records import Day, Number, Record, Symbol


class Earning(Record):
    """Reported and expected figures; the reported ones are missing until the report."""

    volatile = frozenset({"lastUpdated"})

    symbol: Symbol
    date: Day
    eps_actual: Number | None = None
    eps_estimated: Number | None = None
    revenue_actual: Number | None = None
    revenue_estimated: Number | None = None


EARNINGS = FmpDataset(
    name="earnings",
    title="Earnings reports",
    record=Earning,
    table="fmp_earning",
    key=("symbol", "date"),
    cadence=Cadence.WEEKLY,
    history=History.LISTED,
    audience=Audience.COMPANIES,
    symbol_fields=("symbol",),
    repeats=Repeats.FULLER,
    daily_days=30,
    days_ahead=90,
    # a response is cut to its latest 4,000 rows; two days of the earnings season mostly have fewer
    endpoints=(
        FmpEndpoint(path="earnings-calendar", scope=Scope.RANGE, range_days=2, full_rows=4000, has_pages=True),
        FmpEndpoint(path="earnings", scope=Scope.SYMBOL, rows_per_year=5),
    ),
)
