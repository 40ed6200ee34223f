"""Health (is the process alive, and what is the last known state) and readiness (can it work now)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias

import asyncpg
from pydantic import BaseModel, Field

from sra_shared.kit.database.database_check import require_fit_database
from sra_shared.kit.database.database_errors import explain_database_error
from sra_shared.kit.database.reader_limits import READER, list_missing_limits
from sra_shared.kit.database.reader_roles import find_reader
from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.repeating import repeat_until_stopped
from sra_shared.service.metrics import ServiceMetrics

PROBE_SECONDS = 3.0
_ADVICE_SECONDS = 60.0
_log = get_logger(__name__)


class HealthStatus(StrEnum):
    """The health of a part or service."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class CheckResult(BaseModel):
    """The last known state of one part."""

    status: HealthStatus
    detail: str = Field("", description="The problem, in a sentence without addresses or secrets.")
    checked_at: datetime | None = Field(None, description="When it was last checked.")


class SystemHealthCheck(BaseModel):
    """Body of /health: the process responds, with the last known state."""

    status: HealthStatus
    timestamp: datetime
    response_time_ms: float = Field(description="Time to create this response.")
    checks: dict[str, CheckResult]
    details: dict[str, Any]


class Readiness(BaseModel):
    """Body of /ready."""

    ready: bool
    missing: list[str] = Field(description="What prevents the service from working, and what to do about it.")
    warnings: list[str] = Field(description="What needs attention but does not prevent it from working.")


Check: TypeAlias = Callable[[], CheckResult]


@dataclass(frozen=True)
class DatabaseState:
    """The result of one check of the database; `advice` is for an administrator and does not affect the status."""

    reachable: bool = False
    missing: tuple[str, ...] = ("The database has not been checked yet.",)
    warnings: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    checked_at: datetime | None = None
    runs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    completions: int = 0


class DatabaseWatcher:
    """Checks the database every few seconds, so that /health never has to."""

    def __init__(
        self,
        pool: Pool,
        metrics: ServiceMetrics,
        *,
        dsn: str,
        is_beating: Callable[[], bool],
        wants_reader: bool,
        reader_seconds: int,
        seconds: float,
    ) -> None:
        """`is_beating` returns whether the worker's heartbeat, on its own connection, reaches the database.

        `seconds` is the time between two checks. `wants_reader` means that a password of sra_reader is set here, so that
        this role should be able to log in; `reader_seconds` is how long its statements may take.
        """
        self._pool = pool
        self._dsn = dsn
        self._reported: str | None = None
        self._is_beating = is_beating
        self._metrics = metrics
        self._wants_reader = wants_reader
        self._reader_seconds = reader_seconds
        self._advice: tuple[str, ...] = ()
        self._advice_due = 0.0
        self._seconds = seconds
        self.state = DatabaseState()

    async def watch(self, stopping: asyncio.Event) -> None:
        """Check until `stopping` is set."""
        await repeat_until_stopped(stopping, self.poll, self._seconds)

    async def poll(self) -> DatabaseState:
        """Check now, for at most three seconds; store and return the result."""
        try:
            async with asyncio.timeout(PROBE_SECONDS), self._pool.acquire(timeout=PROBE_SECONDS) as connection:
                found = await _inspect(connection, wants_reader=self._wants_reader)
                if not found.missing:
                    found = replace(found, advice=await self._advise(connection))
        except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
            if isinstance(error, TimeoutError) and self.state.reachable and self._is_beating():
                # work uses all connections of the pool, which is not an outage
                return self.state
            sentence = f"The database cannot be reached ({type(error).__name__}): check that it is running."
            explained = explain_database_error(error, self._dsn)
            if isinstance(explained, ConfigError):
                # the log may contain user and database names, and this report is public
                sentence = (
                    f"The database refuses this service ({type(error).__name__}): the service's log names the fix."
                )
                self._report_refusal(explained)
            found = DatabaseState(missing=(sentence,), checked_at=datetime.now(UTC))
        if found.reachable:
            self._reported = None
        if found.reachable != self.state.reachable:
            _log.info("database_seen", reachable=found.reachable, missing=list(found.missing))
        self.state = found
        if found.reachable and not found.missing:
            self._metrics.set_database(up=True, runs=found.runs, completions=found.completions)
        else:
            self._metrics.set_database(up=found.reachable)
        return found

    async def _advise(self, connection: Connection) -> tuple[str, ...]:
        """Return the missing limits of the roles that read; the catalogue is queried for them once a minute."""
        if time.monotonic() >= self._advice_due:
            limits = await list_missing_limits(connection, self._reader_seconds)
            advice = f"Limits of the reading roles are not set; an administrator must run: {'; '.join(limits)}."
            self._advice = (advice,) if limits else ()
            self._advice_due = time.monotonic() + _ADVICE_SECONDS
        return self._advice

    def _report_refusal(self, refusal: ConfigError) -> None:
        """Log what an administrator has to do, once per change."""
        if refusal.message != self._reported:
            self._reported = refusal.message
            _log.error("database_refuses", message=refusal.message, next_step=refusal.next_step)


async def _inspect(connection: Connection, *, wants_reader: bool) -> DatabaseState:
    now = datetime.now(UTC)
    try:
        await require_fit_database(connection)
        await require_revision(connection)
    except ConfigError as error:
        return DatabaseState(reachable=True, missing=(str(error),), checked_at=now)
    warnings = []
    can_login = await find_reader(connection)
    if can_login is None:
        warnings.append(f"Role {READER} is missing: `./sra migrate` prints the statements that create it.")
    elif wants_reader and not can_login:
        warnings.append(
            f"Role {READER} cannot log in, though SRA_READER_PASSWORD is set: `./sra migrate` sets the password, or"
            " prints the statements to run."
        )
    rows = await connection.fetch(
        "SELECT task_type, status, count(*) AS runs FROM task_execution_log"
        " WHERE status IN ('queued', 'running', 'parked') OR completed_at > now() - interval '1 day' GROUP BY 1, 2"
    )
    completions = await connection.fetchval("SELECT count(*) FROM completion_outbox WHERE delivered_at IS NULL")
    return DatabaseState(
        reachable=True,
        missing=(),
        warnings=tuple(warnings),
        checked_at=now,
        runs={(row["task_type"], row["status"]): row["runs"] for row in rows},
        completions=completions,
    )


def check_database(state: DatabaseState) -> CheckResult:
    """Return the database's entry in the health report."""
    if not state.reachable:
        status = HealthStatus.UNHEALTHY
    elif state.missing or state.warnings:
        status = HealthStatus.DEGRADED
    else:
        status = HealthStatus.HEALTHY
    return CheckResult(status=status, detail=" ".join((*state.missing, *state.warnings)), checked_at=state.checked_at)


def report_health(checks: Mapping[str, Check], details: Mapping[str, Any]) -> SystemHealthCheck:
    """Return the report of the last known states, without waiting."""
    start = time.perf_counter()
    results = {name: check() for name, check in checks.items()}
    found = {result.status for result in results.values()}
    worst = next((s for s in (HealthStatus.UNHEALTHY, HealthStatus.DEGRADED) if s in found), HealthStatus.HEALTHY)
    return SystemHealthCheck(
        status=worst,
        timestamp=datetime.now(UTC),
        response_time_ms=round((time.perf_counter() - start) * 1000, 3),
        checks=results,
        details=dict(details),
    )
