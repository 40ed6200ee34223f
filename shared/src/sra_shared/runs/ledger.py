"""Requests and reads of the ledger; every function uses the caller's connection and commits nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from sra_shared.kit.database.locks import name_bucket, take_lock
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import FatalError, IdempotencyConflictError
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs.acts import describe_request
from sra_shared.runs.audit import Act, Action, Actor, SubjectKind, record_act
from sra_shared.runs.leases import SQL_FREE_LOCKS, make_death_condition
from sra_shared.runs.model import ProcessingTask, RunRequest, RunStatus, TaskType, Unit, UnitPlan

PLAN_UNIT = "(plan)"

Enqueue: TypeAlias = Callable[[Connection, ProcessingTask], Awaitable[None]]

_TASK_COLUMNS = ", ".join(ProcessingTask.model_fields)

SQL_INSERT_RUN = compose(
    """
INSERT INTO task_execution_log (task_id, task_type, priority, parameters, work_key, source, parent_id, scheduled_at,
                                max_retries, timeout_seconds)
VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, now()), $9, $10)
ON CONFLICT (work_key) WHERE status IN ('queued', 'running', 'parked') DO NOTHING
RETURNING {task_columns}
""",
    task_columns=_TASK_COLUMNS,
)
SQL_READ_LIVE = compose(
    """
SELECT {task_columns} FROM task_execution_log WHERE work_key = $1 AND status IN ('queued', 'running', 'parked')
""",
    task_columns=_TASK_COLUMNS,
)
SQL_READ_RUN = compose("SELECT {task_columns} FROM task_execution_log WHERE task_id = $1", task_columns=_TASK_COLUMNS)
SQL_LIST_RUNS = compose(
    """
SELECT {task_columns} FROM task_execution_log
WHERE ($1::text[] IS NULL OR task_type = ANY($1)) AND ($2::text[] IS NULL OR status = ANY($2))
  AND ($3::uuid IS NULL OR parent_id = $3)
ORDER BY scheduled_at DESC, task_id LIMIT $4 OFFSET $5
""",
    task_columns=_TASK_COLUMNS,
)
SQL_CANCEL_UNITS = compose(
    """
UPDATE run_unit u SET status = 'cancelled', completed_at = now()
WHERE u.task_id = $1 AND (u.status IN ('queued', 'parked') OR (u.status = 'running' AND {make_death_condition}))
  AND EXISTS (SELECT FROM task_execution_log t WHERE t.task_id = $1 AND t.cancel_requested_at IS NOT NULL)
