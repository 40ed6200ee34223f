"""What the account has left: the vendor's limits as it tells them, kept for all processes, and when to go on."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sra_shared.db import Pool
from sra_shared.errors import RunParkedError

DAY_AFTER = timedelta(minutes=3)
PROBE_EVERY = timedelta(minutes=15)
BANDWIDTH_PAUSE = timedelta(hours=6)
_WRITE_SECONDS = 5.0

SQL_SUCCESS = """
UPDATE fmp_quota SET limited_since = NULL, parked_until = NULL, reason = NULL, last_success_at = clock_timestamp()
WHERE limited_since IS NOT NULL OR reason IS NOT NULL OR last_success_at IS NULL
   OR last_success_at < clock_timestamp() - interval '1 minute'
"""
SQL_LIMIT = """
UPDATE fmp_quota SET limited_since = coalesce(limited_since, clock_timestamp())
RETURNING limited_since, reason, clock_timestamp() AS now
"""


def next_midnight(now: datetime) -> datetime:
    """Return the next UTC midnight after `now`."""
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)


class Quota:
    """Tells the minute's limit from the day's: three minutes without any success make it the day's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._is_limited = True
        self._written_at = float("-inf")

    async def check(self) -> None:
        """Raise RunParkedError while the account is known to have nothing left."""
        row = await self._pool.fetchrow("SELECT parked_until, reason, clock_timestamp() AS now FROM fmp_quota")
        if row is not None and row["parked_until"] is not None and row["parked_until"] > row["now"]:
            raise _park(row["reason"], row["parked_until"])

    async def note_success(self) -> None:
        """A call brought data."""
        now = time.monotonic()
        if not self._is_limited and now - self._written_at < _WRITE_SECONDS:
            return
        self._is_limited, self._written_at = False, now
        await self._pool.execute(SQL_SUCCESS)

    async def note_limit(self) -> None:
        """A call met the limit; raises RunParkedError where it must be the day's."""
        self._is_limited = True
        row = await self._pool.fetchrow(SQL_LIMIT)
        if row is None:
            return
        now: datetime = row["now"]
        if row["reason"] is not None:
            # the park is over, and this was the probe
            await self.park("day", now + PROBE_EVERY)
        if now - row["limited_since"] >= DAY_AFTER:
            await self.park("day", next_midnight(now))

    async def note_bandwidth(self) -> None:
        """The bandwidth of thirty days is spent; raises RunParkedError."""
        await self.park("bandwidth", datetime.now(UTC) + BANDWIDTH_PAUSE)

    async def park(self, reason: str, until: datetime) -> None:
        """Keep all processes from calling before `until`; always raises RunParkedError."""
        self._is_limited = True
        await self._pool.execute("UPDATE fmp_quota SET parked_until = $1, reason = $2", until, reason)
        raise _park(reason, until)


def _park(reason: str, until: datetime) -> RunParkedError:
    what = "bandwidth of thirty days" if reason == "bandwidth" else "quota of calls"
    return RunParkedError(
        f"FMP's {what} is spent.", until=until, next_step=f"The run goes on by itself at {until:%Y-%m-%d %H:%M} UTC."
    )
