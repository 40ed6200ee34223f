"""The matching of distributions in plain Python, independent of the SQL: by the rules in fund_quote_history's description."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

PARTS = ("dividend_income", "foreign_dividend_income", "capital_gains", "interest_income", "return_of_principle")


@dataclass(frozen=True)
class StatedDistribution:
    """A distribution as one dataset names it; a part that it does not name is None."""

    day: date
    total: Decimal
    parts: tuple[Decimal | None, ...] = (None,) * len(PARTS)

    def named_parts(self, suffix: str = "") -> dict[str, Decimal]:
        """Return the named parts by column."""
        named = zip(PARTS, self.parts, strict=True)
        return {f"{name}{suffix}": amount for name, amount in named if amount is not None}


def count_sessions(a: date, b: date) -> int:
    """Return the number of weekdays after the earlier day, up to the later one."""
    first, last = min(a, b), max(a, b)
    return sum((first + timedelta(days=n + 1)).weekday() < 5 for n in range((last - first).days))


def are_equal(a: StatedDistribution, b: StatedDistribution) -> bool:
    """Whether two have the same total and do not contradict each other in any part."""
    return a.total == b.total and all(
        x == y for x, y in zip(a.parts, b.parts, strict=True) if x is not None and y is not None
    )


def add_up(result: Sequence[StatedDistribution]) -> StatedDistribution:
    """Return the sum of a day's records; a part that no record names stays unnamed."""
    parts = []
    for amounts in zip(*(one.parts for one in result), strict=True):
        named = [amount for amount in amounts if amount is not None]
        parts.append(sum(named, Decimal(0)) if named else None)
    return StatedDistribution(result[0].day, sum((one.total for one in result), Decimal(0)), tuple(parts))


def find_repeated(quotes: Sequence[StatedDistribution], records: Mapping[str, StatedDistribution]) -> set[str]:
    """Return the ids of the records that repeat a distribution of the quotes, the nearest pairs first."""
    of_day: defaultdict[date, list[str]] = defaultdict(list)
    for name in sorted(records):
        if records[name].total:
            of_day[records[name].day].append(name)
    offers = [[name] for names in of_day.values() for name in names] + [n for n in of_day.values() if len(n) > 1]
    pairs = []
    for quote in quotes:
        for names in offers:
            offer = add_up([records[name] for name in names])
            if quote.total and count_sessions(quote.day, offer.day) <= 5 and are_equal(quote, offer):
                order = (abs((quote.day - offer.day).days), quote.day, offer.day, -len(names), names)
                pairs.append((order, quote.day, names))
    free_quotes, free_records = {quote.day for quote in quotes}, set(records)
    for _, day, names in sorted(pairs):
        if day in free_quotes and free_records >= set(names):
            free_quotes.remove(day)
            free_records -= set(names)
    return set(records) - free_records


def add_distributions(
    quotes: Sequence[StatedDistribution], records: Mapping[str, StatedDistribution]
) -> dict[date, Decimal]:
    """Return what was paid on each day: the quotes' distributions, and the records that repeat none."""
    paid: dict[date, Decimal] = {}
    repeated = find_repeated(quotes, records)
    for result in [*quotes, *(record for name, record in records.items() if name not in repeated)]:
        paid[result.day] = paid.get(result.day, Decimal(0)) + result.total
    return paid
