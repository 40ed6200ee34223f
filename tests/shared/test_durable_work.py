"""Runs whose workers die, pause or stop, and a server that drops all connections."""

from __future__ import annotations

import signal
import subprocess
from uuid import UUID

import pytest

from sra_shared.kit.db import Pool
from sra_shared.runs import RunRequest, RunStatus, TaskType, read_run, read_units, request_cancel, request_run
from sra_shared.runs.jobs import enqueue_run, restore_jobs
from sra_testing.job_process import PROBE_TABLE, run_worker_process
from sra_testing.nursery import Helper
from sra_testing.timings import BRIEF_LEASES
from sra_testing.waiting import wait_for

pytestmark = [pytest.mark.long, pytest.mark.versions]


@pytest.fixture
async def probe_pool(pool: Pool) -> Pool:
    await pool.execute(PROBE_TABLE)
    return pool


async def request_probe(pool: Pool, *, max_retries: int = 3, **parameters: object) -> UUID:
    async with pool.acquire() as connection, connection.transaction():
        request = RunRequest(task_type=TaskType.CSV_IMPORT, parameters=parameters, max_retries=max_retries)
        requested = await request_run(connection, request, source="fundata", enqueue=enqueue_run)
    return requested.task.task_id


async def count_chunks(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM chunk_probe"))


async def read_owners(pool: Pool) -> list[str]:
    return [row["owner"] for row in await pool.fetch("SELECT DISTINCT owner FROM chunk_probe")]


async def wait_for_end(pool: Pool, task_id: UUID) -> RunStatus:
    async def look() -> RunStatus | None:
        async with pool.acquire() as connection:
            task = await read_run(connection, task_id)
        assert task is not None
        return None if task.status.is_live else task.status

    status = await wait_for(look, what=f"the end of run {task_id}", seconds=150)
    assert status is not None
    return status


async def wait_for_death(process: Helper | subprocess.Popen[bytes]) -> None:
    async def look() -> bool:
        return process.poll() is not None

    await wait_for(look, what="the worker's end")


async def assert_chunks_once(pool: Pool, expected: int) -> None:
    rows = await pool.fetch("SELECT count(*) AS times FROM chunk_probe GROUP BY task_id, unit, chunk")
    assert len(rows) == expected
    assert {row["times"] for row in rows} == {1}
    total = await pool.fetchval("SELECT sum(stored_count) FROM run_unit")
    assert total == expected


async def test_rollback_of_the_request_leaves_no_job(probe_pool: Pool) -> None:
    async with probe_pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        request = RunRequest(task_type=TaskType.CSV_IMPORT)
        await request_run(connection, request, source="fundata", enqueue=enqueue_run)
        await transaction.rollback()
    assert await probe_pool.fetchval("SELECT count(*) FROM jobs.pgqueuer") == 0


async def test_run_has_one_job_and_the_library_serves_our_first_priority_first(probe_pool: Pool) -> None:
    first = await request_probe(probe_pool, n=1)
    again = await request_probe(probe_pool, n=1)
    assert first == again
    async with probe_pool.acquire() as connection, connection.transaction():
        urgent = RunRequest(task_type=TaskType.CSV_IMPORT, parameters={"n": 2}, priority=1)
        await request_run(connection, urgent, source="fundata", enqueue=enqueue_run)
    rows = await probe_pool.fetch("SELECT priority FROM jobs.pgqueuer ORDER BY id")
    assert [row["priority"] for row in rows] == [3, 5]


async def test_a_killed_worker_is_taken_over_without_loss_or_duplicates(database: str, probe_pool: Pool) -> None:
    task_id = await request_probe(probe_pool, chunks=8, pause=0.5)
    with run_worker_process(database) as victim:
        await wait_for(lambda: count_chunks(probe_pool), what="a first chunk")
        with run_worker_process(database):
            victim.kill()
            assert await wait_for_end(probe_pool, task_id) is RunStatus.COMPLETED
    assert len(await read_owners(probe_pool)) == 2
    await assert_chunks_once(probe_pool, 8)
    assert await probe_pool.fetchval("SELECT attempt FROM task_execution_log") == 2


async def test_paused_worker_finds_its_commit_refused(database: str, probe_pool: Pool) -> None:
    # the pause falls into the second chunk's open transaction
    task_id = await request_probe(probe_pool, chunks=3, open_pause=1)
    with run_worker_process(database, timing=BRIEF_LEASES) as paused:
        await wait_for(lambda: count_chunks(probe_pool), what="a first chunk")
        paused.send_signal(signal.SIGSTOP)
        with run_worker_process(database, timing=BRIEF_LEASES):
            assert await wait_for_end(probe_pool, task_id) is RunStatus.COMPLETED
            before = await probe_pool.fetch("SELECT * FROM run_unit ORDER BY unit")
            paused.send_signal(signal.SIGCONT)
            other = await request_probe(probe_pool, chunks=1, after="the resumed worker is active again")
            assert await wait_for_end(probe_pool, other) is RunStatus.COMPLETED
    after = await probe_pool.fetch("SELECT * FROM run_unit WHERE task_id = $1 ORDER BY unit", task_id)
    assert [dict(row) for row in after] == [dict(row) for row in before]
    assert await probe_pool.fetchval("SELECT count(*) FROM chunk_probe WHERE task_id = $1", task_id) == 3


@pytest.mark.faults
async def test_lone_worker_that_was_paused_continues_with_its_own_units(database: str, probe_pool: Pool) -> None:
    task_id = await request_probe(probe_pool, units=4, chunks=6, open_pause=0.5, max_retries=0)
    with run_worker_process(database, concurrency=2, timing=BRIEF_LEASES) as lone:
        await wait_for(lambda: count_chunks(probe_pool), what="a first chunk")
        lone.send_signal(signal.SIGSTOP)

        async def lease_is_over() -> bool:
            query = "SELECT bool_and(lease_expires_at < now()) FROM run_unit WHERE status = 'running'"
            return bool(await probe_pool.fetchval(query))

        await wait_for(lease_is_over, what="the end of the leases")
        lone.send_signal(signal.SIGCONT)
        assert await wait_for_end(probe_pool, task_id) is RunStatus.COMPLETED
    await assert_chunks_once(probe_pool, 24)
    # each part was claimed by its worker only, and only once if its connections survived the pause
    assert len(await read_owners(probe_pool)) == 1
    async with probe_pool.acquire() as connection:
        task = await read_run(connection, task_id)
    assert task is not None
    assert task.attempt == 1


async def test_poison_job_ends_failed_after_its_retries(database: str, probe_pool: Pool) -> None:
    task_id = await request_probe(probe_pool, max_retries=1, poison=True)
    for _ in range(2):
        with run_worker_process(database) as process:
            await wait_for_death(process)
    with run_worker_process(database):
        assert await wait_for_end(probe_pool, task_id) is RunStatus.FAILED
    assert await count_chunks(probe_pool) == 0
    async with probe_pool.acquire() as connection:
        [unit] = await read_units(connection, task_id)
    assert unit.error is not None
    assert "died" in unit.error


async def test_work_continues_after_the_server_drops_every_connection(database: str, probe_pool: Pool) -> None:
    task_id = await request_probe(probe_pool, chunks=6, pause=0.3)
    with run_worker_process(database):
        await wait_for(lambda: count_chunks(probe_pool), what="a first chunk")
        await probe_pool.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert await wait_for_end(probe_pool, task_id) is RunStatus.COMPLETED
        late = await request_probe(probe_pool, chunks=1, late=True)
        assert await wait_for_end(probe_pool, late) is RunStatus.COMPLETED
    await assert_chunks_once(probe_pool, 7)


async def test_stopped_worker_hands_its_run_over(database: str, probe_pool: Pool) -> None:
    task_id = await request_probe(probe_pool, chunks=4, pause=0.5)
    with run_worker_process(database) as leaving:
        await wait_for(lambda: count_chunks(probe_pool), what="a first chunk")
        leaving.send_signal(signal.SIGTERM)
        await wait_for_death(leaving)
        assert leaving.returncode == 0
    async with probe_pool.acquire() as connection:
        [unit] = await read_units(connection, task_id)
    assert unit.status.value == "queued"
    assert unit.attempt <= 1
    with run_worker_process(database):
        assert await wait_for_end(probe_pool, task_id) is RunStatus.COMPLETED
    await assert_chunks_once(probe_pool, 4)


async def test_workers_share_the_units_of_a_run(database: str, probe_pool: Pool) -> None:
    task_id = await request_probe(probe_pool, units=8, chunks=2, together=2)
    with run_worker_process(database), run_worker_process(database):
        assert await wait_for_end(probe_pool, task_id) is RunStatus.COMPLETED
    assert len(await read_owners(probe_pool)) == 2
    await assert_chunks_once(probe_pool, 16)


async def test_lost_job_of_a_live_run_is_restored(probe_pool: Pool) -> None:
    task_id = await request_probe(probe_pool)
    await probe_pool.execute("DELETE FROM jobs.pgqueuer")
    async with probe_pool.acquire() as connection:
        assert await restore_jobs(connection, ["csv_import"]) == [task_id]
        assert await restore_jobs(connection, ["csv_import"]) == []


async def test_run_of_a_command_gets_no_job(probe_pool: Pool) -> None:
    async with probe_pool.acquire() as connection, connection.transaction():
        await request_run(connection, RunRequest(task_type=TaskType.CSV_IMPORT), source="fundata")
        assert await restore_jobs(connection, ["csv_import"]) == []


async def test_cancelled_run_stops_and_keeps_what_it_stored(database: str, probe_pool: Pool) -> None:
    task_id = await request_probe(probe_pool, chunks=500, pause=0.2)
    with run_worker_process(database):
        await wait_for(lambda: count_chunks(probe_pool), what="a first chunk")
        async with probe_pool.acquire() as connection, connection.transaction():
            await request_cancel(connection, task_id)
        assert await wait_for_end(probe_pool, task_id) is RunStatus.CANCELLED
    stored = await count_chunks(probe_pool)
    assert stored
    await assert_chunks_once(probe_pool, stored)
