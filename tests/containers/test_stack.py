"""The compose stack: a refresh through the gateway, deaths, scaling, stopping, coming back."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from sra_testing.containers import Stack, wait_for
from sra_testing.content import LIVE_RUNS, make_content_query
from sra_testing.stack_processes import follow_first_refresh, read_settled_content, run_stack

pytestmark = pytest.mark.containers

SERVICES = ("gateway", "fmp_ingest", "fundata_ingest", "view_builder")
STOP_LIMIT_SECONDS = 30
CONTENT = make_content_query()


def count_rows(stack: Stack, table: str) -> int:
    return int(stack.query(f"SELECT count(*) FROM {table}"))  # noqa: S608 - names of this module


def read_content(stack: Stack) -> str:
    """Return the content once no run is left."""
    wait_for(lambda: stack.query(LIVE_RUNS) == "0", "every run to end", seconds=180, on_timeout=stack.read_logs)
    return stack.query(CONTENT)


@pytest.fixture(scope="module")
def embedded_content(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `./sra up` makes of the same sample and the same stand-in on the same day."""
    with run_stack(tmp_path_factory.mktemp("embedded") / "home") as embedded:
        assert follow_first_refresh(embedded)["status"] == "completed"
        return read_settled_content(embedded)


def test_three_replicas_load_the_sample_as_the_embedded_stack_does(stack: Stack, embedded_content: str) -> None:
    stack.compose("up", "--detach", "--wait", "--scale", "fundata_ingest=3")
    assert len(stack.containers("fundata_ingest")) == 3
    ended = stack.refresh()
    assert ended["status"] == "completed", f"{json.dumps(ended)}\n{stack.read_logs()}"
    assert {step["step"]: step["status"] for step in ended["steps"]} == dict.fromkeys(
        ("fmp", "fundata_data", "fundata_quotes", "views"), "completed"
    )
    for table in ("fundata_quotes", "fundata_data", "fmp_quote", "sra.fund_page", "sra.equity_page"):
        assert count_rows(stack, table) > 0, table
    assert read_content(stack) == embedded_content
    stack.compose("up", "--detach", "--wait", "--scale", "fundata_ingest=1")


def test_only_the_gateway_answers_outside(stack: Stack) -> None:
    assert stack.http.get("/health").status_code == 200
    for service in ("fmp_ingest", "fundata_ingest", "view_builder", "postgres", "stand_in"):
        for container in stack.containers(service):
            ports = container.attrs["NetworkSettings"]["Ports"]
            assert not any(ports.values()), f"{service} is published: {ports}"


@pytest.mark.parametrize("service", [*SERVICES, "postgres"])
def test_killed_container_comes_back_and_the_refresh_ends_well(stack: Stack, service: str) -> None:
    before = read_content(stack)
    started = stack.http.post("/refresh", json={"retry_seconds": 5})
    (container,) = stack.containers(service)
    container.reload()
    os.kill(container.attrs["State"]["Pid"], signal.SIGKILL)
    ended = stack.follow(started.json()["refresh_id"])
    assert ended["status"] == "completed", f"{json.dumps(ended)}\n{stack.read_logs()}"
    assert read_content(stack) == before
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "120")


def test_stop_in_the_middle_is_quick_and_the_work_goes_on_afterwards(stack: Stack) -> None:
    before = read_content(stack)
    rows = count_rows(stack, "fundata_quotes")
    refresh_id = stack.http.post("/refresh", json={"retry_seconds": 5}).json()["refresh_id"]
    begun = "SELECT count(*) FROM task_execution_log WHERE status = 'running' AND task_type <> 'unified_refresh'"
    wait_for(lambda: stack.query(begun) != "0", "a step to run", seconds=60, on_timeout=stack.read_logs)
    stopped = time.monotonic()
    stack.compose("stop", "--timeout", str(STOP_LIMIT_SECONDS))
    assert time.monotonic() - stopped < STOP_LIMIT_SECONDS
    for service in SERVICES:
        for container in stack.containers(service):
            container.reload()
            assert container.attrs["State"]["ExitCode"] == 0, f"{service}\n{stack.read_logs()}"
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "120")
    ended = stack.follow(refresh_id)
    assert ended["status"] == "completed", f"{json.dumps(ended)}\n{stack.read_logs()}"
    assert (read_content(stack), count_rows(stack, "fundata_quotes")) == (before, rows)
