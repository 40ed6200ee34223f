"""The end of a run: its status from those of its units, its totals, and the completion event, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import psutil

from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger
from sra_shared.kit.memory import measure_peak_memory
from sra_shared.runs.ledger import PLAN_UNIT, put_completion, read_run, read_units
from sra_shared.runs.model import ProcessingTask, RunStatus, Unit, UnitStatus, sum_datasets

log = get_logger(__name__)


@dataclass(frozen=True)
class RunEnd:
    """The outcome of a run, if it does not follow from its units, and additional details for the ledger."""

    status: RunStatus | None = None
    error: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    datasets: Sequence[str] | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)


class Concluding(Protocol):
    """The part of a service's work that helps to finish its runs."""

    @property
    def source(self) -> str | None:
        """The completion's source; None if no view depends on it."""

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Determine the outcome, in the transaction that finishes the run."""


async def end_run(connection: Connection, task_id: UUID, work: Concluding) -> bool:
    """Finish the run in the caller's transaction if no unit is live: status, totals, memory, completion event."""
    row = await connection.fetchrow("SELECT status FROM task_execution_log WHERE task_id = $1 FOR UPDATE", task_id)
    if row is None or not RunStatus(row["status"]).is_live:
        return False
    live = await connection.fetchval(
        "SELECT count(*) FROM run_unit WHERE task_id = $1 AND status IN ('queued', 'running', 'parked')", task_id
    )
    task = await read_run(connection, task_id)
    if live or task is None:
        return False
    units = await read_units(connection, task_id)
    failed_plan = await connection.fetchrow(
        "SELECT error FROM run_unit WHERE task_id = $1 AND unit = $2 AND status <> 'completed'", task_id, PLAN_UNIT
    )
    end = await work.conclude(connection, task, units)
    status = end.status or decide_run_status(task, [unit.status for unit in units], plan_failed=failed_plan is not None)
    errors = [{"unit": u.unit, "dataset": u.dataset, "message": u.error} for u in units if u.error]
    if failed_plan is not None:
        errors.append({"unit": PLAN_UNIT, "dataset": "", "message": failed_plan["error"]})
    if end.error:
        errors.append({"unit": "", "dataset": "", "message": end.error})
    await _write_end(connection, task, status, units, errors, end)
    if work.source is not None and status is not RunStatus.CANCELLED:
        datasets = end.datasets if end.datasets is not None else sorted({unit.dataset for unit in units})
        await put_completion(connection, task_id, work.source, datasets)
    log.info("run_ended", status=status, errors=len(errors))
    return True


def decide_run_status(task: ProcessingTask, statuses: Sequence[UnitStatus], *, plan_failed: bool) -> RunStatus:
    """Return the run's status from those of its units; a missing file is a warning and changes nothing."""
    if task.cancel_requested_at is not None:
        return RunStatus.CANCELLED
    if plan_failed:
        return RunStatus.FAILED
    if UnitStatus.HELD in statuses:
        return RunStatus.HELD
    counted = [status for status in statuses if status is not UnitStatus.MISSING]
    good = [s for s in counted if s in (UnitStatus.COMPLETED, UnitStatus.SKIPPED)]
    if len(good) == len(counted):
        return RunStatus.COMPLETED
    return RunStatus.PARTIAL if good or UnitStatus.PARTIAL in counted else RunStatus.FAILED


async def _write_end(
    connection: Connection,
    task: ProcessingTask,
    status: RunStatus,
    units: Sequence[Unit],
    errors: Sequence[Mapping[str, Any]],
    end: RunEnd,
) -> None:
    totals = sum_datasets(list(units))
    read = sum(counts.read for counts in totals.values())
    rss = psutil.Process().memory_info().rss / 1e6
    peak = measure_peak_memory()
    await connection.execute(
        """
        UPDATE task_execution_log SET status = $2, completed_at = clock_timestamp(), resume_at = NULL,
          duration_seconds = extract(epoch FROM clock_timestamp() - started_at),
          attempt = greatest(attempt, (SELECT max(starts) FROM run_unit WHERE task_id = $1)),
          records_processed = $3::bigint, errors_count = $4, error_details = $5,
          performance_metrics = jsonb_build_object('records_per_minute',
            round($3::bigint * 60 / greatest(extract(epoch FROM clock_timestamp() - started_at), 0.001), 1)) || $9::jsonb,
          details = details || $6, memory_usage_mb = $7, peak_memory_mb = $8
        WHERE task_id = $1
        """,
        task.task_id,
        status,
        read,
        len(errors),
        list(errors),
        {**end.details, "datasets": {name: counts.as_dict() for name, counts in totals.items()}},
        round(rss, 1),
        round(peak, 1),
        dict(end.metrics),
    )
