"""The gateway's own JSON routes: refreshes, schedule, status, login codes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.context import AppContextOf
from gateway.login_sessions import CODE_LIFETIME, make_code
from gateway.monitoring.health_checks import check_all
from gateway.monitoring.incident_list import IncidentView
from gateway.monitoring.probe import PartState
from gateway.refresh.model import SOURCES, Day, RefreshParameters, Source
from gateway.refresh.result import RefreshView, list_refreshes, read_refresh, show_refresh
from sra_shared.runs import RunRequest, TaskType, read_units
from sra_shared.runs.audit import Act, Action, Actor, SubjectKind, record_act
from sra_shared.service import CheckResult, HealthStatus, ProblemError, ServiceState, get_state
from sra_shared.service.actors import CallerOf

State = Annotated[ServiceState, Depends(get_state)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="The same key and body return the same refresh; another body is a conflict (409).",
    ),
]


class RefreshBody(BaseModel):
    """What to refresh; all sources by default. The views are always included."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sources: list[Source] = Field(default=list(SOURCES), min_length=1, max_length=len(SOURCES))
    weekly: bool = Field(False, description="Whether the weekly fundamentals are also collected.")
    from_date: Day | None = Field(
        None, alias="from", description="First day of Fundata's changes, instead of the stored cursor."
    )
    retry_seconds: float = Field(60, ge=0, le=3600, description="Seconds before a failed step is retried once.")

    @model_validator(mode="after")
    def check_parameters(self) -> Self:
        self.make_parameters()
        return self

    def make_parameters(self) -> RefreshParameters:
        """Return the parameters of the refresh; raises ValueError if they contradict each other."""
        return RefreshParameters(**self.model_dump())


class RefreshAccepted(RefreshView):
    """The refresh that a request started or joined."""

    created: bool = Field(description="False if a refresh of the same sources was in progress.")


class RefreshPage(BaseModel):
    """One page of refreshes, newest first."""

    refreshes: list[RefreshView]


class PartView(BaseModel):
    """A part of the system as last seen."""

    name: str
    status: HealthStatus
    detail: str
    since: datetime = Field(description="Since when it has this status, as far as this gateway knows.")
    checked_at: datetime | None


class ScheduleView(BaseModel):
    """One schedule."""

    schedule: str
    cron: str
    timezone: str
    paused_since: datetime | None
    next: list[datetime]


class StatusReport(BaseModel):
    """The whole state as last seen; the request waits for nothing."""

    status: HealthStatus
    timestamp: datetime
    services: list[PartView]
    database: PartView
    sources: list[PartView] = Field(description="The vendors, as the last refreshes found them.")
    checks: dict[str, CheckResult] = Field(
        description="refresh, freshness and schedule, each with the reasons if it is not healthy."
    )
    incidents: list[IncidentView] = Field(description="Current and recent incidents.")
    refresh: RefreshView | None = Field(description="The refresh in progress, else the newest one.")
    last_success: RefreshView | None
    freshness: list[dict[str, Any]] = Field(description="Rows of sra.data_freshness.")
    schedule: list[ScheduleView]
    read_at: datetime | None = Field(description="When refreshes and freshness were last read.")


class LoginCode(BaseModel):
    """A code that logs a browser in once: open /login#CODE."""

    code: str
    expires_at: datetime


@cache
def make_api_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter()
    _add_refreshes(router)
    _add_schedule(router)
    _add_rest(router)
    return router


