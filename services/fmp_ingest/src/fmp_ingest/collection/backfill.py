"""The first backfill: a separate run that a daily run requests if history is missing, with an estimate of its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from fmp_collectors.dataset import FmpEndpoint, Scope
from fmp_ingest.collection.estimate import Estimate, estimate_calls
from fmp_ingest.collection.resume_point import ResumePoint
from fmp_ingest.collection.stored_history import (
    DELISTED,
    LEAD,
    LISTED,
    choose_first,
    find_missing,
    find_missing_topics,
    has_topics,
)
from fmp_ingest.collection.target_symbols import read_delisted_targets, read_targets
from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger
from sra_shared.kit.settings import FmpSettings
from sra_shared.runs import ProcessingTask, RunRequest, RunStatus, TaskType, UnitStatus, request_run
from sra_shared.runs.enqueueing import enqueue_run

_log = get_logger(__name__)

_WORK_KEY = f"{TaskType.FMP_BACKFILL}:first"
_PRIORITY = 5
_TIMEOUT_SECONDS = 14_400

SQL_LAST = "SELECT status FROM task_execution_log WHERE work_key = $1 ORDER BY scheduled_at DESC LIMIT 1"
SQL_FORMER = """
SELECT t.status AS run, u.status, u.resume
FROM task_execution_log t LEFT JOIN run_unit u ON u.task_id = t.task_id AND u.unit = $2
WHERE t.task_id <> $1 AND t.work_key = (SELECT work_key FROM task_execution_log WHERE task_id = $1)
  AND coalesce((t.parameters->>'from')::date, '-infinity') <= $3::date
ORDER BY u.unit IS NULL, t.scheduled_at DESC LIMIT 1
"""
SQL_KEEP_COST = (
    "UPDATE task_execution_log SET details = details || jsonb_build_object('cost', $2::jsonb) WHERE task_id = $1"
)


async def read_former(connection: Connection, task: ProcessingTask, unit: str) -> ResumePoint | None:
    """Return where a backfill resumes after an earlier one failed: it requests again only what failed.

    Return None if no earlier backfill covers these years, if it completed, or if it recorded nothing about this part.
    """
    first = date.fromisoformat(str(task.parameters.get("from", date.min))) + LEAD
    row = await connection.fetchrow(SQL_FORMER, task.task_id, unit, first)
    if row is None or row["status"] is None or row["run"] == RunStatus.COMPLETED:
        return None
    if row["status"] == UnitStatus.COMPLETED:
        return ResumePoint(answered=1, is_done=True)
    if not row["resume"]:
        return None
    former = ResumePoint.read(row["resume"])
    is_through = row["status"] in (UnitStatus.PARTIAL, UnitStatus.SKIPPED) and not (former.spent or former.broken_off)
    # subjects that the plan refused are requested again with everything else
    return None if is_through else former.start_again()


@dataclass(frozen=True)
class PartCost:
    """The cost of one dataset of the history, for listed or for delisted securities."""

    dataset: str
    part: str
    estimate: Estimate


@dataclass(frozen=True)
class HistoryPlan:
    """What is missing of the history from `first` to `last`, and the cost of each part, in order."""

    first: date
    last: date
    parts: Sequence[PartCost]

    def list_names(self, part: str) -> list[str]:
        """Return the names of a part's datasets."""
        return [one.dataset for one in self.parts if one.part == part]

    @property
    def calls(self) -> int:
        """Calls of all parts."""
        return sum(one.estimate.calls for one in self.parts)

    @property
    def minutes(self) -> Decimal:
        """Minutes of all parts, which run one after the other."""
        return sum((one.estimate.minutes for one in self.parts), Decimal(0))

    def as_dict(self) -> dict[str, Any]:
        """Return the cost in the form that the ledger and the command show."""
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "calls": self.calls,
            "minutes": float(self.minutes),
            "datasets": [
                {
                    "dataset": one.dataset,
                    "part": one.part,
                    "path": one.estimate.path,
                    "calls": one.estimate.calls,
                    "minutes": float(one.estimate.minutes),
                }
                for one in self.parts
            ],
        }


def list_single_endpoints(endpoints: Sequence[FmpEndpoint]) -> tuple[FmpEndpoint, ...]:
    """Return the endpoints that request one company at a time: bulk files and calendars may lack delisted companies."""
    return tuple(endpoint for endpoint in endpoints if endpoint.scope is Scope.SYMBOL)


async def plan_history(connection: Connection, settings: FmpSettings, *, today: date) -> HistoryPlan:
    """Return what the history of FMP_HISTORY_YEARS lacks and what it would cost, without a call."""
    first = choose_first(today, settings.fmp_history_years)
    days = {"from": first.isoformat(), "to": today.isoformat()}
    missing = await find_missing(connection, first)
    parts = []
    for dataset in missing.listed:
        targets = await read_targets(connection, dataset, days)
        if has_topics(dataset):
            targets = replace(targets, topics=tuple(await find_missing_topics(connection, dataset, first)))
        cost = estimate_calls(dataset, targets, settings, is_backfill=True)
        parts.append(PartCost(dataset.name, LISTED, cost))
    ended = await read_delisted_targets(connection, first, today)
    for dataset in missing.delisted:
        single = replace(dataset, endpoints=list_single_endpoints(dataset.endpoints))
        parts.append(PartCost(dataset.name, DELISTED, estimate_calls(single, ended, settings, is_backfill=True)))
    return HistoryPlan(first, today, parts)


async def request_history(connection: Connection, settings: FmpSettings, *, today: date) -> ProcessingTask | None:
    """Request what is missing of the history up to today, in the caller's transaction; return None if nothing is missing.

    A worker of the service runs it next to everything else, within its share of the calls. The next daily run requests again what
    failed, and it resumes from the last committed chunk; a run that a person cancelled does not resume.
    """
    last = await connection.fetchval(SQL_LAST, _WORK_KEY)
    if not settings.fmp_history_years or (
        last is not None and (last == RunStatus.CANCELLED or RunStatus(last).is_live)
    ):
        return None
    plan = await plan_history(connection, settings, today=today)
    if not plan.parts:
        return None
    request = RunRequest(
        task_type=TaskType.FMP_BACKFILL,
        parameters={
            "datasets": plan.list_names(LISTED),
            "delisted": plan.list_names(DELISTED),
            "from": plan.first.isoformat(),
            "to": plan.last.isoformat(),
            "missing": True,
        },
        priority=_PRIORITY,
        timeout_seconds=_TIMEOUT_SECONDS,
        work_key=_WORK_KEY,
    )
    requested = await request_run(connection, request, source="fmp", enqueue=enqueue_run)
    await connection.execute(SQL_KEEP_COST, requested.task.task_id, plan.as_dict())
    _log.info(
        "history_requested",
        backfill=str(requested.task.task_id),
        first=str(plan.first),
        last=str(plan.last),
        calls=plan.calls,
        minutes=float(plan.minutes),
        datasets=len(plan.parts),
    )
    return requested.task
