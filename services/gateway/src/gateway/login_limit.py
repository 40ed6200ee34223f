"""The limit on failed logins; gateways share it through the database, and each keeps its own while that is down."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from sra_shared.kit.database.locks import name_bucket, take_lock
from sra_shared.kit.db import OUTAGE_ERRORS, Pool
from sra_shared.service import FailureLimit

COUNT_SECONDS = 2.0

SQL_WAIT = """
SELECT ceil(extract(epoch FROM failed_at + $3::interval - clock_timestamp()))::int FROM login_failure
WHERE address = $1 AND failed_at > clock_timestamp() - $3::interval ORDER BY failed_at DESC OFFSET $2 - 1 LIMIT 1
"""
SQL_NOTE = "INSERT INTO login_failure (address, failed_at) VALUES ($1, clock_timestamp()) RETURNING failure_id"


@dataclass(frozen=True)
class Attempt:
    """An attempt that was allowed: it counts as failed from its beginning until it is forgiven."""

    address: str
    failure_id: int | None


class LoginLimit:
    """Limits the failed attempts of an address, including concurrent ones, and returns how long to wait."""

    def __init__(self, *, failures: int = 10, seconds: float = 300) -> None:
        self._own = FailureLimit(failures=failures, seconds=seconds)

    async def begin(self, pool: Pool, address: str) -> Attempt | int:
        """Count an attempt before it is made and return it, or return the seconds until the next one is allowed."""
        wait = self._own.record(address)
        if wait:
            return wait
        try:
            async with asyncio.timeout(COUNT_SECONDS):
                shared = await self._count(pool, hash_address(address))
        except (*OUTAGE_ERRORS, asyncpg.PostgresError):
            return Attempt(address, None)
        if isinstance(shared, timedelta):
            return max(int(shared.total_seconds()), 1)
        return Attempt(address, shared)

    async def uncount(self, pool: Pool, attempt: Attempt) -> None:
        """Uncount an attempt that did not fail."""
        self._own.uncount(attempt.address)
        if attempt.failure_id is None:
            return
        try:
            async with asyncio.timeout(COUNT_SECONDS):
                await pool.execute("DELETE FROM login_failure WHERE failure_id = $1", attempt.failure_id)
        except (*OUTAGE_ERRORS, asyncpg.PostgresError):
            # the attempt counts for a few minutes, which does not affect a logged-in user
            return

    async def _count(self, pool: Pool, address: bytes) -> int | timedelta:
        """Return the number of the attempt, or how long to wait; deletes attempts that are too old to count."""
        window = timedelta(seconds=self._own.seconds)
        async with pool.acquire() as connection, connection.transaction():
            # concurrent attempts are counted one after the other
            await take_lock(connection, name_bucket("login", address))
            wait = await connection.fetchval(SQL_WAIT, address, self._own.failures, window)
            if wait:
                return timedelta(seconds=wait)
            await connection.execute("DELETE FROM login_failure WHERE failed_at < now() - $1::interval", window)
            failure_id: int = await connection.fetchval(SQL_NOTE, address)
            return failure_id


def hash_address(address: str) -> bytes:
    """Return the hash under which the database stores an address."""
    return hashlib.blake2b(address.encode(), digest_size=16).digest()
