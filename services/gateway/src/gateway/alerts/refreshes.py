"""Alerts of refreshes: one that did not complete, one that is overdue, and the first that recovered."""

from __future__ import annotations

from typing import Any

from gateway.alerts.delivery import Webhook, put_alert
from gateway.refresh.result import RefreshView, read_refresh
from sra_shared.kit.db import Connection

SQL_NEW_INCIDENTS = """
SELECT t.task_id, t.kind
FROM (
    -- a refresh that only a vendor's quota kept from succeeding is parked, not failed
  SELECT *, CASE WHEN status = 'failed' AND details ->> 'outcome' = 'parked' THEN 'parked' ELSE status END AS kind
  FROM task_execution_log
  WHERE task_type = 'unified_refresh' AND status IN ('failed', 'partial', 'held')
    AND completed_at > now() - interval '1 day') t
WHERE NOT EXISTS (SELECT FROM alert a WHERE a.incident = t.task_id || ':' || t.kind)
UNION ALL
SELECT t.task_id, 'overdue'
FROM task_execution_log t
WHERE t.task_type = 'unified_refresh' AND t.overdue AND t.scheduled_at > now() - interval '7 days'
  AND NOT EXISTS (SELECT FROM alert a WHERE a.incident = t.task_id || ':overdue')
"""
# The first completed refresh that covered at least the sources of the bad one, if no recovery was reported since.
# An overdue refresh ends its own incident when it completes; otherwise the next one does.
SQL_RECOVERED = """
SELECT t.task_id, 'recovered' AS kind
FROM task_execution_log t
WHERE t.task_type = 'unified_refresh' AND t.status = 'completed' AND t.completed_at > now() - interval '1 day'
  AND EXISTS (
    SELECT FROM alert b JOIN task_execution_log f ON f.task_id = b.task_id
    WHERE (b.kind IN ('failed', 'partial', 'parked', 'held', 'overdue') AND f.completed_at < t.completed_at
           OR b.kind = 'overdue' AND f.task_id = t.task_id)
      AND t.parameters -> 'sources' @> (f.parameters -> 'sources')
      AND NOT EXISTS (
        SELECT FROM alert r JOIN task_execution_log g ON g.task_id = r.task_id
        WHERE r.kind = 'recovered' AND g.completed_at >= f.completed_at
          AND g.parameters -> 'sources' @> (f.parameters -> 'sources')))
ORDER BY t.completed_at LIMIT 1
"""


async def record_refreshes(connection: Connection, webhook: Webhook) -> None:
    """Queue a message for every refresh that needs one and has none."""
    for query in (SQL_NEW_INCIDENTS, SQL_RECOVERED):
        for row in await connection.fetch(query):
            refresh = await read_refresh(connection, row["task_id"])
            if refresh is not None:
                message = describe_refresh(row["kind"], refresh, webhook)
                name = f"{row['task_id']}:{row['kind']}"
                await put_alert(connection, name, row["kind"], message, task_id=row["task_id"])


def describe_refresh(kind: str, refresh: RefreshView, webhook: Webhook) -> dict[str, Any]:
    """Return the message: the refresh's state, and each step with its error."""
    what = {
        "overdue": "is overdue and still running",
        "parked": "is parked: a vendor's quota is used up; the parked runs resume automatically",
        "recovered": "completed" + (", after it was overdue" if refresh.overdue else ": recovered"),
    }.get(kind, f"finished with status {kind}")
    lines = [f"SRA Data: the refresh of {refresh.scheduled_at:%Y-%m-%d %H:%M} UTC {what}."]
    lines += [
        f"• {step.step}: {step.status}" + (f" ({step.error[:300]})" if step.error else "") for step in refresh.steps
    ]
    return webhook.make_message(kind, lines, f"/ui/refresh/{refresh.refresh_id}")
