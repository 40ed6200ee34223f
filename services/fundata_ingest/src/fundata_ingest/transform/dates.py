"""Delivered dates: ISO 8601 with or without time, and slashed dates with the month first if the catalogue allows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

import polars as pl

from fundata_ingest.catalogue import DateFormat
from fundata_ingest.transform.numbers import BLANKS, CACHED_LENGTH, NULL_WORDS

_ISO = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_MONTH_FIRST = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.]([0-9]+))?)?(?: ([AP]M))?)?",
    re.IGNORECASE,
)
# A date outside these bounds is a placeholder (`0001-01-01`, `9999-12-31`).
_EARLIEST_DAY = date(1800, 1, 1)
_MOST_YEARS_AHEAD = 100
_NO_OFFSET = frozenset({"", "Z", "+00", "+0000", "+00:00", "-00", "-0000", "-00:00"})


@dataclass(frozen=True)
class ParsedDate:
    """One delivered date: its day (None for none or unreadable), its form in the hash, whether it is unreadable.

    The form in the hash is the ISO date, with the time only if that is not midnight UTC.
    """

    day: date | None
    canonical: str
    bad: bool


@dataclass(frozen=True)
class DateColumn:
    """A column of delivered dates: `day` Date, `canonical` String without nulls, `bad` Boolean, None if none is bad.

    A date out of bounds is bad, and keeps its canonical form, which must not depend on the day of the load.
    """

    day: pl.Series
    canonical: pl.Series
    bad: pl.Series | None


def parse_date(text: str, formats: tuple[DateFormat, ...]) -> ParsedDate:
    """Read one delivered date by the given formats; any text is allowed."""
    return _parse_cached(text, formats) if len(text) <= CACHED_LENGTH else _parse(text, formats)


def _parse(text: str, formats: tuple[DateFormat, ...]) -> ParsedDate:
    stripped = text.strip(BLANKS)
    if stripped.upper() in NULL_WORDS:
        return ParsedDate(None, "", bad=False)
    for name in formats:
        parsed = _READERS[name](stripped)
        if parsed is not None:
            day, clock = parsed
            return ParsedDate(day, day.isoformat() + clock, bad=False)
    return ParsedDate(None, text, bad=True)


_parse_cached = lru_cache(maxsize=65_536)(_parse)


def _read_iso(text: str) -> tuple[date, str] | None:
    match = _ISO.fullmatch(text)
    if match is None or (text[4] == "-") != (match.end(2) < match.start(3)):
        return None
    return _make(match[1], match[2], match[3], (match[4], match[5], match[6], match[7]), match[8])


def _read_month_first(text: str) -> tuple[date, str] | None:
    match = _MONTH_FIRST.fullmatch(text)
    if match is None:
        return None
    hour = match[4]
    if match[8]:
        if not 1 <= int(hour) <= 12:
            return None
        hour = str(int(hour) % 12 + (12 if match[8].upper() == "PM" else 0))
    return _make(match[3], match[1], match[2], (hour, match[5], match[6], match[7]), None)


def _make(year: str, month: str, day: str, clock: Sequence[str | None], offset: str | None) -> tuple[date, str] | None:
    hour, minute, second, fraction = (part or "" for part in clock)
    try:
        made = date(int(year), int(month), int(day))
        time(int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    fraction = fraction.rstrip("0")
    moment = f"{int(hour or 0):02d}:{int(minute or 0):02d}:{int(second or 0):02d}" + (
        f".{fraction}" if fraction else ""
    )
    zone = "" if (offset or "") in _NO_OFFSET else offset or ""
    return made, "" if moment == "00:00:00" and not zone else f"T{moment}{zone}"


_READERS: dict[DateFormat, Callable[[str], tuple[date, str] | None]] = {
    "iso": _read_iso,
    "month_first": _read_month_first,
}


def add_years(day: date, years: int) -> date:
    """Return the same day this many years later; 28 February if the 29th does not exist."""
    return date(day.year + years, day.month, min(day.day, 28) if day.month == 2 else day.day)


def is_within_bounds(days: pl.Series, today: date) -> pl.Series:
    """Return which rows of a Date column hold a day that counts as a date."""
    return days.is_between(_EARLIEST_DAY, add_years(today, _MOST_YEARS_AHEAD)).fill_null(value=False)


def type_dates(column: pl.Series, formats: tuple[DateFormat, ...], today: date) -> DateColumn:
    """Read a String column without nulls, as parse_date does; dates outside 1800 to a hundred years after `today` are bad."""
    texts = column.unique().to_list()
    if not texts:
        return DateColumn(pl.Series(column.name, [], dtype=pl.Date), column, None)
    parsed = [parse_date(text, formats) for text in texts]
    days = pl.Series([p.day for p in parsed], dtype=pl.Date)
    kept = is_within_bounds(days, today)
    day = column.replace_strict(texts, days.set(~kept, None), return_dtype=pl.Date)
    changed = {text: p.canonical for text, p in zip(texts, parsed, strict=True) if p.canonical != text}
    canonical = column.replace(changed) if changed else column
    bad = [text for text, p, keep in zip(texts, parsed, kept, strict=True) if p.bad or (p.day is not None and not keep)]
    return DateColumn(day, canonical, column.is_in(bad) if bad else None)
