"""The worker inside a service: it takes jobs of its task types from the queue and executes their runs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job

from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.db import OUTAGE_ERRORS, Pool, open_connection
from sra_shared.kit.errors import ConfigError, RunCancelledError, SraError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.memory import release_memory
from sra_shared.kit.repeating import repeat_until_stopped, wait_for_stop
from sra_shared.runs import Execution, Work, Worker, execute_run
from sra_shared.runs.jobs import (
    ReconnectingDriver,
    call_helpers,
    library_settings,
    make_fenced_queries,
    prune_job_log,
    restore_jobs,
)
from sra_shared.runs.ledger import end_cancelled_runs

_log = get_logger(__name__)


class JobWorker:
    """Takes jobs of `works` and executes their runs, at most `concurrency` at once, until `stop` is called.

    It survives every outage of the database by reconnecting with backoff, and takes no jobs while the tables are older than
    this code. Work that is not finished `timing.grace` seconds after `stop` is interrupted and released; another worker
    resumes it at the last committed chunk.
    """

    def __init__(
        self,
        *,
        dsn: str,
        pool: Pool,
        worker: Worker,
        works: Mapping[str, Work],
        concurrency: int = 4,
    ) -> None:
        """`worker` has been entered, its `wait_seconds` may be 0, and its timing also applies to the jobs.

        Raises ValueError for a concurrency below 2.
        """
        if concurrency < 2:
            raise ValueError("PgQueuer needs a concurrency of at least 2")
        self._pool = pool
        self._worker = worker
        self._works = dict(works)
        self._concurrency = concurrency
        self._timing = worker.timing
        self._stopping = asyncio.Event()
        self._manager: QueueManager | None = None
        self._running: set[UUID] = set()
        self._reported: str | None = None
        self._pruned_on: datetime | None = None
        self._driver = ReconnectingDriver(
            lambda: open_connection(dsn, application_name=f"sra-jobs:{worker.owner}", command_timeout=15)
        )

    @property
    def connected(self) -> bool:
        """Whether the connection to the queue is open, as far as is known."""
        return self._driver.connected

    @property
    def running(self) -> frozenset[UUID]:
        """The runs in progress."""
        return frozenset(self._running)

    def stop(self) -> None:
        """Take no more jobs and let the running ones hand over at their next chunk; `run` returns when all have."""
        self._worker.stopping.set()
        self._stopping.set()
        self._driver.give_up()
        if self._manager is not None:
            self._manager.shutdown.set()

    async def run(self) -> None:
        """Work until `stop` is called; waits out outages of the database."""
        restoring = asyncio.create_task(self._restore_regularly())
        try:
            await repeat_until_stopped(self._stopping, self._work, self._timing.restart)
        finally:
            restoring.cancel()
            with suppress(asyncio.CancelledError):
                await restoring
            await self._driver.close()

    async def _work(self) -> None:
        # a stop while the schema is checked does not reach any manager
        if await self._find_schema() and not self._stopping.is_set():
            await self._take_jobs()

    async def _find_schema(self) -> bool:
        """Whether the tables match this code; in a deploy a service may start before the migration."""
        try:
            async with self._pool.acquire() as connection:
                await require_revision(connection)
        except ConfigError as error:
            # a running migration changes the message with each revision, but not the next step
            if self._reported != error.next_step:
                _log.warning("job_worker_waits_for_migration", message=error.message, next_step=error.next_step)
            self._reported = error.next_step
            return False
        except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
            _log.warning("job_worker_waits_for_database", error=str(error), error_type=type(error).__name__)
            return False
        self._reported = None
        return True

    async def _take_jobs(self) -> None:
        queries = make_fenced_queries(self._driver)
        manager = QueueManager(queries, channel=library_settings().channel)
        queries.worker_id = manager.queue_manager_id
        for task_type in self._works:
            manager.entrypoint(task_type)(self._execute_job)
        self._manager = manager
        try:
            await manager.run(
                dequeue_timeout=timedelta(seconds=self._timing.poll),
                batch_size=1,
                max_concurrent_tasks=self._concurrency,
                heartbeat_timeout=timedelta(seconds=self._timing.takeover),
                log_aggregation_interval=timedelta(0),
            )
        except (*OUTAGE_ERRORS, asyncpg.PostgresError, RuntimeError) as error:
            # PgQueuer raises RuntimeError for missing tables
            _log.warning("job_worker_restarts", error=str(error), error_type=type(error).__name__)
        finally:
            self._manager = None

    async def _execute_job(self, job: Job) -> None:
        task_text, _, helper = (job.payload or b"").decode().partition(":")
        task_id = UUID(task_text)
        if task_id in self._running:
            # meant for another worker, or one that starts later: offered at growing intervals
            pause = timedelta(seconds=self._timing.helper_backoff.pause(job.attempts + 1))
            raise RetryRequested(pause, "this worker already executes the run")
        self._running.add(task_id)
        try:
            left = await self._execute_or_interrupt(task_id, self._works[job.entrypoint])
        except RunCancelledError as error:
            _log.warning("job_without_run", run_id=str(task_id), error=str(error))
            return
        except (*OUTAGE_ERRORS, asyncpg.PostgresError, SraError) as error:
            _log.warning("run_interrupted", run_id=str(task_id), error=str(error), error_type=type(error).__name__)
            raise RetryRequested(self._later(), type(error).__name__) from error
        finally:
            self._running.discard(task_id)
            if not self._running:
                await asyncio.to_thread(release_memory)
        if left is None:
            raise RetryRequested(timedelta(0), "handed over")
        if not left.task.status.is_live or (helper and left.resume_at is None):
            return
        # other workers hold the rest, and one of them may die
        delay = self._later() if left.resume_at is None else max(left.resume_at - datetime.now(UTC), timedelta(0))
        raise RetryRequested(delay, "the run continues later")

    def _later(self) -> timedelta:
        return timedelta(seconds=0 if self._stopping.is_set() else self._timing.busy_retry)

    async def _execute_or_interrupt(self, task_id: UUID, work: Work) -> Execution | None:
        """Return what remains of the run, or None if its work did not stop in time and was interrupted."""
        # units of an ordered run depend on each other, so there is no work to share
        on_planned = None if work.ordered else call_helpers
        executing = asyncio.create_task(execute_run(self._pool, task_id, work, self._worker, on_planned=on_planned))
        deadline = asyncio.create_task(self._wait_for_deadline())
        try:
            await asyncio.wait({executing, deadline}, return_when=asyncio.FIRST_COMPLETED)
            if executing.done():
                return executing.result()
            _log.warning("run_interrupted_at_shutdown", run_id=str(task_id))
            return None
        finally:
            deadline.cancel()
            executing.cancel()
            await asyncio.wait({executing})

    async def _wait_for_deadline(self) -> None:
        await self._stopping.wait()
        await asyncio.sleep(self._timing.grace)

    async def _restore_regularly(self) -> None:
        def choose_pause() -> float:
            return self._timing.restore * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret

        await wait_for_stop(self._stopping, choose_pause())
        await repeat_until_stopped(
            self._stopping,
            self._restore_jobs,
            choose_pause,
            survives=(*OUTAGE_ERRORS, asyncpg.PostgresError),
            report=lambda error: _log.warning("job_check_failed", error_type=type(error).__name__),
        )

    async def _restore_jobs(self) -> None:
        async with self._pool.acquire() as connection:
            for task_id in await restore_jobs(connection, self._works):
                _log.warning("lost_job_restored", run_id=str(task_id))
            async with connection.transaction():
                for task_id in await end_cancelled_runs(connection, self._works, timing=self._timing):
                    _log.info("cancelled_run_ended", run_id=str(task_id))
            today = await connection.fetchval("SELECT date_trunc('day', now())")
            if today != self._pruned_on:
                await prune_job_log(connection)
                self._pruned_on = today
