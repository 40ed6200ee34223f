"""`./sra refresh` against a gateway: what it prints, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sra_testing.gateway_lab import DAILY, DATA, SERVICE_TOKEN, Lab, mark_weekly_done, open_lab

STEPS = ["fmp", "fundata_data", "fundata_quotes", "views"]


@pytest.fixture
async def lab(database: str) -> AsyncIterator[Lab]:
    await mark_weekly_done(database)
    async with open_lab(database) as lab:
        yield lab


async def run_command(lab: Lab, home: Path, *arguments: str, token: str = SERVICE_TOKEN) -> tuple[int, Any, str]:
    """Run `./sra refresh` and return its exit code, its JSON object and what it told people."""
    environment = {
        **os.environ,  # noqa: TID251 - a child's environment, no setting
        "GATEWAY_URL": lab.url,
        "SRA_SERVICE_TOKEN": token,
        "DATABASE_URL": lab.dsn,
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "sra_cli", "refresh", "--home", str(home), "--json", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


async def test_waiting_gives_the_documented_object(lab: Lab, tmp_path: Path) -> None:
    code, result, told = await run_command(lab, tmp_path, "--wait")
    assert code == 0, told
    assert set(result) == {"status", "refresh_id", "seconds", "database_url", "gateway_url", "steps"}
    assert [step["step"] for step in result["steps"]] == STEPS
    assert all(set(step) == {"step", "status", "seconds", "error", "datasets"} for step in result["steps"])
    counts = result["steps"][0]["datasets"][0]
    assert counts["read"] == sum(counts[name] for name in ("stored", "unchanged", "duplicate", "rejected"))
    assert result["gateway_url"] == lab.url
    assert "views: completed" in told


async def test_without_waiting_the_steps_stand_there_too(lab: Lab, tmp_path: Path) -> None:
    lab.script.ends[DAILY] = ["waits"]
    code, result, told = await run_command(lab, tmp_path)
    assert code == 0, told
    assert [step["step"] for step in result["steps"]] == STEPS
    assert {step["status"] for step in result["steps"]} <= {"queued", "running"}
    assert all(step["datasets"] == [] for step in result["steps"])


async def test_exit_codes_tell_how_it_ended(lab: Lab, tmp_path: Path) -> None:
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
    code, result, told = await run_command(lab, tmp_path, token="another token altogether")
    assert code == 5
    assert "SRA_SERVICE_TOKEN" in told
    code, _, told = await run_command(lab, tmp_path, "--source", "nonsense")
    assert code == 5
    assert "fmp, fundata, views" in told
