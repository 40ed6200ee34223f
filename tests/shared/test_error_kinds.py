"""A run during an outage of the database: it waits, consumes no attempt, and resumes by itself."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from sra_cli.settings import build_environment
from sra_shared.kit.db import Pool, open_pool
from sra_shared.kit.errors import FatalError, LeaseLostError, RetryableError, RunHeldError
from sra_shared.migrate import upgrade_database
from sra_shared.runs import RunRequest, RunStatus, TaskType, UnitContext, Worker, execute_run, request_run
from sra_shared.runs.error_kinds import ErrorKind, choose_error, classify_error
from sra_shared.runs.jobs import enqueue_run
from sra_shared.runs.worker import JobWorker
from sra_testing import full_disk
from sra_testing.kept_logs import keep_logs
from sra_testing.scripted_work import ONE_ROW, ScriptedWork, ask, commit_one, fetch_run, fetch_units
from sra_testing.timings import QUICK
from sra_testing.waiting import wait_for

FULL_DISK = (
    "CREATE TABLE scratch (n int)",
    """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$""",
    "CREATE TRIGGER refuse BEFORE INSERT ON scratch EXECUTE FUNCTION refuse()",
)


@pytest.fixture
async def worker(database: str) -> AsyncIterator[Worker]:
    async with Worker(database, "test", timing=QUICK) as opened:
        yield opened


async def test_full_disk_is_waited_out(pool: Pool, worker: Worker) -> None:
    for statement in FULL_DISK:
        await pool.execute(statement)
    lines: list[object] = []

    async def act(context: UnitContext) -> None:
        lines.append(context.unit.resume.get("line"))
        if len(lines) == 1:
            await commit_one(context)
        else:
            await pool.execute("DROP TRIGGER refuse ON scratch")
        async with context.transaction() as connection:
            await connection.execute("INSERT INTO scratch VALUES (1)")
            await context.commit(connection, ONE_ROW)

    with keep_logs() as logged:
        ended = await execute_run(pool, await ask(pool, max_retries=0), ScriptedWork(act), worker)
    assert (ended.task.status, ended.task.attempt, ended.task.errors_count) == (RunStatus.COMPLETED, 1, 0)
    assert ended.task.records_processed == 2
    assert lines == [None, 1]
    [result] = [entry for entry in logged if entry["event"] == "unit_waits_for_database"]
    assert result["kind"] == "DiskFullError"
    assert "No space left" in result["error"]


# a small disk is mounted in a namespace of its own, which only Linux has
if sys.platform == "linux":

    @pytest.mark.faults
    def test_a_temporarily_full_disk_loses_and_duplicates_nothing(tmp_path: Path) -> None:
        as_user = ["--user", "--map-root-user"] if os.geteuid() else []
        support = Path(full_disk.__file__).parents[1]
        done = subprocess.run(
            ["unshare", "--mount", *as_user, sys.executable, "-m", "sra_testing.full_disk", str(tmp_path)],
            env=build_environment({"PYTHONPATH": str(support)}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        ended = json.loads(done.stdout)
        assert ended["status"] == "completed"
        assert ended["while_full"] is None or ended["while_full"] < full_disk.CHUNKS
        assert ended["chunks"] == {str(chunk): 1 for chunk in range(full_disk.CHUNKS)}
        assert (ended["attempt"], ended["records_processed"]) == (1, full_disk.CHUNKS)
        assert "unit_waits_for_database" in done.stderr or "run_interrupted" in done.stderr


async def test_a_connection_lost_in_a_chunk_consumes_no_attempt(pool: Pool, worker: Worker) -> None:
    tries: list[int] = []

    async def act(context: UnitContext) -> None:
        tries.append(1)
        async with context.transaction() as connection:
            await context.commit(connection, ONE_ROW)
            if len(tries) == 1:
                await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    ended = await execute_run(pool, await ask(pool, max_retries=0), ScriptedWork(act), worker)
    assert (ended.task.status, ended.task.records_processed, len(tries)) == (RunStatus.COMPLETED, 1, 2)


async def test_a_cancelled_run_ends_although_its_connection_is_lost_at_that_moment(pool: Pool, worker: Worker) -> None:
    started = asyncio.Event()

    async def lose_the_connection(_context: UnitContext) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation") from error

    task_id = await ask(pool)
    execution = asyncio.create_task(execute_run(pool, task_id, ScriptedWork(lose_the_connection), worker))
    await started.wait()
    execution.cancel()
    with pytest.raises(asyncio.CancelledError):
        await execution
    assert (await fetch_units(pool, task_id))["a"].status.value == "running"


async def test_a_unit_with_an_unconfirmed_last_commit_is_not_repeated(pool: Pool, worker: Worker) -> None:
    tries: list[int] = []

    async def act(context: UnitContext) -> None:
        tries.append(1)
        async with context.transaction() as connection:
            await context.finish(connection, ONE_ROW)
        raise ConnectionResetError("the answer to the commit never came")

    ended = await execute_run(pool, await ask(pool), ScriptedWork(act), worker)
    assert (ended.task.status, ended.task.records_processed, len(tries)) == (RunStatus.COMPLETED, 1, 1)
    assert await pool.fetchval("SELECT count(*) FROM completion_outbox") == 1


async def test_a_unit_abandoned_during_an_outage_is_claimed_again_as_the_same_attempt(
    pool: Pool, worker: Worker
) -> None:
    task_id = await ask(pool, max_retries=0)

    async def lose(context: UnitContext) -> None:
        await commit_one(context)
        context.pool.terminate()
        raise ConnectionResetError("the server went away")

    lost_pool = await worker.open_pool()
    with pytest.raises((asyncpg.InterfaceError, OSError)):
        await execute_run(lost_pool, task_id, ScriptedWork(lose), worker)
    assert (await fetch_units(pool, task_id))["a"].status == "running"
    ended = await execute_run(pool, task_id, ScriptedWork(commit_one), worker)
    assert (ended.task.status, ended.task.attempt, ended.task.records_processed) == (RunStatus.COMPLETED, 1, 2)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (LeaseLostError("a"), ErrorKind.INTERRUPTED),
        (RunHeldError("a"), ErrorKind.INTERRUPTED),
        (asyncpg.DiskFullError("a"), ErrorKind.OUTAGE),
        (asyncpg.CannotConnectNowError("the database system is starting up"), ErrorKind.OUTAGE),
        (asyncpg.ConnectionDoesNotExistError("a"), ErrorKind.OUTAGE),
        (asyncpg.InterfaceError("connection is closed"), ErrorKind.OUTAGE),
        (asyncpg.ReadOnlySQLTransactionError("a"), ErrorKind.OUTAGE),
        (OSError(errno.ENOSPC, "No space left on device"), ErrorKind.OUTAGE),
        (ConnectionRefusedError("a"), ErrorKind.OUTAGE),
        (asyncpg.QueryCanceledError("canceling statement due to statement timeout"), ErrorKind.TRANSIENT),
        (asyncpg.DeadlockDetectedError("a"), ErrorKind.TRANSIENT),
        (FileNotFoundError("a"), ErrorKind.TRANSIENT),
        (RetryableError("a"), ErrorKind.TRANSIENT),
        (FatalError("a"), ErrorKind.FINAL),
        (asyncpg.UndefinedColumnError("a"), ErrorKind.UNEXPECTED),
        (KeyError("a"), ErrorKind.UNEXPECTED),
    ],
)
def test_each_error_has_its_consequence(error: BaseException, kind: ErrorKind) -> None:
    assert classify_error(error) is kind
    mixed = ExceptionGroup("streams", [ExceptionGroup("inner", [ValueError("b")]), Exception("c"), error])
    if kind is not ErrorKind.UNEXPECTED:
        assert choose_error(mixed) is error


class Heard(logging.Handler):
    """Keeps what is logged, to be read at once."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(str(record.msg))


