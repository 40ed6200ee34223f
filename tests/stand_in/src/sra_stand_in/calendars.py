"""Trading sessions of the New York and Toronto exchanges, by rule, from 1990 on."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from functools import lru_cache

FIRST_YEAR = 1990
LAST_YEAR = 2045
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6

_US_CLOSURES = frozenset(
    dt.date.fromisoformat(text)
    for text in (
        "1994-04-27",
        "2001-09-11",
        "2001-09-12",
        "2001-09-13",
        "2001-09-14",
        "2004-06-11",
        "2007-01-02",
        "2012-10-29",
        "2012-10-30",
        "2018-12-05",
        "2025-01-09",
    )
)
_CA_CLOSURES = frozenset((dt.date(2001, 9, 11), dt.date(2001, 9, 12)))


def _find_weekday(year: int, month: int, weekday: int, nth: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _find_easter(year: int) -> dt.date:
    golden, century = year % 19, year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = epact - (epact // 28) * (1 - (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    offset = moon - weekday
    month = 3 + (offset + 40) // 44
    return dt.date(year, month, offset + 28 - 31 * (month // 4))


def _observe_nearest(day: dt.date) -> dt.date:
    if day.weekday() == SATURDAY:
        return day - dt.timedelta(days=1)
    return day + dt.timedelta(days=1) if day.weekday() == SUNDAY else day


def _observe_next(day: dt.date, taken: set[dt.date]) -> dt.date:
    while day.weekday() >= SATURDAY or day in taken:
        day += dt.timedelta(days=1)
    return day


def _list_us_holidays(year: int) -> set[dt.date]:
    holidays = {
        _find_weekday(year, 2, MONDAY, 3),
        _find_easter(year) - dt.timedelta(days=2),
        _find_weekday(year, 6, MONDAY, 1) - dt.timedelta(days=7),
        _observe_nearest(dt.date(year, 7, 4)),
        _find_weekday(year, 9, MONDAY, 1),
        _find_weekday(year, 11, THURSDAY, 4),
        _observe_nearest(dt.date(year, 12, 25)),
    }
    new_year = dt.date(year, 1, 1)
    if new_year.weekday() != SATURDAY:  # a Saturday new year is not observed in New York
        holidays.add(_observe_nearest(new_year))
    if year >= 1998:
        holidays.add(_find_weekday(year, 1, MONDAY, 3))
    if year >= 2022:
        holidays.add(_observe_nearest(dt.date(year, 6, 19)))
    return holidays


def _list_ca_holidays(year: int) -> set[dt.date]:
    victoria = dt.date(year, 5, 24)
    holidays = {
        _find_easter(year) - dt.timedelta(days=2),
        victoria - dt.timedelta(days=victoria.weekday()),
        _find_weekday(year, 8, MONDAY, 1),
        _find_weekday(year, 9, MONDAY, 1),
        _find_weekday(year, 10, MONDAY, 2),
    }
    if year >= 2008:
        holidays.add(_find_weekday(year, 2, MONDAY, 3))
    for month, day in ((1, 1), (7, 1), (12, 25), (12, 26)):
        holidays.add(_observe_next(dt.date(year, month, day), holidays))
    return holidays


class SessionCalendar:
    """Sessions of one country's exchanges as day ordinals (`date.toordinal()`)."""

    def __init__(self, country: str) -> None:
        rule, closures = (_list_ca_holidays, _CA_CLOSURES) if country == "CA" else (_list_us_holidays, _US_CLOSURES)
        days: list[int] = []
        for year in range(FIRST_YEAR, LAST_YEAR + 1):
            holidays = rule(year) | closures
            first, last = dt.date(year, 1, 1).toordinal(), dt.date(year, 12, 31).toordinal()
            skipped = {day.toordinal() for day in holidays}
            days.extend(day for day in range(first, last + 1) if (day + 6) % 7 < SATURDAY and day not in skipped)
        self.days = days
        self._known = frozenset(days)

    def holds(self, day: int) -> bool:
        """Whether the day is a session."""
        return day in self._known

    def latest_at(self, day: int) -> int:
        """The last session on or before the day; the very first one for a day before it."""
        return self.days[max(0, bisect_right(self.days, day) - 1)]

    def latest_before(self, day: int) -> int:
        """The last session before the day; the very first one where there is none before."""
        return self.days[max(0, bisect_left(self.days, day) - 1)]

    def next_at(self, day: int) -> int:
        """The first session on or after the day."""
        return self.days[bisect_left(self.days, day)]

    def between(self, first: int, last: int) -> list[int]:
        """Sessions from first to last, both included, oldest first."""
        return self.days[bisect_left(self.days, first) : bisect_right(self.days, last)]


@lru_cache(maxsize=2)
def open_calendar(country: str) -> SessionCalendar:
    """The calendar of `CA`, or of the United States for any other country."""
    return SessionCalendar(country)
