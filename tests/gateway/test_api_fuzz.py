"""Generated requests against the gateway's own routes: no server error, nothing that its description does not say."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from sra_testing.gateway_lab import SERVICE_TOKEN, open_lab


async def fuzz(database: str, folder: Path, *, examples: int) -> None:
    """Run schemathesis in `folder` against a gateway among its services; fails with what it found."""
    async with open_lab(database) as lab:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{lab.url}/openapi.json",
            "--header",
            f"Authorization: Bearer {SERVICE_TOKEN}",
            "--checks",
            "all",
            # the parameters of a run depend on its kind, which the description of POST /runs leaves open
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


async def test_generated_requests_find_no_fault(database: str, tmp_path: Path) -> None:
    await fuzz(database, tmp_path, examples=4)


@pytest.mark.api
async def test_thousands_of_generated_requests_find_no_fault(database: str, tmp_path: Path) -> None:
    await fuzz(database, tmp_path, examples=300)
