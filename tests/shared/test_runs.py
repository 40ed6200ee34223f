"""The ledger, its leases and the driver, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from sra_shared.kit.db import Connection, Pool, open_connection, prepare_connection
from sra_shared.kit.errors import (
    FatalError,
    IdempotencyConflictError,
    LeaseLostError,
    RetryableError,
    RunHeldError,
    RunParkedError,
)
from sra_shared.runs import (
    Execution,
    RunRequest,
    RunStatus,
    TaskType,
    UnitContext,
    UnitStatus,
    Worker,
    execute_run,
    leases,
    read_run,
    request_cancel,
    request_run,
)
from sra_shared.runs.counts import Counts
from sra_shared.runs.leases import claim_unit, commit_unit
from sra_shared.runs.ledger import end_cancelled_runs
from sra_testing.scripted_work import ScriptedWork, ask, commit_one, end_leases, fetch_run, fetch_units, make_due
from sra_testing.timings import QUICK
from sra_testing.waiting import wait_for

pytestmark = pytest.mark.versions


@pytest.fixture
async def worker(database: str) -> AsyncIterator[Worker]:
    async with Worker(database, "test", timing=QUICK) as opened:
        yield opened


@pytest.fixture
async def still_worker(database: str) -> AsyncIterator[Worker]:
    """A worker whose heartbeat does not renew within the test the leases that the test ends."""
    async with Worker(database, "test", timing=replace(QUICK, beat=300, dead=400, lease=500)) as opened:
        yield opened


async def test_run_adds_up_its_units_and_leaves_one_completion(pool: Pool, worker: Worker) -> None:
    task_id = await ask(pool)
    work = ScriptedWork(commit_one, units=("a", "b", "c"), concurrency=2)
    ended = await execute_run(pool, task_id, work, worker)
    assert ended.task.status is RunStatus.COMPLETED
    assert ended.task.records_processed == 3
    assert ended.task.details["datasets"]["A"]["stored"] == 1
    assert ended.resume_at is None
    events = await pool.fetch("SELECT run_id, source, datasets FROM completion_outbox")
    assert [(e["run_id"], e["source"]) for e in events] == [(task_id, "fmp")]
    assert (await execute_run(pool, task_id, work, worker)).task.status is RunStatus.COMPLETED
    assert work.planned == 1


async def test_counts_that_do_not_balance_roll_the_chunk_back(pool: Pool, worker: Worker) -> None:
    async def lose_a_record(context: UnitContext) -> None:
        async with context.transaction() as connection:
            await connection.execute("INSERT INTO schedule_slot (schedule, slot) VALUES ('x', now())")
            await context.commit(connection, Counts(read=2, stored=1))

    task_id = await ask(pool)
    ended = await execute_run(pool, task_id, ScriptedWork(lose_a_record), worker)
    assert ended.task.status is RunStatus.FAILED
    assert "do not balance" in ended.task.error_details[0]["message"]
    assert await pool.fetchval("SELECT count(*) FROM schedule_slot") == 0


async def test_database_itself_refuses_unbalanced_counts(pool: Pool, worker: Worker) -> None:
    task_id = await ask(pool)
    await execute_run(pool, task_id, ScriptedWork(commit_one), worker)
    with pytest.raises(asyncpg.CheckViolationError, match="no_record_lost_or_doubled"):
        await pool.execute("UPDATE run_unit SET read_count = read_count + 1 WHERE unit = 'a'")


async def test_failed_attempt_resumes_at_its_last_commit(pool: Pool, worker: Worker) -> None:
    seen: list[dict[str, object]] = []

    async def fail_once(context: UnitContext) -> None:
        seen.append(context.unit.resume)
        await commit_one(context)
        if len(seen) == 1:
            raise RetryableError("The source hung up.")

    task_id = await ask(pool)
    work = ScriptedWork(fail_once)
    first = await execute_run(pool, task_id, work, worker)
    assert first.task.status is RunStatus.RUNNING
    assert first.resume_at is not None
    assert first.resume_at > datetime.now(UTC)
    await make_due(pool, task_id)
    second = await execute_run(pool, task_id, work, worker)
    assert second.task.status is RunStatus.COMPLETED
    assert seen == [{}, {"line": 1}]
    assert (await fetch_units(pool, task_id))["a"].counts.stored == 2


async def test_retries_without_progress_are_limited(pool: Pool, worker: Worker) -> None:
    async def fail(_context: UnitContext) -> None:
        raise RetryableError("The source hung up.")

    task_id = await ask(pool, max_retries=2)
    for _ in range(3):
        execution = await execute_run(pool, task_id, ScriptedWork(fail), worker)
        await make_due(pool, task_id)
    assert execution.task.status is RunStatus.FAILED
    assert execution.task.attempt == 3
    assert execution.task.error_details[0]["message"] == "The source hung up."


async def test_one_failed_unit_makes_the_run_partial_and_spares_the_others(pool: Pool, worker: Worker) -> None:
    async def act(context: UnitContext) -> None:
        if context.unit.unit == "a":
            raise FatalError("Dataset A changed its shape.")
        await commit_one(context)

    execution = await execute_run(pool, await ask(pool), ScriptedWork(act, units=("a", "b")), worker)
    assert execution.task.status is RunStatus.PARTIAL
    assert execution.task.records_processed == 1
    assert execution.task.error_details == [{"unit": "a", "dataset": "A", "message": "Dataset A changed its shape."}]


async def test_a_parked_run_reports_its_end_and_continues(pool: Pool, worker: Worker) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    parked = True

    async def act(context: UnitContext) -> None:
        if parked:
            raise RunParkedError("The day's quota is spent.", until=until)
        await commit_one(context)

    task_id = await ask(pool)
    execution = await execute_run(pool, task_id, ScriptedWork(act), worker)
    assert (execution.task.status, execution.resume_at) == (RunStatus.PARKED, until)
    assert (await fetch_units(pool, task_id))["a"].attempt == 0
    parked = False
    await make_due(pool, task_id)
    assert (await execute_run(pool, task_id, ScriptedWork(act), worker)).task.status is RunStatus.COMPLETED


async def test_held_run_waits_for_a_person(pool: Pool, worker: Worker) -> None:
    async def act(_context: UnitContext) -> None:
        raise RunHeldError("Half of the universe is gone.", next_step="Release it or look.")

    execution = await execute_run(pool, await ask(pool), ScriptedWork(act), worker)
    assert execution.task.status is RunStatus.HELD


async def test_taken_over_worker_cannot_commit(pool: Pool, database: str, still_worker: Worker) -> None:
    task_id = await ask(pool)
    await execute_run(pool, task_id, ScriptedWork(commit_one, units=()), still_worker)
    task_id = await ask(pool, parameters={"n": 2})
    plan = await claim_unit(pool, task_id, still_worker, ordered=False)
    assert plan is not None
    await pool.execute("UPDATE run_unit SET lease_expires_at = now() - interval '1 s' WHERE task_id = $1", task_id)
    task = await pool.fetchval("SELECT count(*) FROM task_execution_log")
    assert task == 2
    async with Worker(database, "successor", timing=QUICK) as successor:
        taken = await claim_unit(pool, task_id, successor, ordered=False)
        assert taken is not None
        assert taken.taken_over
        assert taken.unit.fencing_token == plan.unit.fencing_token + 1
        async with pool.acquire() as connection:
            loaded = await read_run(connection, task_id)
            assert loaded is not None
            late = UnitContext(pool, loaded, plan, still_worker, ScriptedWork(commit_one))
            with pytest.raises(LeaseLostError):
                await commit_one(late)
    assert await pool.fetchval("SELECT read_count FROM run_unit WHERE task_id = $1", task_id) == 0


async def test_a_unit_claimed_while_the_connection_drops_is_claimed_again(
    pool: Pool, database: str, worker: Worker
) -> None:
    """The claim was committed, and releasing the connection fails: no worker has the unit, so it must be free."""

    async def drop(connection: Connection) -> None:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    task_id = await ask(pool)
    async with asyncpg.create_pool(database, min_size=1, max_size=1, init=prepare_connection, reset=drop) as dropped:
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await claim_unit(dropped, task_id, worker, ordered=False)
    assert await pool.fetchval("SELECT status FROM run_unit WHERE task_id = $1", task_id) == "running"
    assert not worker.active
    lease = await claim_unit(pool, task_id, worker, ordered=False)
    assert lease is not None
    assert lease.unit.fencing_token == 2


async def test_a_worker_with_expired_leases_does_not_claim_its_own_units(pool: Pool, still_worker: Worker) -> None:
    begun: list[str] = []
    slow_began, slow_may_end = asyncio.Event(), asyncio.Event()

    async def act(context: UnitContext) -> None:
        begun.append(context.unit.unit)
        if context.unit.unit == "slow":
            slow_began.set()
            await slow_may_end.wait()
        else:
            await slow_began.wait()
            # the next look for work finds the other unit's lease over
            await end_leases(pool, context.task.task_id)
        await commit_one(context)

    task_id = await ask(pool, max_retries=0)
    work = ScriptedWork(act, units=("quick", "slow"), concurrency=2)
    executing = asyncio.create_task(execute_run(pool, task_id, work, still_worker))

    async def quick_has_ended() -> bool:
        units = await fetch_units(pool, task_id)
        return bool(units) and units["quick"].status is UnitStatus.COMPLETED

    await wait_for(quick_has_ended, what="the end of the quick part")
    assert await claim_unit(pool, task_id, still_worker, ordered=False) is None
    slow_may_end.set()
    ended = await executing
    assert ended.task.status is RunStatus.COMPLETED
    assert sorted(begun) == ["quick", "slow"]
    assert {unit.fencing_token for unit in (await fetch_units(pool, task_id)).values()} == {1}


async def test_a_heartbeat_renews_only_leases_of_active_units(pool: Pool, worker: Worker) -> None:
    kept, left = await ask(pool, parameters={"n": 1}), await ask(pool, parameters={"n": 2})
    for task_id in (kept, left):
        lease = await claim_unit(pool, task_id, worker, ordered=False)
        assert lease is not None
    worker.active.discard(lease.key)

    async def is_renewed() -> bool:
        query = "SELECT lease_expires_at > now() FROM run_unit WHERE task_id = $1"
        return bool(await pool.fetchval(query, kept))

    # the first renewal may have begun before the worker gave the other unit up
    for _ in range(2):
        await end_leases(pool, left)
        await end_leases(pool, kept)
        await wait_for(is_renewed, what="a heartbeat", seconds=30)
    assert await pool.fetchval("SELECT lease_expires_at < now() FROM run_unit WHERE task_id = $1", left)


@pytest.mark.parametrize(
    "error", [asyncpg.InternalClientError("cannot switch to state 12"), RuntimeError("nobody knows of this one")]
)
async def test_a_heartbeat_survives_an_error_of_its_connection(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The driver raises the first one where the server goes between two steps of a statement."""

    class BreaksOnce:
        def __init__(self, connection: Connection) -> None:
            self.connection = connection

        def __getattr__(self, name: str) -> object:
            return getattr(self.connection, name)

        async def execute(self, *_: object) -> str:
            raise error

    opened: list[Connection] = []

    async def open_one(*arguments: Any, **options: Any) -> object:
        opened.append(await open_connection(*arguments, **options))
        return BreaksOnce(opened[0]) if len(opened) == 1 else opened[-1]

    monkeypatch.setattr(leases, "open_connection", open_one)
    async with Worker(database, "test", timing=QUICK) as worker:
        assert await claim_unit(pool, await ask(pool), worker, ordered=False) is not None
    assert len(opened) == 2


