"""The unified refresh: order, independent failures, the two-of-three rule, retries, cancel, one at a time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI

from gateway.refresh.steps import PollTiming
from sra_cli.app import run
from sra_shared.kit.db import Pool
from sra_testing.gateway_lab import (
    BUILD,
    DAILY,
    DATA,
    QUOTES,
    SERVICE_TOKEN,
    TIMING,
    WEEKLY,
    Lab,
    mark_weekly_done,
)
from sra_testing.waiting import wait_for

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def pool(lab_pool: Pool) -> Pool:
    return lab_pool


@pytest_asyncio.fixture(loop_scope="module")
async def lab(lab: Lab) -> Lab:
    await mark_weekly_done(lab.dsn)
    return lab


def statuses(refresh: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: step["status"] for step in refresh["steps"]}


async def test_steps_run_in_order_and_report_their_counts(lab: Lab, pool: Pool) -> None:
    done = await lab.refresh()
    assert done["status"] == "completed"
    assert statuses(done) == dict.fromkeys(["fmp", "fundata_data", "fundata_quotes", "views"], "completed")
    ingests = [kind for kind in lab.script.started if kind is not BUILD]
    assert ingests == [DAILY, DATA, QUOTES]
    fmp = done["steps"][0]
    assert fmp["datasets"] == [
        {
            "dataset": "daily_quotes records",
            "read": 10,
            "stored": 10,
            "unchanged": 0,
            "duplicate": 0,
            "rejected": 0,
            "rejected_by": {},
            "warnings_by": {},
        }
    ]
    assert done["steps"][3]["datasets"] == []
    assert done["seconds"] > 0
    metrics = await pool.fetchval(
        "SELECT performance_metrics FROM task_execution_log WHERE task_type = 'unified_refresh'"
    )
    assert metrics["target_seconds"] == 7200
    assert metrics["within_window"] is True
    targets = {step: rate["target_per_minute"] for step, rate in metrics["rates"].items()}
    assert targets == {"fmp": 1000, "fundata_data": 5000, "fundata_quotes": 10000}
    # every completion of its runs is in a build that the views step waited for
    left = await pool.fetchval(
        "SELECT count(*) FROM completion_outbox o LEFT JOIN completion_inbox i USING (event_id) WHERE i.handled_at IS NULL"
    )
    assert left == 0


async def test_weekly_fundamentals_are_included_on_request(lab: Lab) -> None:
    done = await lab.refresh(weekly=True)
    assert [kind for kind in lab.script.started if kind is not BUILD] == [DAILY, WEEKLY, DATA, QUOTES]
    assert len(done["steps"][0]["datasets"]) == 2


async def test_a_failed_source_is_retried_and_does_not_affect_the_others(lab: Lab) -> None:
    lab.script.ends[DAILY] = ["failed"]
    done = await lab.refresh()
    assert done["status"] == "partial"
    assert statuses(done) == {
        "fmp": "failed",
        "fundata_data": "completed",
        "fundata_quotes": "completed",
        "views": "completed",
    }
    assert lab.script.started.count(DAILY) == 2
    assert "scripted to fail" in done["steps"][0]["error"]


async def test_a_step_that_recovers_counts_in_full(lab: Lab) -> None:
    lab.script.ends[DATA] = ["failed", "completed"]
    done = await lab.refresh()
    assert done["status"] == "completed"
    assert done["steps"][1]["attempt"] == 2


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({DATA: "failed"}, "partial"),
        ({DAILY: "failed", BUILD: "failed"}, "failed"),
        ({DAILY: "skipped"}, "completed"),
        pytest.param({DATA: "failed", DAILY: "failed"}, "failed", marks=pytest.mark.faults),
        pytest.param({DAILY: "partial"}, "partial", marks=pytest.mark.faults),
        pytest.param({DAILY: "skipped", QUOTES: "failed"}, "failed", marks=pytest.mark.faults),
        pytest.param({DATA: "held"}, "partial", marks=pytest.mark.faults),
    ],
)
async def test_two_of_three(lab: Lab, ends: dict[Any, str], expected: str) -> None:
    lab.script.ends.update({kind: [end] for kind, end in ends.items()})
    done = await lab.refresh()
    assert done["status"] == expected, statuses(done)
    if ends.get(DAILY) == "skipped":
        assert statuses(done)["fmp"] == "skipped"
        assert "no settings" in done["steps"][0]["error"]


async def test_a_parked_run_ends_its_step_at_once(lab: Lab) -> None:
    lab.script.ends[DAILY] = ["parked"]
    done = await lab.refresh()
    assert done["status"] == "partial"
    assert statuses(done)["fmp"] == "parked"
    assert "resumes automatically" in done["steps"][0]["error"]
    assert lab.script.started.count(DAILY) == 1


async def test_one_source_alone_builds_the_views(lab: Lab) -> None:
    done = await lab.refresh(sources=["fundata"])
    assert list(statuses(done)) == ["fundata_data", "fundata_quotes", "views"]
    alone = await lab.refresh(sources=["views"])
    assert statuses(alone) == {"views": "completed"}


async def test_the_first_day_reaches_only_the_updates(lab: Lab) -> None:
    done = await lab.refresh(**{"from": "2025-11-03"})
    assert done["status"] == "completed"
    requested = lab.script.requested
    assert (requested[DATA], requested[QUOTES], requested[DAILY]) == (
        {"from": "2025-11-03"},
        {"from": "2025-11-03"},
        {},
    )
    await lab.refresh(sources=["fundata"])
    assert requested[DATA] == requested[QUOTES] == {}


def read_response(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The object that the command printed; the services of the lab write their logs into the same capture."""
    response: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return response


