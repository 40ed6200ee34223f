"""What lives as long as a service: its pool, its worker, its background tasks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import asyncpg
from fastapi import Request
from pydantic import BaseModel

from sra_shared.audit import Actor
from sra_shared.completions import CompletionSender
from sra_shared.db import OUTAGE_ERRORS, Pool, open_pool
from sra_shared.freshness_sla import ExpectedDataset, store_expectations
from sra_shared.jobs import enqueue_run
from sra_shared.logs import get_logger
from sra_shared.repeating import repeat_until_stopped
from sra_shared.runs import RequestedRun, RunRequest, Work, Worker, request_run
from sra_shared.service.health import Check, CheckResult, DatabaseWatcher, HealthStatus, check_database
from sra_shared.service.metrics import ServiceMetrics
from sra_shared.timing import LeaseTiming
from sra_shared.worker import JobWorker

_OPEN_SECONDS = 5.0
_log = get_logger(__name__)


@runtime_checkable
class CompletesRequests(Protocol):
    """Work that completes requests, so that differently worded requests for the same work share a run."""

    def complete_request(self, request: RunRequest) -> RunRequest:
        """Return the request in the form to record; raises ProblemError if it is invalid."""


@dataclass(frozen=True)
class ServicePlan:
    """The parts of a service, before anything is opened."""

    name: str
    dsn: str
    pool_min_size: int
    pool_max_size: int
    works: Mapping[str, Work]
    background: Mapping[str, Background]
    concurrency: int
    timing: LeaseTiming
    completions_url: str | None
    service_token: str | None
    sets_reader_password: bool
    reader_max_seconds: int
    is_behind_gateway: bool = False
    parameter_models: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    lists_all_runs: bool = False
    checks: Callable[[ServiceState], Mapping[str, Check]] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class ServiceState:
    """The open parts of a running service; routes get it from `get_state`, background tasks as their argument."""

    plan: ServicePlan
    pool: Pool
    worker: Worker
    metrics: ServiceMetrics
    watcher: DatabaseWatcher
    jobs: JobWorker | None
    sender: CompletionSender | None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    started: float = field(default_factory=time.monotonic)
    restarts: dict[str, str] = field(default_factory=dict)

    async def request_run(
        self, request: RunRequest, *, idempotency_key: str | None = None, by: Actor | None = None
    ) -> RequestedRun:
        """Record and enqueue a run of this service in one transaction; if the same work is live, return its run.

        The audit records `by` for a new run; None means the product itself. Raises IdempotencyConflictError if the key was
        used with another body, and the database's errors.
        """
        key = None if idempotency_key is None else f"{self.plan.name}:{idempotency_key}"
        work = self.plan.works[request.task_type]
        if isinstance(work, CompletesRequests):
            request = work.complete_request(request)
        async with self.pool.acquire() as connection, connection.transaction():
            return await request_run(
                connection, request, source=work.source, enqueue=enqueue_run, idempotency_key=key, by=by
            )

    def begin_shutdown(self) -> None:
        """Accept no more work and let everything in progress end."""
        self.stopping.set()
        if self.jobs is not None:
            self.jobs.stop()
        if self.sender is not None:
            self.sender.stop()

    @property
    def checks(self) -> dict[str, Check]:
        """The entries of the health report that every service has."""
        checks: dict[str, Check] = {"database": lambda: check_database(self.watcher.state)}
        if self.jobs is not None:
            checks["worker"] = self._check_worker
        if self.restarts:
            checks["background"] = self._check_background
        return checks

    def _check_worker(self) -> CheckResult:
        if self.jobs is not None and not self.jobs.connected:
            return CheckResult(
                status=HealthStatus.DEGRADED,
                detail="The job queue is not connected and reconnects; if this persists, see the service's log.",
            )
        return CheckResult(status=HealthStatus.HEALTHY)

    def _check_background(self) -> CheckResult:
        told = "; ".join(f"{name} exited with {error}" for name, error in sorted(self.restarts.items()))
        return CheckResult(status=HealthStatus.DEGRADED, detail=f"Restarted: {told}; see the service's log.")


Background: TypeAlias = Callable[[ServiceState], Awaitable[None]]
"""A task of a service: it works until `state.stopping` is set, and is restarted if it ends before."""


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
            state.plan.timing.task_restart,
            survives=(*OUTAGE_ERRORS, asyncpg.PostgresError),
            report=lambda error: _log.info("expectations_not_stored_yet", error_type=type(error).__name__),
        )

    return report


def get_state(request: Request) -> ServiceState:
    """Return the running service's state; a FastAPI dependency."""
    state: ServiceState = request.app.state.service
    return state


@asynccontextmanager
async def open_service(plan: ServicePlan, metrics: ServiceMetrics) -> AsyncIterator[ServiceState]:
    """Open the parts and run the background tasks; if the database is down, wait for it in the background."""
    async with Worker(plan.dsn, plan.name, wait_seconds=0, timing=plan.timing) as worker:
        pool = await _open_pool(plan, worker)
        state = _make_state(plan, pool, worker, metrics)
        if pool.get_size():
            await state.watcher.poll()
        tasks: dict[str, Background] = {
            "database watch": lambda s: s.watcher.watch(s.stopping),
            **({"job worker": lambda _: jobs.run()} if (jobs := state.jobs) is not None else {}),
            **({"completion sender": lambda _: sender.run()} if (sender := state.sender) is not None else {}),
            **plan.background,
        }
        running = [asyncio.create_task(_keep_running(name, task, state)) for name, task in tasks.items()]
        try:
            yield state
        finally:
            state.begin_shutdown()
            await _end_tasks(running, plan.timing.grace + 3)
            await _close_pool(pool)


def _make_state(plan: ServicePlan, pool: Pool, worker: Worker, metrics: ServiceMetrics) -> ServiceState:
    jobs = None
    if plan.works:
        jobs = JobWorker(
            dsn=plan.dsn,
            pool=pool,
            worker=worker,
            works=plan.works,
            concurrency=plan.concurrency,
        )
    sender = None
    if plan.completions_url is not None:
        sender = CompletionSender(pool=pool, url=plan.completions_url, token=plan.service_token, timing=plan.timing)
    return ServiceState(
        plan=plan,
        pool=pool,
        worker=worker,
        metrics=metrics,
        watcher=DatabaseWatcher(
            pool,
            metrics,
            dsn=plan.dsn,
            is_beating=lambda: worker.is_beating,
            wants_reader=plan.sets_reader_password,
            reader_seconds=plan.reader_max_seconds,
            seconds=plan.timing.database_look,
        ),
        jobs=jobs,
        sender=sender,
    )


async def _open_pool(plan: ServicePlan, worker: Worker) -> Pool:
    """Open the pool with its connections; while the database is down open it empty, to connect on demand."""
    try:
        async with asyncio.timeout(_OPEN_SECONDS):
            return await worker.open_pool(min_size=plan.pool_min_size, max_size=plan.pool_max_size)
    except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
        _log.warning("started_without_database", error_type=type(error).__name__)
        return await open_pool(
            plan.dsn, application_name=worker.application_name, min_size=0, max_size=plan.pool_max_size
        )


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

    await repeat_until_stopped(state.stopping, run_once, state.plan.timing.task_restart)


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