async def test_a_valid_lease_is_not_taken_over(pool: Pool, database: str, worker: Worker) -> None:
    task_id = await ask(pool)
    assert await claim_unit(pool, task_id, worker, ordered=False) is not None
    async with Worker(database, "other", timing=QUICK) as other:
        assert await claim_unit(pool, task_id, other, ordered=False) is None


async def test_successor_frees_the_locks_of_a_stuck_predecessor(
    pool: Pool, database: str, still_worker: Worker
) -> None:
    task_id = await ask(pool)
    stuck_pool = await still_worker.open_pool()
    lease = await claim_unit(stuck_pool, task_id, still_worker, ordered=False)
    assert lease is not None
    stuck = await stuck_pool.acquire()
    transaction = stuck.transaction()
    await transaction.start()
    await stuck.execute("UPDATE run_unit SET progress = '{}' WHERE task_id = $1", task_id)
    # a pause of the whole process causes the expiry; it is set in the transaction, because the row is locked
    await stuck.execute(
        "UPDATE run_unit SET lease_expires_at = now() - interval '1 minute' WHERE task_id = $1", task_id
    )
    await transaction.commit()
    transaction = stuck.transaction()
    await transaction.start()
    await stuck.execute("SELECT * FROM run_unit WHERE task_id = $1 FOR UPDATE", task_id)
    async with Worker(database, "successor", timing=QUICK) as successor:
        taken = None
        for _ in range(100):
            taken = await claim_unit(pool, task_id, successor, ordered=False)
            if taken is not None:
                break
            await asyncio.sleep(0.05)
        assert taken is not None
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        await transaction.commit()
    stuck_pool.terminate()


