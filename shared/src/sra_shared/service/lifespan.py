"""What lives as long as a service: its pool, its worker, its background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from sra_shared.kit.db import OUTAGE_ERRORS, Pool, open_pool
from sra_shared.kit.logs import get_logger
from sra_shared.kit.repeating import repeat_until_stopped
from sra_shared.kit.settings import DatabaseSettings, ServiceSettings
from sra_shared.runs import Worker
from sra_shared.runs.completions import CompletionSender
from sra_shared.runs.freshness_sla import ExpectedDataset, store_expectations
from sra_shared.runs.worker import JobWorker
from sra_shared.service.health import DatabaseWatcher
from sra_shared.service.metrics import ServiceMetrics
from sra_shared.service.state import Background, ServiceDefinition, ServiceState

_OPEN_SECONDS = 5.0
_log = get_logger(__name__)


@asynccontextmanager
async def open_service(
    definition: ServiceDefinition, database: DatabaseSettings, service: ServiceSettings, metrics: ServiceMetrics
) -> AsyncIterator[ServiceState]:
    """Open the parts and run the background tasks; if the database is down, wait for it in the background."""
    dsn, timing = database.require_dsn(), definition.timing
    async with Worker(dsn, definition.name, wait_seconds=0, timing=timing) as worker:
        pool = await _open_pool(dsn, database, worker)
        state = ServiceState(
            definition=definition,
            pool=pool,
            worker=worker,
            metrics=metrics,
            watcher=_make_watcher(dsn, database, pool, worker, metrics),
            jobs=_make_job_worker(definition, dsn, pool, worker),
            sender=_make_sender(definition, service, pool),
        )
        if pool.get_size():
            await state.watcher.poll()
        running = [asyncio.create_task(_keep_running(name, task, state)) for name, task in _list_tasks(state)]
        try:
            yield state
        finally:
            state.begin_shutdown()
            await _end_tasks(running, timing.grace + 3)
            await _close_pool(pool)


def _list_tasks(state: ServiceState) -> Iterator[tuple[str, Background]]:
    yield "database watch", lambda s: s.watcher.watch(s.stopping)
    if (jobs := state.jobs) is not None:
        yield "job worker", lambda _: jobs.run()
    if (sender := state.sender) is not None:
        yield "completion sender", lambda _: sender.run()
    if state.definition.expected is not None:
        yield "expectations", make_expectation_task(*state.definition.expected)
    yield from state.definition.background.items()


def _make_watcher(
    dsn: str, database: DatabaseSettings, pool: Pool, worker: Worker, metrics: ServiceMetrics
) -> DatabaseWatcher:
    return DatabaseWatcher(
        pool,
        metrics,
        dsn=dsn,
        is_beating=lambda: worker.is_beating,
        wants_reader=database.sra_reader_password is not None,
        reader_seconds=database.sra_reader_max_seconds,
        seconds=worker.timing.database_look,
    )


def _make_job_worker(definition: ServiceDefinition, dsn: str, pool: Pool, worker: Worker) -> JobWorker | None:
    if not definition.works:
        return None
    return JobWorker(dsn=dsn, pool=pool, worker=worker, works=definition.works, concurrency=definition.concurrency)


def _make_sender(definition: ServiceDefinition, service: ServiceSettings, pool: Pool) -> CompletionSender | None:
    if definition.completions_url is None:
        return None
    token = service.sra_service_token.get_secret_value() if service.sra_service_token else None
    return CompletionSender(pool=pool, url=definition.completions_url, token=token, timing=definition.timing)


async def _open_pool(dsn: str, database: DatabaseSettings, worker: Worker) -> Pool:
    """Open the pool with its connections; while the database is down open it empty, to connect on demand."""
    most = database.db_pool_max_size
    try:
        async with asyncio.timeout(_OPEN_SECONDS):
            return await worker.open_pool(min_size=database.db_pool_min_size, max_size=most)
    except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
        _log.warning("started_without_database", error_type=type(error).__name__)
        return await open_pool(dsn, application_name=worker.application_name, min_size=0, max_size=most)


async def _keep_running(name: str, task: Background, state: ServiceState) -> None:
    async def run_once() -> None:
        running = asyncio.ensure_future(task(state))
        try:
            await asyncio.wait({running})
        finally:
            running.cancel()
        error = None if running.cancelled() else running.exception()
        if not state.stopping.is_set():
            state.restarts[name] = type(error).__name__ if error else "no error"
            _log.error("background_task_ended", task=name, exc_info=error)

    await repeat_until_stopped(state.stopping, run_once, state.definition.timing.task_restart)


async def _end_tasks(tasks: Sequence[asyncio.Task[None]], seconds: float) -> None:
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    if late:
        _log.warning("background_tasks_cut_off", tasks=len(late))
        await asyncio.wait(late, timeout=2)


async def _close_pool(pool: Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), 3)
    except (TimeoutError, asyncpg.InterfaceError):
        pool.terminate()


def make_expectation_task(source: str, expected: Sequence[ExpectedDataset]) -> Background:
    """Return the task that stores the expected freshness of a source's datasets, as soon as the database is available."""

    async def report(state: ServiceState) -> None:
        async def store() -> None:
            async with state.pool.acquire() as connection:
                await store_expectations(connection, source, expected)
            await state.stopping.wait()

        await repeat_until_stopped(
            state.stopping,
            store,
            state.definition.timing.task_restart,
            survives=(*OUTAGE_ERRORS, asyncpg.PostgresError),
            report=lambda error: _log.info("expectations_not_stored_yet", error_type=type(error).__name__),
        )

    return report
