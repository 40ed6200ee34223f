"""The job queue: PgQueuer's tables in schema `jobs`, with one job per run, enqueued in the transaction of the request.

The queue records only *that* a run needs a worker. The run's definition, its attempts and the right to commit are in the
ledger (`sra_shared.runs`): a job that is lost, duplicated or held by two workers costs time, never rows.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self, cast
from uuid import UUID

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, Relay
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.models import Job, TracebackRecord
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import JOB_STATUS, Channel, JobId
from pgqueuer.ports.driver import Driver, NotifyCallback

from sra_shared.kit.database.notices import NoticeGate
from sra_shared.kit.db import OUTAGE_ERRORS, Connection
from sra_shared.kit.logs import get_logger
from sra_shared.kit.retry import QUEUE_CONNECTION
from sra_shared.runs.ledger import read_run
from sra_shared.runs.model import ProcessingTask

_MOST_HELPERS = 2
_LOG_RETENTION = timedelta(days=30)
_log = get_logger(__name__)


@functools.cache
def library_settings() -> DBSettings:
    """Return PgQueuer's names, all given explicitly, so that environment variables cannot change them."""
    return DBSettings(
        prefix="",
        db_schema="jobs",
        channel=Channel("sra_jobs"),
        function="fn_pgqueuer_changed",
        statistics_table="pgqueuer_statistics",
        queue_status_type="pgqueuer_status",
        queue_table="pgqueuer",
        queue_table_log="pgqueuer_log",
        trigger="tg_pgqueuer_changed",
        schedules_table="pgqueuer_schedules",
        durability=Durability.durable,
        widen_id=False,
    )


def _make_queries(driver: Driver) -> Queries:
    settings = library_settings()
    return Queries(
        driver, QueryBuilderEnvironment(settings), QueryQueueBuilder(settings), QuerySchedulerBuilder(settings)
    )


async def enqueue_run(connection: Connection, task: ProcessingTask, *, execute_after: datetime | None = None) -> None:
    """Enqueue the run in the caller's transaction.

    Our priority 1 is the first; PgQueuer serves the greatest number first. No worker takes the job before `execute_after`
    (aware; by default the time that the run is scheduled for or parked until), by the database's clock. A run has at most
    one waiting or picked job, so that a repeated call changes nothing.
    """
    await _enqueue(connection, task, key=str(task.task_id), execute_after=execute_after)
    await connection.execute(
        "UPDATE task_execution_log SET has_job = true WHERE task_id = $1 AND NOT has_job", task.task_id
    )


async def call_helpers(connection: Connection, task: ProcessingTask, units: int) -> None:
    """Ask other workers to share the run's units, in the transaction that stores its plan."""
    for number in range(1, min(units, _MOST_HELPERS + 1)):
        await _enqueue(connection, task, key=f"{task.task_id}:{number}")


async def _enqueue(
    connection: Connection, task: ProcessingTask, *, key: str, execute_after: datetime | None = None
) -> None:
    due = execute_after or task.resume_at or task.scheduled_at
    delay = await connection.fetchval("SELECT greatest($1::timestamptz - now(), interval '0')", due)
    driver = AsyncpgDriver(cast("asyncpg.Connection[asyncpg.Record]", connection))
    await _make_queries(driver).enqueue(
        task.task_type.value, key.encode(), 6 - task.priority, delay, key, on_conflict="skip"
    )


async def restore_jobs(connection: Connection, task_types: Iterable[str]) -> list[UUID]:
    """Enqueue live runs that have lost their jobs again, and return them.

    Jobs are lost only by accident: a paused worker's late update, or a row deleted by hand. Runs that a command executes in
    its own process have no jobs and are left alone.
    """
    rows = await connection.fetch(
        """
        SELECT run.task_id
        FROM task_execution_log AS run
        WHERE run.task_type = ANY($1::text[])
          AND run.status IN ('queued', 'running', 'parked')
          AND run.has_job
          AND NOT EXISTS (
              SELECT FROM jobs.pgqueuer AS job
              WHERE job.dedupe_key = run.task_id::text AND job.status IN ('queued', 'picked')
          )
        """,
        list(task_types),
    )
    for row in rows:
        task = await read_run(connection, row["task_id"])
        if task is not None:
            await enqueue_run(connection, task)
    return [row["task_id"] for row in rows]


