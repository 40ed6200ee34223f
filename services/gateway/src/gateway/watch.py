"""What is seen to besides the refresh itself: the overdue flag, children of cancelled refreshes, alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from gateway.refresh.model import Step
from gateway.refresh.peers import Peer
from gateway.refresh.result import RefreshView, read_refresh
from sra_shared.db import Connection, Pool
from sra_shared.errors import FatalError, RetryableError
from sra_shared.logs import get_logger, redact_text
from sra_shared.runs import TaskType

log = get_logger(__name__)

_PEER_OF = {
    TaskType.DAILY_QUOTES: Step.FMP,
    TaskType.WEEKLY_FUNDAMENTALS: Step.FMP,
    TaskType.FUNDATA_DATA: Step.FUNDATA_DATA,
    TaskType.FUNDATA_QUOTES: Step.FUNDATA_QUOTES,
    TaskType.VIEW_BUILD: Step.VIEWS,
}

SQL_NEW_INCIDENTS = """
SELECT t.task_id, t.status AS kind
FROM task_execution_log t
WHERE t.task_type = 'unified_refresh' AND t.status IN ('failed', 'partial', 'held')
  AND t.completed_at > now() - interval '1 day'
  AND NOT EXISTS (SELECT FROM alert a WHERE a.incident = t.task_id || ':' || t.status)
UNION ALL
SELECT t.task_id, 'overdue'
FROM task_execution_log t
WHERE t.task_type = 'unified_refresh' AND t.overdue AND t.scheduled_at > now() - interval '7 days'
  AND NOT EXISTS (SELECT FROM alert a WHERE a.incident = t.task_id || ':overdue')
"""

SQL_CLAIM_ALERT = """
UPDATE alert SET attempts = attempts + 1,
  next_attempt_at = clock_timestamp() + least(interval '1 hour', interval '15 seconds' * 2 ^ least(attempts, 10))
WHERE alert_id = (SELECT alert_id FROM alert WHERE delivered_at IS NULL AND next_attempt_at <= clock_timestamp()
                  ORDER BY alert_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING alert_id, kind, task_id, message
"""


class Watch:
    """Looks over the refreshes every few seconds; any number of gateways may do so at once."""

    def __init__(
        self,
        peers: Mapping[Step, Peer],
        *,
        window_minutes: int,
        webhook_url: str | None,
        http: Callable[[], httpx.AsyncClient],
    ) -> None:
        self._peers = peers
        self._window = timedelta(minutes=window_minutes)
        self._webhook_url = webhook_url
        self._http = http

    async def look(self, pool: Pool) -> None:
        """Flag, cancel and tell what is due; raises what the database raises when it is away."""
        async with pool.acquire() as connection:
            await self.flag_overdue(connection)
            orphans = await self._list_orphans(connection)
        for task_type, task_id in orphans:
            await self._cancel(task_type, task_id)
        if self._webhook_url is not None:
            async with pool.acquire() as connection:
                await self._note_incidents(connection)
            while await self._send_next(pool, self._webhook_url):
                pass

    async def flag_overdue(self, connection: Connection) -> list[UUID]:
        """Flag the refreshes that are not through after the window; they go on."""
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
        """Return runs that cancelled refreshes started and that nobody asked to stop yet."""
        rows = await connection.fetch(
            "SELECT c.task_type, c.task_id FROM task_execution_log c JOIN task_execution_log p ON p.task_id = c.parent_id"
            " WHERE p.task_type = $1 AND p.cancel_requested_at IS NOT NULL AND c.cancel_requested_at IS NULL"
            " AND c.task_type <> $1 AND c.status IN ('queued', 'running', 'parked') LIMIT 50",
            TaskType.UNIFIED_REFRESH,
        )
        return [(TaskType(row["task_type"]), row["task_id"]) for row in rows]

    async def _cancel(self, task_type: TaskType, task_id: UUID) -> None:
        step = _PEER_OF.get(task_type)
        if step is None:
            return
        try:
            await self._peers[step].cancel_run(task_id)
        except (RetryableError, FatalError) as error:
            log.warning("child_not_cancelled", child=str(task_id), error=str(error))

    async def _note_incidents(self, connection: Connection) -> None:
        for row in await connection.fetch(SQL_NEW_INCIDENTS):
            refresh = await read_refresh(connection, row["task_id"])
            if refresh is not None:
                await connection.execute(
                    "INSERT INTO alert (incident, kind, task_id, message) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT (incident) DO NOTHING",
                    f"{row['task_id']}:{row['kind']}",
                    row["kind"],
                    row["task_id"],
                    describe_incident(row["kind"], refresh),
                )

    async def _send_next(self, pool: Pool, url: str) -> bool:
        """Send the oldest alert that is due; return whether one went out."""
        row = await pool.fetchrow(SQL_CLAIM_ALERT)
        if row is None:
            return False
        try:
            async with self._http() as client:
                answer = await client.post(url, json=row["message"], timeout=10)
            problem = None if answer.is_success else f"The webhook answered {answer.status_code}."
        except httpx.HTTPError as error:
            problem = redact_text(f"The webhook does not answer ({type(error).__name__}).")
        await pool.execute(
            "UPDATE alert SET last_error = $2, delivered_at = CASE WHEN $2::text IS NULL THEN clock_timestamp() END"
            " WHERE alert_id = $1",
            row["alert_id"],
            problem,
        )
        if problem:
            log.warning("alert_not_delivered", run_id=str(row["task_id"]), kind=row["kind"], error=problem)
            return False
        log.info("alert_delivered", run_id=str(row["task_id"]), kind=row["kind"])
        return True


def describe_incident(kind: str, refresh: RefreshView) -> dict[str, Any]:
    """Return the message of an alert in the form that Slack's incoming webhooks take."""
    what = "is overdue and goes on" if kind == "overdue" else f"ended {kind}"
    lines = [f"SRA Data: the refresh of {refresh.scheduled_at:%Y-%m-%d %H:%M} UTC {what}."]
    lines += [
        f"• {step.step}: {step.status}" + (f" ({redact_text(step.error)[:300]})" if step.error else "")
        for step in refresh.steps
    ]
    lines.append(f"Look at it: ./sra runs {refresh.refresh_id}")
    return {"text": "\n".join(lines)}
