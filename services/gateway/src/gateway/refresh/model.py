"""The parameters of a refresh, its steps, and how its outcome is determined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from sra_shared.runs import RunRequest, RunStatus, TaskType, UnitStatus
from sra_shared.runs.counts import Counts

Source = Literal["fmp", "fundata", "views"]
SOURCES: tuple[Source, ...] = ("fmp", "fundata", "views")


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _read_day(value: object) -> object:
    """Accept only YYYY-MM-DD; a number, or a date with a time, is not a day."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise ValueError("a day is written as YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_read_day)]


class Step(StrEnum):
    """The steps of a refresh, in their order."""

    FMP = "fmp"
    FUNDATA_DATA = "fundata_data"
    FUNDATA_QUOTES = "fundata_quotes"
    VIEWS = "views"

    @property
    def source(self) -> Source:
        """The component that this step belongs to in the two-of-three rule."""
        if self in (Step.FUNDATA_DATA, Step.FUNDATA_QUOTES):
            return "fundata"
        return "fmp" if self is Step.FMP else "views"


STEP_OF = {
    TaskType.DAILY_QUOTES: Step.FMP,
    TaskType.WEEKLY_FUNDAMENTALS: Step.FMP,
    TaskType.FMP_BACKFILL: Step.FMP,
    TaskType.FUNDATA_DATA: Step.FUNDATA_DATA,
    TaskType.FUNDATA_QUOTES: Step.FUNDATA_QUOTES,
    TaskType.CSV_IMPORT: Step.FUNDATA_DATA,
    TaskType.VIEW_BUILD: Step.VIEWS,
    TaskType.LAKE_PUBLISH: Step.VIEWS,
}
"""The step whose service does the runs of each type."""


class StepStatus(StrEnum):
    """The status of a step; has more values than a unit's, since a parked child ends the step."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    SKIPPED = "skipped"
    PARKED = "parked"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def unit_status(self) -> UnitStatus:
        """The status of the ledger's unit: a parked step is finished for this refresh and therefore partial."""
        return UnitStatus.PARTIAL if self is StepStatus.PARKED else UnitStatus(self.value)


_GOOD = (StepStatus.COMPLETED, StepStatus.PARTIAL, StepStatus.SKIPPED)


class RefreshParameters(BaseModel):
    """What a refresh does; everything by default. A source always includes the views, to publish its data."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)

    sources: list[Source] = Field(default=list(SOURCES), min_length=1, description="What to refresh.")
    weekly: bool = Field(False, description="Whether the weekly fundamentals are also collected.")
    from_date: Day | None = Field(
        None, alias="from", description="First day of Fundata's changes, instead of the stored cursor."
    )
    retry_seconds: float = Field(60, ge=0, le=3600, description="Seconds before a failed step is retried once.")
    trigger: Literal["manual", "schedule"] = Field("manual", description="What requested it.")

    @field_validator("sources")
    @classmethod
    def order_sources(cls, value: list[Source]) -> list[Source]:
        return [source for source in SOURCES if source in value or source == "views"]

    @model_validator(mode="after")
    def check_from(self) -> Self:
        if self.from_date is not None and "fundata" not in self.sources:
            raise ValueError("from applies to fundata, which is not among the sources")
        return self

    @property
    def steps(self) -> list[Step]:
        """The steps to do, in order."""
        return [step for step in Step if step.source in self.sources]

    def choose_for(self, task_type: TaskType) -> dict[str, str]:
        """Return the parameters of a run of this type."""
        is_update = task_type in (TaskType.FUNDATA_DATA, TaskType.FUNDATA_QUOTES)
        return {"from": self.from_date.isoformat()} if is_update and self.from_date is not None else {}


def make_request(parameters: RefreshParameters, *, priority: int = 2) -> RunRequest:
    """Return the ledger's request; refreshes of the same sources from the same day share a work key."""
    weekly = ":weekly" if parameters.weekly else ""
    first = f":from={parameters.from_date}" if parameters.from_date is not None else ""
    return RunRequest(
        task_type=TaskType.UNIFIED_REFRESH,
        parameters=parameters.model_dump(mode="json"),
        priority=priority,
        # a step that polls is interrupted after this long and resumes at once
        timeout_seconds=14_400,
        max_retries=10,
        work_key=f"{TaskType.UNIFIED_REFRESH}:{'+'.join(parameters.sources)}{weekly}{first}",
    )


