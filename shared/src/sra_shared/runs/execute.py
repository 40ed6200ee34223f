"""The driver that carries one run through: plan, take units, do them, retry, park, end; the same in a service and a command."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import structlog

from sra_shared.counts import Counts
from sra_shared.db import Connection, Pool
from sra_shared.errors import (
    LeaseLostError,
    RetryableError,
    RunCancelledError,
    RunHeldError,
    RunParkedError,
    SraError,
)
from sra_shared.logs import get_logger, redact_text
from sra_shared.runs.ending import Concluding, end_run
from sra_shared.runs.leases import Lease, Worker, claim_unit, commit_unit, refresh_lease, release_unit
from sra_shared.runs.ledger import PLAN_UNIT, add_units, read_run
from sra_shared.runs.model import ProcessingTask, Unit, UnitPlan, UnitStatus

log = get_logger(__name__)

_TRANSIENT = (
    RetryableError,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)


class HandoverError(SraError):
    """This process is asked to stop; the unit goes back for another worker."""


@dataclass(frozen=True)
class Execution:
    """What is left after one go at a run: nothing where it ended; else when to go on, or None where other workers do."""

    task: ProcessingTask
    resume_at: datetime | None


class Work(Concluding, Protocol):
    """What a service does for one task type."""

    @property
    def ordered(self) -> bool:
        """Whether a unit starts only when all before it ended."""

    @property
    def concurrency(self) -> int:
        """Units that one process does at a time."""

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the parts of the run; it may be called again after a crash and must then say the same."""

    async def process(self, context: UnitContext) -> None:
        """Do one part, chunk by chunk through `context.commit`; it resumes from `context.unit.resume`."""


class UnitContext:
    """What the work on one unit gets: its run, its lease, and the ways to commit."""

    def __init__(self, pool: Pool, task: ProcessingTask, lease: Lease, worker: Worker, work: Work) -> None:
        self.pool = pool
        self.task = task
        self.lease = lease
        self.worker = worker
        self._work = work
        self.finished = False

    @property
    def unit(self) -> Unit:
        """The unit with its counts and resume point as last committed."""
        return self.lease.unit

    def check(self) -> None:
        """Raise where the work must stop here: RunCancelledError or HandoverError. Called between chunks."""
        if self.task.task_id in self.worker.cancelled:
            raise RunCancelledError(f"Run {self.task.task_id} was cancelled.", next_step="What it had committed stays.")
        if self.worker.stopping.is_set():
            raise HandoverError("This process is stopping.", next_step="Another worker goes on.")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One chunk's transaction; `commit` must be called in it, and counts are read again once it is through."""
        self.check()
        async with self.pool.acquire() as connection:
            async with connection.transaction():
                yield connection
            if not self.finished:
                await refresh_lease(connection, self.lease)

    async def commit(
        self,
        connection: Connection,
        delta: Counts,
        *,
        resume: Mapping[str, Any] | None = None,
        progress: Mapping[str, Any] | None = None,
    ) -> None:
        """Put the chunk's counts and resume point into its transaction, under the fence; see `commit_unit`."""
        await commit_unit(connection, self.lease, delta, resume=resume, progress=progress)

    async def finish(
        self,
        connection: Connection,
        delta: Counts | None = None,
        *,
        status: UnitStatus = UnitStatus.COMPLETED,
        resume: Mapping[str, Any] | None = None,
        progress: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        """As `commit`, for the last chunk: the unit ends, and with the last unit the run and its completion event."""
        await commit_unit(
            connection, self.lease, delta or Counts(), resume=resume, progress=progress, status=status, error=error
        )
        await end_run(connection, self.task.task_id, self._work)
        self.finished = True


async def execute_run(
    pool: Pool,
    task_id: UUID,
    work: Work,
    worker: Worker,
    *,
    on_planned: Callable[[Connection, ProcessingTask, int], Awaitable[None]] | None = None,
) -> Execution:
    """Do what can be done now of a run and return what is left; resumes after any crash.

    `on_planned(connection, task, units)` runs in the transaction that stores the plan, so that more workers can be called.
    Raises what the database raises when it is gone; everything else is recorded in the ledger.
    """
    with structlog.contextvars.bound_contextvars(run_id=str(task_id)):
        task = await _start_run(pool, task_id)
        parent = {} if task.parent_id is None else {"parent_id": str(task.parent_id)}
        with structlog.contextvars.bound_contextvars(**parent):
            return await _carry_run(pool, task, work, worker, on_planned)


async def _carry_run(
    pool: Pool,
    task: ProcessingTask,
    work: Work,
    worker: Worker,
    on_planned: Callable[[Connection, ProcessingTask, int], Awaitable[None]] | None,
) -> Execution:
    if not task.status.is_live:
        return Execution(task, None)
    first = await _take_unit(pool, task, work, worker)
    if first is not None and first.unit.unit == PLAN_UNIT:
        await _do_unit(pool, task, first, work, worker, on_planned)
        first = None
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(work.concurrency):
                group.create_task(_do_units(pool, task, first, work, worker))
                first = None
    except BaseExceptionGroup as errors:
        raise _first_of(errors) from errors
    return await _settle_run(pool, task.task_id, work)


async def _start_run(pool: Pool, task_id: UUID) -> ProcessingTask:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "UPDATE task_execution_log SET status = 'running', started_at = coalesce(started_at, clock_timestamp()),"
            " resume_at = NULL WHERE task_id = $1 AND status IN ('queued', 'parked', 'running')",
            task_id,
        )
        task = await read_run(connection, task_id)
    if task is None:
        raise RunCancelledError(f"There is no run {task_id}.", next_step="Look at `./sra runs`.")
    return task


