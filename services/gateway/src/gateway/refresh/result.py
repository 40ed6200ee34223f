"""The public form of a refresh: the object that `up` and `refresh` print, live and afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from gateway.refresh.model import SOURCES, Step, StepStatus
from gateway.refresh.work import read_step_status
from sra_shared.kit.db import Connection
from sra_shared.runs import ProcessingTask, RunStatus, TaskType, Unit, list_runs, read_run, read_units


class DatasetCounts(BaseModel):
    """The outcomes of one dataset's source records: `read` is the sum of the next four."""

    dataset: str
    read: int
    stored: int
    unchanged: int
    duplicate: int
    rejected: int
    rejected_by: dict[str, int]
    warnings_by: dict[str, int]


class StepRunReference(BaseModel):
    """A run that a step follows in another service."""

    task_type: str
    task_id: UUID
    status: str | None = None


class StepView(BaseModel):
    """One step of a refresh."""

    step: str
    status: str
    seconds: float | None
    started_at: datetime | None
    completed_at: datetime | None
    error: str | None
    datasets: list[DatasetCounts]
    attempt: int = Field(description="2 if the step failed once and is retried.")
    retry_at: datetime | None = Field(description="When a failed step is retried.")
    runs: list[StepRunReference]


class RefreshView(BaseModel):
    """A refresh; live while its status is queued or running."""

    refresh_id: UUID
    status: str = Field(
        description="queued, running, completed, partial, parked, held, failed or cancelled; parked if only quotas"
        " kept it from succeeding."
    )
    overdue: bool
    trigger: str
    weekly: bool
    sources: list[str]
    scheduled_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    seconds: float | None
    error: str | None
    steps: list[StepView]
    performance_metrics: dict[str, Any]


async def read_refresh(connection: Connection, refresh_id: UUID) -> RefreshView | None:
    """Return one refresh, or None if it does not exist."""
    task = await read_run(connection, refresh_id)
    if task is None or task.task_type is not TaskType.UNIFIED_REFRESH:
        return None
    return show_refresh(task, await read_units(connection, refresh_id))


async def list_refreshes(connection: Connection, *, limit: int, offset: int = 0) -> list[RefreshView]:
    """Return refreshes, newest first."""
    tasks = await list_runs(connection, task_types=[TaskType.UNIFIED_REFRESH], limit=limit, offset=offset)
    return [show_refresh(task, await read_units(connection, task.task_id)) for task in tasks]


class RefreshHistory:
    """The newest refreshes, for repeated reads; finished ones do not change and are assembled once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ended: dict[tuple[UUID, datetime], RefreshView] = {}

    async def read(self, connection: Connection) -> list[RefreshView]:
        """Return the refreshes, newest first."""
        found = []
        for task in await list_runs(connection, task_types=[TaskType.UNIFIED_REFRESH], limit=self._limit):
            known = self._ended.get((task.task_id, task.completed_at)) if task.completed_at is not None else None
            found.append(known or show_refresh(task, await read_units(connection, task.task_id)))
        self._ended = {(one.refresh_id, one.completed_at): one for one in found if one.completed_at is not None}
        return found


def show_refresh(task: ProcessingTask, units: Sequence[Unit]) -> RefreshView:
    """Assemble a refresh from its ledger rows; planned steps are included from the beginning."""
    status = task.status.value
    if task.status is RunStatus.FAILED:
        status = str(task.details.get("outcome") or status)
    errors = [entry["message"] for entry in task.error_details if entry.get("message")]
    return RefreshView(
        refresh_id=task.task_id,
        status=status,
        overdue=task.overdue,
        trigger=str(task.parameters.get("trigger", "manual")),
        weekly=bool(task.parameters.get("weekly")),
        sources=list(task.parameters.get("sources", [])),
        scheduled_at=task.scheduled_at,
        started_at=task.started_at,
        completed_at=task.completed_at,
        seconds=_measure(task.started_at, task.completed_at),
        error=" ".join(dict.fromkeys(errors)) or None,
        steps=[show_step(unit) for unit in units] or _show_planned_steps(task),
        performance_metrics=_make_plain(task.performance_metrics),
    )


def _show_planned_steps(task: ProcessingTask) -> list[StepView]:
    """Return the steps of a refresh that no worker has claimed yet, or that ended before one did."""
    status = StepStatus.QUEUED if task.status.is_live else StepStatus.CANCELLED
    return [
        StepView(
            step=step.value,
            status=status.value,
            seconds=None,
            started_at=None,
            completed_at=None,
            error=None,
            datasets=[],
            attempt=1,
            retry_at=None,
            runs=[],
        )
        for step in Step
        if step.source in task.parameters.get("sources", SOURCES)
    ]


def show_step(unit: Unit) -> StepView:
    """Return one step with the counts of the runs that it follows."""
    progress = unit.progress
    return StepView(
        step=unit.unit,
        status=read_step_status(unit).value,
        seconds=_measure(unit.started_at, unit.completed_at),
        started_at=unit.started_at,
        completed_at=unit.completed_at,
        error=unit.error or progress.get("error"),
        datasets=[DatasetCounts.model_validate(row) for row in progress.get("datasets", [])],
        attempt=progress.get("attempt", 1),
        retry_at=progress.get("retry_at"),
        runs=[StepRunReference.model_validate(row) for row in progress.get("runs", [])],
    )


def _make_plain(value: Any) -> Any:
    """Return measures as JSON numbers; the database returns fractions as Decimal."""
    if isinstance(value, dict):
        return {key: _make_plain(inner) for key, inner in value.items()}
    return float(value) if isinstance(value, Decimal) else value


def _measure(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None else round(((end or datetime.now(UTC)) - start).total_seconds(), 1)
