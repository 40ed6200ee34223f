"""Cached responses: the same key, the newest body, removed after they expire."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from sra_shared.kit.database.cache import DatabaseCache, make_cache_key
from sra_shared.kit.db import Pool

DAY = timedelta(days=1)


async def test_a_body_is_kept_until_it_expires(pool: Pool) -> None:
    cache = DatabaseCache(pool)
    assert await cache.get("fmp:etf/info?symbol=XIU") is None
    await cache.put("fmp:etf/info?symbol=XIU", "[1.10]", lifetime=DAY)
    await cache.put("fmp:etf/info?symbol=XIC", "[2]", lifetime=DAY)
    assert await cache.get("fmp:etf/info?symbol=XIU") == "[1.10]"
    await pool.execute("UPDATE cached_answer SET expires_at = now() WHERE body = '[1.10]'")
    assert await cache.get("fmp:etf/info?symbol=XIU") is None
    assert await cache.prune() == 1
    assert await pool.fetchval("SELECT count(*) FROM cached_answer") == 1


async def test_the_newest_body_is_kept_among_all_writers(pool: Pool) -> None:
    cache = DatabaseCache(pool)
    await asyncio.gather(*(cache.put("k", "old", lifetime=DAY) for _ in range(8)))
    await cache.put("k", "new", lifetime=DAY)
    assert await cache.get("k") == "new"


async def test_a_lifetime_of_zero_is_refused(pool: Pool) -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        await DatabaseCache(pool).put("k", "[]", lifetime=timedelta())


def test_key_follows_the_request_and_stays_short() -> None:
    assert make_cache_key("fmp", "p", {"b": "2", "a": "1&c=3"}) == make_cache_key("fmp", "p", {"a": "1&c=3", "b": "2"})
    assert make_cache_key("fmp", "p", {"a": "1&b=2"}) != make_cache_key("fmp", "p", {"a": "1", "b": "2"})
    long = [make_cache_key("fmp", "p", {"symbols": "X," * size}) for size in (1000, 1001)]
    assert long[0] != long[1]
    assert max(map(len, long)) < 100