async def _take_unit(pool: Pool, task: ProcessingTask, work: Work, worker: Worker) -> Lease | None:
    """Claim a unit, ending those whose workers died once too often without getting anything done."""
    while not worker.stopping.is_set():
        lease = await claim_unit(pool, task.task_id, worker, ordered=work.ordered)
        if lease is None or lease.unit.attempt <= task.max_retries + 1:
            return lease
        error = f"The worker ended abnormally {lease.unit.attempt - 1} times without getting anything done."
        await _end_unit(pool, lease, task, work, worker, UnitStatus.FAILED, error)
    return None


async def _do_units(pool: Pool, task: ProcessingTask, lease: Lease | None, work: Work, worker: Worker) -> None:
    lease = lease or await _take_unit(pool, task, work, worker)
    while lease is not None:
        await _do_unit(pool, task, lease, work, worker, None)
        lease = await _take_unit(pool, task, work, worker)


async def _do_unit(
    pool: Pool,
    task: ProcessingTask,
    lease: Lease,
    work: Work,
    worker: Worker,
    on_planned: Callable[[Connection, ProcessingTask, int], Awaitable[None]] | None,
) -> None:
    context = UnitContext(pool, task, lease, worker, work)
    with structlog.contextvars.bound_contextvars(unit=lease.unit.unit, attempt=lease.unit.attempt):
        try:
            async with asyncio.timeout(task.timeout_seconds):
                if lease.unit.unit == PLAN_UNIT:
                    await _plan_run(context, work, on_planned)
                else:
                    await work.process(context)
                if not context.finished:
                    async with context.transaction() as connection:
                        await context.finish(connection)
        except* (LeaseLostError, HandoverError, RunCancelledError, RunParkedError, RunHeldError) as group:
            await _set_aside(pool, context, work, _first_of(group))
        except* _TRANSIENT as group:
            await _retry_unit(pool, context, work, _first_of(group))
        except* SraError as group:
            await _fail_unit(pool, context, work, _first_of(group))
        except* Exception as group:
            log.exception("unit_failed_unexpectedly")
            await _fail_unit(pool, context, work, _first_of(group))
        finally:
            worker.active.discard((task.task_id, lease.unit.unit))


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _plan_run(
    context: UnitContext,
    work: Work,
    on_planned: Callable[[Connection, ProcessingTask, int], Awaitable[None]] | None,
) -> None:
    units = await work.plan(context)
    async with context.transaction() as connection:
        await add_units(connection, context.task.task_id, units)
        await connection.execute(
            "UPDATE task_execution_log SET planned_at = now() WHERE task_id = $1", context.task.task_id
        )
        if on_planned is not None:
            await on_planned(connection, context.task, sum(plan.status.is_live for plan in units))
        await context.finish(connection)


