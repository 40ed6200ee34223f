"""The account's remaining quota: the vendor's limits as it reports them, shared by all processes, and when to resume."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import asyncpg

from sra_shared.kit.db import Pool
from sra_shared.kit.errors import RunParkedError

DAY, BANDWIDTH = "day", "bandwidth"
DAY_AFTER = timedelta(minutes=3)
PROBE_EVERY = timedelta(minutes=15)
BANDWIDTH_PAUSE = timedelta(hours=6)
_EPISODE_GAP = timedelta(minutes=10)
_WRITE_SECONDS = 5.0

# an old limit response does not count towards these three minutes
SQL_LIMIT = """
UPDATE fmp_quota SET limited_at = clock_timestamp(), limited_since = CASE
  WHEN limited_at > clock_timestamp() - $1::interval THEN coalesce(limited_since, clock_timestamp())
  ELSE clock_timestamp() END
RETURNING limited_since, parked_until, reason, clock_timestamp() AS now
"""
SQL_SUCCESS = """
UPDATE fmp_quota SET limited_since = NULL, parked_until = NULL, reason = NULL, last_success_at = clock_timestamp()
WHERE limited_since IS NOT NULL OR reason IS NOT NULL OR last_success_at IS NULL
   OR last_success_at < clock_timestamp() - interval '1 minute'
"""
SQL_PARK = """
UPDATE fmp_quota SET parked_until = $1, reason = $2 WHERE parked_until IS NULL OR parked_until <= clock_timestamp()
"""
SQL_READ = "SELECT parked_until, reason, clock_timestamp() AS now FROM fmp_quota"


def next_midnight(now: datetime) -> datetime:
    """Return the next UTC midnight after `now`."""
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)


class AccountQuota(Protocol):
    """The known state of an account's quota; each `record_` method may raise RunParkedError."""

    async def check(self) -> bool:
        """Return whether the account must be probed, since it may have no quota left."""

    async def record_success(self) -> None:
        """Record that a call returned data."""

    async def record_limit(self) -> None:
        """Record that a call met the limit."""

    async def record_bandwidth(self) -> None:
        """Record that the 30-day bandwidth is used up."""


class Quota:
    """Distinguishes the minute's limit from the day's: after three minutes without any success it is the day's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._is_limited = True
        self._written_at = float("-inf")

    async def check(self) -> bool:
        """Raise RunParkedError while the account is known to have no quota left; return whether it must be probed."""
        row = await self._pool.fetchrow(SQL_READ)
        if row is None:
            return False
        _raise_park(row)
        return row["reason"] is not None

    async def record_success(self) -> None:
        """Record that a call returned data."""
        now = time.monotonic()
        if not self._is_limited and now - self._written_at < _WRITE_SECONDS:
            return
        self._is_limited, self._written_at = False, now
        await self._pool.execute(SQL_SUCCESS)

    async def record_limit(self) -> None:
        """Record that a call met the limit; raises RunParkedError if the account is parked, or if it must be the day's limit."""
        self._is_limited = True
        row = await self._pool.fetchrow(SQL_LIMIT, _EPISODE_GAP)
        if row is None:
            return
        # a call in flight when the account was parked is not a probe
        _raise_park(row)
        now: datetime = row["now"]
        if row["reason"] == DAY:
            await self.park(DAY, now + PROBE_EVERY)
        if now - row["limited_since"] >= DAY_AFTER:
            await self.park(DAY, next_midnight(now))

    async def record_bandwidth(self) -> None:
        """Record that the 30-day bandwidth is used up; raises RunParkedError."""
        self._is_limited = True
        await self.park(BANDWIDTH, datetime.now(UTC) + BANDWIDTH_PAUSE)

    async def park(self, reason: str, until: datetime) -> None:
        """Stop all processes from calling until `until`, or until the time of an earlier park; raises RunParkedError."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL_PARK, until, reason)
            row = await connection.fetchrow(SQL_READ)
        if row is not None:
            _raise_park(row)
        raise make_park(reason, until)


def _raise_park(row: asyncpg.Record) -> None:
    if row["parked_until"] is not None and row["parked_until"] > row["now"]:
        raise make_park(row["reason"], row["parked_until"])


def make_park(reason: str, until: datetime) -> RunParkedError:
    """Return the error of an account that has no quota left until then."""
    what = "30-day bandwidth" if reason == BANDWIDTH else "call quota"
    return RunParkedError(
        f"FMP's {what} is used up.",
        until=until,
        next_step=f"The run resumes automatically at {until:%Y-%m-%d %H:%M} UTC.",
    )
