"""The factory of every service's application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Response

from sra_shared.kit.database.dsn import read_password
from sra_shared.kit.logs import get_logger, hide_secrets
from sra_shared.kit.settings import DatabaseSettings, ServiceSettings
from sra_shared.service.auth import (
    OPEN_ROUTES,
    AuthMiddleware,
    make_token_authenticator,
)
from sra_shared.service.health import Readiness, SystemHealthCheck, report_health
from sra_shared.service.lifespan import open_service
from sra_shared.service.metrics import CONTENT_TYPE, ServiceMetrics
from sra_shared.service.middleware import (
    AccessLogMiddleware,
    BodyLimitMiddleware,
    ForwardedAddressMiddleware,
    SecurityHeadersMiddleware,
)
from sra_shared.service.openapi import METRICS_EXAMPLE, describe_app
from sra_shared.service.problems import add_problem_handlers
from sra_shared.service.runs import State, make_run_router
from sra_shared.service.state import ServiceDefinition

MAX_BODY_BYTES = 1_000_000
_log = get_logger(__name__)


def create_service_app(definition: ServiceDefinition, database: DatabaseSettings, service: ServiceSettings) -> FastAPI:
    """Return the application of a service; it opens nothing before its lifespan starts.

    Raises ConfigError for a production start that would be open to anybody, and if no database is set.
    """
    service.check_production()
    tokens = service.list_tokens()
    hide_secrets([*(token.value for token in tokens), read_password(database.require_dsn())])
    metrics = ServiceMetrics()

    @asynccontextmanager
    async def keep_open(app: FastAPI) -> AsyncIterator[None]:
        if service.sra_service_token is None:
            _log.warning("no_token_is_set", next_step="Set SRA_SERVICE_TOKEN: without it every request is refused.")
        async with open_service(definition, database, service, metrics) as state:
            app.state.service = state
            yield

    app = FastAPI(
        title=f"SRA Data: {definition.name}",
        description=definition.description,
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
    app.add_middleware(BodyLimitMiddleware, limit=MAX_BODY_BYTES)
    app.add_middleware(
        AuthMiddleware,
        authenticators=[make_token_authenticator(tokens), *definition.authenticators],
        open_routes=OPEN_ROUTES | definition.open_routes,
        refuse=definition.refuse,
    )
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(AccessLogMiddleware, metrics=metrics)
    app.add_middleware(ForwardedAddressMiddleware, proxies=definition.trusted_proxies)
    for router in (_make_status_router(), make_run_router(), *definition.routers):
        # include_router would compile each route again for each application
        app.router.routes.extend(router.routes)
    describe_app(app, sorted(definition.works), definition.examples)
    return app


@cache
def _make_status_router() -> APIRouter:
    router = APIRouter(tags=["status"])

    async def get_health(state: State) -> SystemHealthCheck:
        """200 while the process can serve; the body has the last known state, and nothing is waited for."""
        definition = state.definition
        own = definition.checks(state) if definition.checks is not None else {}
        in_hand = len(state.jobs.running) if state.jobs is not None else 0
        state.metrics.set_runs_in_hand(in_hand)
        uptime = round(time.monotonic() - state.started, 1)
        details = {"service": definition.name, "uptime_seconds": uptime, "runs_in_hand": in_hand, **definition.details}
        return report_health({**state.checks, **own}, details)

    async def get_ready(state: State, response: Response) -> Readiness:
        """200 if the database responds and is migrated and the service accepts work; else 503 with what is missing."""
        found = await state.watcher.poll()
        missing = list(found.missing)
        if state.stopping.is_set():
            missing.append("The service is stopping: use another instance.")
        response.status_code = 503 if missing else 200
        warnings = [*found.warnings, *found.advice, *state.definition.warnings()]
        return Readiness(ready=not missing, missing=missing, warnings=warnings)

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