async def test_the_command_passes_the_first_day(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_URL", lab.url)
    monkeypatch.setenv("SRA_SERVICE_TOKEN", SERVICE_TOKEN)
    words = ["refresh", "--source", "fundata", "--from", "2025-11-03", "--wait", "--json"]
    assert await asyncio.to_thread(run, words) == 0
    assert read_response(capsys)["status"] == "completed"
    assert lab.script.requested[DATA] == {"from": "2025-11-03"}
    for wrong in (["--from", "2025-11-03"], ["--source", "fundata", "--from", "3/11/2025"]):
        assert await asyncio.to_thread(run, ["refresh", *wrong, "--json"]) == 5
        assert "--from" in read_response(capsys)["error"]


async def test_another_first_day_is_another_refresh(lab: Lab) -> None:
    lab.script.ends[DATA] = ["waits"]
    bodies = [{"sources": ["fundata"]} | ({"from": day} if day else {}) for day in (None, "2025-11-03", "2025-11-04")]
    ids = [(await lab.http.post("/refresh", json=body)).json()["refresh_id"] for body in [*bodies, *bodies]]
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3
    lab.script.go.set()
    for refresh_id in set(ids):
        await lab.finish(refresh_id)


@pytest.mark.parametrize(
    "body",
    [
        {"from": "yesterday"},
        {"from": "2025-02-30"},
        {"from": "2025-11-03T00:00:00"},
        {"from": 20251103},
        {"sources": ["fmp"], "from": "2025-11-03"},
    ],
)
async def test_an_invalid_or_unused_first_day_is_refused(lab: Lab, body: dict[str, Any]) -> None:
    response = await lab.http.post("/refresh", json=body)
    assert response.status_code == 422
    assert lab.script.started == []


async def test_hundred_triggers_make_one_refresh(lab: Lab, pool: Pool) -> None:
    lab.script.ends[DAILY] = ["waits"]
    bodies = [{"task_type": "unified_refresh", "parameters": {}}, {}]
    responses = await asyncio.gather(
        *(
            lab.http.post("/runs" if index % 2 == 0 else "/refresh", json=bodies[index % 2], timeout=60)
            for index in range(100)
        )
    )
    assert {response.status_code for response in responses} == {202}
    ids = {response.json().get("refresh_id") or response.json()["task_id"] for response in responses}
    assert len(ids) == 1
    assert sum(response.json()["created"] for response in responses) == 1
    lab.script.go.set()
    assert (await lab.finish(ids.pop()))["status"] == "completed"
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log WHERE task_type = 'unified_refresh'") == 1
    assert lab.script.started.count(DAILY) == 1


async def test_idempotency_key_with_another_body_is_a_conflict(lab: Lab) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await lab.http.post("/refresh", json={"sources": ["views"]}, headers=headers)
    again = await lab.http.post("/refresh", json={"sources": ["views"]}, headers=headers)
    assert again.json()["refresh_id"] == first.json()["refresh_id"]
    other = await lab.http.post("/refresh", json={"sources": ["fmp"]}, headers=headers)
    assert other.status_code == 409


async def test_cancel_reaches_the_child(lab: Lab, pool: Pool) -> None:
    lab.script.ends[DAILY] = ["waits"]
    refresh = await lab.trigger()
    await wait_for(lambda: _has_started(lab), what="the first step", seconds=20)
    response = await lab.http.post(f"/runs/{refresh['refresh_id']}/cancel")
    assert response.status_code == 202
    done = await lab.finish(refresh["refresh_id"])
    assert done["status"] == "cancelled"

    async def child_ended() -> bool:
        status = await pool.fetchval(
            "SELECT status FROM task_execution_log WHERE task_type = 'daily_quotes' ORDER BY scheduled_at DESC LIMIT 1"
        )
        return bool(status == "cancelled")

    await wait_for(child_ended, what="the child's end", seconds=30)
    assert DATA not in lab.script.started


async def _has_started(lab: Lab) -> bool:
    return DAILY in lab.script.started


async def test_an_unreachable_service_fails_only_its_step(lab: Lab) -> None:
    await lab.stop("fmp_ingest")
    await lab.stop("gateway")
    impatient = replace(TIMING, pace=PollTiming(poll=0.1, patience=1))
    await lab.start("gateway", lab.build_gateway(timing=impatient))
    done = await lab.refresh()
    assert done["status"] == "partial"
    assert statuses(done)["fmp"] == "failed"
    assert "fmp_ingest does not respond" in done["steps"][0]["error"]


async def test_another_program_at_a_services_address_is_polled_again(lab: Lab) -> None:
    await lab.stop("fmp_ingest")
    await lab.stop("gateway")
    stranger = FastAPI()
    requested: list[str] = []

    @stranger.api_route("/{path:path}", methods=["GET", "POST"])
    async def respond(path: str) -> dict[str, str]:
        requested.append(path)
        return {"hello": "nobody here knows runs"}

    await lab.start("fmp_ingest", stranger)
    impatient = replace(TIMING, pace=PollTiming(poll=0.1, patience=0.5))
    await lab.start("gateway", lab.build_gateway(timing=impatient))
    done = await lab.refresh()
    assert statuses(done)["fmp"] == "failed"
    assert done["steps"][0]["attempt"] == 2, "the second try was left out"
    assert "fmp_ingest returned status 200 without a run" in done["steps"][0]["error"]
    assert requested.count("runs") > 2


async def test_a_refresh_cannot_be_postponed(lab: Lab, pool: Pool) -> None:
    later = {"task_type": "unified_refresh", "scheduled_at": "2030-01-01T00:00:00Z"}
    response = await lab.http.post("/runs", json=later)
    assert response.status_code == 422
    assert "REFRESH_CRON" in response.json()["next_step"]
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log WHERE task_type = 'unified_refresh'") == 0
    now = {"task_type": "unified_refresh", "scheduled_at": datetime.now(UTC).isoformat()}
    response = await lab.http.post("/runs", json=now)
    assert response.status_code == 202
    assert (await lab.finish(response.json()["task_id"]))["status"] == "completed"


@pytest.mark.parametrize(("status", "shown"), [("queued", "queued"), ("cancelled", "cancelled")])
async def test_steps_are_there_before_a_worker_plans_them(lab: Lab, pool: Pool, status: str, shown: str) -> None:
    refresh_id = await pool.fetchval(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, parameters)"
        " VALUES (gen_random_uuid(), 'unified_refresh', $1, 'of the test', $2) RETURNING task_id",
        status,
        {"sources": ["fundata", "views"]},
    )
    found = await lab.read(str(refresh_id))
    assert statuses(found) == dict.fromkeys(["fundata_data", "fundata_quotes", "views"], shown)


