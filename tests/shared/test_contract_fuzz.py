"""Generated requests against a real service: it never fails, and its responses match its description."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httpx
import pytest

from sra_cli.ports import find_free_port
from sra_testing.probe_service import SERVICE_TOKEN, VIEWER_TOKEN, run_probe_service
from sra_testing.waiting import wait_for


async def fuzz(database: str, folder: Path, *, examples: int) -> str:
    """Run schemathesis in `folder` and return what it says; fails where it found anything."""
    port = find_free_port()
    settings = {
        "DATABASE_URL": database,
        "PORT": str(port),
        "DB_POOL_MIN_SIZE": "1",
        "SRA_SERVICE_TOKEN": SERVICE_TOKEN,
        "SRA_VIEWER_TOKEN": VIEWER_TOKEN,
    }
    address = f"http://127.0.0.1:{port}"
    with run_probe_service(settings, log=folder / "service.log"):
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:

            async def is_ready() -> bool:
                try:
                    return (await client.get("/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await wait_for(is_ready, what="the service's start")
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{address}/openapi.json",
            "--header",
            f"Authorization: Bearer {SERVICE_TOKEN}",
            "--checks",
            "all",
            # parameters are stricter than their description can say: no NUL, no half characters
            "--exclude-checks",
            "positive_data_acceptance",
            "--max-examples",
            str(examples),
            "--no-color",
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    lines = [json.loads(line) for line in (folder / "service.log").read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert requests
    assert [line for line in requests if line["status"] >= 500] == []
    return said


async def test_generated_requests_find_no_fault(database: str, tmp_path: Path) -> None:
    assert "7/7" in await fuzz(database, tmp_path, examples=3)


@pytest.mark.api
async def test_thousands_of_generated_requests_find_no_fault(database: str, tmp_path: Path) -> None:
    assert "7/7" in await fuzz(database, tmp_path, examples=200)
