"""view_builder in this process, for tests: its application over a real database, and the end of its builds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from pydantic import SecretStr

from sra_shared.kit.db import Pool
from sra_shared.kit.settings import DatabaseSettings, LakeSettings, ServiceSettings
from sra_testing.timings import QUICK
from sra_testing.waiting import wait_for
from view_builder.main import make_app

VIEWS_TOKEN = "service-token-of-the-tests"
_OPEN_WORK = """
SELECT count(*) FROM (
  SELECT FROM completion_inbox WHERE handled_at IS NULL
  UNION ALL SELECT FROM task_execution_log WHERE task_type = 'view_build' AND status IN ('queued', 'running', 'parked')
) w
"""
_BUILDS = "SELECT count(*) FROM task_execution_log WHERE task_type = 'view_build'"


@asynccontextmanager
async def serve_views(database: str, *, lake: LakeSettings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Run the service, with a lake if it has settings, and yield a client with its token."""
    app = make_app(
        DatabaseSettings(database_url=SecretStr(database), db_pool_min_size=1, db_pool_max_size=8),
        ServiceSettings(sra_service_token=SecretStr(VIEWS_TOKEN)),
        lake=lake,
        timing=QUICK,
    )
    headers = {"Authorization": f"Bearer {VIEWS_TOKEN}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://views", headers=headers, timeout=60) as client,
    ):
        yield client


async def count_open_work(pool: Pool) -> int:
    """Return the events that no finished build handled and the builds that are not finished."""
    found: int = await pool.fetchval(_OPEN_WORK)
    return found


async def count_builds(pool: Pool) -> int:
    """Return all builds that were requested."""
    found: int = await pool.fetchval(_BUILDS)
    return found


async def wait_until_idle(pool: Pool) -> None:
    """Wait until at least one build has finished and nothing is left to build."""

    async def look() -> bool:
        return await count_open_work(pool) == 0 and await count_builds(pool) > 0

    await wait_for(look, what="the end of all builds", seconds=180)