def _add_refreshes(router: APIRouter) -> None:
    @router.post(
        "/refresh",
        status_code=202,
        tags=["refresh"],
        summary="Start a refresh, or join the one in progress",
        responses={202: {"headers": {"Location": {"schema": {"type": "string"}}}}},
    )
    async def post_refresh(
        state: State,
        request: Request,
        response: Response,
        caller: CallerOf,
        body: RefreshBody | None = None,
        idempotency_key: IdempotencyKey = None,
    ) -> RefreshAccepted:
        parameters = (body or RefreshBody()).make_parameters()
        accepted = await start_refresh(state, parameters, by=caller, idempotency_key=idempotency_key)
        response.headers["Location"] = f"/refresh/{accepted.refresh_id}"
        request.state.run_id = accepted.refresh_id
        return accepted

    @router.get("/refresh", tags=["refresh"], summary="List refreshes, newest first")
    async def get_refreshes(
        state: State,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> RefreshPage:
        async with state.pool.acquire() as connection:
            return RefreshPage(refreshes=await list_refreshes(connection, limit=limit, offset=offset))

    @router.get("/refresh/{refresh_id}", tags=["refresh"], summary="Show one refresh", responses={404: {}})
    async def get_refresh(refresh_id: UUID, state: State) -> RefreshView:
        async with state.pool.acquire() as connection:
            found = await read_refresh(connection, refresh_id)
        if found is None:
            raise ProblemError(404, f"Refresh {refresh_id} does not exist.", next_step="List them: GET /refresh.")
        return found


def _add_schedule(router: APIRouter) -> None:
    @router.get("/schedule", tags=["schedule"], summary="The schedules and their next slots")
    async def get_schedule(app_context: AppContextOf) -> list[ScheduleView]:
        return [ScheduleView.model_validate(one) for one in app_context.scheduler.describe(datetime.now(UTC))]

    @router.post("/schedule/pause", tags=["schedule"], summary="Stop starting refreshes on schedule")
    async def pause_schedule(app_context: AppContextOf, state: State, caller: CallerOf) -> list[ScheduleView]:
        return await set_paused(app_context, state, paused=True, by=caller)

    @router.post("/schedule/resume", tags=["schedule"], summary="Start refreshes on schedule again")
    async def resume_schedule(app_context: AppContextOf, state: State, caller: CallerOf) -> list[ScheduleView]:
        return await set_paused(app_context, state, paused=False, by=caller)


def _add_rest(router: APIRouter) -> None:
    @router.get("/status", tags=["status"], summary="The state of the whole system")
    async def get_status(app_context: AppContextOf) -> StatusReport:
        return report_status(app_context)

    @router.post("/login-codes", status_code=201, tags=["login"], summary="Make a code that logs a browser in once")
    async def post_login_code(state: State, caller: CallerOf) -> LoginCode:
        async with state.pool.acquire() as connection, connection.transaction():
            code = await make_code(connection, caller)
            await record_act(connection, caller, Act(Action.LOGIN_CODE, SubjectKind.SESSION))
        return LoginCode(code=code, expires_at=datetime.now(UTC) + CODE_LIFETIME)


async def start_refresh(
    state: ServiceState, parameters: RefreshParameters, *, by: Actor, idempotency_key: str | None = None
) -> RefreshAccepted:
    """Request a refresh and return the one that was started or joined."""
    request = RunRequest(task_type=TaskType.UNIFIED_REFRESH, parameters=parameters.model_dump(mode="json"), priority=2)
    requested = await state.request_run(request, idempotency_key=idempotency_key, by=by)
    async with state.pool.acquire() as connection:
        units = await read_units(connection, requested.task.task_id)
    return RefreshAccepted(**show_refresh(requested.task, units).model_dump(), created=requested.created)


async def set_paused(app_context: AppContextOf, state: ServiceState, *, paused: bool, by: Actor) -> list[ScheduleView]:
    """Pause or resume the schedules, record the actor, and return the schedules."""
    async with state.pool.acquire() as connection, connection.transaction():
        if await app_context.scheduler.set_paused(connection, paused=paused):
            action = Action.PAUSE if paused else Action.RESUME
            await record_act(connection, by, Act(action, SubjectKind.SCHEDULE))
    return [ScheduleView.model_validate(one) for one in app_context.scheduler.describe(datetime.now(UTC))]


def report_status(app_context: AppContextOf) -> StatusReport:
    """Return the known state of the whole system."""
    known = app_context.probe.system_state
    parts = {part.name: show_part(part) for part in known.parts}
    database = parts.pop("database")
    checks = check_all(known, app_context.scheduler)
    sources = [show_part(part) for part in known.sources]
    found = {part.status for part in (database, *parts.values(), *sources)} | {
        check.status for check in checks.values()
    }
    status = HealthStatus.HEALTHY if found == {HealthStatus.HEALTHY} else HealthStatus.DEGRADED
    if database.status is HealthStatus.UNHEALTHY:
        status = HealthStatus.UNHEALTHY
    running = next((one for one in known.refreshes if one.completed_at is None), None)
    return StatusReport(
        status=status,
        timestamp=datetime.now(UTC),
        services=list(parts.values()),
        database=database,
        sources=sources,
        checks=checks,
        incidents=known.incidents,
        refresh=running or next(iter(known.refreshes), None),
        last_success=next((one for one in known.refreshes if one.status in ("completed", "partial")), None),
        freshness=known.freshness,
        schedule=[ScheduleView.model_validate(one) for one in app_context.scheduler.describe(datetime.now(UTC))],
        read_at=known.read_at,
    )


def show_part(part: PartState) -> PartView:
    """Return a part as last seen."""
    return PartView(
        name=part.name, status=part.status, detail=part.detail, since=part.since, checked_at=part.checked_at
    )
