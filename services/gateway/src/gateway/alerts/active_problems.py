"""Problems that this gateway sees now: unresponsive services, late data, failed runs, too many rejects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from gateway.monitoring.probe import SystemState
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.runs import RunStatus, TaskType
from sra_shared.runs.reject_state import REJECT_IS_OPEN

_MOST_WORDS = 300
_TYPES = ("daily_quotes", "weekly_fundamentals", "fmp_backfill", "fundata_data", "fundata_quotes", "csv_import")
_STANDALONE_TYPES = (TaskType.FMP_BACKFILL, TaskType.VIEW_BUILD, TaskType.LAKE_PUBLISH)
_BAD_ENDS = {
    RunStatus.FAILED: "failed",
    RunStatus.PARTIAL: "finished with status partial",
    RunStatus.HELD: "is held and needs a decision",
    RunStatus.PARKED: "is parked and resumes automatically when the vendor's quota allows",
}
# The newest finished run of each kind that read anything. Replays are excluded, since replayed rows were rejected
# before. Rejects that were resolved or dismissed since need no attention.
SQL_SHARES = compose(
    """
SELECT k.task_type, r.task_id, r.completed_at, r.read, greatest(r.rejected - (
  SELECT count(*) FROM rejected_record c
  WHERE coalesce(c.last_run_id, c.run_id) = r.task_id AND NOT ({reject_is_open})), 0) AS rejected
FROM unnest($1::text[]) AS k (task_type) CROSS JOIN LATERAL (
  SELECT t.task_id, t.completed_at, sum(u.read_count)::bigint AS read, sum(u.rejected_count)::bigint AS rejected
  FROM task_execution_log t JOIN run_unit u USING (task_id)
  WHERE t.task_type = k.task_type AND t.scheduled_at > now() - interval '8 days' AND t.completed_at IS NOT NULL
    AND NOT t.parameters ? 'replay'
  GROUP BY t.task_id HAVING sum(u.read_count) > 0 ORDER BY t.completed_at DESC LIMIT 1) r
""",
    reject_is_open=REJECT_IS_OPEN,
)
# Runs that resume on their own, without a refresh that would report them. A build that a refresh waits for belongs to the
# refresh, and a running refresh may still start another one.
SQL_STANDALONE_RUNS = """
SELECT r.task_type, r.task_id, r.status, r.since, r.error
FROM unnest($1::text[]) AS k (task_type) CROSS JOIN LATERAL (
  SELECT t.task_type, t.task_id, t.status, coalesce(t.completed_at, t.started_at, t.scheduled_at) AS since,
    coalesce(t.error_details -> 0 ->> 'message',
             (SELECT u.error FROM run_unit u WHERE u.task_id = t.task_id AND u.error IS NOT NULL LIMIT 1)) AS error
  FROM task_execution_log t
  WHERE t.task_type = k.task_type AND t.scheduled_at > now() - interval '30 days'
  ORDER BY t.scheduled_at DESC LIMIT 1) r
WHERE r.status NOT IN ('queued', 'running')
  AND NOT EXISTS (SELECT FROM task_execution_log p
                  WHERE p.task_type = 'unified_refresh' AND p.status IN ('queued', 'running'))
"""
SQL_IS_OF_REFRESH = """
SELECT EXISTS (
  SELECT FROM task_execution_log p JOIN run_unit u ON u.task_id = p.task_id
  WHERE p.task_type = 'unified_refresh' AND p.scheduled_at > now() - interval '7 days'
    AND u.resume -> 'children' @> jsonb_build_array(jsonb_build_object('task_id', $1::uuid)))
"""


@dataclass(frozen=True)
class ActiveProblem:
    """One thing that needs attention; `subject` is the same in every gateway, `path` is the page with details.

    Problems with the same `together` that are found at once share one message.
    """

    subject: str
    kind: str
    since: datetime
    text: str
    path: str = "/"
    together: str | None = None


@dataclass
class Findings:
    """The current problems, and the subjects whose state is known."""

    problems: list[ActiveProblem] = field(default_factory=list)
    known: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class RunShare:
    """How many of a run's records were rejected and are still open."""

    task_type: str
    task_id: UUID
    completed_at: datetime
    read: int
    rejected: int