async def test_hundred_requests_make_one_run(pool: Pool) -> None:
    ids = await asyncio.gather(*(ask(pool, parameters={"day": "2026-11-20"}) for _ in range(100)))
    assert len(set(ids)) == 1
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log") == 1


async def test_finished_work_may_be_requested_again(pool: Pool, worker: Worker) -> None:
    first = await ask(pool)
    await execute_run(pool, first, ScriptedWork(commit_one), worker)
    assert await ask(pool) != first


async def test_idempotency_key_with_another_body_is_refused(pool: Pool) -> None:
    async def request_with_key(**parameters: object) -> UUID:
        async with pool.acquire() as connection, connection.transaction():
            request = RunRequest(task_type=TaskType.DAILY_QUOTES, parameters=parameters)
            return (await request_run(connection, request, source="fmp", idempotency_key="k")).task.task_id

    first = await request_with_key(n=1)
    assert await request_with_key(n=1) == first
    with pytest.raises(IdempotencyConflictError, match="another body"):
        await request_with_key(n=2)


async def test_cancel_of_a_queued_run_ends_it_at_once(pool: Pool) -> None:
    task_id = await ask(pool)
    async with pool.acquire() as connection, connection.transaction():
        task = await request_cancel(connection, task_id)
    assert task is not None
    assert task.status is RunStatus.CANCELLED


