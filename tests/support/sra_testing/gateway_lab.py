"""A gateway with small scripted services, over real HTTP on a real database.

The services are made with the product's own factory; their runs finish at once, with the outcome in the test's script.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from gateway.app import GatewayTiming, create_gateway_app
from gateway.refresh.steps import PollTiming
from sra_cli.ports import find_free_port
from sra_shared.kit.db import Connection, open_connection
from sra_shared.kit.errors import FatalError, RunHeldError, RunParkedError
from sra_shared.kit.http import load_certificates
from sra_shared.kit.settings import DatabaseSettings, LimitSettings, PeerSettings, ScheduleSettings, ServiceSettings
from sra_shared.runs import (
    ProcessingTask,
    RunEnd,
    RunRequest,
    RunStatus,
    TaskType,
    Unit,
    UnitContext,
    UnitPlan,
    UnitStatus,
)
from sra_shared.runs.counts import Counts
from sra_shared.service import ServiceDefinition, ServiceState, create_service_app, get_state
from sra_testing.timings import QUICK
from sra_testing.waiting import wait_for

SERVICE_TOKEN = "service-token-of-the-tests"
VIEWER_TOKEN = "viewer-token-of-the-tests"
SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
VIEWER = {"Authorization": f"Bearer {VIEWER_TOKEN}"}
TIMING = GatewayTiming(pace=PollTiming(poll=0.1, patience=10), tick=0.3, probe=0.5, freshness=0.6, worker=QUICK)
# for tests of unresponsive services; elsewhere, a busy machine could make a service look unresponsive
SHORT_GRACE = replace(TIMING, grace=2)
DAILY = TaskType.DAILY_QUOTES
WEEKLY = TaskType.WEEKLY_FUNDAMENTALS
DATA = TaskType.FUNDATA_DATA
QUOTES = TaskType.FUNDATA_QUOTES
BUILD = TaskType.VIEW_BUILD
SMALL_SERVICES = ("fmp_ingest", "fundata_ingest", "view_builder")


@dataclass
class Script:
    """The outcomes of runs: per task type a list of outcomes, used one by one; the last one is repeated.

    An outcome is completed, partial, failed, parked, held, skipped, or waits, which continues when `go` is set or its task
    type is among the released.
    """

    ends: dict[TaskType, list[str]] = field(default_factory=dict)
    started: list[TaskType] = field(default_factory=list)
    requested: dict[TaskType, dict[str, Any]] = field(default_factory=dict)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    released: set[TaskType] = field(default_factory=set)
    building: asyncio.Lock = field(default_factory=asyncio.Lock)

    def reset(self) -> None:
        """Forget the script and the records of a test."""
        for kept in (self.ends, self.started, self.requested, self.released):
            kept.clear()
        self.go.clear()

    def take(self, task_type: TaskType) -> str:
        """Return the outcome of this run, and record that it was started."""
        self.started.append(task_type)
        ends = self.ends.get(task_type) or ["completed"]
        return ends.pop(0) if len(ends) > 1 else ends[0]


class ScriptedWork:
    """A run with one unit of ten records."""

    ordered = False
    concurrency = 1

    def __init__(self, task_type: TaskType, source: str, script: Script) -> None:
        self.task_type = task_type
        self.source: str | None = source
        self._script = script

    async def plan(self, _context: UnitContext) -> Sequence[UnitPlan]:
        return [UnitPlan("part", f"{self.task_type} records")]

    async def process(self, context: UnitContext) -> None:
        end = context.unit.resume.get("end") or self._script.take(self.task_type)
        self._script.requested[self.task_type] = context.task.parameters
        async with context.transaction() as connection:
            counts = Counts() if end in ("failed", "parked", "held", "skipped") else Counts(read=10, stored=10)
            again = bool(context.unit.resume)
            await context.commit(connection, Counts() if again else counts, resume={"end": end})
        while end == "waits" and not (self._script.go.is_set() or self.task_type in self._script.released):
            context.check()
            await asyncio.sleep(0.05)
        if end == "failed":
            raise FatalError(f"{self.task_type} was scripted to fail.", next_step="Nothing.")
        if end == "held":
            raise RunHeldError("Too much is missing.", next_step="Release it.")
        if end == "parked":
            raise RunParkedError("The quota is spent.", until=datetime.now(UTC) + timedelta(hours=6))
        if self.task_type is BUILD:
            await self._take_in(context)
        async with context.transaction() as connection:
            status = UnitStatus.PARTIAL if end == "partial" else UnitStatus.COMPLETED
            await context.finish(connection, status=status, error="Half of it." if end == "partial" else None)

    async def _take_in(self, context: UnitContext) -> None:
        async with context.transaction() as connection:
            await connection.execute(
                "UPDATE completion_inbox SET build_id = $1, handled_at = now() WHERE handled_at IS NULL",
                context.task.task_id,
            )
            await context.commit(connection, Counts())

    async def conclude(self, _connection: Connection, _task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        if units and units[0].resume.get("end") == "skipped":
            return RunEnd(status=RunStatus.COMPLETED, details={"skipped": f"{self.source} has no settings."})
        return RunEnd()


class Completion(BaseModel):
    """An ingest service's report to view_builder."""

    event_id: UUID
    run_id: UUID
    source: str
    datasets: list[str]