""",
    make_death_condition=make_death_condition(2),
)


@dataclass(frozen=True)
class RequestedRun:
    """The run for a request: a new one, or the one in progress for the same work."""

    task: ProcessingTask
    created: bool


async def request_run(
    connection: Connection,
    request: RunRequest,
    *,
    source: str | None,
    enqueue: Enqueue | None = None,
    idempotency_key: str | None = None,
    by: Actor | None = None,
) -> RequestedRun:
    """Record and enqueue a request in the caller's transaction; if the same work is live, return its run.

    Raises IdempotencyConflictError if the key was used with another body. Without `enqueue` the caller executes the run.
    The audit records `by` for a new run; None means the system itself.
    """
    body_hash = hashlib.blake2b(request.model_dump_json().encode(), digest_size=16).digest()
    if idempotency_key is not None:
        known = await _find_by_key(connection, idempotency_key, body_hash)
        if known is not None:
            return RequestedRun(known, created=False)
    requested = await _insert_run(connection, request, source)
    if requested.created and by is not None:
        await record_act(connection, by, describe_request(request, requested.task.task_id))
    if enqueue is not None:
        # also for a run in progress: the command that started it may have died
        await enqueue(connection, requested.task)
    if idempotency_key is not None:
        await connection.execute(
            "INSERT INTO idempotency_key (key, body_hash, task_id) VALUES ($1, $2, $3)",
            idempotency_key,
            body_hash,
            requested.task.task_id,
        )
    return requested


async def _find_by_key(connection: Connection, key: str, body_hash: bytes) -> ProcessingTask | None:
    # the lock makes concurrent requests with one key wait for the first, whose row they then find
    await take_lock(connection, name_bucket("idempotency key", key.encode()))
    row = await connection.fetchrow("SELECT body_hash, task_id FROM idempotency_key WHERE key = $1", key)
    if row is None:
        return None
    if row["body_hash"] != body_hash:
        raise IdempotencyConflictError(
            f"The idempotency key {key!r} was already used with another body.", next_step="Send a new key."
        )
    return await read_run(connection, row["task_id"])


async def _insert_run(connection: Connection, request: RunRequest, source: str | None) -> RequestedRun:
    work_key = request.make_work_key()
    for _ in range(5):
        row = await connection.fetchrow(
            SQL_INSERT_RUN,
            uuid4(),
            request.task_type,
            request.priority,
            request.parameters,
            work_key,
            source,
            request.parent_id,
            request.scheduled_at,
            request.max_retries,
            request.timeout_seconds,
        )
        if row is not None:
            task = ProcessingTask.model_validate(dict(row))
            await add_units(connection, task.task_id, [UnitPlan(PLAN_UNIT, "")], first_ordinal=0)
            return RequestedRun(task, created=True)
        row = await connection.fetchrow(SQL_READ_LIVE, work_key)
        if row is not None:
            return RequestedRun(ProcessingTask.model_validate(dict(row)), created=False)
    raise FatalError(f"Runs of {work_key} end as fast as they are requested.", next_step="Try again in a minute.")


async def add_units(
    connection: Connection, task_id: UUID, units: Sequence[UnitPlan], *, first_ordinal: int = 1
) -> None:
    """Add units to a run, in order; units that it already has are left unchanged."""
    await connection.executemany(
        "INSERT INTO run_unit (task_id, unit, ordinal, dataset, status, detail, error, repeats)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (task_id, unit) DO NOTHING",
        [
            (
                task_id,
                plan.unit,
                first_ordinal + (index if plan.stage is None else plan.stage),
                plan.dataset,
                plan.status,
                dict(plan.detail),
                plan.error,
                plan.repeats,
            )
            for index, plan in enumerate(units)
        ],
    )


async def read_run(connection: Connection, task_id: UUID) -> ProcessingTask | None:
    """Return one run, or None."""
    row = await connection.fetchrow(SQL_READ_RUN, task_id)
    return None if row is None else ProcessingTask.model_validate(dict(row))


async def read_units(connection: Connection, task_id: UUID) -> list[Unit]:
    """Return the units of a run in order, without the planning unit."""
    rows = await connection.fetch(
        "SELECT * FROM run_unit WHERE task_id = $1 AND unit <> $2 ORDER BY ordinal, unit", task_id, PLAN_UNIT
    )
    return [Unit.from_row(row) for row in rows]


async def list_runs(
    connection: Connection,
    *,
    task_types: Sequence[TaskType] | None = None,
    statuses: Sequence[RunStatus] | None = None,
    parent_id: UUID | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[ProcessingTask]:
    """Return runs, newest first."""
    rows = await connection.fetch(
        SQL_LIST_RUNS,
        list(task_types) if task_types is not None else None,
        list(statuses) if statuses is not None else None,
        parent_id,
        limit,
        offset,
    )
    return [ProcessingTask.model_validate(dict(row)) for row in rows]


async def request_cancel(
    connection: Connection, task_id: UUID, *, timing: LeaseTiming = DEFAULT_TIMING, by: Actor | None = None
) -> ProcessingTask | None:
    """Request a live run's cancellation and return the run; if only dead workers or none hold its units, it ends at once.

    The audit records `by`; None means the system itself.
    """
    # otherwise this would wait for a worker that was stopped inside its transaction
    await connection.execute(SQL_FREE_LOCKS, task_id, "", timing.dead)
    task_type = await connection.fetchval(
        "UPDATE task_execution_log SET cancel_requested_at = coalesce(cancel_requested_at, now())"
        " WHERE task_id = $1 AND status IN ('queued', 'running', 'parked') RETURNING task_type",
        task_id,
    )
    if task_type is not None and by is not None:
        kind = SubjectKind.REFRESH if task_type == TaskType.UNIFIED_REFRESH else SubjectKind.RUN
        await record_act(connection, by, Act(Action.CANCEL, kind, [task_id], {"task_type": task_type}))
    await connection.execute(SQL_CANCEL_UNITS, task_id, timing.dead)
    await connection.execute(
        "UPDATE task_execution_log SET status = 'cancelled', completed_at = now() WHERE task_id = $1"
        " AND cancel_requested_at IS NOT NULL AND status IN ('queued', 'running', 'parked')"
        " AND NOT EXISTS (SELECT FROM run_unit u WHERE u.task_id = $1 AND u.status = 'running')",
        task_id,
    )
    return await read_run(connection, task_id)


async def end_cancelled_runs(
    connection: Connection, task_types: Iterable[str], *, timing: LeaseTiming = DEFAULT_TIMING
) -> list[UUID]:
    """End the cancelled runs whose workers have died since, and return them.

    A killed command's run has no job that would bring another worker to it.
    """
    rows = await connection.fetch(
        "SELECT task_id FROM task_execution_log WHERE cancel_requested_at IS NOT NULL AND task_type = ANY($1::text[])"
        " AND status IN ('queued', 'running', 'parked')",
        list(task_types),
    )
    tasks = [await request_cancel(connection, row["task_id"], timing=timing) for row in rows]
    return [task.task_id for task in tasks if task is not None and not task.status.is_live]


async def put_completion(connection: Connection, task_id: UUID, source: str, datasets: Sequence[str]) -> UUID:
    """Store the event that notifies view_builder of a finished run, in the caller's transaction, and wake its sender."""
    event_id = uuid4()
    await connection.execute(
        "INSERT INTO completion_outbox (event_id, run_id, source, datasets) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (run_id) DO NOTHING",
        event_id,
        task_id,
        source,
        list(datasets),
    )
    await connection.execute("SELECT pg_notify('sra_completion', $1)", source)
    return event_id


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return an error in the ledger's form."""
    return {"kind": type(error).__name__, "message": str(error) or type(error).__name__}


__all__ = [
    "PLAN_UNIT",
    "Enqueue",
    "RequestedRun",
    "add_units",
    "describe_error",
    "end_cancelled_runs",
    "list_runs",
    "put_completion",
    "read_run",
    "read_units",
    "request_cancel",
    "request_run",
]
