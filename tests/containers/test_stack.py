"""The demonstration in containers: its own refresh, killed containers, scaling, stopping, restarting."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from pathlib import Path

import httpx
import psutil
import pytest

from sra_cli.home import RunningStack
from sra_testing.containers import ADMINISTRATOR, OWNER, SERVICES, Stack, wait_for
from sra_testing.content import LIVE_RUNS, make_content_query
from sra_testing.stack_processes import follow_first_refresh, read_settled_content, run_stack

pytestmark = [pytest.mark.containers, pytest.mark.timeout(420, func_only=True)]

STOP_LIMIT_SECONDS = 30
CONTENT = make_content_query()
STEPS = ("fmp", "fundata_data", "fundata_quotes", "views")
# a part of the run is active, and the rows of others are already committed
HALF_DONE = (
    "EXISTS (SELECT FROM task_execution_log t WHERE t.task_type IN ({types}) AND t.status = 'running'"
    " AND EXISTS (SELECT FROM run_unit u WHERE u.task_id = t.task_id AND u.status = 'running' AND u.unit <> '(plan)')"
    " AND (SELECT sum(u.stored_count) FROM run_unit u WHERE u.task_id = t.task_id) > 0)"
)
BUILDING = (
    "EXISTS (SELECT FROM run_unit u JOIN task_execution_log t USING (task_id) WHERE t.task_type = 'view_build'"
    " AND t.status = 'running' AND u.unit = 'fund_page' AND u.status = 'running')"
)
TAKEN_AGAIN = (
    "SELECT count(*) FROM run_unit JOIN task_execution_log USING (task_id) WHERE task_type IN ({types}) AND epoch > 1"
)
TYPES = {
    "fmp_ingest": "'daily_quotes', 'weekly_fundamentals'",
    "gateway": "'unified_refresh'",
    "fundata_ingest": "'fundata_data', 'fundata_quotes'",
    "view_builder": "'view_build'",
}


def count_rows(stack: Stack, table: str) -> int:
    return int(stack.query(f"SELECT count(*) FROM {table}"))  # noqa: S608 - names of this module


def read_content(stack: Stack) -> str:
    """Return the content once no run is left."""
    wait_for(lambda: stack.query(LIVE_RUNS) == "0", "every run to end", seconds=300, on_timeout=stack.read_logs)
    return stack.query(CONTENT)


def hold_day_of(embedded: RunningStack, day: date) -> None:
    """Keep the stand-in of `./sra up` at a day."""
    children = (process.cmdline() for process in psutil.Process(embedded.pid).children(recursive=True))
    (command,) = (words for words in children if "sra_stand_in" in words)
    port = command[command.index("--port") + 1]

    def is_held() -> bool:
        try:
            response = httpx.post(
                f"http://127.0.0.1:{port}/control/as-of", json={"date": day.isoformat()}, trust_env=False
            )
        except httpx.TransportError:
            return False
        return response.status_code == httpx.codes.OK

    wait_for(is_held, "the stand-in to take the day", seconds=60)


@pytest.fixture(scope="module")
def embedded_content(tmp_path_factory: pytest.TempPathFactory, day: date) -> str:
    """The result of `./sra up` with the same sample and the same stand-in on the same day."""
    with run_stack(tmp_path_factory.mktemp("embedded") / "home") as embedded:
        hold_day_of(embedded, day)
        assert follow_first_refresh(embedded)["status"] == "completed"
        return read_settled_content(embedded)


# CI runs the ordinary suite at the same time, on as few as two processors
@pytest.mark.timeout(960, func_only=True)
def test_first_start_refreshes_and_reports_the_result_and_a_link(stack: Stack) -> None:
    (one_shot,) = stack.containers("refresh")

    def has_ended() -> bool:
        one_shot.reload()
        return bool(one_shot.status == "exited")

    wait_for(has_ended, "the first refresh to end", seconds=900, on_timeout=stack.read_logs)
    assert one_shot.wait()["StatusCode"] == 0, stack.read_logs()
    result = one_shot.logs().decode()
    assert "The refresh is completed." in result
    for step in STEPS:
        assert re.search(rf"{step}\s+completed", result), result
    link = re.search(r"Dashboard: (\S+)/login#(\S+)", result)
    assert link is not None, result
    assert link[1] == stack.url
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=30) as browser:
        assert browser.post("/login", data={"token": link[2]}).status_code == httpx.codes.SEE_OTHER
        assert browser.get("/", headers={"Accept": "text/html"}).status_code == httpx.codes.OK


def test_three_replicas_loaded_the_sample_as_the_embedded_stack_does(stack: Stack, embedded_content: str) -> None:
    assert len(stack.containers("fundata_ingest")) == 3
    for table in ("fundata_quotes", "fundata_data", "fmp_quote", "sra.fund_page", "sra.equity_page"):
        assert count_rows(stack, table) > 0, table
    assert read_content(stack) == embedded_content
    stack.start(*SERVICES, options=("--scale", "fundata_ingest=1"))
    assert len(stack.containers("fundata_ingest")) == 1


def test_reader_logs_in_and_reads_views_and_nothing_else(stack: Stack) -> None:
    password = "sandbox-only-reader-password"
    assert int(stack.read_as_reader(password, "SELECT count(*) FROM fund_page")) > 0
    for sql in ("SELECT count(*) FROM public.fundata_quotes", "CREATE TABLE sra.mine (id int)"):
        refused = stack.call_as_reader(password, sql)
        assert refused.returncode != 0
        assert "permission denied" in refused.stderr or "read-only" in refused.stderr
    assert "password authentication failed" in stack.call_as_reader("another", "SELECT 1").stderr


def test_only_the_gateway_is_reachable_from_outside(stack: Stack) -> None:
    assert stack.http.get("/health").status_code == httpx.codes.OK
    for service in ("fmp_ingest", "fundata_ingest", "view_builder", "postgres", "stand_in"):
        for container in stack.containers(service):
            ports = container.attrs["NetworkSettings"]["Ports"]
            assert not any(ports.values()), f"{service} is published: {ports}"


def test_each_killed_container_restarts_and_no_row_is_lost_or_duplicated(stack: Stack, embedded_content: str) -> None:
    stack.empty_database()
    refresh_id = stack.trigger()
    stack.wait_until(HALF_DONE.format(types=TYPES["fmp_ingest"]), seconds=120)
    stack.kill("fmp_ingest")
    stack.kill("gateway")
    stack.wait_until(HALF_DONE.format(types="'fundata_data'"), seconds=180)
    stack.kill("fundata_ingest")
    stack.wait_until(HALF_DONE.format(types="'fundata_quotes'"), seconds=180)
    # a build takes a moment, which a busy machine misses
    with stack.hold_lock("view:fund_page", seconds=120):
        stack.wait_until(BUILDING, seconds=120)
        stack.kill("view_builder")
        stack.kill("postgres")
    ended = stack.follow(refresh_id)
    assert ended["status"] == "completed", f"{json.dumps(ended)}\n{stack.read_logs()}"
    assert read_content(stack) == embedded_content
    for service, types in TYPES.items():
        assert stack.query(TAKEN_AGAIN.format(types=types)) != "0", f"no work of {service} was taken over"


def test_a_stop_during_a_run_is_quick_and_the_run_continues(stack: Stack, embedded_content: str, day: date) -> None:
    def keep_fundata(content: str) -> list[str]:
        return [line for line in content.splitlines() if line.startswith("fundata_")]

    stack.empty_database()
    refresh_id = stack.trigger(sources=["fundata"])
    stack.wait_until(HALF_DONE.format(types="'fundata_data'"), seconds=120)
    stopped = time.monotonic()
    stack.compose("stop", "--timeout", str(STOP_LIMIT_SECONDS), *SERVICES)
    assert time.monotonic() - stopped < STOP_LIMIT_SECONDS
    for service in SERVICES:
        for container in stack.containers(service):
            container.reload()
            assert container.attrs["State"]["ExitCode"] == 0, f"{service}\n{stack.read_logs()}"
    held = "SELECT count(*) FROM run_unit WHERE status = 'running' AND lease_expires_at > now()"
    assert stack.query(held) == "0", "a part was not handed over"
    assert stack.query(LIVE_RUNS) != "0"
    rows = count_rows(stack, "fundata_data")
    stack.compose("down", "--timeout", str(STOP_LIMIT_SECONDS))
    stack.start("stand_in")
    stack.hold_day(day)
    stack.start(*SERVICES)
    assert count_rows(stack, "fundata_data") >= rows > 0
    ended = stack.follow(refresh_id)
    assert ended["status"] == "completed", f"{json.dumps(ended)}\n{stack.read_logs()}"
    assert keep_fundata(read_content(stack)) == keep_fundata(embedded_content)


def test_backup_restores_into_an_empty_database(stack: Stack, tmp_path: Path) -> None:
    before = read_content(stack)
    dump = tmp_path / "sra_data.dump"
    stack.compose("stop", *SERVICES)
    dump.write_bytes(stack.call_bytes("exec", "-T", "postgres", "pg_dump", *OWNER, "-Fc", "sra_data"))
    stack.compose("exec", "-T", "postgres", "dropdb", *ADMINISTRATOR, "--if-exists", "--force", "sra_data")
    stack.compose("exec", "-T", "postgres", "createdb", *ADMINISTRATOR, "-O", "sra_owner", "sra_data")
    restore = ("pg_restore", *OWNER, "-d", "sra_data", "--no-owner", "--no-privileges", "--exit-on-error")
    stack.call_bytes("exec", "-T", "postgres", *restore, given=dump.read_bytes())
    stack.start(*SERVICES)
    assert read_content(stack) == before
    assert int(stack.read_as_reader("sandbox-only-reader-password", "SELECT count(*) FROM fund_page")) > 0