async def _set_aside(pool: Pool, context: UnitContext, work: Work, error: BaseException) -> None:
    lease = context.lease
    if isinstance(error, LeaseLostError):
        log.warning("unit_taken_over", message=str(error))
    elif isinstance(error, HandoverError):
        async with pool.acquire() as connection:
            await release_unit(connection, lease, status=UnitStatus.QUEUED, counts_as_attempt=False)
    elif isinstance(error, RunParkedError):
        log.warning("unit_parked", message=str(error), until=error.until.isoformat())
        async with pool.acquire() as connection:
            await release_unit(
                connection,
                lease,
                status=UnitStatus.PARKED,
                not_before=error.until,
                error=str(error),
                counts_as_attempt=False,
            )
    else:
        status = UnitStatus.HELD if isinstance(error, RunHeldError) else UnitStatus.CANCELLED
        await _end_unit(pool, lease, context.task, work, context.worker, status, str(error))


async def _retry_unit(pool: Pool, context: UnitContext, work: Work, error: BaseException) -> None:
    lease, task = context.lease, context.task
    if lease.unit.attempt > task.max_retries:
        await _fail_unit(pool, context, work, error)
        return
    delay = min(60.0, 2.0**lease.unit.attempt) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter is no secret
    not_before = datetime.now(UTC) + timedelta(seconds=delay)
    log.warning(
        "unit_will_be_retried", error=redact_text(str(error)), kind=type(error).__name__, seconds=round(delay, 1)
    )
    async with pool.acquire() as connection:
        await release_unit(connection, lease, status=UnitStatus.QUEUED, not_before=not_before, error=_describe(error))


async def _fail_unit(pool: Pool, context: UnitContext, work: Work, error: BaseException) -> None:
    log.error("unit_failed", error=redact_text(str(error)), kind=type(error).__name__)
    await _end_unit(pool, context.lease, context.task, work, context.worker, UnitStatus.FAILED, _describe(error))


def _describe(error: BaseException) -> str:
    text = redact_text(str(error))
    return text if isinstance(error, SraError) else f"{type(error).__name__}: {text}"


async def _end_unit(
    pool: Pool, lease: Lease, task: ProcessingTask, work: Work, worker: Worker, status: UnitStatus, error: str
) -> None:
    try:
        async with pool.acquire() as connection, connection.transaction():
            await commit_unit(connection, lease, Counts(), status=status, error=error)
            await end_run(connection, task.task_id, work)
    except LeaseLostError as lost:
        log.warning("unit_taken_over", message=str(lost))
    finally:
        worker.active.discard((task.task_id, lease.unit.unit))


async def _settle_run(pool: Pool, task_id: UUID, work: Work) -> Execution:
    """Look at what is left: ended, all parked, due later, or in other hands."""
    async with pool.acquire() as connection, connection.transaction():
        await end_run(connection, task_id, work)
        await connection.execute(
            "UPDATE task_execution_log t SET status = 'parked', resume_at = s.due"
            " FROM (SELECT min(not_before) AS due FROM run_unit WHERE task_id = $1 AND status = 'parked') s"
            " WHERE t.task_id = $1 AND t.status = 'running' AND s.due IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM run_unit WHERE task_id = $1 AND status IN ('queued', 'running'))",
            task_id,
        )
        task = await read_run(connection, task_id)
        due = await connection.fetchval(
            "SELECT min(coalesce(not_before, clock_timestamp())) FROM run_unit"
            " WHERE task_id = $1 AND status IN ('queued', 'parked')",
            task_id,
        )
    if task is None:
        raise RunCancelledError(
            f"Run {task_id} has vanished from the ledger.", next_step="Look at the database's logs."
        )
    return Execution(task, due if task.status.is_live else None)
