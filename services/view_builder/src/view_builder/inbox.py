"""Incoming completions: stored before they are acknowledged, and combined into as few builds as possible."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.db import Connection
from sra_shared.runs import RunRequest, TaskType, read_run, request_run
from sra_shared.runs.enqueueing import enqueue_run

SQL_TAKE_EVENT = """
INSERT INTO completion_inbox (event_id, run_id, source, datasets) VALUES ($1, $2, $3, $4)
ON CONFLICT (event_id) DO UPDATE SET deliveries = completion_inbox.deliveries + 1
RETURNING deliveries
"""
# A build takes the events that wait when it is planned. Events of a build that ended without handling them are free again.
SQL_BIND_EVENTS = """
UPDATE completion_inbox i SET build_id = $1
WHERE i.handled_at IS NULL
  AND (i.build_id IS NULL OR NOT EXISTS (SELECT FROM task_execution_log t WHERE t.task_id = i.build_id
                                         AND t.status IN ('queued', 'running', 'parked')))
"""
SQL_HANDLE_EVENTS = "UPDATE completion_inbox SET handled_at = now() WHERE build_id = $1 AND handled_at IS NULL"
SQL_HAS_OPEN = """
SELECT EXISTS (
  SELECT FROM completion_inbox i WHERE i.handled_at IS NULL
    AND (i.build_id IS NULL OR NOT EXISTS (SELECT FROM task_execution_log t WHERE t.task_id = i.build_id
                                           AND t.status IN ('queued', 'running', 'parked'))))
"""
SQL_LIST_LIVE_BUILDS = """
SELECT task_id, has_job FROM task_execution_log
WHERE task_type = 'view_build' AND status IN ('queued', 'running', 'parked') AND task_id IS DISTINCT FROM $1
"""


def make_build_request(*, work_key: str | None = "view_build", **values: Any) -> RunRequest:
    """Return the request of a build; its time limit covers a view of fifty million rows."""
    return RunRequest(task_type=TaskType.VIEW_BUILD, work_key=work_key, timeout_seconds=14_400, **values)


class Completion(BaseModel):
    """The report of an ingest service that a run finished; the build reads the changes from the database."""

    model_config = ConfigDict(extra="forbid")

    event_id: UUID
    run_id: UUID
    source: str = Field(min_length=1, max_length=50, pattern=r"^[a-z_]+$")
    datasets: list[str] = Field(max_length=1000)


class Acknowledgement(BaseModel):
    """The event is stored; `duplicate` is true if it was stored before."""

    event_id: UUID
    duplicate: bool
    received_at: datetime


async def take_completion(connection: Connection, completion: Completion) -> Acknowledgement:
    """Store an event and make sure that a build will process it, in the caller's transaction."""
    await _lock_inbox(connection)
    deliveries = await connection.fetchval(
        SQL_TAKE_EVENT, completion.event_id, completion.run_id, completion.source, completion.datasets
    )
    received: datetime = await connection.fetchval(
        "SELECT received_at FROM completion_inbox WHERE event_id = $1", completion.event_id
    )
    await request_build(connection)
    return Acknowledgement(event_id=completion.event_id, duplicate=deliveries > 1, received_at=received)


async def _lock_inbox(connection: Connection) -> None:
    """Let one transaction at a time change the inbox; take this lock before any of its rows to avoid deadlocks."""
    await take_lock(connection, "view build inbox")


async def request_build(connection: Connection, *, ending: UUID | None = None) -> UUID | None:
    """Request one build if events wait and no build is coming; return its run.

    A build that is not planned yet will take the events. A planned one requests a successor when it finishes (`ending`).
    The lock makes sure that a concurrent event sees one or the other.
    """
    await _lock_inbox(connection)
    if not await connection.fetchval(SQL_HAS_OPEN) or await _find_coming_build(connection, ending):
        return None
    # the predecessor's row still counts as live, so the successor needs another work key
    key = "view_build" if ending is None else f"view_build:after:{ending}"
    request = make_build_request(work_key=key, priority=2)
    requested = await request_run(connection, request, source=None, enqueue=enqueue_run)
    return requested.task.task_id


async def _find_coming_build(connection: Connection, ending: UUID | None) -> bool:
    rows = await connection.fetch(SQL_LIST_LIVE_BUILDS, ending)
    for row in rows:
        # A command started the build and may have died. If it has a job, a worker continues it.
        task = None if row["has_job"] else await read_run(connection, row["task_id"])
        if task is not None:
            await enqueue_run(connection, task)
    return bool(rows)


async def bind_events(connection: Connection, build_id: UUID) -> None:
    """Assign the waiting events to a build that is being planned."""
    await _lock_inbox(connection)
    await connection.execute(SQL_BIND_EVENTS, build_id)


async def handle_events(connection: Connection, build_id: UUID) -> None:
    """Mark the events of a finishing build as handled, and request another build for newer events."""
    await _lock_inbox(connection)
    await connection.execute(SQL_HANDLE_EVENTS, build_id)
    await request_build(connection, ending=build_id)
