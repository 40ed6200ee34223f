"""Ledgers: what ran, what it did to which file, what it rejected, what it told whom."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.reject_state import REJECT_IS_OPEN
from sra_shared.tables.metadata import metadata

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
)
UNIT_STATUSES = (*RUN_STATUSES, "skipped", "rejected", "missing")
FILE_STATUSES = ("processing", "completed", "skipped", "rejected", "failed", "missing")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=f"{column}_known")


def _now() -> ColumnElement[object]:
    return text("now()")  # type: ignore[return-value]


def _time(name: str, *, required: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=_now() if required else None)


def _json(name: str, default: str = "{}") -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"))


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def _counts() -> list[Column[object]]:
    names = ("read_count", "stored_count", "unchanged_count", "duplicate_count", "rejected_count", "out_of_scope_count")
    return [*(_count(name) for name in names), _json("rejected_by"), _json("warnings_by")]  # type: ignore[list-item]


def _conservation() -> CheckConstraint:
    return CheckConstraint(
        "read_count = stored_count + unchanged_count + duplicate_count + rejected_count",
        name="no_record_lost_or_doubled",
    )


task_execution_log = Table(
    "task_execution_log",
    metadata,
    Column("task_id", Uuid, primary_key=True),
    Column("task_type", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="queued"),
    Column("overdue", Boolean, nullable=False, server_default=text("false")),
    Column("priority", SmallInteger, nullable=False, server_default=text("3")),
    _json("parameters"),
    Column("work_key", Text, nullable=False, comment="What single flight goes by: one live run per key."),
    Column("source", Text, comment="fmp, fundata or views; null for a refresh."),
    Column("parent_id", Uuid, ForeignKey("task_execution_log.task_id")),
    _time("scheduled_at", required=True),
    _time("planned_at"),
    _time("started_at"),
    _time("completed_at"),
    _time("resume_at"),
    _time("cancel_requested_at"),
    Column("duration_seconds", Numeric(14, 3)),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("max_retries", SmallInteger, nullable=False, server_default=text("3")),
    Column("timeout_seconds", Integer, nullable=False, server_default=text("3600")),
    _count("records_processed"),
    _count("errors_count"),
    _json("error_details", "[]"),
    _json("performance_metrics"),
    _json("details"),
    Column("memory_usage_mb", Numeric(12, 1)),
    Column("peak_memory_mb", Numeric(12, 1)),
    Column(
        "has_job",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether workers carry it through, by a job of the queue; a command's own run has none.",
    ),
    _one_of("task_type", TASK_TYPES),
    _one_of("status", RUN_STATUSES),
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
)

run_unit = Table(
    "run_unit",
    metadata,
    Column("task_id", Uuid, ForeignKey("task_execution_log.task_id"), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("ordinal", Integer, nullable=False, server_default=text("0")),
    Column("dataset", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="queued"),
    Column(
        "epoch", BigInteger, nullable=False, server_default=text("0"), comment="Fencing token: grows with every taking."
    ),
    Column("owner", Text),
    Column("owner_pid", Integer),
    _time("owner_backend_start"),
    _time("heartbeat_at"),
    _time("lease_expires_at"),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column(
        "starts",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="How often work on it was begun, handovers and parking left out; progress does not set it back.",
    ),
    _time("not_before"),
    _json("detail"),
    _json("resume"),
    _json("progress"),
    Column("error", Text),
    *_counts(),
    _time("started_at"),
    _time("completed_at"),
    _one_of("status", UNIT_STATUSES),
    _conservation(),
    Index("ix_run_unit_owner", "owner", postgresql_where=text("status = 'running'")),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("task_id", Uuid, ForeignKey("task_execution_log.task_id"), nullable=False),
    _time("created_at", required=True),
)

schedule_slot = Table(
    "schedule_slot",
    metadata,
    Column("schedule", Text, primary_key=True),
    Column("slot", DateTime(timezone=True), primary_key=True),
    Column("task_id", Uuid, ForeignKey("task_execution_log.task_id")),
    _time("claimed_at", required=True),
)

schedule_state = Table(
    "schedule_state",
    metadata,
    Column("schedule", Text, primary_key=True),
    _time("created_at", required=True),
    _time("paused_at"),
)

file_processing_tracker = Table(
    "file_processing_tracker",
    metadata,
    Column("file_id", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("file_path", Text, primary_key=True),
    Column("file_hash", Text, primary_key=True, comment="SHA-256 in hex; empty where the file could not be had."),
    Column("dataset", Text),
    Column("file_size_bytes", BigInteger),
    _count("records_count"),
    _time("first_processed_at", required=True),
    _time("last_processed_at", required=True),
    Column("processing_count", Integer, nullable=False, server_default=text("1")),
    Column("status", Text, nullable=False, server_default="processing"),
    Column("streams", SmallInteger, nullable=False, server_default=text("1")),
    Column("error", Text),
    Column("run_id", Uuid, comment="The run that dealt with it last."),
    _one_of("status", FILE_STATUSES),
    Index("ix_file_processing_tracker_dataset_hash", "dataset", "file_hash"),
)

file_stream = Table(
    "file_stream",
    metadata,
    Column("file_id", BigInteger, ForeignKey("file_processing_tracker.file_id"), primary_key=True),
    Column(
        "stream", SmallInteger, primary_key=True, comment="Keys are split among streams by a hash of the identifier."
    ),
    Column("resume_offset", BigInteger, nullable=False, server_default=text("0")),
    Column("resume_line", BigInteger, nullable=False, server_default=text("0")),
    Column("done", Boolean, nullable=False, server_default=text("false")),
    *_counts(),
    Column("newest_change", Date),
    _time("updated_at", required=True),
    Column(
        "split_rules",
        SmallInteger,
        nullable=False,
        server_default=text("2"),
        comment="Form of the identifiers that are split: 1 without blanks around them, 2 normal.",
    ),
    _conservation(),
)

rejected_record = Table(
    "rejected_record",
    metadata,
    Column("reject_id", BigInteger, Identity(always=True), primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("file_path", Text),
    Column("file_hash", Text),
    Column("line", BigInteger, comment="Physical line where the record starts; the header is 1."),
    Column("record_key", Text, comment="Symbol or key, where the record has no line."),
    Column("reason", Text, nullable=False),
    Column("detail", Text),
    Column("raw", LargeBinary, nullable=False, comment="The bytes as delivered."),
    Column("data_source", Text),
    Column("delivered_on", DateTime(timezone=True)),
    _time("created_at", required=True),
    _time("resolved_at"),
    Column("resolved_by", Uuid, comment="The run that resolved it."),
    Column("resolution", Text),
    Column("identity", LargeBinary, comment="Digest of what makes it the same row when it is delivered again."),
    Column(
        "occurrence",
        Integer,
        comment="Place among the equal rows of one delivery, from 1; null: a row delivered again is another reject.",
    ),
    Column("delivery", Text, comment="The file, or the FMP run, that brought it last."),
    Column("seen_count", BigInteger, nullable=False, server_default=text("1"), comment="Deliveries that brought it."),
    _time("last_seen_at", required=True),
    Column("last_run_id", Uuid, comment="The run that read it last; null: the one that read it first."),
    Column("call_id", BigInteger, comment="Row of fmp_call: the call that brought it."),
    Column("origin", JSONB, comment="What an FMP call asked for: path, subject, and the values that it gives to rows."),
    _time("dismissed_at"),
    Column("dismissed_by", Text),
    Column("dismissal", Text, comment="Why it was dismissed."),
    Index("ix_rejected_record_run", "run_id"),
    Index("ix_rejected_record_last_run", text("coalesce(last_run_id, run_id)")),
    Index("ix_rejected_record_dataset_reason", "dataset", "reason"),
    Index("ix_rejected_record_open", "reject_id", postgresql_where=text(REJECT_IS_OPEN)),
    Index("ix_rejected_record_open_kind", "dataset", "reason", postgresql_where=text(REJECT_IS_OPEN)),
    Index("uq_rejected_record_identity", "identity", "occurrence", unique=True),
)

field_warning = Table(
    "field_warning",
    metadata,
    Column("warning_id", BigInteger, Identity(always=True), primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("file_path", Text),
    Column("line", BigInteger),
    Column("record_key", Text),
    Column("field", Text, nullable=False),
    Column("value", Text),
    Column("reason", Text, nullable=False),
    _time("created_at", required=True),
    Index("ix_field_warning_run", "run_id"),
)

completion_outbox = Table(
    "completion_outbox",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("run_id", Uuid, ForeignKey("task_execution_log.task_id"), nullable=False),
    Column("source", Text, nullable=False),
    _json("datasets", "[]"),
    _time("created_at", required=True),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("next_attempt_at", required=True),
    _time("delivered_at"),
    Column("last_error", Text),
    UniqueConstraint("run_id"),
    Index("ix_completion_outbox_open", "next_attempt_at", postgresql_where=text("delivered_at IS NULL")),
)

completion_inbox = Table(
    "completion_inbox",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    _json("datasets", "[]"),
    _time("received_at", required=True),
    Column("deliveries", Integer, nullable=False, server_default=text("1")),
    Column("build_id", Uuid, comment="The build that took this event in."),
    _time("handled_at"),
    Index("ix_completion_inbox_open", "received_at", postgresql_where=text("handled_at IS NULL")),
)

expected_dataset = Table(
    "expected_dataset",
    metadata,
    Column("source", Text, primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("cadence", Text, nullable=False),
    Column("exchange", Text, nullable=False),
    Column(
        "by_records",
        Boolean,
        nullable=False,
        comment="Whether the day of the newest record counts, else the time of the last success.",
    ),
    Column("delay_seconds", Integer, nullable=False, comment="From a session's close until it is expected."),
    Column("allowed_sessions", Integer, nullable=False, comment="How many sessions may be missing before it is late."),
    _time("created_at", required=True),
    _one_of("cadence", ("daily", "weekly", "monthly")),
)

database_mark = Table(
    "database_mark",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("sandbox", Boolean, nullable=False),
    _time("created_at", required=True),
    CheckConstraint("only_row", name="one_row"),
)

sra_lock = Table(
    "sra_lock",
    metadata,
    Column("name", Text, primary_key=True),
)

cached_answer = Table(
    "cached_answer",
    metadata,
    Column("cache_key", Text, primary_key=True),
    Column("body", Text, nullable=False),
    _time("stored_at", required=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_cached_answer_expires_at", "expires_at"),
)
