"""Monitors refreshes: the overdue flag, children of cancelled refreshes, alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from gateway.alerts.active_problems import find_problems, read_shares, read_standalone_runs
from gateway.alerts.delivery import Webhook, send_due_alerts
from gateway.alerts.incidents import sync_incidents
from gateway.alerts.refreshes import record_refreshes
from gateway.monitoring.probe import SystemState
from gateway.refresh.model import STEP_OF, Step
from gateway.refresh.service_client import ServiceClient
from sra_shared.kit.db import Connection, Pool
from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.kit.logs import get_logger
from sra_shared.runs import TaskType

log = get_logger(__name__)


class RefreshMonitor:
    """Checks the refreshes every few seconds; any number of gateways may do so at once."""

    def __init__(
        self,
        clients: Mapping[Step, ServiceClient],
        known: SystemState,
        *,
        window_minutes: int,
        webhook: Webhook | None,
        reject_limit: Decimal,
        grace: timedelta,
    ) -> None:
        """`grace` is how long a service may be unresponsive, as during a restart, before that is an incident."""
        self._clients = clients
        self._known = known
        self._window = timedelta(minutes=window_minutes)
        self._webhook = webhook
        self._reject_limit = reject_limit
        self._grace = grace

    async def poll(self, pool: Pool) -> None:
        """Flag overdue refreshes, cancel orphaned runs and send due alerts; raises the database's errors if it is down."""
        async with pool.acquire() as connection:
            await self.flag_overdue(connection)
            orphans = await self._list_orphans(connection)
        for task_type, task_id in orphans:
            await self._cancel(task_type, task_id)
        async with pool.acquire() as connection:
            found = find_problems(
                self._known,
                await read_shares(connection),
                await read_standalone_runs(connection),
                reject_limit=self._reject_limit,
                grace=self._grace,
                now=datetime.now(UTC),
            )
            await sync_incidents(connection, found, self._webhook)
            if self._webhook is not None:
                await record_refreshes(connection, self._webhook)
        if self._webhook is not None:
            await send_due_alerts(pool, self._webhook)

    async def flag_overdue(self, connection: Connection) -> list[UUID]:
        """Flag the refreshes that did not finish within the window; they continue."""
        rows = await connection.fetch(
            "UPDATE task_execution_log SET overdue = true WHERE task_type = $1 AND NOT overdue"
            " AND status IN ('queued', 'running', 'parked') AND coalesce(started_at, scheduled_at) < now() - $2::interval"
            " RETURNING task_id",
            TaskType.UNIFIED_REFRESH,
            self._window,
        )
        for row in rows:
            log.warning("refresh_overdue", run_id=str(row["task_id"]), window_minutes=self._window.total_seconds() / 60)
        return [row["task_id"] for row in rows]

    async def _list_orphans(self, connection: Connection) -> list[tuple[TaskType, UUID]]:
        """Return runs that cancelled refreshes started and that were not cancelled yet."""
        rows = await connection.fetch(
            "SELECT c.task_type, c.task_id FROM task_execution_log c JOIN task_execution_log p ON p.task_id = c.parent_id"
            " WHERE p.task_type = $1 AND p.cancel_requested_at IS NOT NULL AND c.cancel_requested_at IS NULL"
            " AND c.task_type <> $1 AND c.status IN ('queued', 'running', 'parked') LIMIT 50",
            TaskType.UNIFIED_REFRESH,
        )
        return [(TaskType(row["task_type"]), row["task_id"]) for row in rows]

    async def _cancel(self, task_type: TaskType, task_id: UUID) -> None:
        step = STEP_OF.get(task_type)
        if step is None:
            return
        try:
            await self._clients[step].cancel_run(task_id)
        except (RetryableError, FatalError) as error:
            log.warning("child_not_cancelled", child=str(task_id), error=str(error))
