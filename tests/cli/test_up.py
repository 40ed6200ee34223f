"""`./sra up` as people use it: real processes, a full refresh on sample and stand-in, and shutdowns that leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from sra_cli.home import Home, RunningStack
from sra_cli.refresh_view import COUNTS
from sra_testing.content import make_content_query
from sra_testing.stack_processes import (
    build_environment,
    call_command,
    fetch_value,
    find_process,
    kill_in_its_step,
    list_processes,
    start_command,
    wait_for,
)

pytestmark = pytest.mark.long

STEPS = ["fmp", "fundata_data", "fundata_quotes", "views"]
# the first history would continue after the refresh; its own tests kill it too
SETTINGS = {"FMP_HISTORY_YEARS": "0"}


def responds(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("up") / "home"
    yield folder
    call_command("down", "--home", str(folder))


KILLED = "fundata_ingest"
"""The service that is killed in the first refresh; the heavy tests kill each of them in turn."""


class Running(NamedTuple):
    """The stack that stays, how its first refresh ended, and the process id of the service killed meanwhile."""

    process: subprocess.Popen[str]
    stack: RunningStack
    result: dict[str, Any]
    killed: int


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Running]:
    """One service is killed in the first refresh on a new database."""
    with start_command("up", "--json", "--home", str(home), settings=SETTINGS) as process:
        assert process.stdout is not None
        wait_for(lambda: Home(home).read_running() is not None, "the stack to start", seconds=120)
        stack = Home(home).read_running()
        assert stack is not None
        killed = kill_in_its_step(stack, KILLED)
        result = json.loads(process.stdout.readline())
        yield Running(process, stack, result, killed)
        process.terminate()
        process.communicate(timeout=60)


def list_datasets(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for step in result["steps"] for row in step["datasets"] or ()]


def test_one_refresh_on_the_sample_with_a_service_killed(running: Running) -> None:
    result = running.result
    assert result["status"] == "completed"
    assert result["gateway_url"] == running.stack.gateway_url
    assert [step["step"] for step in result["steps"]] == STEPS
    assert {step["status"] for step in result["steps"]} == {"completed"}
    datasets = list_datasets(result)
    assert all(row["read"] == sum(row[name] for name in COUNTS[1:]) for row in datasets)
    assert sum(row["stored"] for row in datasets) > 1000
    assert set(result) == {"status", "refresh_id", "seconds", "database_url", "gateway_url", "steps"}
    assert find_process(running.stack, KILLED).pid != running.killed


def test_the_rows_of_the_killed_service_are_stored_once(running: Running) -> None:
    """Rows and rejects in the tables are those of the ledger: none doubled. None is lost, as the next refresh shows."""
    steps = {step["step"]: step["datasets"] for step in running.result["steps"]}
    for step, table in (("fundata_data", "fundata_data"), ("fundata_quotes", "fundata_quotes")):
        stored = sum(row["stored"] for row in steps[step])
        assert fetch_value(running.stack.database_url, f"SELECT count(*) FROM {table}") == stored > 0  # noqa: S608
    rejected = sum(row["rejected"] for row in list_datasets(running.result))
    assert fetch_value(running.stack.database_url, "SELECT count(*) FROM rejected_record") == rejected > 0


def test_it_keeps_running_and_a_second_one_reports_it(running: Running, home: Path) -> None:
    assert responds(running.stack.gateway_url)
    code, result, reported = call_command("up", "--home", str(home))
    assert (code, result["status"], result["gateway_url"]) == (0, "running", running.stack.gateway_url)
    assert f"{running.stack.gateway_url}/login#" in reported
    assert call_command("up", "--exit-when-done", "--home", str(home))[0] == 5


def test_commands_find_its_database(running: Running, home: Path) -> None:
    code, response, _ = call_command(
        "psql", "--home", str(home), "-c", "SELECT count(*) AS views FROM sra.security_master"
    )
    assert code == 0
    assert response["rows"][0]["views"] > 0
    # a service that was killed is well again once the gateway has looked at it
    wait_for(lambda: call_command("status", "--home", str(home))[0] == 0, "a healthy stack")


def test_a_link_logs_a_browser_in(running: Running, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_URL", "https://sra.example.com/")
    code, response, _ = call_command("login", "--home", str(home))
    address, _, one_time = response["link"].partition("#")
    assert (code, address) == (0, "https://sra.example.com/login")
    with httpx.Client(base_url=running.stack.gateway_url, trust_env=False) as browser:
        assert browser.get("/", headers={"Accept": "text/html"}).status_code == 401
        assert browser.post("/login", data={"token": one_time}).status_code == 303
        assert browser.get("/", headers={"Accept": "text/html"}).status_code == 200
    monkeypatch.delenv("DASHBOARD_URL")
    assert call_command("login", "--home", str(home))[1]["link"].startswith(f"{running.stack.gateway_url}/login#")


@pytest.mark.parametrize("name", ["gateway", "view_builder"])
def test_a_killed_service_is_restarted(running: Running, home: Path, name: str) -> None:
    port = running.stack.urls[name].rsplit(":", 1)[-1]
    victim = next(p for p in list_processes(home) if p.environ().get("PORT") == port)
    victim.send_signal(signal.SIGKILL)
    wait_for(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE, "the end")
    wait_for(lambda: responds(running.stack.urls[name]), f"{name} answers again")


def test_a_killed_server_restarts_at_its_address(running: Running, home: Path) -> None:
    pid = int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)

    def is_ready() -> bool:
        try:
            return all(httpx.get(f"{url}/ready", timeout=5).is_success for url in running.stack.urls.values())
        except httpx.TransportError:
            return False

    wait_for(lambda: not psutil.pid_exists(pid), "the end")
    wait_for(is_ready, "all services are ready again", seconds=60)


def test_down_ends_all(running: Running, home: Path) -> None:
    code, response, _ = call_command("down", "--home", str(home))
    assert (code, response["stopped"]) == (0, ["stack"])
    assert running.process.wait(20) == 0
    assert not list_processes(home)
    assert call_command("down", "--home", str(home))[1]["stopped"] == []


class Again(NamedTuple):
    """What the command that ends with its refresh said of the second one, and the content before and after it."""

    code: int
    result: dict[str, Any]
    reported: str
    before: str
    after: str


def read_content(home: Path) -> str:
    """Return the content of a home whose stack is down."""
    code, response, result = call_command(
        "psql", "--home", str(home), "-c", f"SELECT ({make_content_query()}) AS content"
    )
    assert code == 0, result
    return str(response["rows"][0]["content"])


@pytest.fixture(scope="module")
def again(running: Running, home: Path) -> Again:
    """A second, undisturbed refresh on the result of the disturbed one."""
    assert running.result["status"] == "completed"
    call_command("down", "--home", str(home))
    before = read_content(home)
    code, result, reported = call_command("up", "--exit-when-done", "--home", str(home), settings=SETTINGS)
    assert not list_processes(home)
    return Again(code, result, reported, before, read_content(home))


def test_again_it_stores_nothing(again: Again) -> None:
    assert (again.code, again.result["status"]) == (0, "completed"), again.reported
    assert all(name in again.reported for name in ("fmp_ingest: ready", "fundata_ingest: ready", "view_builder: ready"))
    datasets = list_datasets(again.result)
    assert {row["dataset"]: row["stored"] for row in datasets if row["stored"]} == {}
    assert sum(row["read"] for row in datasets) > 0
    assert again.after == again.before


def test_no_secret_is_reported_or_logged(again: Again, home: Path) -> None:
    secrets = [path.read_text().strip() for path in [*home.glob("*.token"), home / "postgres.password"]]
    secrets.append("made-up-secret")
    texts = [again.reported, *(path.read_text() for path in home.rglob("*.log"))]
    assert len(secrets) == 4
    for secret in secrets:
        assert not any(secret in text for text in texts)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals children that their parent died")
def test_a_killed_command_leaves_nothing_running(again: Again, home: Path) -> None:
    assert again.code == 0
    with start_command("up", "--json", "--home", str(home)) as process:
        parent = psutil.Process(process.pid)
        wait_for(lambda: len(parent.children()) >= 6, "the server, the stand-in and four services run")
        children = parent.children(recursive=True)
        process.kill()
        process.communicate()
    wait_for(lambda: not any(child.is_running() for child in children), "all are gone")
    assert not list_processes(home)


def test_a_sandbox_refuses_real_keys(again: Again, home: Path) -> None:
    assert again.code == 0
    with subprocess.Popen(
        [sys.executable, "-m", "sra_cli", "up", "--exit-when-done", "--json", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**build_environment(), "FMP_API_KEY": "a-real-key"},
    ) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "sandbox" in json.loads(said)["error"]
    assert not list_processes(home)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, response, _ = call_command("up", "--home", str(tmp_path / "home"), "--port", port)
    assert code == 5
    assert port in response["error"]
