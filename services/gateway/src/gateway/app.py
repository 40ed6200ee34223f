"""The gateway's application, composed of its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial

import asyncpg
import httpx
from fastapi import FastAPI

from gateway.alert_api import make_alert_router
from gateway.alerts.delivery import Webhook
from gateway.alerts.outage import DatabaseOutage
from gateway.alerts.refresh_monitor import RefreshMonitor
from gateway.api import make_api_router
from gateway.api_examples import list_examples
from gateway.audit_api import make_audit_router
from gateway.context import AppContext
from gateway.lake_catalog import make_lake_router
from gateway.ledger_archive import archive_ledgers
from gateway.login_sessions import LoginSessions
from gateway.monitoring.health_checks import check_all
from gateway.monitoring.metrics import add_gateway_figures
from gateway.monitoring.probe import FRESHNESS_SECONDS, PROBE_SECONDS, Probe
from gateway.pages.login import OPEN_PAGES, refuse_visitor
from gateway.pages.main_pages import make_page_router
from gateway.refresh.model import RefreshParameters, Step
from gateway.refresh.schedule import TICK_SECONDS, Scheduler, make_schedules
from gateway.refresh.service_client import ServiceClient
from gateway.refresh.steps import PollTiming
from gateway.refresh.work import RefreshWork
from gateway.reject_api import make_reject_router
from sra_shared.kit.db import OUTAGE_ERRORS, Pool
from sra_shared.kit.errors import SraError
from sra_shared.kit.http import load_certificates
from sra_shared.kit.logs import get_logger, hide_secrets
from sra_shared.kit.repeating import repeat_until_stopped
from sra_shared.kit.settings import DatabaseSettings, PeerSettings, ScheduleSettings, ServiceSettings
from sra_shared.kit.timing import LeaseTiming
from sra_shared.runs import TaskType
from sra_shared.service import CheckResult, ServiceDefinition, ServiceState, create_service_app
from sra_shared.service.state import Background

NAME = "gateway"
_DESCRIPTION = "Coordinates the unified refresh, runs its schedule and shows the state of the system."
_DRAIN_POLL = 0.05
log = get_logger(__name__)


@dataclass(frozen=True)
class GatewayTiming:
    """Intervals in seconds: polling of a refresh's runs, schedule, probe, freshness, archiving of ledgers.

    `grace` is how long a part may be unresponsive, as during a restart, before that is an incident.
    """

    pace: PollTiming = field(default_factory=PollTiming)
    tick: float = TICK_SECONDS
    probe: float = PROBE_SECONDS
    freshness: float = FRESHNESS_SECONDS
    grace: float = 60.0
    archive: float = 3600.0
    worker: LeaseTiming = field(default_factory=LeaseTiming)


def create_gateway_app(
    *,
    database: DatabaseSettings,
    service: ServiceSettings,
    peers: PeerSettings,
    schedule: ScheduleSettings,
    reject_limit: Decimal,
    trusted_proxies: int,
    timing: GatewayTiming | None = None,
) -> FastAPI:
    """Return the application; it opens nothing before its lifespan starts.

    Raises ConfigError if a cron expression is invalid, no database is set, or production would need no token.
    """
    timing = timing or GatewayTiming()
    window = schedule.refresh_window_minutes
    token = service.sra_service_token.get_secret_value() if service.sra_service_token else None
    client = _PeerClient(token)
    context = _make_context(peers, schedule, LoginSessions(service.list_tokens()), client, timing)
    watch = RefreshMonitor(
        context.clients,
        context.probe.system_state,
        window_minutes=window,
        webhook=context.webhook,
        reject_limit=reject_limit,
        grace=timedelta(seconds=timing.grace),
    )
    definition = ServiceDefinition(
        name=NAME,
        description=_DESCRIPTION,
        works={TaskType.UNIFIED_REFRESH: RefreshWork(context.clients, window_minutes=window, pace=timing.pace)},
        parameter_models={TaskType.UNIFIED_REFRESH: RefreshParameters},
        routers=[
            make_api_router(),
            make_alert_router(),
            make_reject_router(),
            make_audit_router(),
            make_lake_router(),
            make_page_router(),
        ],
        background={
            **_make_tasks(context, watch, timedelta(days=schedule.ledger_retention_days), timing),
            "peers": client.keep_open,
        },
        checks=lambda _: make_checks(context),
        examples=list_examples,
        authenticators=[context.sessions.authenticate],
        open_routes=OPEN_PAGES,
        refuse=refuse_visitor,
        lists_all_runs=True,
        trusted_proxies=trusted_proxies,
        timing=timing.worker,
    )
    app = create_service_app(definition, database, service)
    app.state.app_context = context
    add_gateway_figures(app.state.metrics.registry, context.probe.system_state)
    return app


def _make_context(
    peers: PeerSettings, schedule: ScheduleSettings, sessions: LoginSessions, client: _PeerClient, timing: GatewayTiming
) -> AppContext:
    urls = {
        "fmp_ingest": peers.fmp_ingest_url,
        "fundata_ingest": peers.fundata_ingest_url,
        "view_builder": peers.view_builder_url,
    }
    return AppContext(
        probe=Probe(urls, make_client, sessions, seconds=timing.probe),
        scheduler=Scheduler(make_schedules(schedule)),
        sessions=sessions,
        webhook=make_webhook(schedule),
        clients=make_steps(urls, client),
    )


def _make_tasks(
    context: AppContext, watch: RefreshMonitor, retention: timedelta, timing: GatewayTiming
) -> dict[str, Background]:
    probe = context.probe
    outage = DatabaseOutage(probe.system_state, context.webhook, grace=timedelta(seconds=timing.grace))
    poll_freshness = partial(probe.poll_freshness, every=timedelta(seconds=timing.freshness))
    return {
        "probe": probe.run,
        "freshness": _repeat("freshness", poll_freshness, timing.probe),
        "schedule": _repeat("schedule", context.scheduler.fire_due, timing.tick),
        "watch": _repeat("watch", watch.poll, timing.tick),
        "outage": _repeat("outage", outage.poll, timing.tick),
        "archive": _repeat("archive", partial(archive_ledgers, retention=retention), timing.archive),
    }


def make_webhook(schedule: ScheduleSettings) -> Webhook | None:
    """Return the webhook, or None if none is set; its address is treated as a secret."""
    if schedule.alert_webhook_url is None:
        return None
    url = schedule.alert_webhook_url.get_secret_value()
    hide_secrets([url])
    return Webhook(url, make_client, schedule.public_url, is_plain=schedule.alert_form == "json")


def make_client() -> httpx.AsyncClient:
    """Return a client that connects directly: no proxy of the environment applies between services."""
    return httpx.AsyncClient(trust_env=False, verify=load_certificates(), timeout=httpx.Timeout(15, connect=5))


class _PeerClient:
    """The client that sends the service token; opened in the service's own event loop and closed with it."""

    def __init__(self, token: str | None) -> None:
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client: httpx.AsyncClient | None = None

    def get(self) -> httpx.AsyncClient:
        """Return the open client."""
        if self._client is None or self._client.is_closed:
            self._client = make_client()
            self._client.headers.update(self._headers)
        return self._client

    async def keep_open(self, state: ServiceState) -> None:
        """Close the client when the service stops."""
        await state.stopping.wait()
        # active runs call their services until they are handed over
        while state.jobs is not None and state.jobs.running:  # noqa: ASYNC110 - the set of them is no event
            await asyncio.sleep(_DRAIN_POLL)
        if self._client is not None:
            await self._client.aclose()


