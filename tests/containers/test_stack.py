"""The compose stack: a refresh through the gateway, deaths, scaling, stopping, coming back."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from sra_testing.containers import Stack

pytestmark = pytest.mark.containers

SERVICES = ("gateway", "fmp_ingest", "fundata_ingest", "view_builder")
STOP_LIMIT_SECONDS = 30
CONTENT = """
SELECT md5(string_agg(h, '' ORDER BY h)) FROM (
  SELECT md5(concat_ws('|', dataset, identifier, record_id, data_version, row_ordinal, encode(content_hash, 'hex'))) h
  FROM fundata_data
  UNION ALL
  SELECT md5(concat_ws('|', dataset, identifier, date, data_version, row_ordinal, encode(content_hash, 'hex')))
  FROM fundata_quotes) rows
"""


def count_rows(stack: Stack, table: str) -> int:
    return int(stack.query(f"SELECT count(*) FROM {table}"))  # noqa: S608 - names of this module


def test_refresh_fills_the_database_and_the_views(stack: Stack) -> None:
    ended = stack.refresh()
    assert ended["status"] == "completed", f"{json.dumps(ended)}\n{stack.read_logs()}"
    assert {step["step"]: step["status"] for step in ended["steps"]} == dict.fromkeys(
        ("fmp", "fundata_data", "fundata_quotes", "views"), "completed"
    )
    for table in ("fundata_quotes", "fundata_data", "fmp_quote", "sra.fund_page", "sra.equity_page"):
        assert count_rows(stack, table) > 0, table


def test_only_the_gateway_answers_outside(stack: Stack) -> None:
    assert stack.http.get("/health").status_code == 200
    for service in ("fmp_ingest", "fundata_ingest", "view_builder", "postgres", "stand_in"):
        for container in stack.containers(service):
            ports = container.attrs["NetworkSettings"]["Ports"]
            assert not any(ports.values()), f"{service} is published: {ports}"


@pytest.mark.parametrize("service", [*SERVICES, "postgres"])
def test_killed_container_comes_back_and_the_refresh_ends_well(stack: Stack, service: str) -> None:
    before = stack.query(CONTENT)
    started = stack.http.post("/refresh", json={"retry_seconds": 5})
    (container,) = stack.containers(service)
    container.reload()
    os.kill(container.attrs["State"]["Pid"], signal.SIGKILL)
    ended = stack.follow(started.json()["refresh_id"])
    assert ended["status"] == "completed", f"{json.dumps(ended)}\n{stack.read_logs()}"
    assert stack.query(CONTENT) == before
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "120")


def test_three_replicas_share_the_work_and_store_nothing_twice(stack: Stack) -> None:
    before = stack.query(CONTENT)
    stack.compose("up", "--detach", "--wait", "--scale", "fundata_ingest=3")
    assert len(stack.containers("fundata_ingest")) == 3
    assert stack.refresh()["status"] == "completed"
    assert stack.query(CONTENT) == before
    stack.compose("up", "--detach", "--wait", "--scale", "fundata_ingest=1")


def test_stop_is_quick_and_the_data_are_there_again(stack: Stack) -> None:
    before = stack.query(CONTENT)
    rows = count_rows(stack, "fundata_quotes")
    begun = time.monotonic()
    stack.compose("stop", "--timeout", str(STOP_LIMIT_SECONDS))
    assert time.monotonic() - begun < STOP_LIMIT_SECONDS
    for service in SERVICES:
        for container in stack.containers(service):
            container.reload()
            assert container.attrs["State"]["ExitCode"] == 0, f"{service}\n{stack.read_logs()}"
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "120")
    assert (stack.query(CONTENT), count_rows(stack, "fundata_quotes")) == (before, rows)
    assert stack.refresh()["status"] == "completed"
