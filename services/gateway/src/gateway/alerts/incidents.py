"""Incidents: rows through which several gateways, and restarted ones, report each problem only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from gateway.alerts.active_problems import ActiveProblem, Findings
from gateway.alerts.delivery import Webhook, put_alert
from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger

_MOST_NAMED = 20
log = get_logger(__name__)

# A gateway whose poll began before another one saw the end must not reopen the incident. Ages are compared, because clocks
# differ.
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
    """Open an incident for every new problem, close those whose problem is solved, and queue their messages.

    Each incident has a message for its beginning and one for its end. Incidents that begin or end together may share
    it.
    """
    rows = await connection.fetch("SELECT incident_id, subject FROM incident WHERE ended_at IS NULL")
    still_open = {row["subject"]: row["incident_id"] for row in rows}
    new = [problem for problem in found.problems if problem.subject not in still_open]
    for _, problems in groupby(new, key=lambda problem: problem.together or problem.subject):
        await _open(connection, list(problems), webhook)
    over = sorted(found.known.intersection(still_open) - {problem.subject for problem in found.problems})
    for _, subjects in groupby(over, key=lambda subject: subject if _is_reported_alone(subject) else ""):
        await _close(connection, [still_open[subject] for subject in subjects], webhook)


def _is_reported_alone(subject: str) -> bool:
    return not subject.startswith("stale:")


async def _open(connection: Connection, problems: Sequence[ActiveProblem], webhook: Webhook | None) -> None:
    """Open incidents of problems that share a message; another gateway may have opened some of them already."""
    opened: list[tuple[int, ActiveProblem]] = []
    async with connection.transaction():
        for problem in problems:
            age = max(datetime.now(UTC) - problem.since, timedelta(0))
            incident_id = await connection.fetchval(SQL_OPEN, problem.subject, problem.kind, problem.text, age)
            if incident_id is not None:
                opened.append((incident_id, problem))
        if opened and webhook is not None:
            name, first = opened[0]
            message = webhook.make_message(
                first.kind, _describe_beginning([problem for _, problem in opened]), first.path
            )
            await put_alert(connection, f"{name}:began", first.kind, message)
    for _, problem in opened:
        log.warning("incident_began", subject=problem.subject, kind=problem.kind, detail=problem.text)


def _describe_beginning(problems: Sequence[ActiveProblem]) -> list[str]:
    first = problems[0]
    if len(problems) == 1:
        return [f"SRA Data: {first.text}", f"Since {first.since:%Y-%m-%d %H:%M} UTC."]
    named = [f"• {name_subject(one.subject)}, since {one.since:%Y-%m-%d %H:%M} UTC" for one in problems[:_MOST_NAMED]]
    more = len(problems) - len(named)
    return [f"SRA Data: {len(problems)} {first.together}:", *named, *([f"and {more} more"] if more else [])]


async def _close(connection: Connection, incident_ids: Sequence[int], webhook: Webhook | None) -> None:
    """Close incidents whose end is reported in one message, unless another gateway closed them."""
    async with connection.transaction():
        found = [await connection.fetchrow(SQL_CLOSE, incident_id) for incident_id in incident_ids]
        rows = [dict(row) for row in found if row is not None]
        if rows and webhook is not None:
            message = webhook.make_message("recovered", [describe_end(rows)], "/")
            await put_alert(connection, f"{rows[0]['incident_id']}:ended", "recovered", message)
    for row in rows:
        log.info("incident_ended", subject=row["subject"], kind=row["kind"])


def describe_end(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the message text for the recovery of one subject, or of several of one kind."""
    names = [name_subject(row["subject"]) for row in rows]
    more = len(names) - _MOST_NAMED
    subjects = ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    what = {
        "service_down": "{} responds again",
        "stale_data": "{} is fresh again" if len(names) == 1 else "{} are fresh again",
        "reject_share": "{} rejects no more than REJECT_LIMIT again",
        "run_failed": "{} completes again",
        "database_down": "the database responds again",
    }[rows[0]["kind"]].format(subjects)
    minutes = max((row["ended_at"] - row["began_at"]).total_seconds() for row in rows) / 60
    return f"SRA Data: recovered: {what}, after {minutes:,.0f} minutes."


def name_subject(subject: str) -> str:
    """Return the subject of an incident as readers know it."""
    return subject.partition(":")[2].replace(":", " ")
