"""The queue's tables are those that the installed library would create."""

from __future__ import annotations

import asyncpg
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries

from sra_shared.kit.db import Pool
from sra_shared.runs.jobs import library_settings, make_fenced_queries

pytestmark = pytest.mark.versions


async def test_library_finds_nothing_to_change(database: str) -> None:
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(database)
    queries: Queries = make_fenced_queries(AsyncpgDriver(connection))
    plan = await queries.plan_upgrade()
    await connection.close()
    assert list(plan.statements) == []


async def test_the_library_takes_no_name_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = library_settings()
    for name in ("QUEUE_TABLE", "CHANNEL", "FUNCTION", "TRIGGER", "PGQUEUER_PREFIX", "PGQUEUER_SCHEMA", "DURABILITY"):
        monkeypatch.setenv(name, "volatile")
    library_settings.cache_clear()
    assert library_settings() == expected


async def test_queue_announces_jobs_on_our_channel(pool: Pool) -> None:
    source = await pool.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'fn_pgqueuer_changed'")
    assert f"'{library_settings().channel}'" in source
