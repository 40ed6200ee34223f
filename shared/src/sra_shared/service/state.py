"""The definition of a service, and the open parts of a running one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

from fastapi import APIRouter, Request
from pydantic import BaseModel

from sra_shared.kit.db import Pool
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import RequestedRun, RunRequest, Work, Worker, request_run
from sra_shared.runs.audit import Actor
from sra_shared.runs.completions import CompletionSender
from sra_shared.runs.freshness_sla import ExpectedDataset
from sra_shared.runs.jobs import enqueue_run
from sra_shared.runs.worker import JobWorker
from sra_shared.service.auth import Authenticator, Refusal, refuse_stranger
from sra_shared.service.health import Check, CheckResult, DatabaseWatcher, HealthStatus, check_database
from sra_shared.service.metrics import ServiceMetrics

Examples: TypeAlias = Callable[[], Sequence[BaseModel]]
"""Returns one instance of each model that is a whole body; called when the description is requested."""


@runtime_checkable
class CompletesRequests(Protocol):
    """Work that completes requests, so that differently worded requests for the same work share a run."""

    def complete_request(self, request: RunRequest) -> RunRequest:
        """Return the request in the form to record; raises ProblemError if it is invalid."""


@dataclass(frozen=True, kw_only=True)
class ServiceDefinition:
    """The parts of a service, before anything is opened.

    `works` are the task types that it runs, with `parameter_models` for those that have parameters; `routers` and
    `background` are its own routes and tasks, `checks` its own parts of the health report (last known states; they never
    wait), `warnings` its own entries of the readiness report, and `details` its additional entries. `expected` are a source
    and its datasets that must be fresh, empty if the source has no settings. `examples` returns an instance of each model of
    its own requests and responses.
    `completions_url` is view_builder's address if this service finishes runs that views depend on. `authenticators` are
    used in addition to tokens (such as a cookie), and `open_routes` need neither. `trusted_proxies` is the number of
    proxies before the service that are trusted to report a request's address. A service that `is_behind_gateway` learns the
    actor of a forwarded request from the gateway.
    """

    name: str
    description: str
    works: Mapping[str, Work] = field(default_factory=dict)
    parameter_models: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    routers: Sequence[APIRouter] = ()
    background: Mapping[str, Background] = field(default_factory=dict)
    expected: tuple[str, Sequence[ExpectedDataset]] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    examples: Examples | None = None
    checks: Callable[[ServiceState], Mapping[str, Check]] | None = None
    warnings: Callable[[], Sequence[str]] = tuple
    completions_url: str | None = None
    authenticators: Sequence[Authenticator] = ()
    open_routes: frozenset[tuple[str, str]] = frozenset()
    refuse: Refusal = refuse_stranger
    lists_all_runs: bool = False
    concurrency: int = 4
    timing: LeaseTiming = DEFAULT_TIMING
    is_behind_gateway: bool = False
    trusted_proxies: int = 0


@dataclass
class ServiceState:
    """The open parts of a running service; routes get it from `get_state`, background tasks as their argument."""

    definition: ServiceDefinition
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

        The audit records `by` for a new run; None means the system itself. Raises IdempotencyConflictError if the key was
        used with another body, and the database's errors.
        """
        key = None if idempotency_key is None else f"{self.definition.name}:{idempotency_key}"
        work = self.definition.works[request.task_type]
        if isinstance(work, CompletesRequests):
            request = work.complete_request(request)
        async with self.pool.acquire() as connection, connection.transaction():
            return await request_run(
                connection, request, source=work.source, enqueue=enqueue_run, idempotency_key=key, by=by
            )

    def begin_shutdown(self) -> None:
        """Accept no more work and finish everything in progress."""
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
        restarts = "; ".join(f"{name} exited with {error}" for name, error in sorted(self.restarts.items()))
        return CheckResult(status=HealthStatus.DEGRADED, detail=f"Restarted: {restarts}; see the service's log.")


Background: TypeAlias = Callable[[ServiceState], Awaitable[None]]
"""A task of a service: it works until `state.stopping` is set, and is restarted if it ends before."""


def get_state(request: Request) -> ServiceState:
    """Return the running service's state; a FastAPI dependency."""
    state: ServiceState = request.app.state.service
    return state
