"""Incidents: the rows by which any number of gateways, and those after a restart, tell of each trouble once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.alerts.delivery import Webhook, put_alert
from gateway.alerts.troubles import Findings, Trouble
from sra_shared.db import Connection
from sra_shared.logs import get_logger

log = get_logger(__name__)

# a gateway that looked before another one saw the end must not open it again; ages, since clocks differ
SQL_OPEN = """
INSERT INTO incident (subject, kind, detail, began_at)
SELECT $1, $2, $3, clock_timestamp() - $4::interval
WHERE NOT EXISTS (SELECT FROM incident WHERE subject = $1 AND ended_at > clock_timestamp() - $4::interval)
ON CONFLICT (subject) WHERE ended_at IS NULL DO NOTHING
RETURNING incident_id
"""
SQL_CLOSE = """
UPDATE incident SET ended_at = clock_timestamp() WHERE incident_id = $1 AND ended_at IS NULL
RETURNING incident_id, subject, kind, detail, began_at, ended_at
"""


async def sync_incidents(connection: Connection, found: Findings, webhook: Webhook | None) -> None:
    """Open an incident for every new trouble and close those whose trouble is over; each queues one message."""
    rows = await connection.fetch("SELECT incident_id, subject FROM incident WHERE ended_at IS NULL")
    still_open = {row["subject"]: row["incident_id"] for row in rows}
    for trouble in found.troubles:
        if trouble.subject not in still_open:
            await _open(connection, trouble, webhook)
    over = found.judged - {trouble.subject for trouble in found.troubles}
    for subject in sorted(over & still_open.keys()):
        await _close(connection, still_open[subject], webhook)


async def _open(connection: Connection, trouble: Trouble, webhook: Webhook | None) -> None:
    age = max(datetime.now(UTC) - trouble.since, timedelta(0))
    async with connection.transaction():
        incident_id = await connection.fetchval(SQL_OPEN, trouble.subject, trouble.kind, trouble.text, age)
        if incident_id is None:
            return
        if webhook is not None:
            lines = [f"SRA Data: {trouble.text}", f"Since {trouble.since:%Y-%m-%d %H:%M} UTC."]
            await put_alert(connection, f"{incident_id}:began", trouble.kind, webhook.make_message(lines, trouble.path))
    log.warning("incident_began", subject=trouble.subject, kind=trouble.kind, detail=trouble.text)


async def _close(connection: Connection, incident_id: int, webhook: Webhook | None) -> None:
    async with connection.transaction():
        row = await connection.fetchrow(SQL_CLOSE, incident_id)
        if row is None:
            return
        if webhook is not None:
            message = webhook.make_message([describe_end(dict(row))], "/")
            await put_alert(connection, f"{incident_id}:ended", "recovered", message)
    log.info("incident_ended", subject=row["subject"], kind=row["kind"])


def describe_end(row: dict[str, Any]) -> str:
    """Return the sentence of a recovery."""
    what = {
        "service_down": "{} answers again",
        "stale_data": "{} is fresh again",
        "reject_share": "{} rejects no more than REJECT_LIMIT again",
        "database_down": "the database answers again",
    }[row["kind"]].format(row["subject"].partition(":")[2].replace(":", " "))
    minutes = (row["ended_at"] - row["began_at"]).total_seconds() / 60
    return f"SRA Data: recovered: {what}, after {minutes:.0f} minutes."
