"""Responses of slow-changing endpoints, kept in PostgreSQL so that restarts and replicas do not request them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from sra_shared.kit.db import Pool

_LONGEST_KEY = 400

SQL_PUT = """
INSERT INTO cached_answer (cache_key, body, expires_at) VALUES ($1, $2, now() + $3::interval)
ON CONFLICT (cache_key) DO UPDATE SET body = excluded.body, stored_at = now(), expires_at = excluded.expires_at
"""


def make_cache_key(source: str, path: str, params: Mapping[str, str]) -> str:
    """Return the key of a request, of bounded length and independent of the order of the parameters."""
    key = f"{source}:{path}?{urlencode(sorted(params.items()))}"
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{source}:{hashlib.blake2b(key.encode(), digest_size=32).hexdigest()}"


class DatabaseCache:
    """Keeps bodies by key until they expire, by the database's clock; see `protocols.CacheManager`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, key: str) -> str | None:
        """Return the body stored under a key, or None if there is none or it has expired."""
        body: str | None = await self._pool.fetchval(
            "SELECT body FROM cached_answer WHERE cache_key = $1 AND expires_at > now()", key
        )
        return body

    async def put(self, key: str, body: str, *, lifetime: timedelta) -> None:
        """Store a body for `lifetime`, replacing any previous one; raises ValueError if `lifetime` is not positive."""
        if lifetime <= timedelta():
            raise ValueError(f"a response cannot be stored for {lifetime}")
        await self._pool.execute(SQL_PUT, key, body, lifetime)

    async def prune(self) -> int:
        """Delete expired responses and return their number."""
        tag = await self._pool.execute("DELETE FROM cached_answer WHERE expires_at <= now()")
        return int(tag.rsplit(" ", 1)[-1])
