"""The real stack while one of its parts fails: services killed during a refresh, a vendor outage."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import psutil
import pytest
from markupsafe import escape

from sra_cli.home import Home, RunningStack
from sra_testing.stack_processes import (
    STEP_OF,
    call_command,
    fetch_value,
    find_process,
    follow_first_refresh,
    kill_in_its_step,
    read_settled_content,
    run_stack,
    start_command,
    wait_for,
)

pytestmark = [pytest.mark.long, pytest.mark.faults]


def responds_with(url: str, code: int) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == code
    except httpx.TransportError:
        return False


def read_page(stack: RunningStack) -> str:
    page = httpx.get(stack.gateway_url, headers={"Authorization": f"Bearer {stack.service_token}"}, timeout=10)
    assert page.status_code == httpx.codes.OK
    return page.text


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The content after an undisturbed refresh."""
    with run_stack(tmp_path_factory.mktemp("calm") / "home") as stack:
        assert follow_first_refresh(stack)["status"] == "completed"
        return read_settled_content(stack)


@pytest.mark.parametrize("service", list(STEP_OF))
def test_a_service_killed_during_a_refresh_changes_no_result(service: str, undisturbed: str, tmp_path: Path) -> None:
    with run_stack(tmp_path / "home") as stack:
        pid = kill_in_its_step(stack, service)
        ended = follow_first_refresh(stack)
        assert ended["status"] == "completed", ended
        assert read_settled_content(stack) == undisturbed
        assert find_process(stack, service).pid != pid


@pytest.mark.timeout(1500)
def test_an_outage_of_one_vendor_leaves_the_other_data_fresh(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with run_stack(home) as stack:
        assert follow_first_refresh(stack)["status"] == "completed"
        command = find_process(stack, "sra_stand_in").cmdline()
        stand_in = f"http://127.0.0.1:{command[command.index('--port') + 1]}"
        fault = {"match": "/stable/", "kind": "500", "times": None}
        httpx.post(f"{stand_in}/control/faults", json=[fault], timeout=10).raise_for_status()
        built_before = fetch_value(stack.database_url, "SELECT max(handled_at) FROM completion_inbox")
        # FMP has two minutes to recover, and its step is retried after a minute
        code, ended, _ = call_command("refresh", "--wait", "--home", str(home), seconds=900)
        assert (code, ended["status"]) == (2, "partial"), ended
        steps = {step["step"]: step["status"] for step in ended["steps"]}
        assert steps == {
            "fmp": "failed",
            "fundata_data": "completed",
            "fundata_quotes": "completed",
            "views": "completed",
        }
        assert fetch_value(stack.database_url, "SELECT max(handled_at) FROM completion_inbox") > built_before
        (error,) = [step["error"] for step in ended["steps"] if step["step"] == "fmp"]
        wait_for(lambda: str(escape(error)) in read_page(stack), "the page to say what is old and why")
        assert ended["refresh_id"] in read_page(stack)


def test_a_refusing_vendor_makes_the_refresh_partial(tmp_path: Path) -> None:
    """As the help describes: with the settings that `./sra stand-in` prints, `./sra up` uses it; its FMP refuses the key."""
    home = tmp_path / "home"
    with start_command("stand-in", "--securities", "20", "--json") as stand_in:
        assert stand_in.stderr is not None
        settings: dict[str, str] = {}
        while "FUNDATA_BASE_PATH" not in settings:
            name, _, value = stand_in.stderr.readline().strip().removeprefix("export ").partition("=")
            settings[name] = value
        control = settings["FMP_BASE_URL"].removesuffix("/stable") + "/control"
        wait_for(lambda: responds_with(f"{control}/stats", httpx.codes.OK), "the stand-in")
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
                _, reported = process.communicate(timeout=60)
        finally:
            stand_in.terminate()
            stand_in.communicate(timeout=30)
    assert process.returncode == 2, reported
    assert result["status"] == "partial"
    steps = {step["step"]: step for step in result["steps"]}
    assert [step["status"] for step in steps.values()] == ["failed", "completed", "completed", "completed"]
    assert sum(row["stored"] for row in steps["fundata_quotes"]["datasets"]) > 1000
    assert str(escape(steps["fmp"]["error"])) in page
    assert (code, status["status"]) == (1, "degraded")
    assert any("FMP is unhealthy" in problem for problem in status["problems"])
