"""Alerts: one message per incident and one for its end, tried again until a real HTTP receiver takes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.alerts.active_problems import read_standalone_runs
from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool
from sra_shared.runs import TaskType
from sra_testing.command_line import carry_out
from sra_testing.gateway_lab import DAILY, DATA, SERVICE_TOKEN, SHORT_GRACE, Lab, mark_weekly_done, serve_app
from sra_testing.waiting import wait_for
from sra_testing.webhook import open_webhook

PUBLIC = "https://data.example.test"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def pool(lab_pool: Pool) -> Pool:
    return lab_pool


async def wait_until_all_are_delivered(pool: Pool, *, number: int) -> None:
    async def delivered() -> bool:
        row = await pool.fetchrow(
            "SELECT count(*) FILTER (WHERE delivered_at IS NULL) AS open, count(*) AS n FROM alert"
        )
        return row is not None and row["open"] == 0 and row["n"] >= number

    await wait_for(delivered, what="the delivery", seconds=20)


async def wait_until_nothing_runs(pool: Pool) -> None:
    async def is_idle() -> bool:
        query = "SELECT NOT EXISTS (SELECT FROM task_execution_log WHERE status IN ('queued', 'running'))"
        return bool(await pool.fetchval(query))

    await wait_for(is_idle, what="the end of every run")


async def test_a_bad_refresh_and_the_next_good_one_are_reported_once_by_two_gateways(services: Lab, pool: Pool) -> None:
    await mark_weekly_done(services.dsn)
    async with open_webhook() as hook:
        settings = {"alert_webhook_url": hook.url, "dashboard_url": PUBLIC}
        async with services.run_gateway(**settings) as lab, serve_app(lab.build_gateway(**settings), find_free_port()):
            lab.script.ends[DAILY] = ["failed"]
            done = await lab.refresh()
            assert done["status"] == "partial"
            await hook.wait_for("finished with status partial")
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


async def test_an_unaccepted_alert_is_sent_again(services: Lab, pool: Pool) -> None:
    await mark_weekly_done(services.dsn)
    async with open_webhook(500, 200) as hook, services.run_gateway(alert_webhook_url=hook.url) as lab:
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


@pytest.mark.faults
async def test_an_unreachable_service_and_its_recovery_are_each_reported_once(services: Lab, pool: Pool) -> None:
    names = ("fmp_ingest", "fundata_ingest", "view_builder")
    async with open_webhook() as hook:
        settings: dict[str, Any] = {"alert_webhook_url": hook.url, "timing": SHORT_GRACE}
        async with (
            services.run_gateway(**settings) as lab,
            serve_app(lab.build_gateway(**settings), find_free_port()),
        ):
            for name in names:
                await lab.stop(name)
                result = await hook.wait_for(f"{name} is down")
                assert "check that it is running" in result
                await wait_for_page(lab, f"{name} since", there=True)
            # a gateway that starts now finds the same incidents, and since when they last
            await lab.stop("gateway")
            await lab.start("gateway", lab.build_gateway(**settings))
            began = await pool.fetchval("SELECT min(began_at) FROM incident")

            async def remembers() -> bool:
                report = (await lab.http.get("/status")).json()
                since = {part["name"]: part["since"] for part in report["services"]}
                return bool(str(since["fmp_ingest"])[:19] == began.isoformat()[:19])

            await wait_for(remembers, what="the memory of the new gateway", seconds=20)
            for name in names:
                await lab.start(name)
                await hook.wait_for("recovered", f"{name} responds again")
                await wait_for_page(lab, f"{name} since", there=False)
        await wait_until_all_are_delivered(pool, number=6)
    assert len(hook.texts) == 6
    assert await pool.fetchval("SELECT count(*) FROM incident WHERE ended_at IS NULL") == 0


async def wait_for_page(lab: Lab, alarm: str, *, there: bool) -> None:
    """Return once the page, which stays available, has such an alarm with a time and a next step, or no longer has it."""

    async def is_reported() -> bool:
        page = await lab.http.get("/")
        assert page.status_code == 200
        alarms = re.findall(r"<li>(.*?)</li>", page.text, re.DOTALL)
        found = [text for text in alarms if re.search(re.escape(alarm) + r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)]
        # a page that was read before the refresh ended says what to do first
        assert all(re.search(r"\b[Cc]heck |start one", text) for text in found), found
        return bool(found) == there

    await wait_for(is_reported, what=f"{'the' if there else 'the end of the'} alarm {alarm!r}", seconds=20)


@pytest.mark.parametrize("task_type", ["fmp_backfill", "view_build"])
async def test_work_that_continues_by_itself_and_fails_is_reported_until_it_runs_well(
    services: Lab, pool: Pool, task_type: str
) -> None:
    async def put_run(status: str, message: str | None = None) -> str:
        return str(
            await pool.fetchval(
                "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, completed_at, error_details)"
                " VALUES (gen_random_uuid(), $1, $2::text, gen_random_uuid()::text, 'fmp',"
                " CASE WHEN $2 IN ('failed', 'completed') THEN now() END, $3) RETURNING task_id",
                task_type,
                status,
                [{"message": message}] if message else [],
            )
        )

    failed = await put_run("failed", "The disk is full.")
    async with open_webhook() as hook, services.run_gateway(alert_webhook_url=hook.url, dashboard_url=PUBLIC):
        result = await hook.wait_for(f"Run {task_type} failed. The disk is full.")
        assert f"./sra runs show {failed}" in result
        # another active run ends nothing, and another failure is the same incident
        again = await put_run("running")
        await pool.execute("UPDATE task_execution_log SET status = 'parked' WHERE task_id = $1::uuid", again)
        await put_run("completed")
        await hook.wait_for("recovered", f"{task_type} completes again")
        await wait_until_all_are_delivered(pool, number=2)
    assert len(hook.texts) == 2


async def test_a_custom_receiver_gets_plain_json(services: Lab, pool: Pool) -> None:
    async with (
        open_webhook() as hook,
        services.run_gateway(alert_webhook_url=hook.url, alert_form="json", dashboard_url=PUBLIC) as lab,
    ):
        response = await lab.http.post("/alerts/test")
        assert response.json()["delivered"] is True
    (message,) = hook.messages
    assert message == {
        "kind": "test",
        "text": "SRA Data: this is a test alert. Nothing is wrong.",
        "url": f"{PUBLIC}/",
    }


async def test_build_that_a_refresh_waited_for_is_reported_by_the_refresh_alone(pool: Pool) -> None:
    build = await pool.fetchval(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, completed_at)"
        " VALUES (gen_random_uuid(), 'view_build', 'failed', 'b', 'views', now()) RETURNING task_id"
    )
    async with pool.acquire() as connection:
        assert [run.task_id for run in await read_standalone_runs(connection)] == [build]
        refresh = await connection.fetchval(
            "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, completed_at)"
            " VALUES (gen_random_uuid(), 'unified_refresh', 'partial', 'r', 'gateway', now()) RETURNING task_id"
        )
        await connection.execute(
            "INSERT INTO run_unit (task_id, unit, dataset, status, resume) VALUES ($1, 'views', '', 'failed', $2)",
            refresh,
            {"children": [{"task_id": str(build), "status": "failed"}]},
        )
        assert await read_standalone_runs(connection) == []


async def test_rejects_over_the_limit_and_late_data_are_reported_and_withdrawn(services: Lab, pool: Pool) -> None:
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
    async with open_webhook() as hook, services.run_gateway(alert_webhook_url=hook.url, dashboard_url=PUBLIC):
        result = await hook.wait_for("fundata_data rejected 7 of the 1,000")
        assert f"{PUBLIC}/ui/rejects?run_id=" in result
        assert "0.70%" in result
        result = await hook.wait_for("fmp quote is stale")
        assert "2026-01-06 was expected" in result
        # since the first of what is missing was expected
        assert "Since 2026-01-03 03:00 UTC." in result
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


async def test_datasets_that_become_stale_together_are_one_message(services: Lab, pool: Pool) -> None:
    async with open_webhook() as hook, services.run_gateway(alert_webhook_url=hook.url):
        await put_freshness(pool, quote=True, splits=True, peers=True)
        result = await hook.wait_for("3 datasets are stale. Check the last refresh")
        for name in ("quote", "splits", "peers"):
            assert f"• fmp {name}, since 2026-01-03 03:00 UTC" in result
        await put_freshness(pool, quote=True, splits=False, peers=False)
        result = await hook.wait_for("fmp peers, fmp splits are fresh again")
        await put_freshness(pool, quote=False, splits=False, peers=False)
        await hook.wait_for("fmp quote is fresh again")
        await wait_until_all_are_delivered(pool, number=3)
    assert len(hook.texts) == 3
    assert await pool.fetchval("SELECT count(*) FROM incident WHERE ended_at IS NOT NULL") == 3


async def test_a_refresh_that_only_a_quota_stopped_is_reported_as_parked(services: Lab, pool: Pool) -> None:
    await mark_weekly_done(services.dsn)
    async with open_webhook() as hook, services.run_gateway(alert_webhook_url=hook.url) as lab:
        lab.script.ends[DAILY] = ["parked"]
        assert (await lab.refresh())["status"] == "partial"
        await hook.wait_for("finished with status partial")
        # of the two that are left one is parked, so that it did not succeed
        assert (await lab.refresh(sources=["fmp"]))["status"] == "parked"
        result = await hook.wait_for("is parked: a vendor's quota is used up")
        assert "failed" not in result
        lab.script.ends[DAILY] = ["completed"]
        await pool.execute("UPDATE task_execution_log SET status = 'cancelled' WHERE status = 'parked'")
        await lab.refresh()
        await hook.wait_for("completed: recovered")
        await wait_until_all_are_delivered(pool, number=3)
    assert len(hook.texts) == 3


async def test_an_overdue_refresh_that_is_cancelled_recovers_with_the_next_one(services: Lab, pool: Pool) -> None:
    await mark_weekly_done(services.dsn)
    async with open_webhook() as hook, services.run_gateway(alert_webhook_url=hook.url) as lab:
        lab.script.ends[DAILY] = ["waits"]
        late = await lab.trigger()
        await pool.execute(
            "UPDATE task_execution_log SET scheduled_at = now() - interval '3 hours', started_at = now() - interval '3 hours'"
            " WHERE task_type = 'unified_refresh'"
        )
        await hook.wait_for("is overdue and still running")
        assert (await lab.http.post(f"/runs/{late['refresh_id']}/cancel")).status_code == 202
        assert (await lab.finish(late["refresh_id"]))["status"] == "cancelled"
        # the next refresh would join a run that is still being cancelled
        await wait_until_nothing_runs(pool)
        lab.script.ends[DAILY] = ["completed"]
        assert (await lab.refresh())["status"] == "completed"
        await hook.wait_for("completed: recovered")
        assert (await lab.refresh())["status"] == "completed"
        await wait_until_all_are_delivered(pool, number=2)
    assert len(hook.texts) == 2


async def call_alerts(lab: Lab, home: Path, *words: str) -> tuple[int, Any, str]:
    settings = {"GATEWAY_URL": lab.url, "SRA_SERVICE_TOKEN": SERVICE_TOKEN}
    return await carry_out("alerts", *words, "--home", str(home), settings=settings)


async def test_the_command_sends_a_test_message_and_lists_what_was_sent(services: Lab, tmp_path: Path) -> None:
    async with open_webhook(200, 500) as hook, services.run_gateway(alert_webhook_url=hook.url) as lab:
        assert (await call_alerts(lab, tmp_path, "test"))[:2] == (
            0,
            {"status": "completed", "delivered": True, "error": None},
        )
        assert "Nothing is wrong" in hook.texts[0]
        code, result, _ = await call_alerts(lab, tmp_path, "test")
        assert (code, result["error"]) == (1, "The webhook returned status 500.")
        code, result, _ = await call_alerts(lab, tmp_path)
        assert (code, result) == (0, {"webhook": True, "incidents": [], "alerts": []})
        await lab.stop("gateway")
        await lab.start("gateway", lab.build_gateway())
        code, result, reported = await call_alerts(lab, tmp_path, "test")
        assert code == 5
        assert "ALERT_WEBHOOK_URL" in reported


@pytest.mark.parametrize(
    ("kind", "vendor", "source"),
    [(DAILY, "FMP", "fmp"), pytest.param(DATA, "Fundata", "fundata", marks=pytest.mark.faults)],
)
async def test_a_vendor_outage_is_reported_once_with_its_start_and_the_next_step(
    services: Lab, pool: Pool, kind: TaskType, vendor: str, source: str
) -> None:
    await mark_weekly_done(services.dsn)
    async with open_webhook() as hook, services.run_gateway(alert_webhook_url=hook.url) as lab:
        lab.script.ends[kind] = ["failed"]
        first = await lab.refresh(sources=[source])
        result = await hook.wait_for("finished with status failed")
        assert "was scripted to fail" in result
        await wait_for_page(lab, f"{vendor} since", there=True)
        await lab.refresh(sources=[source])
        since = first["steps"][0]["completed_at"][:19]

        async def is_known() -> bool:
            parts = {part["name"]: part for part in (await lab.http.get("/status")).json()["sources"]}
            part = parts[vendor]
            return bool(part["status"] == "unhealthy" and part["since"].startswith(since))

        await wait_for(is_known, what=f"the alarm of {vendor}", seconds=20)
        page = (await lab.http.get("/")).text
        assert "was scripted to fail" in page
        assert "Check the vendor" in page
        lab.script.ends[kind] = ["completed"]
        await lab.refresh(sources=[source])
        await wait_for_page(lab, f"{vendor} since", there=False)
        await lab.refresh(sources=[source])
        await wait_until_all_are_delivered(pool, number=3)
    # one of each refresh that failed, and one of the first that did not
    assert [len(hook.find(words)) for words in ("finished with status failed", "completed: recovered")] == [2, 1]
    assert len(hook.texts) == 3
