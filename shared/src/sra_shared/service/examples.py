"""Examples of the contract's requests and responses, as instances of their models, so that they cannot drift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel

from sra_shared.runs import ProcessingTask, RunStatus, TaskType, UnitStatus
from sra_shared.service.health import CheckResult, HealthStatus, Readiness, SystemHealthCheck
from sra_shared.service.runs import DatasetCounts, RunAccepted, RunBody, RunPage, RunReport, UnitReport

RUN_ID = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
MOMENT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


def list_contract_examples(title: str, task_types: list[str]) -> list[BaseModel]:
    """Return one instance of each model of the contract, for a service that runs these task types."""
    task_type = TaskType(task_types[0]) if task_types else TaskType.DAILY_QUOTES
    queued = make_run(task_type)
    ended = queued.model_copy(
        update={
            "status": RunStatus.COMPLETED,
            "started_at": MOMENT + timedelta(seconds=1),
            "completed_at": MOMENT + timedelta(seconds=85),
            "duration_seconds": Decimal("84.0"),
            "attempt": 1,
            "records_processed": 9_120,
        }
    )
    counts = DatasetCounts(
        dataset="quote",
        read=9_120,
        stored=9_118,
        unchanged=0,
        duplicate=0,
        rejected=2,
        rejected_by={"missing_symbol": 2},
        warnings_by={},
    )
    unit = UnitReport(
        **counts.model_dump(), unit="quote", status=UnitStatus.COMPLETED, attempt=1, error=None, progress={}
    )
    healthy = CheckResult(status=HealthStatus.HEALTHY, detail="", checked_at=MOMENT)
    return [
        RunBody(task_type=task_type, parameters={}, priority=3),
        RunAccepted(**queued.model_dump(), created=True),
        ended,
        RunReport(**ended.model_dump(), units_total=1, units_done=1, progress=None, datasets=[counts], units=[unit]),
        RunPage(runs=[ended], next_offset=None),
        SystemHealthCheck(
            status=HealthStatus.HEALTHY,
            timestamp=MOMENT,
            response_time_ms=0.1,
            checks={"database": healthy, "worker": healthy},
            details={"service": title.partition(": ")[2], "uptime_seconds": 4211.5, "runs_in_hand": 0},
        ),
        Readiness(ready=True, missing=[], warnings=[]),
    ]


def make_run(task_type: TaskType) -> ProcessingTask:
    """Return a run as the response to its request shows it."""
    return ProcessingTask(
        task_id=RUN_ID,
        task_type=task_type,
        status=RunStatus.QUEUED,
        overdue=False,
        priority=3,
        parameters={},
        source=None,
        parent_id=None,
        scheduled_at=MOMENT,
        started_at=None,
        completed_at=None,
        resume_at=None,
        cancel_requested_at=None,
        duration_seconds=None,
        attempt=0,
        max_retries=3,
        timeout_seconds=3600,
        records_processed=0,
        errors_count=0,
        error_details=[],
        performance_metrics={},
        details={},
        memory_usage_mb=None,
        peak_memory_mb=None,
    )
