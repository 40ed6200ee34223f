"""Access to the job queue for commands; most of them never enqueue a run."""

from __future__ import annotations

from sra_shared.kit.db import Connection
from sra_shared.runs.model import ProcessingTask


async def enqueue_run(connection: Connection, task: ProcessingTask) -> None:
    """Enqueue the run in the caller's transaction, as `sra_shared.runs.jobs.enqueue_run` does."""
    # importing PgQueuer takes 80 ms of CPU time; a service has it loaded already
    from sra_shared.runs import jobs  # noqa: PLC0415

    await jobs.enqueue_run(connection, task)
