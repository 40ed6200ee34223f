"""The unified refresh as work of the run driver: ordered units, each a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.refresh.model import (
    RefreshParameters,
    Step,
    StepState,
    StepStatus,
    judge_refresh,
    make_request,
    name_outcome,
)
from gateway.refresh.peers import Peer
from gateway.refresh.steps import Pace, StepRun
from gateway.refresh.views import ViewsStep
from sra_shared.db import Connection
from sra_shared.errors import RunCancelledError
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

# clocks of clients may go ahead a little
_AHEAD = timedelta(minutes=1)
# has one record for each symbol of the universe
_SYMBOLS = "quote"
# records a minute that each step is measured against
TARGETS: Mapping[Step, int] = {Step.FMP: 1_000, Step.FUNDATA_DATA: 5_000, Step.FUNDATA_QUOTES: 10_000}


class RefreshWork:
    """FMP, Fundata data, Fundata quotes, views: one after the other, each whatever came of the one before."""

    source = None
    ordered = True
    concurrency = 1

    def __init__(self, peers: Mapping[Step, Peer], *, window_minutes: int, pace: Pace | None = None) -> None:
        self._peers = peers
        self._window_seconds = window_minutes * 60
        self._pace = pace or Pace()

    def complete_request(self, request: RunRequest) -> RunRequest:
        """Return the request with all parameters, and the key by which requests for the same sources meet.

        Raises ProblemError for one that shall start later: all others would join it and wait with it.
        """
        if request.scheduled_at is not None and request.scheduled_at > datetime.now(UTC) + _AHEAD:
            raise ProblemError(
                422,
                "A refresh starts at once: one that waits would keep every other from starting.",
                next_step="Leave scheduled_at out; REFRESH_CRON says when refreshes start by themselves.",
            )
        return make_request(RefreshParameters.model_validate(request.parameters), priority=request.priority)

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the steps that were asked for."""
        parameters = RefreshParameters.model_validate(context.task.parameters)
        return [UnitPlan(unit=step.value, dataset=step.value) for step in parameters.steps]

    async def process(self, context: UnitContext) -> None:
        """Carry one step to its end, from wherever a predecessor got to."""
        step = Step(context.unit.unit)
        kind = ViewsStep if step is Step.VIEWS else StepRun
        run = kind(context, self._peers[step], self._pace)
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
        """Judge the refresh by the two-of-three rule and measure it against its targets."""
        steps = [(Step(unit.unit), read_step_status(unit)) for unit in units]
        status = RunStatus.CANCELLED if task.cancel_requested_at else judge_refresh(steps)
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
    """Return whether the weekly fundamentals were never collected: then the first refresh brings them too."""
    async with context.pool.acquire() as connection:
        known: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM task_execution_log WHERE task_type = $1 AND status IN ('completed', 'partial')"
            " AND NOT details ? 'skipped')",
            TaskType.WEEKLY_FUNDAMENTALS,
        )
    return not known


def list_task_types(step: Step, *, weekly: bool) -> list[TaskType]:
    """Return the runs that a step starts, in order."""
    if step is Step.FMP:
        return [TaskType.DAILY_QUOTES, *([TaskType.WEEKLY_FUNDAMENTALS] if weekly else [])]
    return [TaskType(step.value)]


def read_step_status(unit: Unit) -> StepStatus:
    """Return how a step stands: what it noted itself, else what became of its unit."""
    if unit.status is UnitStatus.QUEUED and not unit.resume:
        return StepStatus.QUEUED
    if unit.status.is_live:
        return StepStatus.RUNNING
    noted = unit.progress.get("step_status")
    if unit.status is UnitStatus.PARTIAL and noted == StepStatus.PARKED:
        return StepStatus.PARKED
    return StepStatus(unit.status.value)


def measure_step(unit: Unit) -> dict[str, Any] | None:
    """Return records a minute against the target; None where the step has no target or read nothing.

    FMP is measured by symbols: by its quotes, or its largest dataset where there are none.
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
    met = judge_rate(rate, records, target)
    return {"per_minute": round(rate, 1), "target_per_minute": target, "met": met, "records": records}


def judge_rate(rate: float, records: int, target: int) -> bool | None:
    """Whether a rate meets its target; None where it does not and there were too few records to fill a minute."""
    return True if rate >= target else False if records >= target else None
