"""The state of the rest of the system, polled in the background so that no page or health check waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from gateway.login_sessions import LoginSessions
from gateway.monitoring.incident_list import IncidentView, list_incidents
from gateway.monitoring.ledger_metrics import LedgerMetrics, read_ledger_metrics
from gateway.refresh.model import Step
from gateway.refresh.result import RefreshHistory, RefreshView, StepView
from sra_shared.kit.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.kit.http import Bound, ExchangeError, send_request
from sra_shared.kit.logs import get_logger
from sra_shared.kit.repeating import repeat_until_stopped
from sra_shared.kit.texts import excerpt
from sra_shared.service import CheckResult, HealthStatus, ServiceState

PROBE_SECONDS = 5.0
# data changes a few times a day, and reading its freshness costs more than reading the ledger
FRESHNESS_SECONDS = 30.0
_RESPONSE_SECONDS = 2.0
_RESPONSE_BOUND = Bound.of(1 << 20)
_FRESHNESS_SECONDS_LIMIT = 20.0
_LATEST = 15
_SOURCES = {"FMP": (Step.FMP,), "Fundata": (Step.FUNDATA_DATA, Step.FUNDATA_QUOTES)}
_UNWELL = {"failed": HealthStatus.UNHEALTHY, "parked": HealthStatus.DEGRADED, "held": HealthStatus.DEGRADED}
log = get_logger(__name__)


@dataclass
class PartState:
    """One part as last seen, and since when it has its status."""

    name: str
    url: str | None = None
    status: HealthStatus = HealthStatus.DEGRADED
    detail: str = "It has not been checked yet."
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    checked_at: datetime | None = None
    silent_since: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def responds(self) -> bool:
        """Whether it responded to the last check, healthy or not."""
        return self.status is not HealthStatus.UNHEALTHY

    def record(self, status: HealthStatus, detail: str, *, responds: bool = True) -> None:
        """Record the observed status; `since` changes only with the status.

        A part that responds and reports a problem is not unresponsive: what it lacks, such as the database, is a
        separate part.
        """
        now = datetime.now(UTC)
        self.silent_since = None if responds else self.silent_since or now
        if status is not self.status:
            if self.checked_at is not None:
                log.info("part_changed", part=self.name, status=status, detail=detail)
            self.since = now
        self.status, self.detail, self.checked_at = status, detail, now

    def as_check(self) -> CheckResult:
        """Return the part's entry in the health report: without another service the gateway is degraded, not unhealthy."""
        if self.status is HealthStatus.HEALTHY:
            return CheckResult(status=self.status, detail=self.detail, checked_at=self.checked_at)
        detail = f"{self.detail} Since {self.since:%Y-%m-%d %H:%M:%S} UTC."
        return CheckResult(status=HealthStatus.DEGRADED, detail=detail, checked_at=self.checked_at)


@dataclass
class SystemState:
    """The known state with its age, which pages show while the database is down."""

    database: PartState = field(default_factory=lambda: PartState("database"))
    services: dict[str, PartState] = field(default_factory=dict)
    refreshes: list[RefreshView] = field(default_factory=list)
    freshness: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[IncidentView] = field(default_factory=list)
    figures: LedgerMetrics | None = None
    read_at: datetime | None = None
    freshness_read_at: datetime | None = None
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def parts(self) -> list[PartState]:
        """Database and services."""
        return [self.database, *self.services.values()]

    @property
    def sources(self) -> list[PartState]:
        """The vendors, as the last refreshes found them."""
        return [decide_source_state(name, steps, self) for name, steps in _SOURCES.items()]

    @property
    def ended(self) -> frozenset[UUID]:
        """The finished refreshes."""
        return frozenset(one.refresh_id for one in self.refreshes if one.completed_at)

    def recall(self) -> None:
        """Restore since when a part has had a problem from the incident that an earlier gateway opened."""
        for one in self.incidents:
            part = self.services.get(one.subject.removeprefix("service:"))
            if part is not None and one.ended_at is None and part.silent_since is not None:
                part.since = part.silent_since = min(one.began_at, part.silent_since)


