"""Ledgers of runs, files, rejects and completions.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "completion_inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "datasets", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deliveries", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("build_id", sa.Uuid(), nullable=True, comment="The build that took this event in."),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_completion_inbox")),
    )
    op.create_index(
        "ix_completion_inbox_open",
        "completion_inbox",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_table(
        "database_mark",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_database_mark_one_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_database_mark")),
    )
    op.create_table(
        "field_warning",
        sa.Column("warning_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("record_key", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("warning_id", name=op.f("pk_field_warning")),
    )
    op.create_index("ix_field_warning_run", "field_warning", ["run_id"], unique=False)
    op.create_table(
        "file_processing_tracker",
        sa.Column("file_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=False),
        sa.Column(
            "file_hash", sa.Text(), nullable=False, comment="SHA-256 in hex; empty where the file could not be had."
        ),
        sa.Column("dataset", sa.Text(), nullable=True),
        sa.Column("file_size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("records_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("processing_count", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("status", sa.Text(), server_default="processing", nullable=False),
        sa.Column("streams", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True, comment="The run that dealt with it last."),
        sa.CheckConstraint(
            "status IN ('processing', 'completed', 'skipped', 'rejected', 'failed', 'missing')",
            name=op.f("ck_file_processing_tracker_status_known"),
        ),
        sa.PrimaryKeyConstraint("file_path", "file_hash", name=op.f("pk_file_processing_tracker")),
        sa.UniqueConstraint("file_id", name=op.f("uq_file_processing_tracker_file_id")),
    )
    op.create_index(
        "ix_file_processing_tracker_dataset_hash", "file_processing_tracker", ["dataset", "file_hash"], unique=False
    )
    op.create_table(
        "rejected_record",
        sa.Column("reject_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=True),
        sa.Column("file_hash", sa.Text(), nullable=True),
        sa.Column(
            "line", sa.BigInteger(), nullable=True, comment="Physical line where the record starts; the header is 1."
        ),
        sa.Column("record_key", sa.Text(), nullable=True, comment="Symbol or key, where the record has no line."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False, comment="The bytes as delivered."),
        sa.Column("data_source", sa.Text(), nullable=True),
        sa.Column("delivered_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True, comment="The run that resolved it."),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("reject_id", name=op.f("pk_rejected_record")),
    )
    op.create_index("ix_rejected_record_dataset_reason", "rejected_record", ["dataset", "reason"], unique=False)
    op.create_index(
        "ix_rejected_record_open",
        "rejected_record",
        ["reject_id"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index("ix_rejected_record_run", "rejected_record", ["run_id"], unique=False)
    op.create_table(
        "schedule_state",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("schedule", name=op.f("pk_schedule_state")),
    )
    op.create_table(
        "task_execution_log",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("overdue", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("3"), nullable=False),
        sa.Column(
            "parameters", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("work_key", sa.Text(), nullable=False, comment="What single flight goes by: one live run per key."),
        sa.Column("source", sa.Text(), nullable=True, comment="fmp, fundata or views; null for a refresh."),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_retries", sa.SmallInteger(), server_default=sa.text("3"), nullable=False),
        sa.Column("timeout_seconds", sa.Integer(), server_default=sa.text("3600"), nullable=False),
        sa.Column("records_processed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("errors_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "error_details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "performance_metrics",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("memory_usage_mb", sa.Numeric(precision=12, scale=1), nullable=True),
        sa.Column("peak_memory_mb", sa.Numeric(precision=12, scale=1), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'completed', 'partial', 'parked', 'held', 'failed', 'cancelled')",
            name=op.f("ck_task_execution_log_status_known"),
        ),
        sa.CheckConstraint(
            "task_type IN ('daily_quotes', 'weekly_fundamentals', 'csv_import', 'fundata_data', 'fundata_quotes', 'view_build', 'unified_refresh', 'fmp_backfill')",
            name=op.f("ck_task_execution_log_task_type_known"),
        ),
        sa.CheckConstraint("max_retries BETWEEN 0 AND 10", name=op.f("ck_task_execution_log_max_retries_range")),
        sa.CheckConstraint("priority BETWEEN 1 AND 5", name=op.f("ck_task_execution_log_priority_range")),
        sa.CheckConstraint("timeout_seconds BETWEEN 60 AND 14400", name=op.f("ck_task_execution_log_timeout_range")),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["task_execution_log.task_id"],
            name=op.f("fk_task_execution_log_parent_id_task_execution_log"),
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task_execution_log")),
    )
    op.create_index("ix_task_execution_log_parent", "task_execution_log", ["parent_id"], unique=False)
    op.create_index(
        "ix_task_execution_log_type_scheduled", "task_execution_log", ["task_type", "scheduled_at"], unique=False
    )
    op.create_index(
        "uq_task_execution_log_live_work",
        "task_execution_log",
        ["work_key"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'running', 'parked')"),
    )
    op.create_table(
        "completion_outbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "datasets", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["task_execution_log.task_id"], name=op.f("fk_completion_outbox_run_id_task_execution_log")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_completion_outbox")),
        sa.UniqueConstraint("run_id", name=op.f("uq_completion_outbox_run_id")),
    )
    op.create_index(
        "ix_completion_outbox_open",
        "completion_outbox",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "file_stream",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "stream",
            sa.SmallInteger(),
            nullable=False,
            comment="Keys are split among streams by a hash of the identifier.",
        ),
        sa.Column("resume_offset", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("resume_line", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("read_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("stored_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("duplicate_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("out_of_scope_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "rejected_by",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "warnings_by",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "read_count = stored_count + unchanged_count + duplicate_count + rejected_count",
            name=op.f("ck_file_stream_no_record_lost_or_doubled"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["file_processing_tracker.file_id"],
            name=op.f("fk_file_stream_file_id_file_processing_tracker"),
        ),
        sa.PrimaryKeyConstraint("file_id", "stream", name=op.f("pk_file_stream")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task_execution_log.task_id"], name=op.f("fk_idempotency_key_task_id_task_execution_log")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "run_unit",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column(
            "epoch",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Fencing token: grows with every taking.",
        ),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owner_pid", sa.Integer(), nullable=True),
        sa.Column("owner_backend_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "resume", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "progress", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("read_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("stored_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("duplicate_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("out_of_scope_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "rejected_by",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "warnings_by",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'completed', 'partial', 'parked', 'held', 'failed', 'cancelled', 'skipped', 'rejected', 'missing')",
            name=op.f("ck_run_unit_status_known"),
        ),
        sa.CheckConstraint(
            "read_count = stored_count + unchanged_count + duplicate_count + rejected_count",
            name=op.f("ck_run_unit_no_record_lost_or_doubled"),
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task_execution_log.task_id"], name=op.f("fk_run_unit_task_id_task_execution_log")
        ),
        sa.PrimaryKeyConstraint("task_id", "unit", name=op.f("pk_run_unit")),
    )
    op.create_index(
        "ix_run_unit_owner", "run_unit", ["owner"], unique=False, postgresql_where=sa.text("status = 'running'")
    )
    op.create_table(
        "schedule_slot",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task_execution_log.task_id"], name=op.f("fk_schedule_slot_task_id_task_execution_log")
        ),
        sa.PrimaryKeyConstraint("schedule", "slot", name=op.f("pk_schedule_slot")),
    )


def downgrade() -> None:
    op.drop_table("schedule_slot")
    op.drop_index("ix_run_unit_owner", table_name="run_unit", postgresql_where=sa.text("status = 'running'"))
    op.drop_table("run_unit")
    op.drop_table("idempotency_key")
    op.drop_table("file_stream")
    op.drop_index(
        "ix_completion_outbox_open", table_name="completion_outbox", postgresql_where=sa.text("delivered_at IS NULL")
    )
    op.drop_table("completion_outbox")
    op.drop_index(
        "uq_task_execution_log_live_work",
        table_name="task_execution_log",
        postgresql_where=sa.text("status IN ('queued', 'running', 'parked')"),
    )
    op.drop_index("ix_task_execution_log_type_scheduled", table_name="task_execution_log")
    op.drop_index("ix_task_execution_log_parent", table_name="task_execution_log")
    op.drop_table("task_execution_log")
    op.drop_table("schedule_state")
    op.drop_index("ix_rejected_record_run", table_name="rejected_record")
    op.drop_index(
        "ix_rejected_record_open", table_name="rejected_record", postgresql_where=sa.text("resolved_at IS NULL")
    )
    op.drop_index("ix_rejected_record_dataset_reason", table_name="rejected_record")
    op.drop_table("rejected_record")
    op.drop_index("ix_file_processing_tracker_dataset_hash", table_name="file_processing_tracker")
    op.drop_table("file_processing_tracker")
    op.drop_index("ix_field_warning_run", table_name="field_warning")
    op.drop_table("field_warning")
    op.drop_table("database_mark")
    op.drop_index(
        "ix_completion_inbox_open", table_name="completion_inbox", postgresql_where=sa.text("handled_at IS NULL")
    )
    op.drop_table("completion_inbox")
