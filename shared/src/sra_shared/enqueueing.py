"""The door of the job queue for commands, most of which never put a run into it."""

from __future__ import annotations

from sra_shared.db import Connection
from sra_shared.runs.model import ProcessingTask


async def enqueue_run(connection: Connection, task: ProcessingTask) -> None:
    """Put the run into the queue inside the caller's transaction, as `sra_shared.jobs.enqueue_run` does."""
    # the queue's library takes 80 ms of a processor; in a service it is loaded already
    from sra_shared import jobs  # noqa: PLC0415

    await jobs.enqueue_run(connection, task)
