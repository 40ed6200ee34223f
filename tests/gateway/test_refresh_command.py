"""`./sra refresh` and `./sra status` with a gateway: output and exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from sra_testing.command_line import carry_out
from sra_testing.gateway_lab import DAILY, DATA, SERVICE_TOKEN, Lab, mark_weekly_done
from sra_testing.waiting import wait_for

STEPS = ["fmp", "fundata_data", "fundata_quotes", "views"]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def lab(lab: Lab) -> Lab:
    await mark_weekly_done(lab.dsn)
    return lab


async def run_command(
    lab: Lab, home: Path, *arguments: str, token: str = SERVICE_TOKEN, command: str = "refresh"
) -> tuple[int, Any, str]:
    """Run `./sra refresh`, or another command, and return its exit code, its JSON object and its messages."""
    settings = {"GATEWAY_URL": lab.url, "SRA_SERVICE_TOKEN": token, "DATABASE_URL": lab.dsn}
    return await carry_out(command, "--home", str(home), *arguments, settings=settings)


async def test_waiting_prints_the_documented_object(lab: Lab, tmp_path: Path) -> None:
    code, result, reported = await run_command(lab, tmp_path, "--wait")
    assert code == 0, reported
    assert set(result) == {"status", "refresh_id", "seconds", "database_url", "gateway_url", "steps"}
    assert [step["step"] for step in result["steps"]] == STEPS
    assert all(set(step) == {"step", "status", "seconds", "error", "datasets"} for step in result["steps"])
    counts = result["steps"][0]["datasets"][0]
    assert counts["read"] == sum(counts[name] for name in ("stored", "unchanged", "duplicate", "rejected"))
    assert result["gateway_url"] == lab.url
    assert "views: completed" in reported


async def test_without_waiting_the_steps_are_printed_too(lab: Lab, tmp_path: Path) -> None:
    lab.script.ends[DAILY] = ["waits"]
    code, result, reported = await run_command(lab, tmp_path)
    assert code == 0, reported
    assert [step["step"] for step in result["steps"]] == STEPS
    assert {step["status"] for step in result["steps"]} <= {"queued", "running"}
    assert all(step["datasets"] == [] for step in result["steps"])


async def test_exit_codes_report_how_it_ended(lab: Lab, tmp_path: Path) -> None:
    lab.script.ends[DAILY] = ["parked"]
    code, result, _ = await run_command(lab, tmp_path, "--wait")
    assert (code, result["status"]) == (2, "partial")
    # by now only its quota keeps FMP from succeeding
    code, result, _ = await run_command(lab, tmp_path, "--wait", "--source", "fmp")
    assert (code, result["status"]) == (3, "parked")
    lab.script.ends[DATA] = ["held"]
    code, result, _ = await run_command(lab, tmp_path, "--wait", "--source", "fundata")
    assert (code, result["status"]) == (4, "held")
    code, result, _ = await run_command(lab, tmp_path, "--source", "views")
    assert (code, result["status"] in ("queued", "running", "completed")) == (0, True)
    code, result, reported = await run_command(lab, tmp_path, token="another token altogether")
    assert code == 5
    assert "SRA_SERVICE_TOKEN" in reported
    code, _, reported = await run_command(lab, tmp_path, "--source", "nonsense")
    assert code == 5
    assert "fmp, fundata, views" in reported


async def test_status_counts_what_the_gateway_knows(lab: Lab, tmp_path: Path) -> None:
    async def is_well() -> bool:
        return bool((await lab.http.get("/status")).json()["status"] == "healthy")

    assert (await lab.refresh())["status"] == "completed"
    await wait_for(is_well, what="the gateway's look at all parts")
    code, result, _ = await run_command(lab, tmp_path, command="status")
    assert (code, result["status"], result["problems"]) == (0, "healthy", [])

    lab.script.ends[DATA] = ["failed"]
    refresh = await lab.refresh()
    await lab.stop("view_builder")

    async def is_seen() -> bool:
        seen = (await lab.http.get("/status")).json()
        parts = {part["name"]: part["status"] for part in [*seen["services"], *seen["sources"]]}
        return bool(parts["view_builder"] == parts["Fundata"] == "unhealthy")

    await wait_for(is_seen, what="the gateway's look at what is wrong")
    code, result, _ = await run_command(lab, tmp_path, command="status")
    assert (code, result["status"], result["gateway"]["status"]) == (1, "degraded", "degraded")
    reported = "\n".join(result["problems"])
    assert "view_builder is unhealthy: It does not respond" in reported
    assert "Fundata is unhealthy" in reported
    assert f"Refresh {refresh['refresh_id'][:8]} finished with status partial (fundata_data failed)" in reported
