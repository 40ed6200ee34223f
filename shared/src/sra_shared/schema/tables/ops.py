"""Ledger of runs: their progress and results, the schedule, and tables that all services share: locks, cached responses, the
sandbox mark."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from sra_shared.schema.tables.ledger_columns import (
    DATASET,
    EVERY_SERVICE,
    SOURCE,
    TASK_TYPE,
    VENDOR,
    limit_values,
    list_counts,
    make_conservation,
    make_count,
    make_json,
    make_time,
)
from sra_shared.schema.tables.metadata import metadata, written_by

RUN_STATUSES = ("queued", "running", "completed", "partial", "parked", "held", "failed", "cancelled")
TASK_TYPES = (
    "daily_quotes",
    "weekly_fundamentals",
    "csv_import",
    "fundata_data",
    "fundata_quotes",
    "view_build",
    "unified_refresh",
    "fmp_backfill",
    "lake_publish",
)
UNIT_STATUSES = (*RUN_STATUSES, "skipped", "rejected", "missing")
_RUN_STATUS = "Status: queued, running, parked (all three live), completed, partial, held, failed or cancelled."
_UNIT_STATUS = "Status of a run, or skipped (nothing to do), rejected (a whole file) or missing (a file)."

task_execution_log = Table(
    "task_execution_log",
    metadata,
    Column("task_id", Uuid, primary_key=True, comment="Id of the run; other tables call it run_id."),
    Column("task_type", Text, nullable=False, comment=TASK_TYPE),
    Column("status", Text, nullable=False, server_default="queued", comment=_RUN_STATUS),
    Column(
        "overdue",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether a refresh took longer than its window.",
    ),
    Column(
        "priority",
        SmallInteger,
        nullable=False,
        server_default=text("3"),
        comment="Priority in the queue, from 1 (first) to 5.",
    ),
    make_json("parameters", "Parameters of the request."),
    Column("work_key", Text, nullable=False, comment="Name of the work; a name has at most one live run."),
    Column("source", Text, comment=SOURCE),
    Column("parent_id", Uuid, ForeignKey("task_execution_log.task_id"), comment="The refresh that requested the run."),
    make_time("scheduled_at", "When the run is due, by default when it was requested (UTC).", required=True),
    make_time("planned_at", "When its units were planned (UTC)."),
    make_time("started_at", "When it started (UTC)."),
    make_time("completed_at", "When it ended, whatever its status (UTC)."),
    make_time("resume_at", "When a parked run resumes (UTC)."),
    make_time("cancel_requested_at", "When its cancellation was requested (UTC)."),
    Column("duration_seconds", Numeric(14, 3), comment="Time from started_at to completed_at, in seconds."),
    Column(
        "attempt",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Number of times that its most retried unit was started.",
    ),
    Column(
        "max_retries",
        SmallInteger,
        nullable=False,
        server_default=text("3"),
        comment="Retries of a unit without progress, after which it fails.",
    ),
    Column(
        "timeout_seconds",
        Integer,
        nullable=False,
        server_default=text("3600"),
        comment="Time limit of one attempt, in seconds; the next attempt resumes.",
    ),
    make_count("records_processed", "Source records read."),
    make_count("errors_count", "Number of error_details."),
    make_json("error_details", "Errors: a list of objects with unit, dataset and message.", "[]"),
    make_json("performance_metrics", "Figures of the run, such as records_per_minute."),
    make_json("details", "Further data of the run, such as the counts of each dataset."),
    Column("memory_usage_mb", Numeric(12, 1), comment="Memory of the process at the end, in MB."),
    Column("peak_memory_mb", Numeric(12, 1), comment="Peak memory of the process, in MB."),
    Column(
        "has_job",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether the queue has a job for it; a command's run has none.",
    ),
    limit_values("task_type", TASK_TYPES),
    limit_values("status", RUN_STATUSES),
    CheckConstraint("priority BETWEEN 1 AND 5", name="priority_range"),
    CheckConstraint("max_retries BETWEEN 0 AND 10", name="max_retries_range"),
    CheckConstraint("timeout_seconds BETWEEN 60 AND 14400", name="timeout_range"),
    Index(
        "uq_task_execution_log_live_work",
        "work_key",
        unique=True,
        postgresql_where=text("status IN ('queued', 'running', 'parked')"),
    ),
    Index("ix_task_execution_log_type_scheduled", "task_type", "scheduled_at"),
    Index("ix_task_execution_log_parent", "parent_id"),
    Index("ix_task_execution_log_completed", "completed_at"),
    comment="Runs: each piece of work that takes longer than a request.",
    info=written_by(*EVERY_SERVICE),
)

run_unit = Table(
    "run_unit",
    metadata,
    Column("task_id", Uuid, ForeignKey("task_execution_log.task_id"), primary_key=True, comment="The run."),
    Column("unit", Text, primary_key=True, comment="Name of the unit within the run; (plan) plans the others."),
    Column(
        "ordinal",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Position in the order of the units; units with the same position may run concurrently.",
    ),
    Column("dataset", Text, nullable=False, comment="Dataset, step of a refresh or view; empty for (plan)."),
    Column("status", Text, nullable=False, server_default="queued", comment=_UNIT_STATUS),
    Column(
        "epoch",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Fencing token: increases with every claim; a commit with an older one is refused.",
    ),
    Column("owner", Text, comment="Name of the worker that last claimed it; NULL if it was released."),
    Column("owner_pid", Integer, comment="Server process of the worker's heartbeat connection."),
    make_time("owner_backend_start", "Start of that process, which identifies it with owner_pid (UTC)."),
    make_time("heartbeat_at", "Last heartbeat of the worker (UTC)."),
    make_time("lease_expires_at", "When the worker's lease expires unless it is renewed (UTC)."),
    Column(
        "attempt",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Attempts since the last progress; a committed chunk sets it to 1.",
    ),
    Column(
        "starts",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Number of times that work on it started, except after handovers and parking.",
    ),
    make_time("not_before", "When a queued or parked unit may be claimed (UTC); NULL if at once."),
    make_json("detail", "Work of the unit, as planned."),
    make_json("resume", "Resume point: where the next attempt continues."),
    make_json("progress", "Progress, and data that the work recorded."),
    Column("error", Text, comment="Last error; NULL if there was none."),
    *list_counts(),
    make_time("started_at", "When it was first claimed (UTC)."),
    make_time("completed_at", "When it ended, whatever its status (UTC)."),
    Column(
        "repeats",
        Text,
        comment="Unit of the run whose unanswered requests this one sends again; NULL for every other unit.",
    ),
    limit_values("status", UNIT_STATUSES),
    make_conservation(),
    Index("ix_run_unit_owner", "owner", postgresql_where=text("status = 'running'")),
    comment="Units: parts of a run, each claimed by one worker at a time, with counts and resume point.",
    info=written_by(*EVERY_SERVICE),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("key", Text, primary_key=True, comment="Idempotency key of the request."),
    Column("body_hash", LargeBinary, nullable=False, comment="BLAKE2b-128 of the request."),
    Column(
        "task_id",
        Uuid,
        ForeignKey("task_execution_log.task_id"),
        nullable=False,
        comment="The run that the request returned.",
    ),
    make_time("created_at", "When the request was made (UTC).", required=True),
    comment="Idempotency keys of the last 30 days: a repeated request gets the same run.",
    info=written_by(*EVERY_SERVICE),
)

schedule_slot = Table(
    "schedule_slot",
    metadata,
    Column("schedule", Text, primary_key=True, comment="Schedule: daily or weekly."),
    Column("slot", DateTime(timezone=True), primary_key=True, comment="Planned time (UTC)."),
    Column(
        "task_id",
        Uuid,
        ForeignKey("task_execution_log.task_id"),
        comment="The refresh that it started; NULL if it started none or the run was archived.",
    ),
    make_time("claimed_at", "When a gateway claimed the slot (UTC).", required=True),
    comment="Claimed slots of the schedules; each starts at most one refresh.",
    info=written_by("gateway"),
)

schedule_state = Table(
    "schedule_state",
    metadata,
    Column("schedule", Text, primary_key=True, comment="Schedule: daily or weekly."),
    make_time("created_at", "When the schedule began; earlier slots are not claimed (UTC).", required=True),
    make_time("paused_at", "Since when it has been paused (UTC); NULL if it is not."),
    comment="The schedules of the refresh and whether each is paused.",
    info=written_by("gateway"),
)

expected_dataset = Table(
    "expected_dataset",
    metadata,
    Column("source", Text, primary_key=True, comment=VENDOR),
    Column("dataset", Text, primary_key=True, comment=DATASET),
    Column("cadence", Text, nullable=False, comment="Cadence: daily, weekly or monthly."),
    Column("exchange", Text, nullable=False, comment="Calendar that it follows: NYSE or TSX."),
    Column(
        "by_records",
        Boolean,
        nullable=False,
        comment="Whether freshness is measured by the day of the newest record; otherwise by the time of the last success.",
    ),
    Column(
        "delay_seconds",
        Integer,
        nullable=False,
        comment="Time from a session's close until the dataset is due, in seconds.",
    ),
    Column(
        "allowed_sessions", Integer, nullable=False, comment="Number of sessions that may be missing before it is late."
    ),
    make_time("created_at", "When the dataset was first expected (UTC).", required=True),
    limit_values("cadence", ("daily", "weekly", "monthly")),
    comment="Freshness SLA of each dataset; the view data_freshness reports it.",
    info=written_by("fmp_ingest", "fundata_ingest"),
)

database_mark = Table(
    "database_mark",
    metadata,
    Column(
        "only_row",
        Boolean,
        primary_key=True,
        server_default=text("true"),
        comment="Always true, so that there is one row.",
    ),
    Column("sandbox", Boolean, nullable=False, comment="Whether the database is for made-up data only."),
    make_time("created_at", "When the database was first migrated (UTC).", required=True),
    CheckConstraint("only_row", name="one_row"),
    comment="Whether the database is a sandbox; set once.",
    info=written_by("the migration"),
)

sra_lock = Table(
    "sra_lock",
    metadata,
    Column("name", Text, primary_key=True, comment="Name of the lock."),
    comment="Rows that transactions lock so that they take turns; only the owner of the tables can lock them.",
    info=written_by(*EVERY_SERVICE),
)

cached_answer = Table(
    "cached_answer",
    metadata,
    Column("cache_key", Text, primary_key=True, comment="Source, path and parameters of the request, or their hash."),
    Column("body", Text, nullable=False, comment="Body of the response."),
    make_time("stored_at", "When it was stored (UTC).", required=True),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="When it expires (UTC)."),
    Index("ix_cached_answer_expires_at", "expires_at"),
    comment="Responses of FMP endpoints that change slowly.",
    info=written_by("fmp_ingest"),
)
