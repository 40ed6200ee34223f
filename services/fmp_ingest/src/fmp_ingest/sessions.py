"""Trading sessions of the two markets, from the calendar library."""

from __future__ import annotations

import asyncio
import warnings
from datetime import date, datetime

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
            calendar = exchange_calendars.get_calendar(code, start=str(first))
            closes = calendar.schedule.loc[str(first) : str(last), "close"]
            rows += [(market, session.date(), close.to_pydatetime()) for session, close in closes.items()]
    return rows


async def store_sessions(connection: Connection, *, today: date, years: int) -> None:
    """Store the sessions of the last `years` and of those ahead, as far as the calendars know them."""
    first, last = date(today.year - years - 1, 1, 1), date(today.year + 1, 12, 31)
    rows = await asyncio.to_thread(list_sessions, first, last)
    await connection.execute(
        """
        INSERT INTO market_session AS m (exchange, session_date, close_at)
        SELECT * FROM unnest($1::text[], $2::date[], $3::timestamptz[])
        ON CONFLICT (exchange, session_date) DO UPDATE SET close_at = excluded.close_at
        WHERE m.close_at <> excluded.close_at
        """,
        *([row[position] for row in rows] for position in range(3)),
    )
