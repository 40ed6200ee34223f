"""Executes a run in a command's own process: to its end, through outages of the database."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from uuid import UUID

from sra_shared.db import OUTAGE_ERRORS, Pool
from sra_shared.logs import get_logger
from sra_shared.runs.execute import Work, execute_run
from sra_shared.runs.leases import Worker
from sra_shared.runs.model import ProcessingTask, RunStatus

log = get_logger(__name__)


async def carry_through(
    pool: Pool, task_id: UUID, work: Work, worker: Worker, *, waits_while_parked: bool = False
) -> ProcessingTask:
    """Execute the run until it finishes or is parked and return it; waits for retries and for units that other workers hold.

    With `waits_while_parked` it also waits while the run is parked. Raises the database's errors if it is down for longer
    than the worker's `timing.longest_outage`; a repeated call resumes the run from the last committed chunk.
    """
    timing = worker.timing
    answered = time.monotonic()
    while True:
        try:
            left = await execute_run(pool, task_id, work, worker)
        except OUTAGE_ERRORS as error:
            if time.monotonic() - answered > timing.longest_outage:
                raise
            log.warning("command_waits_for_database", run_id=str(task_id), error=str(error))
            await asyncio.sleep(timing.command_poll)
            continue
        answered = time.monotonic()
        if not left.task.status.is_live or (left.task.status is RunStatus.PARKED and not waits_while_parked):
            return left.task
        # another worker may die, or a retry may become due, earlier than expected now
        wait = timing.command_poll
        if left.resume_at is not None:
            wait = max(0.05, min(wait, (left.resume_at - datetime.now(UTC)).total_seconds()))
        await asyncio.sleep(wait)
