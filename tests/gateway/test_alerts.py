"""Alerts: one message per incident, tried again until the webhook takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response

from sra_cli.postgres import find_free_port
from sra_shared.db import Pool
from sra_testing.gateway_lab import DAILY, mark_weekly_done, open_lab, serve_app
from sra_testing.waiting import wait_for


@asynccontextmanager
async def open_webhook(answers: list[int]) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook that answers with these statuses, the last one for ever; yields its address and what it got."""
    app = FastAPI()
    got: list[dict[str, Any]] = []

    @app.post("/hook")
    async def take(request: Request) -> Response:
        got.append(await request.json())
        return Response(status_code=answers.pop(0) if len(answers) > 1 else answers[0])

    port = find_free_port()
    async with serve_app(app, port):
        yield f"http://127.0.0.1:{port}/hook", got


async def test_a_partial_refresh_is_told_once_by_two_gateways(database: str, pool: Pool) -> None:
    await mark_weekly_done(database)
    async with open_webhook([200]) as (url, got), open_lab(database, alert_webhook_url=url) as lab:
        other = find_free_port()
        async with serve_app(lab.build_gateway(alert_webhook_url=url), other):
            lab.script.ends[DAILY] = ["failed"]
            done = await lab.refresh()
            assert done["status"] == "partial"

            async def told() -> bool:
                return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM alert WHERE delivered_at IS NOT NULL)"))

            await wait_for(told, what="the alert", seconds=20)
            lab.script.ends[DAILY] = ["completed"]
            assert (await lab.refresh())["status"] == "completed"
    assert len(got) == 1
    assert "ended partial" in got[0]["text"]
    assert "fmp: failed" in got[0]["text"]
    assert done["refresh_id"] in got[0]["text"]


async def test_an_alert_that_was_not_taken_is_sent_again(database: str, pool: Pool) -> None:
    await mark_weekly_done(database)
    async with open_webhook([500, 200]) as (url, got), open_lab(database, alert_webhook_url=url) as lab:
        lab.script.ends[DAILY] = ["failed"]
        await lab.refresh(sources=["fmp"])

        async def refused() -> bool:
            # the next try is minutes away: the test makes it due
            await pool.execute("UPDATE alert SET next_attempt_at = now() WHERE last_error IS NOT NULL")
            return len(got) > 1

        await wait_for(refused, what="the second try", seconds=20)

        async def delivered() -> bool:
            return bool(await pool.fetchval("SELECT bool_and(delivered_at IS NOT NULL) FROM alert"))

        await wait_for(delivered, what="the delivery", seconds=20)
    row = await pool.fetchrow("SELECT attempts, last_error, kind FROM alert")
    assert row is not None
    assert (row["attempts"], row["last_error"], row["kind"]) == (2, None, "failed")
