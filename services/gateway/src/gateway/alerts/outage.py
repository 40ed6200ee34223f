"""The only problem that the database cannot record while it lasts: its own outage."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from gateway.alerts.delivery import Webhook, put_alert
from gateway.alerts.incidents import describe_end
from gateway.monitoring.probe import SystemState
from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.db import Pool
from sra_shared.kit.logs import get_logger
from sra_shared.kit.retry import ALERT
from sra_shared.service import HealthStatus

_KIND = "database_down"
log = get_logger(__name__)

# only one of several gateways records the end of an outage that all of them saw
SQL_NOTE = """
INSERT INTO incident (subject, kind, detail, began_at, ended_at)
SELECT 'database', $1, $2, clock_timestamp() - $3::interval, clock_timestamp()
WHERE NOT EXISTS (SELECT FROM incident WHERE subject = 'database' AND ended_at > clock_timestamp() - $3::interval)
RETURNING incident_id, subject, kind, began_at, ended_at
"""


class DatabaseOutage:
    """Remembers a database outage in this process: reports it while it lasts, and records it afterwards."""

    def __init__(self, known: SystemState, webhook: Webhook | None, *, grace: timedelta) -> None:
        self._known = known
        self._webhook = webhook
        self._grace = grace
        self._began: datetime | None = None
        self._detail = ""
        self._delivered = False
        self._tries = 0
        self._next_try = 0.0

    async def poll(self, pool: Pool) -> None:
        """Report or record an outage if due; raises the database's errors if it fails again in the meantime."""
        part = self._known.database
        if part.status is HealthStatus.UNHEALTHY:
            if self._began is None:
                self._began, self._delivered, self._tries, self._next_try = part.since, False, 0, 0.0
            self._detail = f"The database is down. {part.detail}"
            if self._is_reported() and not self._delivered and time.monotonic() >= self._next_try:
                await self._report()
        elif part.status is HealthStatus.HEALTHY and self._began is not None:
            if self._is_reported():
                await self._record_end(pool, self._began)
            self._began = None

    def _is_reported(self) -> bool:
        return self._began is not None and datetime.now(UTC) - self._began >= self._grace

    async def _report(self) -> None:
        if self._webhook is None:
            return
        problem = await self._webhook.send(self._describe(self._webhook))
        self._delivered = problem is None
        self._tries += 1
        self._next_try = time.monotonic() + ALERT.pause(self._tries)
        if problem:
            log.warning("alert_not_delivered", kind=_KIND, error=problem)
        else:
            log.info("alert_delivered", kind=_KIND)

    def _describe(self, webhook: Webhook) -> dict[str, object]:
        return webhook.make_message(
            _KIND,
            [f"SRA Data: {self._detail}", f"Since {self._began:%Y-%m-%d %H:%M} UTC."],
            "/",
        )

    async def _record_end(self, pool: Pool, began: datetime) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await take_lock(connection, "database incident")
            row = await connection.fetchrow(SQL_NOTE, _KIND, self._detail, datetime.now(UTC) - began)
            if row is None:
                return
            if self._webhook is not None:
                name = row["incident_id"]
                if not self._delivered:
                    await put_alert(connection, f"{name}:began", _KIND, self._describe(self._webhook))
                message = self._webhook.make_message("recovered", [describe_end([dict(row)])], "/")
                await put_alert(connection, f"{name}:ended", "recovered", message)
        log.info("incident_ended", subject="database", kind=_KIND)
