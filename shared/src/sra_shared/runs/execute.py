"""The driver of one run: plan, claim units, process, retry, park, finish; the same in a service and in a command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog

from sra_shared.kit.db import Connection, Pool
from sra_shared.kit.errors import LeaseLostError, RunCancelledError, RunHeldError, RunParkedError, SraError
from sra_shared.kit.logs import get_logger, redact_text
from sra_shared.runs.counts import Counts
from sra_shared.runs.ending import Concluding, end_run
from sra_shared.runs.error_kinds import ErrorKind, HandoverError, choose_error, classify_error, run_in_own_task
from sra_shared.runs.leases import Lease, Worker, claim_unit, commit_unit, refresh_lease, release_unit
from sra_shared.runs.ledger import PLAN_UNIT, add_units, read_run
from sra_shared.runs.model import ProcessingTask, Unit, UnitPlan, UnitStatus

__all__ = ["Execution", "HandoverError", "UnitContext", "Work", "execute_run"]

log = get_logger(__name__)


@dataclass(frozen=True)
class Execution:
    """The remaining work of a run after one pass: none if it finished, else when to continue.

    The time is None if other workers continue.
    """

    task: ProcessingTask
    resume_at: datetime | None


class Work(Concluding, Protocol):
    """What a service does for one task type."""

    @property
    def ordered(self) -> bool:
        """Whether a unit starts only after all earlier ones have finished."""

    @property
    def concurrency(self) -> int:
        """Units that one process does at a time."""

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the units of the run; it may be called again after a crash and must then return the same."""

    async def process(self, context: UnitContext) -> None:
        """Do one unit, chunk by chunk through `context.commit`; resumes from `context.unit.resume`."""


class UnitContext:
    """The context of work on one unit: its run, its lease, and the methods that commit."""

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
        """Raise RunCancelledError or HandoverError if the work must stop here. Called between chunks."""
        if self.task.task_id in self.worker.cancelled:
            raise RunCancelledError(f"Run {self.task.task_id} was cancelled.", next_step="Committed chunks are kept.")
        if self.worker.stopping.is_set():
            raise HandoverError("This process is stopping.", next_step="Another worker continues.")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One chunk's transaction; `commit` must be called in it, and counts are read again after it has committed."""
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
        """Add the chunk's counts and resume point to its transaction, under the fence; see `commit_unit`."""
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
        """As `commit`, for the last chunk: finishes the unit and, with the last unit, the run and its completion event."""
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
    """Do all the work of a run that can be done now and return what remains; resumes after any crash.

    `on_planned(connection, task, units)` runs in the transaction that stores the plan, so that it can call more workers.
    Raises the database's errors if it is down; everything else is recorded in the ledger.
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
        await run_in_own_task(_do_all_units(pool, task, first, work, worker))
    except BaseExceptionGroup as errors:
        raise choose_error(errors) from errors
    return await _settle_run(pool, task.task_id, work)


async def _start_run(pool: Pool, task_id: UUID) -> ProcessingTask:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "UPDATE task_execution_log SET status = 'running', started_at = coalesce(started_at, clock_timestamp()),"
            " attempt = greatest(attempt, 1), resume_at = NULL WHERE task_id = $1 AND status IN ('queued', 'parked', 'running')",
            task_id,
        )
        task = await read_run(connection, task_id)
    if task is None:
        raise RunCancelledError(f"Run {task_id} does not exist.", next_step="See `./sra runs`.")
    return task


async def _take_unit(pool: Pool, task: ProcessingTask, work: Work, worker: Worker) -> Lease | None:
    """Claim a unit; fail those whose workers died too often without progress."""
    while not worker.stopping.is_set():
        lease = await claim_unit(pool, task.task_id, worker, ordered=work.ordered)
        if lease is None or lease.unit.attempt <= task.max_retries + 1:
            return lease
        error = f"The worker died {lease.unit.attempt - 1} times without progress."
        await _end_unit(pool, lease, task, work, worker, UnitStatus.FAILED, error)
    return None


async def _do_all_units(pool: Pool, task: ProcessingTask, first: Lease | None, work: Work, worker: Worker) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(work.concurrency):
            group.create_task(_do_units(pool, task, first, work, worker))
            first = None


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
                await _work_through_outages(context, work, on_planned)
        except Exception as group:  # noqa: BLE001 - each kind of error is handled
            await _handle_error(pool, context, work, choose_error(group))
        finally:
            worker.active.discard(lease.key)


async def _work_through_outages(
    context: UnitContext,
    work: Work,
    on_planned: Callable[[Connection, ProcessingTask, int], Awaitable[None]] | None,
) -> None:
    """Work on the unit to its end; waits while the database is full or restarting, within the attempt's time limit.

    Raises the database's errors while it cannot be reached at all.
    """
    pauses = 0
    while context.unit.status is UnitStatus.RUNNING:
        # the last commit may have failed after the unit was marked as finished
        context.finished = False
        before = context.unit
        try:
            await run_in_own_task(_work_on_unit(context, work, on_planned))
            return
        except Exception as group:
            error = choose_error(group)
            if classify_error(error) is not ErrorKind.OUTAGE:
                raise
        await _wait_out(context, error, pauses)
        pauses = pauses + 1 if context.unit == before else 0


async def _work_on_unit(
    context: UnitContext,
    work: Work,
    on_planned: Callable[[Connection, ProcessingTask, int], Awaitable[None]] | None,
) -> None:
    if context.unit.unit == PLAN_UNIT:
        await _plan_run(context, work, on_planned)
    else:
        await work.process(context)
    if not context.finished:
        async with context.transaction() as connection:
            await context.finish(connection)


async def _wait_out(context: UnitContext, error: BaseException, pauses: int) -> None:
    """Pause, longer each time, then read the unit's state: its last commit may have succeeded."""
    seconds = context.worker.timing.unit_backoff.pause(pauses + 1)
    log.warning(
        "unit_waits_for_database", error=redact_text(str(error)), kind=type(error).__name__, seconds=round(seconds, 1)
    )
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        context.check()
        await asyncio.sleep(min(context.worker.timing.stop_check, left))
    context.check()
    async with context.pool.acquire() as connection:
        await refresh_lease(connection, context.lease)


async def _handle_error(pool: Pool, context: UnitContext, work: Work, error: BaseException) -> None:
    kind = classify_error(error)
    if kind is ErrorKind.OUTAGE:
        # the database is down, so nothing can be recorded; the unit is claimed again without counting an attempt
        raise error
    if kind is ErrorKind.INTERRUPTED:
        await _handle_unit_error(pool, context, work, error)
    elif kind is ErrorKind.TRANSIENT:
        await _retry_unit(pool, context, work, error)
    else:
        if kind is ErrorKind.UNEXPECTED:
            log.error("unit_failed_unexpectedly", exc_info=error)
        await _fail_unit(pool, context, work, error)


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


async def _handle_unit_error(pool: Pool, context: UnitContext, work: Work, error: BaseException) -> None:
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
    delay = context.worker.timing.unit_backoff.pause(lease.unit.attempt + 1)
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
        worker.active.discard(lease.key)


async def _settle_run(pool: Pool, task_id: UUID, work: Work) -> Execution:
    """Return what remains of the run: finished, all parked, due later, or claimed by others."""
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
        raise RunCancelledError(f"Run {task_id} has disappeared from the ledger.", next_step="See the database's log.")
    return Execution(task, due if task.status.is_live else None)