def make_ingest_app(dsn: str, name: str, source: str, types: Sequence[TaskType], script: Script, views: str) -> FastAPI:
    """Return a service that runs these task types as scripted."""
    return make_scripted_app(
        dsn,
        ServiceDefinition(
            name=name,
            description="A service of the tests.",
            works={kind: ScriptedWork(kind, source, script) for kind in types},
            completions_url=views,
            timing=QUICK,
            is_behind_gateway=True,
        ),
    )


def make_scripted_app(dsn: str, definition: ServiceDefinition) -> FastAPI:
    """Return a service with the tokens of the tests."""
    return create_service_app(
        definition,
        DatabaseSettings(database_url=dsn, db_pool_min_size=1, db_pool_max_size=4),
        ServiceSettings(sra_service_token=SERVICE_TOKEN, sra_viewer_token=VIEWER_TOKEN),
    )


def make_views_app(dsn: str, script: Script) -> FastAPI:
    """Return a view builder that accepts completions and builds nothing."""
    router = APIRouter()
    work = ScriptedWork(BUILD, "views", script)
    work.source = None

    @router.post("/completions", status_code=202)
    async def take(body: Completion, state: ServiceState = Depends(get_state)) -> dict[str, str]:  # noqa: B008
        await state.pool.execute(
            "INSERT INTO completion_inbox (event_id, run_id, source, datasets)"
            # ignore runs of a test that has finished
            " SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT FROM task_execution_log WHERE task_id = $2)"
            " ON CONFLICT (event_id) DO NOTHING",
            body.event_id,
            body.run_id,
            body.source,
            body.datasets,
        )
        return {"status": "taken"}

    async def build(state: ServiceState) -> None:
        while not state.stopping.is_set():
            async with script.building:
                if await state.pool.fetchval("SELECT EXISTS (SELECT FROM completion_inbox WHERE handled_at IS NULL)"):
                    await state.request_run(RunRequest(task_type=BUILD))
            await asyncio.sleep(0.1)

    return make_scripted_app(
        dsn,
        ServiceDefinition(
            name="view_builder",
            description="A service of the tests.",
            works={BUILD: work},
            routers=[router],
            background={"build": build},
            timing=QUICK,
            is_behind_gateway=True,
        ),
    )


