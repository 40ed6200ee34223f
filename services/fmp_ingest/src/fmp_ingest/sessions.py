"""Trading sessions of the two markets, from the calendar library."""

from __future__ import annotations

import asyncio
import warnings
from datetime import date, datetime, timedelta

from sra_shared.db import Connection

_CALENDARS = {"NYSE": "XNYS", "TSX": "XTSE"}


def list_sessions(first: date, last: date) -> list[tuple[str, date, datetime]]:
    """Return market, session and close (aware) of every session from `first` to `last`; slow at its first call."""
    # the library brings pandas along, which would double the start time of the service
    import exchange_calendars  # noqa: PLC0415

    rows: list[tuple[str, date, datetime]] = []
    with warnings.catch_warnings():
        # the two libraries disagree about names that will go; nothing of that is ours to mend
        warnings.simplefilter("ignore")
        for market, code in _CALENDARS.items():
            calendar = exchange_calendars.get_calendar(code, start=str(first), end=str(last))
            closes = calendar.schedule.loc[str(first) : str(last), "close"]
            rows += [(market, session.date(), close.to_pydatetime()) for session, close in closes.items()]
    return rows


SQL_COVERED = "SELECT min(session_date) AS first, max(session_date) AS last FROM market_session"
# a market may be closed on a day that its calendar had for a session before
SQL_STORE = """
WITH given AS (SELECT * FROM unnest($1::text[], $2::date[], $3::timestamptz[]) AS g (exchange, session_date, close_at)),
gone AS (
  DELETE FROM market_session m WHERE m.session_date BETWEEN $4 AND $5
  AND NOT EXISTS (SELECT FROM given g WHERE (g.exchange, g.session_date) = (m.exchange, m.session_date)))
INSERT INTO market_session AS m (exchange, session_date, close_at) SELECT * FROM given
ON CONFLICT (exchange, session_date) DO UPDATE SET close_at = excluded.close_at
WHERE m.close_at <> excluded.close_at
"""


async def store_sessions(connection: Connection, *, today: date, years: int) -> None:
    """Store the sessions of the last `years` and of those ahead, as far as the calendars know them."""
    await _store_between(connection, date(today.year - years - 1, 1, 1), date(today.year + 1, 12, 31))


async def cover_days(connection: Connection, first: date, last: date) -> None:
    """Store the sessions of the years of these days where some of them are not stored; those between stay without a gap."""
    row = await connection.fetchrow(SQL_COVERED)
    known = (row["first"], row["last"]) if row is not None and row["first"] is not None else None
    # a year may begin and end with days off
    if known is not None and known[0] <= date(first.year, 1, 7) and last <= known[1] + timedelta(days=7):
        return
    first = min(first, known[0]) if known else first
    last = max(last, known[1]) if known else last
    await _store_between(connection, date(first.year, 1, 1), date(last.year, 12, 31))


async def _store_between(connection: Connection, first: date, last: date) -> None:
    rows = await asyncio.to_thread(list_sessions, first, last)
    columns = ([row[position] for row in rows] for position in range(3))
    await connection.execute(SQL_STORE, *columns, first, last)
