"""Locks between our own transactions: rows of `sra_lock`, held until the transaction ends.

Only the owner of the tables may lock them. Advisory locks are open to every role of the server: the application's role
could hold one and block everything that waits for it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import asyncpg

from sra_shared.kit.db import Connection
from sra_shared.kit.errors import RetryableError

# longer than a session may idle in a transaction: a paused worker's locks are released before others give up
LOCK_SECONDS = 120.0
_BUCKETS = 256
# the server's own time-out comes first, because its error names the lock
_GRACE_SECONDS = 10.0

SQL_MAKE = """
INSERT INTO sra_lock (name) SELECT $1 WHERE NOT EXISTS (SELECT FROM sra_lock WHERE name = $1) ON CONFLICT DO NOTHING
"""
SQL_TRY = "SELECT true FROM sra_lock WHERE name = $1 FOR UPDATE SKIP LOCKED"


async def take_lock(connection: Connection, name: str, *, seconds: float = LOCK_SECONDS) -> None:
    """As `take_locks`, for one lock."""
    await take_locks(connection, [name], seconds=seconds)


async def take_locks(connection: Connection, names: Sequence[str], *, seconds: float = LOCK_SECONDS) -> None:
    """Take locks in the caller's transaction, always in the order of their names.

    Each name becomes a permanent row, so that values chosen by people or vendors must not be names; see `name_bucket`.
    Raises RetryableError that names the lock if another transaction holds one for `seconds`.
    """
    try:
        await connection.execute("SELECT sra_take_locks($1, $2)", names, seconds, timeout=seconds + _GRACE_SECONDS)
    except asyncpg.LockNotAvailableError as error:
        lock = names[0] if len(names) == 1 else f"{min(names)} to {max(names)}"
        raise RetryableError(
            f"Another transaction has held the lock {lock} for more than {seconds:g} s.",
            next_step="It is retried; pg_blocking_pids() for the waiting session shows the holder.",
        ) from error


async def try_lock(connection: Connection, name: str) -> bool:
    """Take a lock in the caller's transaction and return True, or return False at once if another transaction holds it."""
    await connection.execute(SQL_MAKE, name)
    return await connection.fetchval(SQL_TRY, name) is True


def name_bucket(kind: str, key: bytes) -> str:
    """Return the name of a lock for one of any number of keys; keys that share a bucket wait for each other."""
    return f"{kind}:{zlib.crc32(key) % _BUCKETS}"
