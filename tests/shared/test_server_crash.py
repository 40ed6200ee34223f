"""A database server that is killed and restarted: work and events continue by themselves."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import OUTAGE_ERRORS, open_pool
from sra_shared.migrate import upgrade_database
from sra_shared.runs import ProcessingTask, RunRequest, RunStatus, TaskType, Worker, execute_to_end, request_run
from sra_shared.runs.jobs import enqueue_run
from sra_testing.job_process import PROBE_TABLE, ProbeWork, run_worker_process
from sra_testing.waiting import wait_for

pytestmark = [pytest.mark.versions, pytest.mark.faults]


async def carry_out(dsn: str, task_id: UUID) -> ProcessingTask:
    """Do a run as a command does, in this process."""
    async with Worker(dsn, "command") as worker:
        pool = await worker.open_pool(max_size=3)
        try:
            return await execute_to_end(pool, task_id, ProbeWork(), worker)
        finally:
            await pool.close()


async def test_run_continues_after_the_server_was_killed(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    assert postgres_server.binaries is not None
    server = EmbeddedPostgres(tmp_path, pg_bin=postgres_server.binaries.folder)
    await asyncio.to_thread(server.start)
    try:
        dsn = server.build_dsn()
        await upgrade_database(dsn)
        pool = await open_pool(dsn, application_name="test", max_size=3)
        await pool.execute(PROBE_TABLE)
        async with pool.acquire() as connection, connection.transaction():
            request = RunRequest(task_type=TaskType.CSV_IMPORT, parameters={"chunks": 12, "pause": 0.3})
            requested = await request_run(connection, request, source="fundata", enqueue=enqueue_run)
            own = RunRequest(task_type=TaskType.CSV_IMPORT, parameters={"chunks": 12, "pause": 0.2}, max_retries=0)
            commanded = await request_run(connection, own, source="fundata")

        async def have_begun() -> bool:
            try:
                return bool(await pool.fetchval("SELECT count(DISTINCT task_id) = 2 FROM chunk_probe"))
            except (*OUTAGE_ERRORS, asyncpg.PostgresError):
                return False

        async def read_status() -> str | None:
            try:
                status = await pool.fetchval(
                    "SELECT status FROM task_execution_log WHERE task_id = $1", requested.task.task_id
                )
            except (*OUTAGE_ERRORS, asyncpg.PostgresError):
                return None
            return None if status in ("queued", "running") else str(status)

        with run_worker_process(dsn):
            by_command = asyncio.create_task(carry_out(dsn, commanded.task.task_id))
            await wait_for(have_begun, what="chunks of both")
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            assert await wait_for(read_status, what="the end of the run", seconds=150) == "completed"
            assert (await by_command).status is RunStatus.COMPLETED
        rows = await pool.fetch("SELECT chunk, count(*) AS times FROM chunk_probe GROUP BY task_id, chunk")
        assert sorted((row["chunk"], row["times"]) for row in rows) == sorted([(chunk, 1) for chunk in range(12)] * 2)
        assert await pool.fetchval("SELECT sum(stored_count) FROM run_unit") == 24
        assert await pool.fetchval("SELECT count(*) FROM completion_outbox") == 2
        await pool.close()
    finally:
        await asyncio.to_thread(server.stop)