async def test_a_worker_claims_nothing_before_the_tables_match_its_code(empty_database: str) -> None:
    # the code requests runs by the columns of this revision
    await upgrade_database(empty_database, revision="0030")
    async with Worker(empty_database, "early", timing=QUICK) as worker:
        pool = await open_pool(empty_database, application_name="test", max_size=4)
        async with pool.acquire() as connection, connection.transaction():
            request = RunRequest(task_type=TaskType.DAILY_QUOTES)
            requested = await request_run(connection, request, source="fmp", enqueue=enqueue_run)
        own_pool = await worker.open_pool(min_size=0)
        works = {"daily_quotes": ScriptedWork(commit_one)}
        jobs = JobWorker(dsn=empty_database, pool=own_pool, worker=worker, works=works)

        async def has_looked() -> bool:
            return any("job_worker_waits_for_migration" in text for text in heard.texts)

        async def has_ended() -> bool:
            return not (await fetch_run(pool, requested.task.task_id)).status.is_live

        heard = Heard()
        with keep_logs() as logged:
            logging.getLogger().addHandler(heard)
            running = asyncio.create_task(jobs.run())
            await wait_for(has_looked, what="the worker's look at the revision")
            await upgrade_database(empty_database)
            await wait_for(has_ended, what="the end of the run")
            jobs.stop()
            await running
        assert (await fetch_run(pool, requested.task.task_id)).status is RunStatus.COMPLETED
        await own_pool.close()
        await pool.close()
    events = [entry["event"] for entry in logged]
    assert events.count("job_worker_waits_for_migration") == 1
    assert not {"run_interrupted", "job_worker_restarts"} & set(events)


async def test_a_worker_stopped_during_the_check_of_the_tables_claims_nothing(database: str) -> None:
    async with Worker(database, "brief", timing=QUICK) as worker:
        pool = await worker.open_pool(min_size=0)
        jobs = JobWorker(dsn=database, pool=pool, worker=worker, works={"daily_quotes": ScriptedWork(commit_one)})
        running = asyncio.create_task(jobs.run())
        # the first step of the task goes as far as the look at the database
        await asyncio.sleep(0)
        jobs.stop()
        await asyncio.wait_for(running, 20)
        await pool.close()
