"""`./sra up` as people use it: real processes, a whole refresh on sample and stand-in, ends that leave nothing behind."""

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
from markupsafe import escape

from sra_cli.home import Home, RunningStack
from sra_cli.refresh_view import COUNTS
from sra_testing.stack_processes import (
    STEP_OF,
    build_environment,
    call_command,
    find_process,
    follow_first_refresh,
    kill_in_its_step,
    list_processes,
    read_settled_content,
    run_stack,
    start_command,
    wait_for,
)

pytestmark = pytest.mark.long

STEPS = ["fmp", "fundata_data", "fundata_quotes", "views"]


def answers(url: str) -> bool:
    return answers_with(f"{url}/health", httpx.codes.OK)


def answers_with(url: str, code: int) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == code
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("up") / "home"
    yield folder
    call_command("down", "--home", str(folder))


@pytest.fixture(scope="module")
def first(home: Path) -> tuple[int, dict[str, Any], str]:
    return call_command("up", "--exit-when-done", "--home", str(home))


def test_one_refresh_on_the_sample(first: tuple[int, dict[str, Any], str], home: Path) -> None:
    code, result, told = first
    assert code == 0, told
    assert result["status"] == "completed"
    assert [step["step"] for step in result["steps"]] == STEPS
    assert {step["status"] for step in result["steps"]} == {"completed"}
    datasets = [row for step in result["steps"] for row in step["datasets"] or ()]
    assert all(row["read"] == sum(row[name] for name in COUNTS[1:]) for row in datasets)
    assert sum(row["stored"] for row in datasets) > 1000
    assert set(result) == {"status", "refresh_id", "seconds", "database_url", "gateway_url", "steps"}
    assert all(name in told for name in ("fmp_ingest: ready", "fundata_ingest: ready", "view_builder: ready"))
    assert not list_processes(home)


def test_no_secret_is_told_or_logged(first: tuple[int, dict[str, Any], str], home: Path) -> None:
    secrets = [path.read_text().strip() for path in [*home.glob("*.token"), home / "postgres.password"]]
    secrets.append("made-up-secret")
    texts = [first[2], *(path.read_text() for path in home.rglob("*.log"))]
    assert len(secrets) == 4
    for secret in secrets:
        assert not any(secret in text for text in texts)


class Running(NamedTuple):
    """The stack that stays, and how the refresh ended that it began with."""

    process: subprocess.Popen[str]
    stack: RunningStack
    result: dict[str, Any]


@pytest.fixture(scope="module")
def running(first: tuple[int, dict[str, Any], str], home: Path) -> Iterator[Running]:
    assert first[0] == 0
    with start_command("up", "--json", "--home", str(home)) as process:
        assert process.stdout is not None
        result = json.loads(process.stdout.readline())
        stack = Home(home).read_running()
        assert stack is not None
        assert result["gateway_url"] == stack.gateway_url
        yield Running(process, stack, result)
        process.terminate()
        process.communicate(timeout=60)


def test_again_it_stores_nothing(running: Running) -> None:
    assert running.result["status"] == "completed"
    datasets = [row for step in running.result["steps"] for row in step["datasets"] or ()]
    assert {row["dataset"]: row["stored"] for row in datasets if row["stored"]} == {}
    assert sum(row["read"] for row in datasets) > 0


def test_every_service_killed_once_in_one_refresh_changes_nothing(running: Running, tmp_path: Path) -> None:
    undisturbed = read_settled_content(running.stack)
    with run_stack(tmp_path / "home") as stack:
        killed = {service: kill_in_its_step(stack, service) for service in STEP_OF}
        ended = follow_first_refresh(stack)
        assert ended["status"] == "completed", ended
        assert read_settled_content(stack) == undisturbed
        for service, pid in killed.items():
            assert find_process(stack, service).pid != pid


def test_it_stays_and_a_second_one_says_so(running: Running, home: Path) -> None:
    assert answers(running.stack.gateway_url)
    code, result, told = call_command("up", "--home", str(home))
    assert (code, result["status"], result["gateway_url"]) == (0, "running", running.stack.gateway_url)
    assert f"{running.stack.gateway_url}/login#" in told
    assert call_command("up", "--exit-when-done", "--home", str(home))[0] == 5


def test_commands_find_its_database(running: Running, home: Path) -> None:
    code, answer, _ = call_command(
        "psql", "--home", str(home), "-c", "SELECT count(*) AS views FROM sra.security_master"
    )
    assert code == 0
    assert answer["rows"][0]["views"] > 0
    code, status, _ = call_command("status", "--home", str(home))
    assert (code, status["status"]) == (0, "healthy"), status["problems"]


