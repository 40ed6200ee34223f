"""Gateways that die, overlap and restart: the refresh continues, and no step starts twice."""

from __future__ import annotations

import signal
from typing import Any

import httpx
import pytest

from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool
from sra_shared.runs import TaskType
from sra_testing.gateway_lab import BUILD, DAILY, DATA, QUOTES, SERVICE, Lab, mark_weekly_done
from sra_testing.gateway_process import run_gateway_process
from sra_testing.waiting import wait_for

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def pool(lab_pool: Pool) -> Pool:
    return lab_pool


async def wait_for_health(lab: Lab) -> None:
    async def responds() -> bool:
        try:
            return (await lab.http.get("/ready")).is_success
        except httpx.TransportError:
            return False

    # a process that starts on a machine with ten times the work that it can do reads its modules for half a minute
    await wait_for(responds, what="the gateway's start")


@pytest.mark.faults
async def test_a_gateway_killed_in_every_step_continues_without_starting_any_twice(services: Lab, pool: Pool) -> None:
    await mark_weekly_done(services.dsn)
    steps: list[TaskType] = [DAILY, DATA, QUOTES, BUILD]
    services.script.ends.update({step: ["waits"] for step in steps})
    refresh: dict[str, Any] = {}
    for step in steps:

        async def step_began(step: TaskType = step) -> bool:
            return step in services.script.started

        with run_gateway_process(services) as gateway:
            await wait_for_health(services)
            refresh = refresh or await services.trigger()
            await wait_for(step_began, what=f"step {step}", seconds=60)
            gateway.send_signal(signal.SIGKILL)
            gateway.wait()
        # it ends while no gateway polls
        services.script.released.add(step)
    with run_gateway_process(services):
        await wait_for_health(services)
        done = await services.finish(refresh["refresh_id"], seconds=90)
    assert done["status"] == "completed"
    assert [one["status"] for one in done["steps"]] == ["completed"] * 4
    assert [one["attempt"] for one in done["steps"]] == [1] * 4
    assert [kind for kind in services.script.started if kind is not BUILD] == [DAILY, DATA, QUOTES]
    # the step followed one build, which completions had started: it started none itself
    assert len(done["steps"][3]["runs"]) == 1
    own_builds = "SELECT count(*) FROM task_execution_log WHERE task_type = 'view_build' AND parent_id IS NOT NULL"
    assert await pool.fetchval(own_builds) == 0
    taken = await pool.fetch(
        "SELECT run_id, count(*) AS n, count(DISTINCT build_id) AS builds FROM completion_inbox GROUP BY 1"
    )
    assert [(row["n"], row["builds"]) for row in taken] == [(1, 1)] * 3, "a completion was built twice or not at all"
    rows = await pool.fetch(
        "SELECT task_type, count(*) AS n FROM task_execution_log WHERE parent_id IS NOT NULL GROUP BY 1"
    )
    assert {row["task_type"]: row["n"] for row in rows if row["task_type"] != BUILD} == {DAILY: 1, DATA: 1, QUOTES: 1}
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log WHERE task_type = 'unified_refresh'") == 1


async def test_a_gateway_killed_during_the_build_that_it_started_starts_no_other(services: Lab, pool: Pool) -> None:
    await mark_weekly_done(services.dsn)
    services.script.ends[BUILD] = ["waits"]

    async def build_began() -> bool:
        return BUILD in services.script.started

    with run_gateway_process(services) as gateway:
        await wait_for_health(services)
        refresh = await services.trigger(sources=["views"])
        await wait_for(build_began, what="the build", seconds=60)
        gateway.send_signal(signal.SIGKILL)
        gateway.wait()
    services.script.released.add(BUILD)
    with run_gateway_process(services):
        await wait_for_health(services)
        done = await services.finish(refresh["refresh_id"], seconds=90)
    assert done["status"] == "completed"
    assert services.script.started == [BUILD]
    builds = await pool.fetch("SELECT status, parent_id FROM task_execution_log WHERE task_type = 'view_build'")
    assert [(row["status"], str(row["parent_id"])) for row in builds] == [("completed", refresh["refresh_id"])]


@pytest.mark.faults
async def test_a_gateway_that_stops_hands_its_refresh_over(services: Lab, pool: Pool) -> None:
    await mark_weekly_done(services.dsn)
    services.script.ends[DATA] = ["waits"]

    async def step_began() -> bool:
        return DATA in services.script.started

    other = find_free_port()
    with run_gateway_process(services) as first, run_gateway_process(services, port=other):
        await wait_for_health(services)
        refresh = await services.trigger()
        await wait_for(step_began, what="the second step", seconds=40)
        first.send_signal(signal.SIGTERM)
        assert first.wait(25) == 0
        services.script.go.set()

        async def ended() -> str | None:
            status: str = await pool.fetchval(
                "SELECT status FROM task_execution_log WHERE task_id = $1", refresh["refresh_id"]
            )
            return status if status not in ("queued", "running") else None

        assert await wait_for(ended, what="the end of the refresh", seconds=60) == "completed"
        async with httpx.AsyncClient(headers=SERVICE, trust_env=False) as http:
            shown = (await http.get(f"http://127.0.0.1:{other}/refresh/{refresh['refresh_id']}")).json()
    assert [one["status"] for one in shown["steps"]] == ["completed"] * 4
    assert services.script.started.count(DATA) == 1


async def test_two_gateways_fire_a_due_slot_once(services: Lab, pool: Pool) -> None:
    await mark_weekly_done(services.dsn)
    await pool.execute(
        "INSERT INTO schedule_state (schedule, created_at) VALUES ('daily', now() - interval '3 hours'),"
        " ('weekly', now())"
    )
    every_hour = {"REFRESH_CRON": "0 * * * *"}
    with (
        run_gateway_process(services, **every_hour),
        run_gateway_process(services, port=find_free_port(), **every_hour),
    ):
        await wait_for_health(services)

        async def fired() -> bool:
            return bool(
                await pool.fetchval(
                    "SELECT EXISTS (SELECT FROM task_execution_log WHERE task_type = 'unified_refresh'"
                    " AND status = 'completed')"
                )
            )

        await wait_for(fired, what="the slot's refresh", seconds=60)
    slots = await pool.fetch("SELECT slot, task_id FROM schedule_slot")
    runs = await pool.fetchval("SELECT count(*) FROM task_execution_log WHERE task_type = 'unified_refresh'")
    # the hour may turn while the test runs
    assert len(slots) == runs <= 2
    assert services.script.started.count(DAILY) == runs