async def test_cancel_ends_a_run_whose_worker_died(pool: Pool, still_worker: Worker) -> None:
    """As a killed `./sra load` leaves it: no job starts another worker for it."""
    task_id = await ask(pool)
    lease = await claim_unit(pool, task_id, still_worker, ordered=False)
    assert lease is not None
    async with pool.acquire() as connection, connection.transaction():
        task = await request_cancel(connection, task_id)
    assert task is not None
    assert task.status is RunStatus.QUEUED
    async with pool.acquire() as connection:
        assert await end_cancelled_runs(connection, [TaskType.DAILY_QUOTES]) == []
        still_worker.active.clear()
        await end_leases(pool, task_id)
        assert await end_cancelled_runs(connection, [TaskType.CSV_IMPORT]) == []
        assert await end_cancelled_runs(connection, [TaskType.DAILY_QUOTES]) == [task_id]
    assert (await fetch_run(pool, task_id)).status is RunStatus.CANCELLED
    async with pool.acquire() as connection:
        with pytest.raises(LeaseLostError):
            await commit_unit(connection, lease, Counts())


async def test_cancel_of_a_run_whose_worker_died_before_ends_it_at_once(pool: Pool, still_worker: Worker) -> None:
    task_id = await ask(pool)
    assert await claim_unit(pool, task_id, still_worker, ordered=False) is not None
    still_worker.active.clear()
    await end_leases(pool, task_id)
    async with pool.acquire() as connection, connection.transaction():
        task = await request_cancel(connection, task_id)
    assert task is not None
    assert task.status is RunStatus.CANCELLED


