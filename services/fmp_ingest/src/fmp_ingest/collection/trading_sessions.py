"""Trading sessions of the two markets, from the file of their holidays that the calendar library wrote."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError

FIRST_DAY, LAST_DAY = date(1950, 1, 1), date(2060, 12, 31)
"""The days that `market_days.csv` covers."""
TIMEZONES = {"NYSE": "America/New_York", "TSX": "America/Toronto"}
REGULAR_CLOSE = time(16)
_SATURDAY = 5


def list_sessions(first: date, last: date) -> list[tuple[str, date, datetime]]:
    """Return market, session and close (aware) of every session from `first` to `last`.

    Days before 1950 have no sessions here. Raises ConfigError for days after 2060.
    """
    if last > LAST_DAY:
        raise ConfigError(
            f"The exchanges' calendars end on {LAST_DAY}, but {last} was requested.",
            next_step="Request earlier days, or install a newer version of SRA Data.",
        )
    exceptions = _read_exceptions()
    return [
        (market, day, datetime.combine(day, close, ZoneInfo(zone)))
        for market, zone in TIMEZONES.items()
        for day in _list_weekdays(max(first, FIRST_DAY), last)
        if (close := exceptions.get((market, day), REGULAR_CLOSE)) is not None
    ]


def _list_weekdays(first: date, last: date) -> Iterator[date]:
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return (day for day in days if day.weekday() < _SATURDAY)


@cache
def _read_exceptions() -> dict[tuple[str, date], time | None]:
    """Return, by market and weekday, the local time of an early close, or None if the market is closed."""
    text = resources.files("fmp_ingest").joinpath("market_days.csv").read_text(encoding="utf-8")
    return {
        (row["exchange"], date.fromisoformat(row["day"])): time.fromisoformat(row["close"]) if row["close"] else None
        for row in csv.DictReader(text.splitlines())
    }


_DAY_ZERO = date(2000, 1, 1)
SQL_SUM_UP = """
SELECT exchange, count(*), sum(day), sum(day::bigint * day)::bigint, sum(minute)::bigint
FROM (SELECT exchange, session_date - date '2000-01-01' AS day, floor(extract(epoch FROM close_at) / 60)::bigint AS minute
      FROM market_session WHERE session_date BETWEEN $1 AND $2) AS stored
GROUP BY exchange
"""
"""Sums that differ whenever a session or its close differs."""
SQL_COVERED = "SELECT min(session_date) AS first, max(session_date) AS last FROM market_session"
# a market may be closed on a day for which its calendar had a session before
SQL_STORE = """
WITH given AS (SELECT * FROM unnest($1::text[], $2::date[], $3::timestamptz[]) AS g (exchange, session_date, close_at)),
gone AS (
  DELETE FROM market_session m WHERE m.session_date BETWEEN $4 AND $5
  AND NOT EXISTS (SELECT FROM given g WHERE (g.exchange, g.session_date) = (m.exchange, m.session_date)))
INSERT INTO market_session AS m (exchange, session_date, close_at) SELECT * FROM given
ON CONFLICT (exchange, session_date) DO UPDATE SET close_at = excluded.close_at
WHERE m.close_at <> excluded.close_at
"""


@lru_cache(maxsize=8)
def _sum_up(first: date, last: date) -> dict[str, tuple[int, int, int, int]]:
    """Return what `SQL_SUM_UP` finds once the sessions of these days are stored."""
    sums: dict[str, tuple[int, int, int, int]] = {}
    for market, day, close_at in list_sessions(first, last):
        count, days, squares, minutes = sums.get(market, (0, 0, 0, 0))
        number = (day - _DAY_ZERO).days
        minute = int(close_at.timestamp()) // 60
        sums[market] = (count + 1, days + number, squares + number * number, minutes + minute)
    return sums


async def store_sessions(connection: Connection, *, today: date, years: int) -> None:
    """Store the sessions of the last `years` and of those ahead, as far as the calendars know them."""
    await _store_between(connection, date(today.year - years - 1, 1, 1), date(today.year + 1, 12, 31))


async def cover_days(connection: Connection, first: date, last: date) -> None:
    """Store the sessions of the years of these days if some are missing, and those between, so that no gap remains."""
    row = await connection.fetchrow(SQL_COVERED)
    known = (row["first"], row["last"]) if row is not None and row["first"] is not None else None
    # a year may begin and end with days off
    if known is not None and known[0] <= date(first.year, 1, 7) and last <= known[1] + timedelta(days=7):
        return
    first = min(first, known[0]) if known else first
    last = max(last, known[1]) if known else last
    await _store_between(connection, date(first.year, 1, 1), date(last.year, 12, 31))


async def _store_between(connection: Connection, first: date, last: date) -> None:
    wanted = await asyncio.to_thread(_sum_up, first, last)
    stored = {row["exchange"]: tuple(row)[1:] for row in await connection.fetch(SQL_SUM_UP, first, last)}
    # nearly always true, because every run checks
    if stored == wanted:
        return
    rows = await asyncio.to_thread(list_sessions, first, last)
    columns = ([row[position] for row in rows] for position in range(3))
    await connection.execute(SQL_STORE, *columns, first, last)
