"""Alerts: one message per incident and one for its end, tried again until a real HTTP receiver takes it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sra_cli.postgres import find_free_port
from sra_shared.db import Pool
from sra_shared.runs import TaskType
from sra_testing.gateway_lab import DAILY, DATA, SERVICE_TOKEN, Lab, mark_weekly_done, open_lab, serve_app
from sra_testing.waiting import wait_for
from sra_testing.webhook import open_webhook

PUBLIC = "https://data.example.test"


async def wait_until_all_are_delivered(pool: Pool, *, number: int) -> None:
    async def delivered() -> bool:
        row = await pool.fetchrow(
            "SELECT count(*) FILTER (WHERE delivered_at IS NULL) AS open, count(*) AS n FROM alert"
        )
        return row is not None and row["open"] == 0 and row["n"] >= number

    await wait_for(delivered, what="the delivery", seconds=20)


async def test_a_bad_refresh_and_the_next_good_one_are_told_once_by_two_gateways(database: str, pool: Pool) -> None:
    await mark_weekly_done(database)
    async with open_webhook() as hook:
        settings = {"alert_webhook_url": hook.url, "dashboard_url": PUBLIC}
        async with open_lab(database, **settings) as lab, serve_app(lab.build_gateway(**settings), find_free_port()):
            lab.script.ends[DAILY] = ["failed"]
            done = await lab.refresh()
            assert done["status"] == "partial"
            await hook.wait_for("ended partial")
            lab.script.ends[DAILY] = ["completed"]
            # a refresh of less than the bad one is no recovery
            assert (await lab.refresh(sources=["views"]))["status"] == "completed"
            good = [(await lab.refresh())["refresh_id"] for _ in range(2)]
            await hook.wait_for("recovered")
            await wait_until_all_are_delivered(pool, number=2)
    assert len(hook.texts) == 2
    assert "fmp: failed" in hook.texts[0]
    assert f"{PUBLIC}/ui/refresh/{done['refresh_id']}" in hook.texts[0]
    assert f"{PUBLIC}/ui/refresh/{good[0]}" in hook.texts[1]


async def test_an_alert_that_was_not_taken_is_sent_again(database: str, pool: Pool) -> None:
    await mark_weekly_done(database)
    async with open_webhook(500, 200) as hook, open_lab(database, alert_webhook_url=hook.url) as lab:
        lab.script.ends[DAILY] = ["failed"]
        await lab.refresh(sources=["fmp"])

        async def refused() -> bool:
            # the next try is minutes away: the test makes it due
            await pool.execute("UPDATE alert SET next_attempt_at = now() WHERE last_error IS NOT NULL")
            return len(hook.texts) > 1

        await wait_for(refused, what="the second try", seconds=20)
        await wait_until_all_are_delivered(pool, number=1)
    row = await pool.fetchrow("SELECT attempts, last_error, kind FROM alert")
    assert row is not None
    assert (row["attempts"], row["last_error"], row["kind"]) == (2, None, "failed")


async def test_each_silent_service_is_told_once_over_restarts_and_its_return_once(database: str, pool: Pool) -> None:
    names = ("fmp_ingest", "fundata_ingest", "view_builder")
    async with open_webhook() as hook, open_lab(database, gateway=False, alert_webhook_url=hook.url) as lab:
        build = lab.build_gateway
        await lab.start("gateway", build(alert_webhook_url=hook.url))
        async with serve_app(build(alert_webhook_url=hook.url), find_free_port()):
            for name in names:
                await lab.stop(name)
                told = await hook.wait_for(f"{name} is down")
                assert "look whether it runs" in told
                await wait_for_page(lab, f"{name} since", there=True)
            # a gateway that starts now finds the same incidents, and since when they last
            await lab.stop("gateway")
            await lab.start("gateway", build(alert_webhook_url=hook.url))
            began = await pool.fetchval("SELECT min(began_at) FROM incident")

            async def remembers() -> bool:
                report = (await lab.http.get("/status")).json()
                since = {part["name"]: part["since"] for part in report["services"]}
                return bool(str(since["fmp_ingest"])[:19] == began.isoformat()[:19])

            await wait_for(remembers, what="the memory of the new gateway", seconds=20)
            for name in names:
                await lab.start(name)
                await hook.wait_for("recovered", f"{name} answers again")
                await wait_for_page(lab, f"{name} since", there=False)
        await wait_until_all_are_delivered(pool, number=6)
    assert len(hook.texts) == 6
    assert await pool.fetchval("SELECT count(*) FROM incident WHERE ended_at IS NULL") == 0


async def wait_for_page(lab: Lab, alarm: str, *, there: bool) -> None:
    """Return once the page, which opens all the while, has such an alarm with a time and what to do, or has it no more."""

    async def told() -> bool:
        page = await lab.http.get("/")
        assert page.status_code == 200
        alarms = re.findall(r"<li>(.*?)</li>", page.text, re.DOTALL)
        found = [text for text in alarms if re.search(re.escape(alarm) + r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)]
        assert all("look " in text for text in found), found
        return bool(found) == there

    await wait_for(told, what=f"{'the' if there else 'the end of the'} alarm {alarm!r}", seconds=20)


async def test_rejects_over_the_limit_and_late_data_are_told_and_taken_back(database: str, pool: Pool) -> None:
    await put_freshness(pool, quote=True)

    async def put_run(rejected: int) -> None:
        run = await pool.fetchval(
            "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, completed_at)"
            " VALUES (gen_random_uuid(), 'fundata_data', 'failed', gen_random_uuid()::text, 'fundata', now())"
            " RETURNING task_id"
        )
        await pool.execute(
            "INSERT INTO run_unit (task_id, unit, dataset, status, read_count, stored_count, rejected_count)"
            " VALUES ($1, 'x', 'FundGeneral', 'completed', 1000, 1000 - $2::bigint, $2)",
            run,
            rejected,
        )

    await put_run(7)
    async with open_webhook() as hook, open_lab(database, alert_webhook_url=hook.url, dashboard_url=PUBLIC):
        told = await hook.wait_for("fundata_data rejected 7 of the 1,000")
        assert f"{PUBLIC}/ui/rejects?run_id=" in told
        assert "0.70%" in told
        told = await hook.wait_for("fmp quote is stale")
        assert "2026-01-06 was expected" in told
        # since the first of what is missing was expected
        assert "Since 2026-01-03 03:00 UTC." in told
        await put_run(1)
        await hook.wait_for("recovered", "fundata_data rejects no more")
        await put_freshness(pool, quote=False)
        await hook.wait_for("recovered", "fmp quote is fresh again")
        await wait_until_all_are_delivered(pool, number=4)
    assert len(hook.texts) == 4


async def put_freshness(pool: Pool, **late: bool) -> None:
    """Have these FMP datasets be late or not."""
    rows = ", ".join(
        f"('fmp', '{name}', date '2026-01-0{5 if is_late else 6}', date '2026-01-06', timestamptz '2026-01-07 03:00Z',"
        f" {is_late}, timestamptz '2026-01-03 03:00Z')"
        for name, is_late in late.items()
    )
    columns = "source, dataset, newest_record, expected_record, expected_at, is_late, late_since"
    query = f"SELECT * FROM (VALUES {rows}) AS v ({columns})"  # noqa: S608 - texts of this test
    await pool.execute(f"CREATE OR REPLACE VIEW sra.data_freshness AS {query}")


async def test_what_gets_stale_together_is_told_in_one_message(database: str, pool: Pool) -> None:
    async with open_webhook() as hook, open_lab(database, alert_webhook_url=hook.url):
        await put_freshness(pool, quote=True, splits=True, peers=True)
        told = await hook.wait_for("3 datasets are stale. Look at the last refresh")
        for name in ("quote", "splits", "peers"):
            assert f"• fmp {name}, since 2026-01-03 03:00 UTC" in told
        await put_freshness(pool, quote=True, splits=False, peers=False)
        told = await hook.wait_for("fmp peers, fmp splits are fresh again")
        await put_freshness(pool, quote=False, splits=False, peers=False)
        await hook.wait_for("fmp quote is fresh again")
        await wait_until_all_are_delivered(pool, number=3)
    assert len(hook.texts) == 3
    assert await pool.fetchval("SELECT count(*) FROM incident WHERE ended_at IS NOT NULL") == 3


async def test_a_refresh_that_only_a_quota_stopped_is_told_as_parked(database: str, pool: Pool) -> None:
    await mark_weekly_done(database)
    async with open_webhook() as hook, open_lab(database, alert_webhook_url=hook.url) as lab:
        lab.script.ends[DAILY] = ["parked"]
        assert (await lab.refresh())["status"] == "partial"
        await hook.wait_for("ended partial")
        # of the two that are left one is parked, so that it did not succeed
        assert (await lab.refresh(sources=["fmp"]))["status"] == "parked"
        told = await hook.wait_for("is parked: a vendor's quota is spent")
        assert "failed" not in told
        lab.script.ends[DAILY] = ["completed"]
        await pool.execute("UPDATE task_execution_log SET status = 'cancelled' WHERE status = 'parked'")
        await lab.refresh()
        await hook.wait_for("completed: recovered")
        await wait_until_all_are_delivered(pool, number=3)
    assert len(hook.texts) == 3


async def test_an_overdue_refresh_that_is_cancelled_recovers_with_the_next_one(database: str, pool: Pool) -> None:
    await mark_weekly_done(database)
    async with open_webhook() as hook, open_lab(database, alert_webhook_url=hook.url) as lab:
        lab.script.ends[DAILY] = ["waits"]
        late = await lab.trigger()
        await pool.execute(
            "UPDATE task_execution_log SET scheduled_at = now() - interval '3 hours', started_at = now() - interval '3 hours'"
            " WHERE task_type = 'unified_refresh'"
        )
        await hook.wait_for("is overdue and goes on")
        assert (await lab.http.post(f"/runs/{late['refresh_id']}/cancel")).status_code == 202
        assert (await lab.finish(late["refresh_id"]))["status"] == "cancelled"
        lab.script.ends[DAILY] = ["completed"]
        assert (await lab.refresh())["status"] == "completed"
        await hook.wait_for("completed: recovered")
        assert (await lab.refresh())["status"] == "completed"
        await wait_until_all_are_delivered(pool, number=2)
    assert len(hook.texts) == 2


async def call_alerts(lab: Lab, home: Path, *words: str) -> tuple[int, Any, str]:
    environment = {**os.environ, "GATEWAY_URL": lab.url, "SRA_SERVICE_TOKEN": SERVICE_TOKEN}  # noqa: TID251
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "sra_cli", "alerts", *words, "--home", str(home), "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


async def test_the_command_sends_a_test_message_and_lists_what_was_told(database: str, tmp_path: Path) -> None:
    async with open_webhook(200, 500) as hook, open_lab(database, alert_webhook_url=hook.url) as lab:
        assert (await call_alerts(lab, tmp_path, "test"))[:2] == (
            0,
            {"status": "completed", "delivered": True, "error": None},
        )
        assert "Nothing is wrong" in hook.texts[0]
        code, result, _ = await call_alerts(lab, tmp_path, "test")
        assert (code, result["error"]) == (1, "The webhook answered 500.")
        code, result, _ = await call_alerts(lab, tmp_path)
        assert (code, result) == (0, {"webhook": True, "incidents": [], "alerts": []})
        await lab.stop("gateway")
        await lab.start("gateway", lab.build_gateway())
        code, result, told = await call_alerts(lab, tmp_path, "test")
        assert code == 5
        assert "ALERT_WEBHOOK_URL" in told


@pytest.mark.parametrize(("kind", "vendor", "source"), [(DAILY, "FMP", "fmp"), (DATA, "Fundata", "fundata")])
async def test_a_vendor_that_is_down_is_told_once_with_since_when_and_what_to_do(
    database: str, pool: Pool, kind: TaskType, vendor: str, source: str
) -> None:
    await mark_weekly_done(database)
    async with open_webhook() as hook, open_lab(database, alert_webhook_url=hook.url) as lab:
        lab.script.ends[kind] = ["failed"]
        first = await lab.refresh(sources=[source])
        told = await hook.wait_for("ended failed")
        assert "was told to fail" in told
        await wait_for_page(lab, f"{vendor} since", there=True)
        await lab.refresh(sources=[source])
        since = first["steps"][0]["completed_at"][:19]

        async def is_known() -> bool:
            parts = {part["name"]: part for part in (await lab.http.get("/status")).json()["sources"]}
            part = parts[vendor]
            return bool(part["status"] == "unhealthy" and part["since"].startswith(since))

        await wait_for(is_known, what=f"the alarm of {vendor}", seconds=20)
        page = (await lab.http.get("/")).text
        assert "was told to fail" in page
        assert "look at the vendor" in page
        lab.script.ends[kind] = ["completed"]
        await lab.refresh(sources=[source])
        await wait_for_page(lab, f"{vendor} since", there=False)
        await lab.refresh(sources=[source])
        await wait_until_all_are_delivered(pool, number=3)
    # one of each refresh that failed, and one of the first that did not
    assert [len(hook.find(words)) for words in ("ended failed", "completed: recovered")] == [2, 1]
    assert len(hook.texts) == 3
