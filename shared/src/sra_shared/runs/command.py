"""Executes a run in a command's own process, without any service: to its end, through outages of the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sra_shared.kit.database.database_check import require_fit_database
from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.db import OUTAGE_ERRORS, Connection, Pool, open_connection
from sra_shared.kit.errors import RunCancelledError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs.audit import Actor
from sra_shared.runs.execute import Work, execute_run
from sra_shared.runs.leases import Worker
from sra_shared.runs.ledger import RequestedRun, read_run, read_units, request_run
from sra_shared.runs.model import ProcessingTask, RunRequest, RunStatus, Unit

log = get_logger(__name__)


@dataclass(frozen=True)
class CommandRun:
    """A run after a command executed it; `was_adopted` if it had been requested before, by a process that died or still works."""

    task: ProcessingTask
    units: Sequence[Unit]
    seconds: float
    was_adopted: bool


async def _accept(_: Connection) -> None:
    return None


async def execute_in_process(
    dsn: str,
    request: RunRequest,
    work: Work,
    *,
    name: str,
    connections: int,
    check: Callable[[Connection], Awaitable[None]] = _accept,
    prepare: Callable[[Pool], Awaitable[object]] | None = None,
    follow: Callable[[Pool, UUID], Coroutine[Any, Any, None]] | None = None,
    waits_while_parked: bool = False,
    timing: LeaseTiming = DEFAULT_TIMING,
    by: Actor | None = None,
) -> CommandRun:
    """Complete a run; join the same live work, and take over that of a dead process.

    `name` is that of the command, as the server shows it. `check` is called before the run is requested and `prepare` before it
    is executed; each may raise. `follow` watches it meanwhile. Raises ConfigError if the database is not migrated, and what the
    database raises when it is unreachable.
    """
    started = time.monotonic()
    requested = await _request(dsn, request, name=name, check=check, source=work.source, by=by)
    task_id = requested.task.task_id
    async with Worker(dsn, name, timing=timing) as worker:
        pool = await worker.open_pool(max_size=connections)
        try:
            if prepare is not None:
                await prepare(pool)
            following = None if follow is None else asyncio.create_task(follow(pool, task_id))
            try:
                await execute_to_end(pool, task_id, work, worker, waits_while_parked=waits_while_parked)
            finally:
                if following is not None:
                    following.cancel()
                    await asyncio.wait({following})
            async with pool.acquire() as connection:
                task, units = await read_run(connection, task_id), await read_units(connection, task_id)
        finally:
            await pool.close()
    if task is None:
        raise RunCancelledError(f"Run {task_id} is no longer in the ledger.", next_step="Start it again.")
    return CommandRun(task, units, time.monotonic() - started, was_adopted=not requested.created)


async def _request(
    dsn: str,
    request: RunRequest,
    *,
    name: str,
    check: Callable[[Connection], Awaitable[None]],
    source: str | None,
    by: Actor | None,
) -> RequestedRun:
    connection = await open_connection(dsn, application_name=f"sra:{name}")
    try:
        await require_fit_database(connection)
        await require_revision(connection)
        await check(connection)
        async with connection.transaction():
            return await request_run(connection, request, source=source, by=by)
    finally:
        await connection.close()


async def execute_to_end(
    pool: Pool, task_id: UUID, work: Work, worker: Worker, *, waits_while_parked: bool = False
) -> ProcessingTask:
    """Execute the run until it finishes or is parked and return it; waits for retries and for units that other workers hold.

    With `waits_while_parked` it also waits while the run is parked. Raises the database's errors if it is down for longer
    than the worker's `timing.longest_outage`; a repeated call resumes the run from the last committed chunk.
    """
    timing = worker.timing
    responded_at = time.monotonic()
    while True:
        try:
            left = await execute_run(pool, task_id, work, worker)
        except OUTAGE_ERRORS as error:
            if time.monotonic() - responded_at > timing.longest_outage:
                raise
            log.warning("command_waits_for_database", run_id=str(task_id), error=str(error))
            await asyncio.sleep(timing.command_poll)
            continue
        responded_at = time.monotonic()
        if not left.task.status.is_live or (left.task.status is RunStatus.PARKED and not waits_while_parked):
            return left.task
        # another worker may die, or a retry may become due, earlier than expected now
        wait = timing.command_poll
        if left.resume_at is not None:
            wait = max(0.05, min(wait, (left.resume_at - datetime.now(UTC)).total_seconds()))
        await asyncio.sleep(wait)