class _Server(uvicorn.Server):
    """Leaves signals alone: servers in one process that stop in any order would restore each other's handlers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_app(app: FastAPI, port: int) -> AsyncIterator[None]:
    """Serve an application on a socket until the block ends."""
    server = _Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="on", proxy_headers=False)
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), serving
        await asyncio.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@dataclass
class Lab:
    """The parts of a test: their addresses, the script, a client of the gateway with the service token."""

    dsn: str
    script: Script
    ports: dict[str, int]
    http: httpx.AsyncClient
    stops: dict[str, AsyncExitStack] = field(default_factory=dict)
    apps: dict[str, FastAPI] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.ports['gateway']}"

    @property
    def peers(self) -> PeerSettings:
        """The addresses of the services."""
        address = "http://127.0.0.1:{}"
        return PeerSettings(
            fmp_ingest_url=address.format(self.ports["fmp_ingest"]),
            fundata_ingest_url=address.format(self.ports["fundata_ingest"]),
            view_builder_url=address.format(self.ports["view_builder"]),
        )

    def build_app(self, name: str) -> FastAPI:
        """Return the application of a small service."""
        views = f"http://127.0.0.1:{self.ports['view_builder']}"
        if name == "fmp_ingest":
            return make_ingest_app(self.dsn, name, "fmp", [DAILY, WEEKLY], self.script, views)
        if name == "fundata_ingest":
            return make_ingest_app(self.dsn, name, "fundata", [DATA, QUOTES], self.script, views)
        return make_views_app(self.dsn, self.script)

    def build_gateway(
        self, *, timing: GatewayTiming = TIMING, trusted_proxies: int = 0, tokens: str | None = None, **schedule: Any
    ) -> FastAPI:
        """Return a gateway with additional tokens; `schedule` are settings of its schedule, which by default never fires."""
        settings = {"refresh_cron": "0 0 29 2 *", "weekly_cron": "0 0 29 2 *", **schedule}
        return create_gateway_app(
            database=DatabaseSettings(database_url=self.dsn, db_pool_min_size=1, db_pool_max_size=8),
            service=ServiceSettings(sra_service_token=SERVICE_TOKEN, sra_viewer_token=VIEWER_TOKEN, sra_tokens=tokens),
            peers=self.peers,
            schedule=ScheduleSettings(**settings),
            reject_limit=LimitSettings().reject_limit,
            trusted_proxies=trusted_proxies,
            timing=timing,
        )

    async def start(self, name: str, app: FastAPI | None = None) -> None:
        """Start a part on its port, a small service unless another application is given."""
        if app is not None:
            self.replaced.add(name)
        self.apps[name] = app or self.build_app(name)
        stack = AsyncExitStack()
        await stack.enter_async_context(serve_app(self.apps[name], self.ports[name]))
        self.stops[name] = stack

    async def stop(self, name: str) -> None:
        """Stop a part."""
        self.replaced.discard(name)
        await self.stops.pop(name).aclose()

    @asynccontextmanager
    async def run_gateway(self, **settings: Any) -> AsyncIterator[Lab]:
        """Run a gateway of `build_gateway` on its port; at the end, release waiting runs and stop the running gateway."""
        await self.start("gateway", self.build_gateway(**settings))
        try:
            yield self
        finally:
            self.script.go.set()
            if "gateway" in self.stops:
                await self.stop("gateway")

    async def start_missing(self) -> None:
        """Stop everything but small services, and start the small services that are not running."""
        await asyncio.gather(*(self.stop(name) for name in list(self.replaced)))
        await asyncio.gather(*(self.start(name) for name in SMALL_SERVICES if name not in self.stops))

    async def wait_until_idle(self) -> None:
        """Return when no service has an active run; waiting runs continue."""
        self.script.go.set()

        async def idle() -> bool:
            return not any(self.apps[name].state.service.jobs.running for name in self.stops)

        await wait_for(idle, what="the end of the runs in hand", seconds=30)

    async def trigger(self, **body: Any) -> dict[str, Any]:
        """Start a refresh whose failed steps are retried soon."""
        response = await self.http.post("/refresh", json={"retry_seconds": 0.2, **body})
        assert response.status_code == 202, response.text
        found: dict[str, Any] = response.json()
        return found

    async def read(self, refresh_id: str) -> dict[str, Any]:
        """Return the current state of a refresh."""
        response = await self.http.get(f"/refresh/{refresh_id}")
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def finish(self, refresh_id: str, *, seconds: float = 180) -> dict[str, Any]:
        """Return a refresh when it has finished: after a second, or minutes on a busy machine."""

        async def look() -> dict[str, Any] | None:
            state = await self.read(refresh_id)
            return None if state["status"] in ("queued", "running") else state

        state = await wait_for(look, what=f"the end of refresh {refresh_id}", seconds=seconds)
        assert state is not None
        return state

    async def refresh(self, **body: Any) -> dict[str, Any]:
        """Run a whole refresh and return it."""
        return await self.finish((await self.trigger(**body))["refresh_id"])


@asynccontextmanager
async def open_lab(dsn: str, *, gateway: bool = True, services: bool = True, **schedule: Any) -> AsyncIterator[Lab]:
    """Start the three small services and the gateway, unless configured otherwise, and stop those that run at the end."""
    ports: dict[str, int] = {}
    for name in (*SMALL_SERVICES, "gateway"):
        port = find_free_port()
        while port in ports.values():
            port = find_free_port()
        ports[name] = port
    base = f"http://127.0.0.1:{ports['gateway']}"
    async with httpx.AsyncClient(
        base_url=base, headers=SERVICE, verify=load_certificates(), trust_env=False, timeout=15
    ) as http:
        lab = Lab(dsn, Script(), ports, http)
        try:
            starts = [lab.start(name) for name in SMALL_SERVICES if services]
            if gateway:
                starts.append(lab.start("gateway", lab.build_gateway(**schedule)))
            await asyncio.gather(*starts)
            yield lab
        finally:
            lab.script.go.set()
            await asyncio.gather(*(lab.stop(name) for name in list(lab.stops)))


async def mark_weekly_done(dsn: str) -> None:
    """Record in the ledger that the weekly fundamentals were collected once, as after the first refresh."""
    connection = await open_connection(dsn, application_name="test")
    try:
        await connection.execute(
            "INSERT INTO task_execution_log (task_id, task_type, status, work_key, completed_at)"
            " VALUES (gen_random_uuid(), 'weekly_fundamentals', 'completed', 'first', now())"
        )
    finally:
        await connection.close()