class Child(BaseModel):
    """One run that a step started in another service, as last seen."""

    task_type: TaskType
    task_id: UUID | None = None
    ours: bool = False
    earlier: list[UUID] = Field(default_factory=list)
    status: StepStatus | None = None
    error: str | None = None
    retriable: bool = True
    done: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Counts per dataset, so far.")
    before: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Counts of earlier attempts.")
    unanswered_since: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether the step has finished waiting for this run."""
        return self.status not in (None, StepStatus.QUEUED, StepStatus.RUNNING)

    def restart(self) -> None:
        """Forget the run of the failed attempt, but keep its counts."""
        if self.task_id is not None:
            self.earlier.append(self.task_id)
        self.before = {row["dataset"]: row for row in add_datasets([*self.before.values(), *self.done.values()])}
        self.task_id, self.status, self.error, self.done, self.unanswered_since = None, None, None, {}, None


class StepState(BaseModel):
    """The resume point of a step: all that a successor needs to continue without starting a run twice."""

    attempt: int = 1
    retry_at: datetime | None = None
    children: list[Child] = Field(default_factory=list)

    @property
    def datasets(self) -> list[dict[str, Any]]:
        """Counts per dataset over all runs of the step, from the children's ledgers."""
        return add_datasets(row for child in self.children for row in [*child.before.values(), *child.done.values()])

    def decide_status(self) -> StepStatus:
        """Return the status that the children's outcomes add up to; the one that needs attention most comes first."""
        found = {child.status or StepStatus.RUNNING for child in self.children}
        if not all(child.ended for child in self.children):
            return StepStatus.RUNNING
        for status in (StepStatus.CANCELLED, StepStatus.HELD, StepStatus.PARKED):
            if status in found:
                return status
        if found == {StepStatus.SKIPPED}:
            return StepStatus.SKIPPED
        if found <= {StepStatus.COMPLETED, StepStatus.SKIPPED}:
            return StepStatus.COMPLETED
        return StepStatus.FAILED if found <= {StepStatus.FAILED, StepStatus.SKIPPED} else StepStatus.PARTIAL

    def describe_errors(self) -> str | None:
        """Return all errors in one text, or None."""
        found = [child.error for child in self.children if child.error]
        return " ".join(dict.fromkeys(found)) or None

    def as_progress(self) -> dict[str, Any]:
        """Return the step's progress for the ledger."""
        return {
            "step_status": self.decide_status().value,
            "attempt": self.attempt,
            "retry_at": self.retry_at.isoformat() if self.retry_at else None,
            "error": self.describe_errors(),
            "datasets": self.datasets,
            "runs": [
                {"task_type": child.task_type.value, "task_id": str(child.task_id), "status": child.status}
                for child in self.children
                if child.task_id is not None
            ],
        }


def read_counts_of(row: Mapping[str, Any]) -> Counts:
    """Read the JSON form of counts."""
    numbers = {name: int(row.get(name, 0)) for name in ("read", "stored", "unchanged", "duplicate", "rejected")}
    return Counts(**numbers, rejected_by=row.get("rejected_by") or {}, warnings_by=row.get("warnings_by") or {})


def add_datasets(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per dataset, in order of first appearance, with the five counts and the two maps."""
    totals: dict[str, Counts] = {}
    for row in rows:
        totals[row["dataset"]] = totals.get(row["dataset"], Counts()) + read_counts_of(row)
    return [{"dataset": name, **counts.as_dict()} for name, counts in totals.items()]


def decide_refresh_status(steps: Sequence[tuple[Step, StepStatus]]) -> RunStatus:
    """Return the outcome of a refresh by the two-of-three rule.

    FMP, Fundata (both its steps) and views are three components; skipped or unrequested ones are not counted. Two must have
    succeeded, or all if fewer are left. The refresh is then completed if all succeeded in full, else partial.
    """
    components: dict[str, list[StepStatus]] = {}
    for step, status in steps:
        if status is not StepStatus.SKIPPED:
            components.setdefault(step.source, []).append(status)
    good = [all(status in _GOOD for status in statuses) for statuses in components.values()]
    if sum(good) < min(2, len(good)):
        bad = {status for _, status in steps if status not in _GOOD}
        return RunStatus.HELD if bad == {StepStatus.HELD} else RunStatus.FAILED
    in_full = all(status is StepStatus.COMPLETED for statuses in components.values() for status in statuses)
    return RunStatus.COMPLETED if in_full else RunStatus.PARTIAL


def name_outcome(status: RunStatus, steps: Sequence[tuple[Step, StepStatus]]) -> str:
    """Return the status that a command reports: parked, not failed, if only quotas kept the refresh from succeeding."""
    bad = {found for _, found in steps if found not in _GOOD}
    return "parked" if status is RunStatus.FAILED and bad == {StepStatus.PARKED} else status.value
