"""The limit on failed logins, shared by all gateways through the database and kept by each while that is away."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict, deque
from datetime import timedelta

import asyncpg

from sra_shared.db import OUTAGE_ERRORS, Pool

_SECONDS = 2.0

SQL_WAIT = """
SELECT ceil(extract(epoch FROM failed_at + $3::interval - now()))::int FROM login_failure
WHERE address = $1 AND failed_at > now() - $3::interval ORDER BY failed_at DESC OFFSET $2 - 1 LIMIT 1
"""


class LoginLimit:
    """Counts failed logins per address and says how long to wait after too many."""

    def __init__(self, *, failures: int = 10, seconds: float = 300, addresses: int = 10_000) -> None:
        self._failures = failures
        self._seconds = seconds
        self._addresses = addresses
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    async def find_wait(self, pool: Pool, address: str) -> int:
        """Return the seconds until this address may try again; 0 where it may now."""
        own = self._find_own_wait(address)
        try:
            async with asyncio.timeout(_SECONDS), pool.acquire() as connection:
                shared = await connection.fetchval(
                    SQL_WAIT, hash_address(address), self._failures, timedelta(seconds=self._seconds)
                )
        except (*OUTAGE_ERRORS, asyncpg.PostgresError):
            return own
        return max(own, shared or 0)

    async def note_failure(self, pool: Pool, address: str) -> None:
        """Count a failed login; what is too old to count is forgotten."""
        self._note_own(address)
        try:
            async with asyncio.timeout(_SECONDS), pool.acquire() as connection:
                await connection.execute("INSERT INTO login_failure (address) VALUES ($1)", hash_address(address))
                await connection.execute(
                    "DELETE FROM login_failure WHERE failed_at < now() - $1::interval", timedelta(seconds=self._seconds)
                )
        except (*OUTAGE_ERRORS, asyncpg.PostgresError):
            return

    def _find_own_wait(self, address: str) -> int:
        seen = self._seen.get(address, deque())
        while seen and time.monotonic() - seen[0] > self._seconds:
            seen.popleft()
        return 0 if len(seen) < self._failures else int(self._seconds - (time.monotonic() - seen[0])) + 1

    def _note_own(self, address: str) -> None:
        self._seen.setdefault(address, deque(maxlen=self._failures)).append(time.monotonic())
        self._seen.move_to_end(address)
        while len(self._seen) > self._addresses:
            self._seen.popitem(last=False)


def hash_address(address: str) -> bytes:
    """Return what the database keeps of an address."""
    return hashlib.blake2b(address.encode(), digest_size=16).digest()