def make_steps(urls: Mapping[str, str], client: _PeerClient) -> dict[Step, ServiceClient]:
    """Return the service that does each step."""
    fmp, fundata, views = (ServiceClient(name, url, client.get) for name, url in urls.items())
    return {Step.FMP: fmp, Step.FUNDATA_DATA: fundata, Step.FUNDATA_QUOTES: fundata, Step.VIEWS: views}


def make_checks(app_context: AppContext) -> dict[str, Callable[[], CheckResult]]:
    """Return the gateway's parts of the health report."""
    known = app_context.probe.system_state
    parts = {part.name: part.as_check() for part in (*known.services.values(), *known.sources)}
    return {name: partial(_keep, result) for name, result in (parts | check_all(known, app_context.scheduler)).items()}


def _keep(result: CheckResult) -> CheckResult:
    return result


def _repeat(what: str, act: Callable[[Pool], Awaitable[object]], seconds: float) -> Background:
    """Return the task that calls `act` every few seconds until the service stops; it waits out outages of the database."""

    def report(error: Exception) -> None:
        log.warning("waits_for_database", task=what, error_type=type(error).__name__, error=str(error))

    async def run(state: ServiceState) -> None:
        survives = (*OUTAGE_ERRORS, asyncpg.PostgresError, SraError)
        await repeat_until_stopped(state.stopping, lambda: act(state.pool), seconds, survives=survives, report=report)

    return run