async def prune_job_log(connection: Connection) -> None:
    """Delete PgQueuer's own job log after 30 days; the ledger keeps what matters."""
    await connection.execute("DELETE FROM jobs.pgqueuer_log WHERE created < now() - $1::interval", _LOG_RETENTION)


class ReconnectingDriver(Driver):
    """PgQueuer's driver over a separate connection, which is reopened as long as the server is down.

    PgQueuer ends its worker loop at the first broken connection; with this driver it only sees slow responses. The connection
    is not from the pool, because heartbeats must not wait for the work that fills the pool.
    """

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]) -> None:
        self._connect = connect
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._listeners: dict[tuple[str, NotifyCallback], NoticeGate] = {}
        self._lock = asyncio.Lock()
        self._shutdown = asyncio.Event()
        self._tasks = TaskManager()
        self._closing = False

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        rows = await self._call(lambda connection: connection.fetch(query, *args))
        return [dict(row) for row in rows]

    async def execute(self, query: str, *args: object) -> str:
        return str(await self._call(lambda connection: connection.execute(query, *args)))

    async def notify(self, channel: str, payload: str) -> None:
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        gate = NoticeGate(channel, callback)
        await self._call(lambda connection: connection.add_listener(channel, Relay(gate)))
        self._listeners[channel, callback] = gate

    async def remove_listener(self, channel: str, callback: NotifyCallback) -> None:
        gate = self._listeners.pop((channel, callback))
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.remove_listener(channel, Relay(gate))

    @property
    def connected(self) -> bool:
        """Whether the connection is open, as far as is known."""
        return self._connection is not None and not self._connection.is_closed()

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return self._tasks

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def give_up(self) -> None:
        """From now on report outages to the caller, so that a shutdown does not wait for the server."""
        self._closing = True

    async def close(self) -> None:
        self.give_up()
        if self._connection is not None:
            with suppress(*OUTAGE_ERRORS):
                await self._connection.close(timeout=2)

    async def _call(self, call: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[Any]]) -> Any:
        async def call_once() -> Any:
            async with self._lock:
                return await call(await self._open())

        return await QUEUE_CONNECTION.retrying(self._may_reconnect, report=_report_outage)(call_once)

    def _may_reconnect(self, error: BaseException) -> bool:
        return isinstance(error, OUTAGE_ERRORS) and not self._closing

    async def _open(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._connection is None or self._connection.is_closed():
            self._connection = None
            connection = await self._connect()
            for (channel, _), gate in self._listeners.items():
                await connection.add_listener(channel, Relay(gate))
            self._connection = connection
        return self._connection


def _report_outage(error: BaseException, seconds: float) -> None:
    _log.warning("job_queue_unreachable", error=type(error).__name__, retry_in=round(seconds, 1))


@dataclass
class FencedQueries(Queries):
    """PgQueuer's statements, restricted to jobs that the worker still holds.

    Otherwise a worker that was paused, and whose job was taken over in the meantime, would delete its successor's row when
    it resumes, or keep it alive forever.
    """

    worker_id: UUID | None = field(default=None, kw_only=True)

    async def log_jobs(self, job_status: list[tuple[Job, JOB_STATUS, TracebackRecord | None]]) -> None:
        held = await self._select_held([job.id for job, _, _ in job_status])
        await super().log_jobs([entry for entry in job_status if entry[0].id in held])

    async def retry_job(self, job: Job, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        if job.id in await self._select_held([job.id]):
            await super().retry_job(job, delay, traceback_record)

    async def update_heartbeat(self, job_ids: list[JobId]) -> None:
        await super().update_heartbeat(list(await self._select_held(job_ids)))

    async def _select_held(self, job_ids: Sequence[JobId]) -> set[JobId]:
        rows = await self.driver.fetch(
            "SELECT id FROM jobs.pgqueuer WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2 AND status = 'picked'",
            list(job_ids),
            self.worker_id,
        )
        return {JobId(int(str(row["id"]))) for row in rows}


def make_fenced_queries(driver: Driver) -> FencedQueries:
    """Return PgQueuer's statements for a worker; `worker_id` is set once PgQueuer has generated it."""
    settings = library_settings()
    return FencedQueries(
        driver, QueryBuilderEnvironment(settings), QueryQueueBuilder(settings), QuerySchedulerBuilder(settings)
    )