def test_a_link_logs_a_browser_in(running: Running, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_URL", "https://sra.example.com/")
    code, answer, _ = call_command("login", "--home", str(home))
    address, _, one_time = answer["link"].partition("#")
    assert (code, address) == (0, "https://sra.example.com/login")
    with httpx.Client(base_url=running.stack.gateway_url, trust_env=False) as browser:
        assert browser.get("/", headers={"Accept": "text/html"}).status_code == 401
        assert browser.post("/login", data={"token": one_time}).status_code == 303
        assert browser.get("/", headers={"Accept": "text/html"}).status_code == 200
    monkeypatch.delenv("DASHBOARD_URL")
    assert call_command("login", "--home", str(home))[1]["link"].startswith(f"{running.stack.gateway_url}/login#")


@pytest.mark.parametrize("name", ["gateway", "view_builder"])
def test_a_killed_service_comes_back(running: Running, home: Path, name: str) -> None:
    port = running.stack.urls[name].rsplit(":", 1)[-1]
    victim = next(p for p in list_processes(home) if p.environ().get("PORT") == port)
    victim.send_signal(signal.SIGKILL)
    wait_for(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE, "the end")
    wait_for(lambda: answers(running.stack.urls[name]), f"{name} answers again")


def test_a_killed_server_comes_back_at_its_address(running: Running, home: Path) -> None:
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
    code, answer, _ = call_command("down", "--home", str(home))
    assert (code, answer["stopped"]) == (0, ["stack"])
    assert running.process.wait(20) == 0
    assert not list_processes(home)
    assert call_command("down", "--home", str(home))[1]["stopped"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_a_killed_one_leaves_nothing_running(first: tuple[int, dict[str, Any], str], home: Path) -> None:
    assert first[0] == 0
    with start_command("up", "--json", "--home", str(home)) as process:
        parent = psutil.Process(process.pid)
        wait_for(lambda: len(parent.children()) >= 6, "the server, the stand-in and four services run")
        children = parent.children(recursive=True)
        process.kill()
        process.communicate()
    wait_for(lambda: not any(child.is_running() for child in children), "all are gone")
    assert not list_processes(home)


def test_a_sandbox_refuses_real_keys(first: tuple[int, dict[str, Any], str], home: Path) -> None:
    assert first[0] == 0
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


def test_a_vendor_that_refuses_makes_it_partial_on_a_stand_in_of_ones_own(tmp_path: Path) -> None:
    """As told in the help: the settings that `./sra stand-in` prints lead `./sra up` to it; its FMP takes no key."""
    home = tmp_path / "home"
    with start_command("stand-in", "--securities", "20", "--json") as stand_in:
        assert stand_in.stderr is not None
        settings: dict[str, str] = {}
        while "FUNDATA_BASE_PATH" not in settings:
            name, _, value = stand_in.stderr.readline().strip().removeprefix("export ").partition("=")
            settings[name] = value
        control = settings["FMP_BASE_URL"].removesuffix("/stable") + "/control"
        wait_for(lambda: answers_with(f"{control}/stats", httpx.codes.OK), "the stand-in")
        fault = {"match": "/stable/", "kind": "401", "times": None}
        httpx.post(f"{control}/faults", json=[fault], timeout=10).raise_for_status()
        try:
            with start_command("up", "--json", "--home", str(home), settings=settings) as process:
                assert process.stdout is not None
                result = json.loads(process.stdout.readline())
                stack = Home(home).read_running()
                assert stack is not None
                page = httpx.get(
                    stack.gateway_url, headers={"Authorization": f"Bearer {stack.service_token}"}, timeout=10
                ).text
                assert not any("sra_stand_in" in " ".join(p.cmdline()) for p in psutil.Process(process.pid).children())
                code, status, _ = call_command("status", "--home", str(home))
                process.terminate()
                _, told = process.communicate(timeout=60)
        finally:
            stand_in.terminate()
            stand_in.communicate(timeout=30)
    assert process.returncode == 2, told
    assert result["status"] == "partial"
    steps = {step["step"]: step for step in result["steps"]}
    assert [step["status"] for step in steps.values()] == ["failed", "completed", "completed", "completed"]
    assert sum(row["stored"] for row in steps["fundata_quotes"]["datasets"]) > 1000
    assert str(escape(steps["fmp"]["error"])) in page
    assert (code, status["status"]) == (1, "degraded")
    assert any("FMP is unhealthy" in problem for problem in status["problems"])


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, answer, _ = call_command("up", "--home", str(tmp_path / "home"), "--port", port)
    assert code == 5
    assert port in answer["error"]
