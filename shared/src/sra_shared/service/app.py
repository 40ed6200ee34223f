"""The factory of every service's application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel

from sra_shared.dsn import read_password
from sra_shared.freshness_sla import ExpectedDataset
from sra_shared.logs import get_logger, hide_secrets
from sra_shared.runs import Work
from sra_shared.service.auth import (
    OPEN_ROUTES,
    Authenticator,
    AuthMiddleware,
    Refusal,
    make_token_authenticator,
    refuse_stranger,
)
from sra_shared.service.health import Check, Readiness, SystemHealthCheck, report_health
from sra_shared.service.metrics import CONTENT_TYPE, ServiceMetrics
from sra_shared.service.middleware import (
    AccessLogMiddleware,
    BodyLimitMiddleware,
    ForwardedAddressMiddleware,
    SecurityHeadersMiddleware,
)
from sra_shared.service.openapi import METRICS_EXAMPLE, Examples, describe_app
from sra_shared.service.problems import add_problem_handlers
from sra_shared.service.runs import State, make_run_router
from sra_shared.service.state import Background, ServicePlan, ServiceState, make_expectation_task, open_service
from sra_shared.settings import DatabaseSettings, ServiceSettings
from sra_shared.timing import DEFAULT_TIMING, LeaseTiming

MAX_BODY_BYTES = 1_000_000
_log = get_logger(__name__)


def create_service_app(
    *,
    name: str,
    description: str,
    database: DatabaseSettings,
    service: ServiceSettings,
    works: Mapping[str, Work] | None = None,
    parameter_models: Mapping[str, type[BaseModel]] | None = None,
    routers: Sequence[APIRouter] = (),
    background: Mapping[str, Background] | None = None,
    expected: tuple[str, Sequence[ExpectedDataset]] | None = None,
    details: Mapping[str, Any] | None = None,
    examples: Examples | None = None,
    checks: Callable[[ServiceState], Mapping[str, Check]] | None = None,
    completions_url: str | None = None,
    authenticators: Sequence[Authenticator] = (),
    open_routes: frozenset[tuple[str, str]] = frozenset(),
    refuse: Refusal = refuse_stranger,
    lists_all_runs: bool = False,
    concurrency: int = 4,
    timing: LeaseTiming = DEFAULT_TIMING,
    max_body_bytes: int = MAX_BODY_BYTES,
    is_behind_gateway: bool = False,
    trusted_proxies: int = 0,
) -> FastAPI:
    """Return the application of a service; it opens nothing before its lifespan starts.

    `works` are the task types that it runs, with `parameter_models` for those that have parameters; `routers` and
    `background` are its own routes and tasks, `checks` its own parts of the health report (last known states; they never
    wait), and `details` its additional entries. `expected` are a source and its datasets that must be fresh, empty if the
    source has no settings. `examples` returns an instance of each model of its own requests and responses.
    `completions_url` is view_builder's address if this service finishes runs that views depend on. `authenticators` are
    used in addition to tokens (such as a cookie), and `open_routes` need neither. `trusted_proxies` is the number of
    proxies before the service that are trusted to report a request's address. A service that `is_behind_gateway` learns the
    actor of a forwarded request from the gateway. Raises ConfigError for a production start that would be open to anybody,
    and if no database is set.
    """
    service.check_production()
    service_token = service.sra_service_token.get_secret_value() if service.sra_service_token else None
    tokens = service.list_tokens()
    dsn = database.require_dsn()
    hide_secrets([*(token.value for token in tokens), read_password(dsn)])
    plan = ServicePlan(
        name=name,
        dsn=dsn,
        pool_min_size=database.db_pool_min_size,
        pool_max_size=database.db_pool_max_size,
        works=dict(works or {}),
        background={
            **({} if expected is None else {"expectations": make_expectation_task(*expected)}),
            **(background or {}),
        },
        concurrency=concurrency,
        timing=timing,
        completions_url=completions_url,
        service_token=service_token,
        sets_reader_password=database.sra_reader_password is not None,
        is_behind_gateway=is_behind_gateway,
        reader_max_seconds=database.sra_reader_max_seconds,
        parameter_models=dict(parameter_models or {}),
        lists_all_runs=lists_all_runs,
        checks=checks,
        details=dict(details or {}),
    )
    metrics = ServiceMetrics()

    @asynccontextmanager
    async def keep_open(app: FastAPI) -> AsyncIterator[None]:
        if service_token is None:
            _log.warning("no_token_is_set", next_step="Set SRA_SERVICE_TOKEN: without it every request is refused.")
        async with open_service(plan, metrics) as state:
            app.state.service = state
            yield

    app = FastAPI(
        title=f"SRA Data: {name}",
        description=description,
        version="1",
        lifespan=keep_open,
        # the standard pages load scripts from other hosts; /openapi.json is enough
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.metrics = metrics
    add_problem_handlers(app)
    # the last one added is the outermost
    app.add_middleware(BodyLimitMiddleware, limit=max_body_bytes)
    app.add_middleware(
        AuthMiddleware,
        authenticators=[
            make_token_authenticator(tokens),
            *authenticators,
        ],
        open_routes=OPEN_ROUTES | open_routes,
        refuse=refuse,
    )
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(AccessLogMiddleware, metrics=metrics)
    app.add_middleware(ForwardedAddressMiddleware, proxies=trusted_proxies)
    for router in (_make_status_router(), make_run_router(), *routers):
        # include_router would compile each route again for each application
        app.router.routes.extend(router.routes)
    describe_app(app, sorted(plan.works), examples)
    return app


@cache
def _make_status_router() -> APIRouter:
    router = APIRouter(tags=["status"])

    async def get_health(state: State) -> SystemHealthCheck:
        """200 while the process can serve; the body has the last known state, and nothing is waited for."""
        plan = state.plan
        own = plan.checks(state) if plan.checks is not None else {}
        in_hand = len(state.jobs.running) if state.jobs is not None else 0
        state.metrics.set_runs_in_hand(in_hand)
        uptime = round(time.monotonic() - state.started, 1)
        details = {"service": plan.name, "uptime_seconds": uptime, "runs_in_hand": in_hand, **plan.details}
        return report_health({**state.checks, **own}, details)

    async def get_ready(state: State, response: Response) -> Readiness:
        """200 if the database responds and is migrated and the service accepts work; else 503 with what is missing."""
        found = await state.watcher.poll()
        missing = list(found.missing)
        if state.stopping.is_set():
            missing.append("The service is stopping: use another instance.")
        response.status_code = 503 if missing else 200
        return Readiness(ready=not missing, missing=missing, warnings=[*found.warnings, *found.advice])

    async def get_metrics(state: State) -> Response:
        """Metrics in Prometheus' text format."""
        state.metrics.set_runs_in_hand(len(state.jobs.running) if state.jobs is not None else 0)
        rendered = await asyncio.to_thread(state.metrics.render)
        return Response(rendered, media_type=CONTENT_TYPE)

    lacking = Readiness(ready=False, missing=["The database is not migrated: run `./sra migrate`."], warnings=[])
    not_ready: dict[int | str, dict[str, Any]] = {
        503: {
            "model": Readiness,
            "description": "Something is missing.",
            "content": {"application/json": {"example": lacking.model_dump()}},
        }
    }
    plain: dict[int | str, dict[str, Any]] = {
        200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": METRICS_EXAMPLE}}}
    }
    router.add_api_route("/health", get_health, methods=["GET"], summary="Is the process alive?")
    router.add_api_route("/health", get_health, methods=["HEAD"], include_in_schema=False)
    router.add_api_route("/ready", get_ready, methods=["GET"], summary="Can it work now?", responses=not_ready)
    router.add_api_route("/ready", get_ready, methods=["HEAD"], include_in_schema=False)
    router.add_api_route(
        "/metrics", get_metrics, methods=["GET"], summary="Figures", response_class=Response, responses=plain
    )
    return router
