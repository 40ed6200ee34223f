"""A service as a process: start and shutdown."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool
from sra_testing.databases import execute_sql
from sra_testing.job_process import PROBE_TABLE
from sra_testing.probe_service import SERVICE_TOKEN, VIEWER_TOKEN, run_probe_service
from sra_testing.waiting import wait_for

TOKENS = {"SRA_SERVICE_TOKEN": SERVICE_TOKEN, "SRA_VIEWER_TOKEN": VIEWER_TOKEN}
SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}


def run_until_end(settings: Mapping[str, str], log: Path) -> tuple[int, str]:
    with run_probe_service(settings, log=log) as process:
        code = process.wait(timeout=60)
    return code, log.read_text()


async def wait_until_healthy(client: httpx.AsyncClient) -> None:
    async def look() -> bool:
        try:
            return (await client.get("/health")).status_code == 200
        except httpx.TransportError:
            return False

    await wait_for(look, what="the service's start")


@pytest.mark.parametrize("missing", ["SRA_SERVICE_TOKEN", "SRA_VIEWER_TOKEN"])
def test_production_without_tokens_is_refused(missing: str, database: str, tmp_path: Path) -> None:
    tokens = {name: secrets.token_urlsafe(24) for name in TOKENS}
    settings = {"DATABASE_URL": database, "SRA_ENV": "production", **tokens}
    del settings[missing]
    code, result = run_until_end(settings, tmp_path / "log")
    assert code == 5
    assert missing in result


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "DATABASE_URL"),
        ({"DB_POOL_MIN_SIZE": "9", "DB_POOL_MAX_SIZE": "3", "DATABASE_URL": "postgres://h/d"}, "DB_POOL_MIN_SIZE"),
        ({"PORT": "many", "DATABASE_URL": "postgres://h/d"}, "PORT"),
    ],
)
def test_bad_settings_are_refused_by_name(settings: dict[str, str], named: str, tmp_path: Path) -> None:
    code, result = run_until_end(settings, tmp_path / "log")
    assert code == 5
    assert named in result


async def test_sigterm_hands_the_run_over_and_ends_with_zero(database: str, pool: Pool, tmp_path: Path) -> None:
    await pool.execute(PROBE_TABLE)
    port = find_free_port()
    settings = {"DATABASE_URL": database, "PORT": str(port), "DB_POOL_MIN_SIZE": "1", **TOKENS}
    with run_probe_service(settings, log=tmp_path / "log") as process:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=SERVICE, trust_env=False) as client:
            await wait_until_healthy(client)
            body = {"task_type": "csv_import", "parameters": {"chunks": 1000, "pause": 0.2}}
            run_id = (await client.post("/runs", json=body)).json()["task_id"]

            async def has_begun() -> bool:
                return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM chunk_probe)"))

            await wait_for(has_begun, what="the first chunk")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 60) == 0
    result = (tmp_path / "log").read_text()
    assert await pool.fetchval("SELECT status FROM run_unit WHERE unit = 'part 0'") == "queued"
    assert await pool.fetchval("SELECT status FROM jobs.pgqueuer WHERE dedupe_key = $1", run_id) == "queued"
    assert run_id in result
    for secret in (SERVICE_TOKEN, VIEWER_TOKEN):
        assert secret not in result


async def test_a_service_started_without_a_database_begins_once_it_is_available(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    await pool.execute(PROBE_TABLE)
    name = database.rsplit("/", 1)[1]
    elsewhere = database.rsplit("/", 1)[0]
    port = find_free_port()
    hidden = f"{name}_later"
    settings = {"DATABASE_URL": f"{elsewhere}/{hidden}", "PORT": str(port), "DB_POOL_MIN_SIZE": "1", **TOKENS}
    await pool.close()
    with run_probe_service(settings, log=tmp_path / "log") as process:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=SERVICE, trust_env=False) as client:
            await wait_until_healthy(client)
            assert (await client.get("/ready")).status_code == 503
            rename_database(database, name, hidden)
            try:

                async def is_ready() -> bool:
                    return (await client.get("/ready")).status_code == 200

                await wait_for(is_ready, what="readiness")
                body = {"task_type": "csv_import", "parameters": {"chunks": 2}}
                location = (await client.post("/runs", json=body)).headers["location"]

                async def has_ended() -> bool:
                    return bool((await client.get(location)).json()["status"] == "completed")

                await wait_for(has_ended, what="the end of the run")
            finally:
                process.kill()
                process.wait()
                rename_database(f"{elsewhere}/{hidden}", hidden, name)


def rename_database(dsn: str, old: str, new: str) -> None:
    execute_sql(
        f"{dsn.rsplit('/', 1)[0]}/postgres",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{old}'",  # noqa: S608 - our own name
        f'ALTER DATABASE "{old}" RENAME TO "{new}"',
    )