async def test_run_reports_its_attempt_while_it_continues(pool: Pool, database: str, worker: Worker) -> None:
    seen: list[int] = []

    async def act(context: UnitContext) -> None:
        seen.append((await fetch_run(pool, context.task.task_id)).attempt)
        await commit_one(context)
        if len(seen) < 3:
            raise RetryableError("The source hung up.")

    task_id = await ask(pool)
    assert (await fetch_run(pool, task_id)).attempt == 0
    for _ in range(3):
        execution = await execute_run(pool, task_id, ScriptedWork(act), worker)
        await make_due(pool, task_id)
    # each attempt had stored rows, which restores the retries but still counts the attempt
    assert seen == [1, 2, 3]
    assert execution.task.attempt == 3


async def test_takeover_is_an_attempt_of_the_run(pool: Pool, database: str, still_worker: Worker) -> None:
    task_id = await ask(pool)
    await execute_run(pool, task_id, ScriptedWork(commit_one, units=()), still_worker)
    other = await ask(pool)
    assert await claim_unit(pool, other, still_worker, ordered=False) is not None
    assert (await fetch_run(pool, other)).attempt == 0
    still_worker.active.clear()
    await end_leases(pool, other)
    async with Worker(database, "successor", timing=QUICK) as successor:
        assert await claim_unit(pool, other, successor, ordered=False) is not None
    assert (await fetch_run(pool, other)).attempt == 2


async def test_cancel_of_a_running_run_stops_it_between_chunks(pool: Pool, worker: Worker) -> None:
    async def act(context: UnitContext) -> None:
        await commit_one(context)
        async with pool.acquire() as connection, connection.transaction():
            await request_cancel(connection, context.task.task_id)
        while True:
            await asyncio.sleep(0.05)
            context.check()

    execution: Execution = await execute_run(pool, await ask(pool), ScriptedWork(act), worker)
    assert execution.task.status is RunStatus.CANCELLED
    assert execution.task.records_processed == 1
    assert await pool.fetchval("SELECT count(*) FROM completion_outbox") == 0


async def test_ordered_units_wait_for_one_another(pool: Pool, worker: Worker) -> None:
    order: list[str] = []

    async def act(context: UnitContext) -> None:
        order.append(f"start {context.unit.unit}")
        await asyncio.sleep(0.02)
        order.append(f"end {context.unit.unit}")

    await execute_run(pool, await ask(pool), ScriptedWork(act, units=("a", "b"), ordered=True, concurrency=3), worker)
    assert order == ["start a", "end a", "start b", "end b"]


async def test_stopping_worker_hands_its_unit_over_without_spending_an_attempt(
    pool: Pool, database: str, worker: Worker
) -> None:
    async def act(context: UnitContext) -> None:
        await commit_one(context)
        worker.stopping.set()
        context.check()

    task_id = await ask(pool)
    await execute_run(pool, task_id, ScriptedWork(act), worker)
    unit = (await fetch_units(pool, task_id))["a"]
    assert (unit.status, unit.attempt, unit.owner) == (UnitStatus.QUEUED, 0, None)
    async with Worker(database, "next", timing=QUICK) as successor:
        execution = await execute_run(pool, task_id, ScriptedWork(commit_one), successor)
    assert execution.task.status is RunStatus.COMPLETED
    assert execution.task.records_processed == 2