@dataclass(frozen=True)
class StandaloneRun:
    """The newest run of a kind that belongs to no refresh."""

    task_type: str
    task_id: UUID
    status: str
    since: datetime
    error: str | None


async def read_standalone_runs(connection: Connection) -> list[StandaloneRun]:
    """Return the newest backfill, build and publication of the lake, unless it is active or belongs to a refresh."""
    runs = [StandaloneRun(**dict(row)) for row in await connection.fetch(SQL_STANDALONE_RUNS, list(_STANDALONE_TYPES))]
    return [
        run
        for run in runs
        if run.status == RunStatus.COMPLETED or not await connection.fetchval(SQL_IS_OF_REFRESH, run.task_id)
    ]


async def read_shares(connection: Connection) -> list[RunShare]:
    """Return the newest run of each kind with its counts."""
    return [RunShare(**dict(row)) for row in await connection.fetch(SQL_SHARES, list(_TYPES))]


def find_problems(
    known: SystemState,
    shares: Sequence[RunShare],
    runs: Sequence[StandaloneRun],
    *,
    reject_limit: Decimal,
    grace: timedelta,
    now: datetime,
) -> Findings:
    """Return all current problems; an unresponsive service is reported after `grace`, which covers its restart."""
    found = Findings()
    _check_services(known, found, grace=grace, now=now)
    _check_freshness(known, found)
    for run in runs:
        _check_run(run, found)
    for share in shares:
        subject = f"rejects:{share.task_type}"
        found.known.add(subject)
        if share.rejected > share.read * reject_limit:
            text = (
                f"Run {share.task_type} rejected {share.rejected:,} of the {share.read:,} records it read"
                f" ({share.rejected / share.read:.2%}; REJECT_LIMIT is {reject_limit:%}). Check the reasons, fix"
                " the cause, then replay or dismiss them."
            )
            path = f"/ui/rejects?{urlencode({'run_id': str(share.task_id)})}"
            found.problems.append(ActiveProblem(subject, "reject_share", share.completed_at, text, path))
    return found


def _check_services(known: SystemState, found: Findings, *, grace: timedelta, now: datetime) -> None:
    for part in known.services.values():
        if part.checked_at is None:
            continue
        subject = f"service:{part.name}"
        if part.silent_since is None:
            found.known.add(subject)
        elif now - part.silent_since >= grace:
            found.known.add(subject)
            text = f"{part.name} is down. {part.detail}"
            found.problems.append(ActiveProblem(subject, "service_down", part.silent_since, text))


def _check_run(run: StandaloneRun, found: Findings) -> None:
    subject = f"run:{run.task_type}"
    found.known.add(subject)
    how = _BAD_ENDS.get(RunStatus(run.status))
    if how is not None:
        why = f" {run.error[:_MOST_WORDS].rstrip('.')}." if run.error else ""
        text = f"Run {run.task_type} {how}.{why} ./sra runs show {run.task_id} shows details."
        found.problems.append(ActiveProblem(subject, "run_failed", run.since, text))


def _check_freshness(known: SystemState, found: Findings) -> None:
    # A running refresh may be about to deliver what is late and has its own window. Its result must be read first.
    for one in known.refreshes:
        ended = one.completed_at
        if (ended is None and not one.overdue) or (ended and ended > (known.freshness_read_at or ended)):
            return
    for row in known.freshness:
        if row.get("source") == "views":
            continue
        subject = f"stale:{row['source']}:{row['dataset']}"
        found.known.add(subject)
        if row.get("is_late"):
            text = f"{row['source']} {row['dataset']} is stale: {_describe_lag(row)} Check the last refresh, then start one."
            since = row.get("late_since")
            began = datetime.fromisoformat(since) if since else datetime.now(UTC)
            together = "datasets are stale. Check the last refresh, then start one"
            found.problems.append(ActiveProblem(subject, "stale_data", began, text, together=together))


def _describe_lag(row: Mapping[str, Any]) -> str:
    if row.get("newest_record") is None and row.get("last_success_at") is None:
        return "it was never loaded."
    expected = row.get("expected_record")
    if expected is None:
        return f"it was last collected at {str(row.get('last_success_at'))[:16].replace('T', ' ')} UTC."
    return f"its newest record is of {row.get('newest_record') or 'no day'}, {expected} was expected."
