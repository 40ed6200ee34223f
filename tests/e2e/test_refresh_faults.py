"""The real stack while one of its parts fails: services killed in the middle of a refresh, a vendor that is down."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from sra_cli.gateway_client import GatewayClient
from sra_cli.home import Home, RunningStack
from sra_cli.output import choose_exit_code
from sra_testing.databases import run_async
from sra_testing.stack_processes import call_command, start_command, wait_for

CONTENT = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
  SELECT concat_ws('|', 'data', dataset, identifier, record_id, data_version, row_ordinal, encode(content_hash, 'hex')) line
  FROM fundata_data
  UNION ALL
  SELECT concat_ws('|', 'quote', dataset, identifier, date, data_version, row_ordinal, encode(content_hash, 'hex'))
  FROM fundata_quotes
  UNION ALL SELECT concat_ws('|', 'profile', symbol, exchange, encode(content_hash, 'hex')) FROM equity_profile
  UNION ALL SELECT concat_ws('|', 'fmp quote', symbol, quoted_at, encode(content_hash, 'hex')) FROM fmp_quote
  UNION ALL SELECT concat_ws('|', 'holding', symbol, asset, name, isin, occurrence, encode(content_hash, 'hex'))
  FROM fmp_etf_holding WHERE valid_to IS NULL
  UNION ALL SELECT concat_ws('|', 'curve', to_jsonb(c) - 'as_of' - 'last_run_id') FROM sra.treasury_curve c
  UNION ALL SELECT concat_ws('|', 'fund page', to_jsonb(p) - 'as_of' - 'last_run_id') FROM sra.fund_page p
  UNION ALL SELECT concat_ws('|', 'rejected', dataset, file_path, line, reason) FROM rejected_record) lines
"""
STEP_OF = {
    "fmp_ingest": "fmp",
    "fundata_ingest": "fundata_data",
    "gateway": "fundata_data",
    "view_builder": "fundata_quotes",
}


def fetch_value(dsn: str, query: str) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return run_async(fetch())


@contextmanager
def run_stack(home: Path) -> Iterator[RunningStack]:
    """Start `./sra up`, whose first refresh begins by itself, and end it with everything it started."""
    process: subprocess.Popen[str] = start_command("up", "--home", str(home), "--json")
    try:
        wait_for(lambda: Home(home).read_running() is not None, "the stack to start", seconds=120)
        stack = Home(home).read_running()
        assert stack is not None
        yield stack
    finally:
        call_command("down", "--home", str(home))
        process.communicate(timeout=60)


def find_process(stack: RunningStack, module: str) -> psutil.Process:
    children = psutil.Process(stack.pid).children(recursive=True)
    found = [process for process in children if f"-m {module}" in " ".join(process.cmdline())]
    assert len(found) == 1, children
    return found[0]


def read_newest_refresh(stack: RunningStack) -> Mapping[str, Any] | None:
    try:
        answer = httpx.get(
            f"{stack.gateway_url}/refresh", headers={"Authorization": f"Bearer {stack.service_token}"}, timeout=5
        )
    except httpx.TransportError:
        return None
    if answer.status_code != httpx.codes.OK:
        return None
    body = answer.json()
    refreshes = body["refreshes"] if isinstance(body, dict) else body
    return refreshes[0] if refreshes else None


def is_step_running(stack: RunningStack, step: str) -> bool:
    refresh = read_newest_refresh(stack)
    return refresh is not None and any(s["step"] == step and s["status"] == "running" for s in refresh["steps"])


def follow(stack: RunningStack) -> Mapping[str, Any]:
    wait_for(lambda: read_newest_refresh(stack) is not None, "the refresh to be requested", seconds=60)
    refresh = read_newest_refresh(stack)
    assert refresh is not None
    with GatewayClient(stack.gateway_url, stack.service_token) as gateway:
        return gateway.follow_refresh(refresh["refresh_id"])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The content after a refresh that nobody disturbed."""
    with run_stack(tmp_path_factory.mktemp("calm") / "home") as stack:
        assert follow(stack)["status"] == "completed"
        return str(fetch_value(stack.database_url, CONTENT))


@pytest.mark.parametrize(
    "service",
    [
        "fundata_ingest",
        *(pytest.param(name, marks=pytest.mark.faults) for name in ("fmp_ingest", "gateway", "view_builder")),
    ],
)
def test_service_killed_in_the_middle_changes_nothing(service: str, undisturbed: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with run_stack(home) as stack:
        wait_for(lambda: is_step_running(stack, STEP_OF[service]), f"step {STEP_OF[service]} to run", seconds=120)
        victim = find_process(stack, service)
        victim.kill()
        victim.wait(10)
        ended = follow(stack)
        assert ended["status"] == "completed", ended
        assert fetch_value(stack.database_url, CONTENT) == undisturbed
        assert find_process(stack, service).pid != victim.pid


@pytest.mark.faults
def test_vendor_that_is_down_leaves_the_rest_fresh(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with run_stack(home) as stack:
        assert follow(stack)["status"] == "completed"
        command = find_process(stack, "sra_stand_in").cmdline()
        stand_in = f"http://127.0.0.1:{command[command.index('--port') + 1]}"
        fault = {"match": "/stable/", "kind": "500", "times": None}
        httpx.post(f"{stand_in}/control/faults", json=[fault], timeout=10).raise_for_status()
        built_before = fetch_value(stack.database_url, "SELECT max(handled_at) FROM completion_inbox")
        with GatewayClient(stack.gateway_url, stack.service_token) as gateway:
            started = gateway.trigger_refresh(retry_seconds=1)
            ended = gateway.follow_refresh(started["refresh_id"])
        assert ended["status"] == "partial", ended
        assert choose_exit_code(ended["status"]) == 2
        steps = {step["step"]: step["status"] for step in ended["steps"]}
        assert steps == {
            "fmp": "failed",
            "fundata_data": "completed",
            "fundata_quotes": "completed",
            "views": "completed",
        }
        assert fetch_value(stack.database_url, "SELECT max(handled_at) FROM completion_inbox") > built_before
        page = httpx.get(stack.gateway_url, headers={"Authorization": f"Bearer {stack.service_token}"}, timeout=10)
        assert page.status_code == httpx.codes.OK
        assert "partial" in page.text
        assert "500" in page.text
