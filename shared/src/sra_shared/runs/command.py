"""A run carried through by a command, in its own process: to its end, over outages of the database."""

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
    """Do the run until it ended or parked and return it; what is to be tried later, and what others hold, is waited for.

    With `waits_while_parked` parking is waited out too. Raises what the database raises when it is away for longer than
    `timing.longest_outage` of the worker; the run resumes from the last committed chunk when it is called again.
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
        # another worker may die, and a retry may come due, earlier than it looks now
        wait = timing.command_poll
        if left.resume_at is not None:
            wait = max(0.05, min(wait, (left.resume_at - datetime.now(UTC)).total_seconds()))
        await asyncio.sleep(wait)
