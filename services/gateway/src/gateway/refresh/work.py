"""The unified refresh for the run driver: ordered units, each of them a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.refresh.model import (
    RefreshParameters,
    Step,
    StepState,
    StepStatus,
    decide_refresh_status,
    make_request,
    name_outcome,
)
from gateway.refresh.service_client import ServiceClient
from gateway.refresh.steps import PollTiming, StepRun
from gateway.refresh.views import ViewsStep
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import RunCancelledError
from sra_shared.runs import (
    ProcessingTask,
    RunEnd,
    RunRequest,
    RunStatus,
    TaskType,
    Unit,
    UnitContext,
    UnitPlan,
    UnitStatus,
)
from sra_shared.service import ProblemError

# clients' clocks may be slightly ahead
_AHEAD = timedelta(minutes=1)
# has one record per symbol of the universe
_SYMBOLS = "quote"
# records a minute that each step should reach
TARGETS: Mapping[Step, int] = {Step.FMP: 1_000, Step.FUNDATA_DATA: 5_000, Step.FUNDATA_QUOTES: 10_000}


class RefreshWork:
    """FMP, Fundata data, Fundata quotes, views: in this order, each regardless of the outcome of the others."""

    source = None
    ordered = True
    concurrency = 1

    def __init__(
        self, clients: Mapping[Step, ServiceClient], *, window_minutes: int, pace: PollTiming | None = None
    ) -> None:
        self._clients = clients
        self._window_seconds = window_minutes * 60
        self._pace = pace or PollTiming()

    def complete_request(self, request: RunRequest) -> RunRequest:
        """Return the request with all parameters and the work key that requests for the same sources share.

        Raises ProblemError for a scheduled request: all others would join it and wait for it.
        """
        if request.scheduled_at is not None and request.scheduled_at > datetime.now(UTC) + _AHEAD:
            raise ProblemError(
                422,
                "A refresh cannot be scheduled: every other refresh would have to wait for it.",
                next_step="Omit scheduled_at. REFRESH_CRON sets when refreshes start automatically.",
            )
        return make_request(RefreshParameters.model_validate(request.parameters), priority=request.priority)

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the requested steps."""
        parameters = RefreshParameters.model_validate(context.task.parameters)
        return [UnitPlan(unit=step.value, dataset=step.value) for step in parameters.steps]

    async def process(self, context: UnitContext) -> None:
        """Do one step, from the point that a predecessor reached."""
        step = Step(context.unit.unit)
        kind = ViewsStep if step is Step.VIEWS else StepRun
        run = kind(context, self._clients[step], self._pace)
        try:
            if isinstance(run, ViewsStep):
                await run.publish()
            else:
                weekly = step is Step.FMP and (run.parameters.weekly or await is_weekly_missing(context))
                await run.follow(list_task_types(step, weekly=weekly))
        except RunCancelledError:
            await run.cancel_children()
            raise

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Determine the outcome by the two-of-three rule and compare the rates with their targets."""
        steps = [(Step(unit.unit), read_step_status(unit)) for unit in units]
        status = RunStatus.CANCELLED if task.cancel_requested_at else decide_refresh_status(steps)
        if not steps:
            status = RunStatus.FAILED
        seconds = await connection.fetchval(
            "SELECT extract(epoch FROM clock_timestamp() - started_at)::float8 FROM task_execution_log"
            " WHERE task_id = $1",
            task.task_id,
        )
        return RunEnd(
            status=status,
            details={"outcome": name_outcome(status, steps)},
            metrics={
                "duration_seconds": round(seconds, 1),
                "target_seconds": self._window_seconds,
                "within_window": seconds <= self._window_seconds,
                "rates": {unit.unit: rate for unit in units if (rate := measure_step(unit)) is not None},
            },
        )


async def is_weekly_missing(context: UnitContext) -> bool:
    """Return whether the weekly fundamentals were never collected; the first refresh then includes them."""
    async with context.pool.acquire() as connection:
        known: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM task_execution_log WHERE task_type = $1 AND status IN ('completed', 'partial')"
            " AND NOT details ? 'skipped')",
            TaskType.WEEKLY_FUNDAMENTALS,
        )
    return not known


def list_task_types(step: Step, *, weekly: bool) -> list[TaskType]:
    """Return the types of the runs that a step starts, in order."""
    if step is Step.FMP:
        return [TaskType.DAILY_QUOTES, *([TaskType.WEEKLY_FUNDAMENTALS] if weekly else [])]
    return [TaskType(step.value)]


def read_step_status(unit: Unit) -> StepStatus:
    """Return the status that the step recorded itself, else the one that its unit implies."""
    if unit.status is UnitStatus.QUEUED and not unit.resume:
        return StepStatus.QUEUED
    if unit.status.is_live:
        return StepStatus.RUNNING
    noted = unit.progress.get("step_status")
    if unit.status is UnitStatus.PARTIAL and noted == StepStatus.PARKED:
        return StepStatus.PARKED
    return StepStatus(unit.status.value)


def measure_step(unit: Unit) -> dict[str, Any] | None:
    """Return records a minute against the target; None if the step has no target or read nothing.

    FMP is measured in symbols: by its quotes, or by its largest dataset if it read no quotes.
    """
    target = TARGETS.get(Step(unit.unit))
    rows = StepState.model_validate(unit.resume or {}).datasets
    read = [row["read"] for row in rows]
    if target is None or not sum(read) or unit.started_at is None or unit.completed_at is None:
        return None
    records = sum(read)
    if unit.unit == Step.FMP:
        records = next((row["read"] for row in rows if row["dataset"] == _SYMBOLS and row["read"]), max(read))
    rate = records * 60 / max((unit.completed_at - unit.started_at).total_seconds(), 0.001)
    met = check_rate(rate, records, target)
    return {"per_minute": round(rate, 1), "target_per_minute": target, "met": met, "records": records}


def check_rate(rate: float, records: int, target: int) -> bool | None:
    """Return whether a rate meets its target; None if it does not but there were too few records to fill a minute."""
    return True if rate >= target else False if records >= target else None
