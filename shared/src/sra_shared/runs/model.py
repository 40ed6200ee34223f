"""Runs and units in the form that the ledger stores and the HTTP contract shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from sra_shared.kit.db import dump_json
from sra_shared.runs.counts import Counts


class TaskType(StrEnum):
    """Kinds of work."""

    DAILY_QUOTES = "daily_quotes"
    WEEKLY_FUNDAMENTALS = "weekly_fundamentals"
    CSV_IMPORT = "csv_import"
    FUNDATA_DATA = "fundata_data"
    FUNDATA_QUOTES = "fundata_quotes"
    VIEW_BUILD = "view_build"
    UNIFIED_REFRESH = "unified_refresh"
    FMP_BACKFILL = "fmp_backfill"
    LAKE_PUBLISH = "lake_publish"


class RunStatus(StrEnum):
    """The status of a run; the first three are live."""

    QUEUED = "queued"
    RUNNING = "running"
    PARKED = "parked"
    COMPLETED = "completed"
    PARTIAL = "partial"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_live(self) -> bool:
        """Whether the run is not finished."""
        return self in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PARKED)


class UnitStatus(StrEnum):
    """The status of a unit."""

    QUEUED = "queued"
    RUNNING = "running"
    PARKED = "parked"
    COMPLETED = "completed"
    PARTIAL = "partial"
    SKIPPED = "skipped"
    MISSING = "missing"
    REJECTED = "rejected"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_live(self) -> bool:
        """Whether the unit is not finished."""
        return self in (UnitStatus.QUEUED, UnitStatus.RUNNING, UnitStatus.PARKED)


class RunRequest(BaseModel):
    """A request; live runs with the same `work_key` are the same work. It defaults to the type with its parameters."""

    model_config = ConfigDict(extra="forbid")

    task_type: TaskType
    parameters: dict[str, Any] = Field(default_factory=dict)
    priority: int = Field(3, ge=1, le=5, description="1 is the highest.")
    max_retries: int = Field(3, ge=0, le=10)
    timeout_seconds: int = Field(3600, ge=60, le=14_400, description="Per attempt, which then resumes.")
    scheduled_at: datetime | None = None
    parent_id: UUID | None = None
    work_key: str | None = None

    def make_work_key(self) -> str:
        """Return the given key, or one derived from the task type and its parameters."""
        if self.work_key:
            return self.work_key
        ordered = dump_json({key: self.parameters[key] for key in sorted(self.parameters)})
        return f"{self.task_type}:{hashlib.blake2b(ordered.encode(), digest_size=12).hexdigest()}"


class ProcessingTask(BaseModel):
    """One run, in the form of `task_execution_log`."""

    model_config = ConfigDict(from_attributes=True)

    task_id: UUID
    task_type: TaskType
    status: RunStatus
    overdue: bool
    priority: int
    parameters: dict[str, Any]
    source: str | None
    parent_id: UUID | None
    scheduled_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    resume_at: datetime | None
    cancel_requested_at: datetime | None
    duration_seconds: Decimal | None
    attempt: int
    max_retries: int
    timeout_seconds: int
    records_processed: int
    errors_count: int
    error_details: list[dict[str, Any]]
    performance_metrics: dict[str, Any]
    details: dict[str, Any]
    memory_usage_mb: Decimal | None
    peak_memory_mb: Decimal | None


@dataclass(frozen=True)
class UnitPlan:
    """A planned unit of a run: `unit` names it within the run, `detail` describes it.

    In an ordered run, units of the same `stage` run concurrently; a unit without one comes after the previous unit. A unit that
    `repeats` another sends again what that one got no response to.
    """

    unit: str
    dataset: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    status: UnitStatus = UnitStatus.QUEUED
    error: str | None = None
    stage: int | None = None
    repeats: str | None = None


@dataclass(frozen=True)
class Unit:
    """A unit of a run in the ledger's form."""

    task_id: UUID
    unit: str
    ordinal: int
    dataset: str
    status: UnitStatus
    fencing_token: int
    owner: str | None
    attempt: int
    not_before: datetime | None
    detail: dict[str, Any]
    resume: dict[str, Any]
    progress: dict[str, Any]
    error: str | None
    counts: Counts
    started_at: datetime | None
    completed_at: datetime | None
    repeats: str | None = None

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Unit:
        """Read a row of `run_unit`."""
        return cls(
            task_id=row["task_id"],
            unit=row["unit"],
            ordinal=row["ordinal"],
            dataset=row["dataset"],
            status=UnitStatus(row["status"]),
            fencing_token=row["epoch"],
            owner=row["owner"],
            attempt=row["attempt"],
            not_before=row["not_before"],
            detail=row["detail"],
            resume=row["resume"],
            progress=row["progress"],
            error=row["error"],
            counts=read_counts(row),
            started_at=row["started_at"],
            completed_at=row["completed_at"],
            repeats=row["repeats"],
        )


def read_counts(row: asyncpg.Record) -> Counts:
    """Return the counts of a row that has the count columns."""
    return Counts(
        read=row["read_count"],
        stored=row["stored_count"],
        unchanged=row["unchanged_count"],
        duplicate=row["duplicate_count"],
        rejected=row["rejected_count"],
        rejected_by=row["rejected_by"],
        warnings_by=row["warnings_by"],
        out_of_scope=row["out_of_scope_count"],
    )


def sum_datasets(units: list[Unit]) -> dict[str, Counts]:
    """Return the counts per dataset over the units of a run, in the order of the units."""
    totals: dict[str, Counts] = {}
    for unit in units:
        totals[unit.dataset] = totals.get(unit.dataset, Counts()) + unit.counts
    return totals