class Probe:
    """Checks the database and the other services every few seconds."""

    def __init__(
        self,
        services: Mapping[str, str],
        http: Callable[[], httpx.AsyncClient],
        sessions: LoginSessions,
        *,
        seconds: float,
    ) -> None:
        self._http = http
        self._sessions = sessions
        self._seconds = seconds
        self._history = RefreshHistory(_LATEST)
        self._freshness_due = 0.0
        self._freshness_after: frozenset[UUID] = frozenset()
        self.system_state = SystemState(services={name: PartState(name, url) for name, url in services.items()})

    async def run(self, state: ServiceState) -> None:
        """Poll until the service stops."""
        async with self._http() as client:
            await repeat_until_stopped(state.stopping, lambda: self._poll_all(client, state), self._seconds)

    async def _poll_all(self, client: httpx.AsyncClient, state: ServiceState) -> None:
        await asyncio.gather(
            self._poll_database(state),
            *(self._poll_service(client, part) for part in self.system_state.services.values()),
        )

    async def _poll_service(self, client: httpx.AsyncClient, part: PartState) -> None:
        try:
            address = f"{part.url}/health"
            response = await send_request(
                client, "GET", address, bound=_RESPONSE_BOUND, seconds=2 * _RESPONSE_SECONDS, timeout=_RESPONSE_SECONDS
            )
            body = response.read_json()
            status = HealthStatus(body["status"]) if response.is_success else HealthStatus.UNHEALTHY
            found = [f"{name}: {excerpt(check['detail'])}" for name, check in body["checks"].items() if check["detail"]]
            part.details = body.get("details", {})
            part.record(
                status, "It responds." if status is HealthStatus.HEALTHY else " ".join(found) or "It is not healthy."
            )
        except ExchangeError as error:
            part.record(
                HealthStatus.UNHEALTHY,
                f"It does not respond ({error.cause}): check that it is running, and check its log.",
                responds=False,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            detail = f"Another program responds at the address of {part.name}: check the settings."
            part.record(HealthStatus.UNHEALTHY, detail, responds=False)

    async def _poll_database(self, state: ServiceState) -> None:
        try:
            async with asyncio.timeout(_RESPONSE_SECONDS * 2), state.pool.acquire() as connection:
                await self._read_ledger(connection)
        except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
            self.system_state.database.record(*_classify_outage(error, responds=state.watcher.state.reachable))
        else:
            self.system_state.database.record(HealthStatus.HEALTHY, "It responds.")

    async def _read_ledger(self, connection: Connection) -> None:
        refreshes = await self._history.read(connection)
        incidents = await list_incidents(connection)
        await self._sessions.sync(connection)
        self.system_state.refreshes = refreshes
        self.system_state.incidents = incidents
        self.system_state.recall()
        self.system_state.read_at = datetime.now(UTC)

    async def poll_freshness(self, pool: Pool, *, every: timedelta) -> None:
        """Read the freshness of the data periodically, and after each refresh, which may have delivered what was late.

        Raises the database's errors if it is down or too slow.
        """
        if time.monotonic() < self._freshness_due and self.system_state.ended <= self._freshness_after:
            return
        self._freshness_due = time.monotonic() + every.total_seconds()
        self._freshness_after = self.system_state.ended
        began = datetime.now(UTC)
        async with asyncio.timeout(_FRESHNESS_SECONDS_LIMIT), pool.acquire() as connection:
            self.system_state.freshness = await read_freshness(connection)
            self.system_state.figures = await read_ledger_metrics(connection)
        self.system_state.freshness_read_at = began


def _classify_outage(error: Exception, *, responds: bool) -> tuple[HealthStatus, str]:
    """Return the status of the database after this error; `responds` is true if a lighter query succeeded."""
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError):
        return HealthStatus.DEGRADED, "It is not migrated: run `./sra migrate`."
    if isinstance(error, TimeoutError) and responds:
        detail = "It responds slowly, so this page may show old values: check what keeps it busy. Work continues."
        return HealthStatus.DEGRADED, detail
    detail = f"It does not respond ({type(error).__name__}): check that it is running. Work resumes automatically."
    return HealthStatus.UNHEALTHY, detail


def decide_source_state(name: str, steps: Sequence[Step], known: SystemState) -> PartState:
    """Return a vendor's status by the newest finished step of each kind, and since when it has it."""
    part = PartState(name, checked_at=known.read_at, since=known.began_at)
    ended = [one for refresh in known.refreshes for one in refresh.steps if one.step in steps and one.completed_at]
    if known.read_at is None:
        return part
    if not ended:
        part.detail = "No refresh has collected from it yet: start one, or wait for the next slot."
        return part
    part.since = max(one.completed_at for one in ended if one.completed_at)
    part.status, part.detail = HealthStatus.HEALTHY, "Its last step succeeded."
    if ended[0].status == "skipped":
        part.detail = ended[0].error or "It has no settings and is skipped."
    bad = [series for step in steps if (series := list_bad_steps(step, known.refreshes))]
    if bad:
        newest = [series[0] for series in bad]
        worst = max((_UNWELL[one.status] for one in newest), key=list(HealthStatus).index)
        detail = " ".join(one.error or f"Step {one.step} finished with status {one.status}." for one in newest)
        part.status = worst
        part.detail = f"{detail} The next refresh retries it. Check the vendor's status page and the key."
        part.since = min(series[-1].completed_at or part.since for series in bad)
    return part


def list_bad_steps(step: Step, refreshes: Sequence[RefreshView]) -> list[StepView]:
    """Return the newest steps of this kind, newest first, until one that succeeded."""
    ended = (one for refresh in refreshes for one in refresh.steps if one.step == step and one.completed_at)
    return list(takewhile(lambda one: one.status in _UNWELL, ended))


async def read_freshness(connection: Connection) -> list[dict[str, Any]]:
    """Return the published rows of data_freshness; empty before it is built."""
    if await connection.fetchval("SELECT to_regclass('sra.data_freshness') IS NULL"):
        return []
    rows = await connection.fetch("SELECT to_jsonb(f) AS row FROM sra.data_freshness f LIMIT 500")
    return sorted(
        (row["row"] for row in rows), key=lambda row: (str(row.get("source") or ""), str(row.get("dataset") or ""))
    )