async def test_a_restarted_service_continues_the_same_run(lab: Lab, pool: Pool) -> None:
    lab.script.ends[DAILY] = ["waits"]
    refresh = await lab.trigger()
    await wait_for(lambda: _has_started(lab), what="the first step", seconds=20)
    await lab.stop("fmp_ingest")
    lab.script.go.set()
    await lab.start("fmp_ingest")
    done = await lab.finish(refresh["refresh_id"])
    assert done["status"] == "completed"
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log WHERE task_type = 'daily_quotes'") == 1


async def test_an_overdue_refresh_is_flagged_and_continues(lab: Lab, pool: Pool) -> None:
    lab.script.ends[DAILY] = ["waits"]
    refresh = await lab.trigger()
    await wait_for(lambda: _has_started(lab), what="the first step", seconds=20)
    await pool.execute(
        "UPDATE task_execution_log SET started_at = now() - interval '3 hours' WHERE task_type = 'unified_refresh'"
    )

    async def overdue() -> bool:
        return bool((await lab.read(refresh["refresh_id"]))["overdue"])

    await wait_for(overdue, what="the flag", seconds=20)
    lab.script.go.set()
    done = await lab.finish(refresh["refresh_id"])
    assert done["status"] == "completed"
    assert done["overdue"] is True
    assert done["performance_metrics"]["within_window"] is False
