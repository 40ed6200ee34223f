"""Steps of unified_refresh_scheduler.feature, on a real database with real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from sra_shared.kit.db import open_connection
from sra_testing.gateway_lab import BUILD, DAILY, DATA, QUOTES, Lab, mark_weekly_done, open_lab
from sra_testing.waiting import wait_for

scenarios("unified_refresh_scheduler.feature")


@dataclass
class Stage:
    """A lab that sync steps use: its loop runs while a step waits."""

    runner: asyncio.Runner
    dsn: str
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    lab: Lab | None = None
    refresh: dict[str, Any] = field(default_factory=dict)

    @property
    def open_lab(self) -> Lab:
        assert self.lab is not None
        return self.lab

    def start(self, **schedule: Any) -> None:
        async def enter() -> Lab:
            await mark_weekly_done(self.dsn)
            return await self.stack.enter_async_context(open_lab(self.dsn, **schedule))

        self.lab = self.runner.run(enter())

    def read_row(self, query: str, *values: Any) -> Any:
        async def fetch() -> Any:
            connection = await open_connection(self.dsn, application_name="test")
            try:
                return await connection.fetchrow(query, *values)
            finally:
                await connection.close()

        return self.runner.run(fetch())


@pytest.fixture
def stage(database: str) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        stage = Stage(runner, database)
        yield stage
        runner.run(stage.stack.aclose())


@given("a gateway whose daily refresh is due at this hour")
def start_due(stage: Stage) -> None:
    stage.read_row(
        "INSERT INTO schedule_state (schedule, created_at) VALUES ('daily', now() - interval '90 minutes'),"
        " ('weekly', now()) RETURNING 1"
    )
    stage.start(refresh_cron="0 * * * *")


@given("a gateway with all sources in order")
def start_in_order(stage: Stage) -> None:
    stage.start()


@given(parsers.parse("a gateway with {source} out of order"))
def start_out_of_order(stage: Stage, source: str) -> None:
    stage.start()
    for kind in [DAILY] if source == "FMP" else [DATA, QUOTES]:
        stage.open_lab.script.ends[kind] = ["failed"]


@when("the slot has fired")
def wait_for_slot(stage: Stage) -> None:
    lab = stage.open_lab

    async def fired() -> str | None:
        found = (await lab.http.get("/refresh")).json()["refreshes"]
        return str(found[-1]["refresh_id"]) if found else None

    async def follow() -> dict[str, Any]:
        refresh_id = await wait_for(fired, what="the slot's refresh", seconds=30)
        assert refresh_id is not None
        return await lab.finish(refresh_id)

    stage.refresh = stage.runner.run(follow())


@when("somebody triggers a refresh")
def trigger(stage: Stage) -> None:
    stage.refresh = stage.runner.run(stage.open_lab.refresh())


@then(parsers.parse("the steps ran in the order {steps}"))
def check_order(stage: Stage, steps: str) -> None:
    assert ", ".join(step["step"] for step in stage.refresh["steps"]) == steps
    assert [kind for kind in stage.open_lab.script.started if kind is not BUILD][:3] == [DAILY, DATA, QUOTES]
    rows = stage.read_row(
        "SELECT array_agg(unit ORDER BY started_at) AS units FROM run_unit WHERE task_id = $1 AND unit <> '(plan)'",
        stage.refresh["refresh_id"],
    )
    assert ", ".join(rows["units"]) == steps


@then("the slot belongs to exactly one refresh")
def check_slot(stage: Stage) -> None:
    row = stage.read_row(
        "SELECT count(*) FILTER (WHERE task_id = $1) AS own, count(*) AS slots, count(DISTINCT task_id) AS refreshes"
        " FROM schedule_slot",
        stage.refresh["refresh_id"],
    )
    # the hour may turn while the test runs, and then another slot has another refresh
    assert (row["own"], row["slots"]) == (1, row["refreshes"])
    assert stage.refresh["trigger"] == "schedule"


@then(parsers.parse("the refresh ends {status}"))
def check_status(stage: Stage, status: str) -> None:
    assert stage.refresh["status"] == status


@then(parsers.parse("the failed steps are {failed}"))
def check_failed(stage: Stage, failed: str) -> None:
    found = [step["step"] for step in stage.refresh["steps"] if step["status"] == "failed"]
    assert found == failed.split(",")


@then("all other steps are completed")
def check_others(stage: Stage) -> None:
    assert {step["status"] for step in stage.refresh["steps"] if step["status"] != "failed"} == {"completed"}


@then(parsers.parse("its ledger compares {step} with {target:d} records a minute"))
def check_rate(stage: Stage, step: str, target: int) -> None:
    row = stage.read_row(
        "SELECT performance_metrics FROM task_execution_log WHERE task_id = $1", stage.refresh["refresh_id"]
    )
    rate = row["performance_metrics"]["rates"][step]
    assert rate["target_per_minute"] == target
    # ten records do not fill a minute
    assert rate["met"] is (True if rate["per_minute"] >= target else None)
    assert rate["records"] == 10


@then("its duration is compared with two hours")
def check_duration(stage: Stage) -> None:
    metrics = stage.refresh["performance_metrics"]
    assert metrics["target_seconds"] == 7200
    assert metrics["within_window"] is True
    assert float(metrics["duration_seconds"]) > 0
