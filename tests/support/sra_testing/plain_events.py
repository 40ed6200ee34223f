"""The effect of events on one share of a listing, day by day in plain Python: the model that the views are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

Days = Mapping[date, Decimal]

PAYMENTS_A_YEAR = {"Monthly": 12, "Quarterly": 4, "Semi-Annual": 2, "Annual": 1}


@dataclass(frozen=True)
class Payment:
    """A dividend per share of its ex-date; `frequency` is the vendor's word."""

    day: date
    amount: Decimal
    frequency: str | None


def follow_one_share(start: date, end: date, closes: Days, ratios: Days, dividends: Days) -> Decimal | None:
    """What one share of the start has become at the end, in money; None if a dividend finds no close within seven days.

    A ratio multiplies the shares that a holder has, or could have with the shares of a spin-off.
    """
    shares, paid, since = Decimal(1), Decimal(0), None
    for number in range((end - start).days):
        day = start + timedelta(days=number + 1)
        shares *= ratios.get(day, Decimal(1))
        # money waits for the next close; a ratio in between does not touch it
        if day in dividends:
            paid, since = paid + shares * dividends[day], since or day
        if day in closes:
            if since is not None and (day - since).days > 7:
                return None
            shares, paid, since = shares + paid / closes[day], Decimal(0), None
    return shares * closes[end]


def count_shares(splits: Mapping[date, Fraction], since: date) -> Fraction:
    """Today's shares for one of a day; a ratio above one with a denominator over 20 is no split."""
    shares = Fraction(1)
    for day, ratio in splits.items():
        if day > since and (ratio < 1 or ratio.denominator <= 20):
            shares *= ratio
    return shares


def add_regular(
    payments: Sequence[Payment], splits: Mapping[date, Fraction], day: date
) -> tuple[Fraction | None, Fraction | None]:
    """The regular payments of a year up to a day, and those that the newest one promises, in shares of that day."""
    by_day: dict[date, list[Payment]] = {}
    for payment in payments:
        if payment.day <= day and payment.frequency != "Special":
            by_day.setdefault(payment.day, []).append(payment)
    newest_first = sorted(by_day, reverse=True)
    words = {payment.frequency for payment in by_day[newest_first[0]]} if newest_first else set()
    a_year = PAYMENTS_A_YEAR.get(words.pop() or "") if len(words) == 1 else None
    if a_year is None or newest_first[0] < find_oldest_newest(day, a_year):
        return None, None
    amounts = [
        sum((Fraction(payment.amount) for payment in by_day[one]), Fraction(0)) / count_shares(splits, one)
        for one in newest_first[:a_year]
    ]
    counted = {PAYMENTS_A_YEAR.get(p.frequency or "") for one in newest_first[:a_year] for p in by_day[one]}
    is_whole = len(amounts) == a_year and counted == {a_year}
    return (sum(amounts) if is_whole else None), amounts[0] * a_year


def find_oldest_newest(day: date, a_year: int) -> date:
    """One and a half periods before a day: whole months, then half a month as fifteen days."""
    months, rest = divmod(18, a_year)
    total = day.year * 12 + day.month - 1 - months
    last = (date(total // 12 + (total % 12 == 11), (total + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(total // 12, total % 12 + 1, min(day.day, last)) - timedelta(days=15 if rest else 0)
