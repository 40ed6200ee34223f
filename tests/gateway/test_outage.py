"""An outage of PostgreSQL during a refresh: the page shows it, /health responds, and the refresh ends after the recovery."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.migrate import upgrade_database
from sra_testing.gateway_lab import DATA, SERVICE_TOKEN, SHORT_GRACE, Lab, mark_weekly_done, open_lab
from sra_testing.waiting import wait_for
from sra_testing.webhook import Receiver, open_webhook


@pytest.mark.faults
async def test_a_database_outage_during_a_refresh(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, options={"fsync": "off"})
    server.start()
    try:
        dsn = server.build_dsn()
        await upgrade_database(dsn)
        await mark_weekly_done(dsn)
        async with open_webhook() as hook, open_lab(dsn, timing=SHORT_GRACE, alert_webhook_url=hook.url) as lab:
            await _lose_database(lab, server, hook)
    finally:
        server.stop()


async def _lose_database(lab: Lab, server: EmbeddedPostgres, hook: Receiver) -> None:
    # a service that responds slowly meanwhile is a separate incident
    hook.refuses_once = "The database is down"
    first = await lab.refresh()
    lab.script.ends[DATA] = ["waits"]
    refresh = await lab.trigger()

    async def step_began() -> bool:
        return lab.script.started.count(DATA) == 2

    await wait_for(step_began, what="the second step", seconds=20)
    async with httpx.AsyncClient(base_url=lab.url, headers={"Accept": "text/html"}, trust_env=False) as browser:
        await browser.post("/login", data={"token": SERVICE_TOKEN})
        server.stop()

        async def is_reported() -> str | None:
            page = await browser.get("/", timeout=10)
            assert page.status_code == 200
            return page.text if re.search(r"database since \d{4}-", page.text) else None

        page = await wait_for(is_reported, what="the alarm", seconds=30)
        assert page is not None
        assert "check that it is running" in page
        # what was known of the refreshes is still there
        assert first["refresh_id"] in page

        async def unwell() -> bool:
            return bool((await lab.http.get("/health")).json()["status"] == "unhealthy")

        await wait_for(unwell, what="the report of bad health", seconds=20)
        for _ in range(10):
            # it responds without the database: the client would not wait for that
            health = await lab.http.get("/health")
            assert health.status_code == 200
            assert health.json()["status"] == "unhealthy"
        # the webhook refused it: the alert is sent once the database can store it
        await hook.wait_for("The database is down")
        await asyncio.to_thread(_start_again, server)
        lab.script.go.set()

        async def ended() -> str | None:
            response = await lab.http.get(f"/refresh/{refresh['refresh_id']}")
            status = response.json()["status"]
            return str(status) if response.is_success and status not in ("queued", "running") else None

        assert await wait_for(ended, what="the end of the refresh", seconds=90) == "completed"

        async def well() -> bool:
            return "database since" not in (await browser.get("/", timeout=10)).text

        await wait_for(well, what="the end of the alarm", seconds=20)
    await hook.wait_for("recovered", "the database responds again")
    assert [len(hook.find(words)) for words in ("The database is down", "the database responds again")] == [2, 1]
    incidents = (await lab.http.get("/alerts")).json()["incidents"]
    assert [one["subject"] for one in incidents if one["kind"] == "database_down"] == ["database"]
    # a step that was under way is done once
    assert lab.script.started.count(DATA) == 2


def _start_again(server: EmbeddedPostgres) -> None:
    port = server.port
    server.start()
    assert server.port == port, "the test cannot continue at another address"
