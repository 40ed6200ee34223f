"""The statements of a company's twelve months, in plain Python, for comparison with the views' SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise


@dataclass(frozen=True)
class Statement:
    """One version of an income statement; `learnt` orders the versions and labels by when they were stored."""

    fiscal_year: int
    period: str
    date: date
    version: int = 1
    learnt: int = 0
    currency: str | None = "USD"
    revenue: Decimal | None = Decimal(100)

    @property
    def is_yearly(self) -> bool:
        """Whether it is a fiscal year's."""
        return self.period == "FY"


@dataclass(frozen=True)
class Choice:
    """The twelve months, or why there are none."""

    basis: str | None
    reason: str | None
    dates: tuple[date, ...] = ()


Periods = Sequence[Statement]
_KEPT = 30


def choose_twelve_months(statements: Periods) -> Choice:
    """Return the newest twelve months; of one end date, the quarters or halves."""
    years, quarters = list_periods(statements, yearly=True), list_periods(statements, yearly=False)
    whole_years = [(year,) for former, year in pairwise(years) if 350 <= measure(former, year) <= 380]
    checks = [year for place, year in enumerate(years) if place == 0 or measure(years[place - 1], year) >= 350]
    parts = {4: _list_quarters(quarters), 2: _list_halves(quarters)}
    doubted = {count: _list_doubted(groups, checks) for count, groups in parts.items()}
    sure = {
        count: [group for group in groups if is_of_one_currency(group) and not doubted[count] & set(group)]
        for count, groups in parts.items()
    }
    found: list[tuple[str, Periods]] = [("fiscal_year", year) for year in whole_years]
    found += [("quarters", group) for group in sure[4]]
    found += [("half_years", group) for group in sure[2] if _has_first_half(group, quarters, checks)]
    if not found:
        return Choice(None, _explain(years, quarters, parts, doubted))
    basis, group = max(found, key=lambda one: (one[1][-1].date, one[0] != "fiscal_year"))
    return Choice(basis, None, tuple(part.date for part in group))


def list_periods(statements: Periods, *, yearly: bool) -> Periods:
    """Return the periods of a kind by their ends, each in the version that counts."""
    newest: dict[tuple[int, str, date], Statement] = {}
    for one in sorted(statements, key=lambda one: one.version):
        newest[one.fiscal_year, one.period, one.date] = one
    kept = sorted(newest.values(), key=lambda one: (one.date, one.fiscal_year, one.period))[-_KEPT:]
    ordered = sorted(
        (one for one in kept if one.is_yearly is yearly),
        key=lambda one: (one.date, one.learnt, one.fiscal_year, one.period),
    )
    replaced = set[Statement]()
    for earlier, later in pairwise(ordered):
        if measure(earlier, later) <= 14:
            replaced.add(earlier if later.learnt >= earlier.learnt else later)
    return [one for one in ordered if one not in replaced]


def measure(earlier: Statement, later: Statement) -> int:
    """Return the days between two ends."""
    return (later.date - earlier.date).days


def is_of_one_currency(group: Periods) -> bool:
    """Whether all have one known currency."""
    return None not in {part.currency for part in group} and len({part.currency for part in group}) == 1


def _list_quarters(quarters: Periods) -> list[Periods]:
    """Return each four in a row whose ends are quarters apart, and whose first covers no more and no less than a quarter."""
    groups = []
    for last in range(3, len(quarters)):
        group = quarters[last - 3 : last + 1]
        gaps = [measure(*pair) for pair in pairwise(group)]
        if not all(75 <= gap <= 125 for gap in gaps) or not 245 <= sum(gaps) <= 295:
            continue
        before = quarters[last - 4] if last >= 4 else None
        if before is not None and measure(before, group[0]) <= 125:
            if measure(before, group[0]) < 75 or not 350 <= measure(before, group[-1]) <= 380:
                continue
        elif is_half(quarters, last - 3):
            continue
        groups.append(group)
    return groups


def is_half(quarters: Periods, place: int) -> bool:
    """Whether the end before a period is half a year, and the one before that a year earlier."""
    if place < 2:
        return False
    return (
        165 <= measure(quarters[place - 1], quarters[place]) <= 200
        and 350 <= measure(quarters[place - 2], quarters[place]) <= 380
    )


def _list_halves(quarters: Periods) -> list[Periods]:
    return [pair for pair in pairwise(quarters) if 165 <= measure(*pair) <= 200]


def _list_doubted(groups: Sequence[Periods], years: Periods) -> set[Statement]:
    """Return the parts of all groups whose revenue is not that of the fiscal year that ends with them."""
    doubted = set[Statement]()
    for group in groups:
        if is_of_one_currency(group) and find_years(group, years) and not _agrees(group, years):
            doubted |= set(group)
    return doubted


def find_years(group: Periods, years: Periods) -> Periods:
    """Return the fiscal years that end with a group."""
    return [year for year in years if abs(measure(group[-1], year)) <= 14]


def _agrees(group: Periods, years: Periods) -> bool:
    """Whether the revenue of the parts is that of the year, within 1%."""
    (year,) = find_years(group, years)
    revenues = [part.revenue for part in group if part.revenue is not None]
    if len(revenues) < len(group) or year.revenue is None or year.currency != group[0].currency:
        return False
    return abs(sum(revenues) - year.revenue) * 100 <= abs(year.revenue)


def _has_first_half(group: Periods, quarters: Periods, years: Periods) -> bool:
    """Whether the first of two is half a year: by the ends before it, or because the year has the revenue of both."""
    if is_half(quarters, quarters.index(group[-1])):
        return True
    return any(year.revenue for year in find_years(group, years)) and _agrees(group, years)


def _explain(
    years: Periods, quarters: Periods, parts: dict[int, list[Periods]], doubted: dict[int, set[Statement]]
) -> str:
    """Return what is wrong with the newest period."""
    if not years and not quarters:
        return "no_statements"
    if years and (not quarters or years[-1].date > quarters[-1].date):
        return "no_whole_period"
    for count, groups in parts.items():
        for group in groups:
            if group[-1] != quarters[-1]:
                continue
            if None in {part.currency for part in group}:
                return "currency_unknown"
            if not is_of_one_currency(group):
                return "currency_changed"
            if doubted[count] & set(group):
                return "revenue_disagrees"
    return "no_whole_period"
