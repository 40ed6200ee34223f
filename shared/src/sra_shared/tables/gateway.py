"""What the gateway keeps of its own: incidents, alerts on their way, logins, and the sums of ledgers that were archived."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from sra_shared.tables.metadata import metadata

incident = Table(
    "incident",
    metadata,
    Column("incident_id", BigInteger, Identity(always=True), primary_key=True),
    Column("subject", Text, nullable=False, comment="What is in trouble: one open incident per subject."),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Index("uq_incident_open", "subject", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("ix_incident_subject_ended", "subject", "ended_at"),
)

alert = Table(
    "alert",
    metadata,
    Column("alert_id", BigInteger, Identity(always=True), primary_key=True),
    Column("incident", Text, nullable=False, unique=True, comment="One alert per incident, whoever notices it."),
    Column("kind", Text, nullable=False),
    Column("task_id", Uuid, ForeignKey("task_execution_log.task_id")),
    Column("message", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("delivered_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Index("ix_alert_open", "next_attempt_at", postgresql_where=text("delivered_at IS NULL")),
)

login_code = Table(
    "login_code",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True, comment="The code itself is never stored."),
    Column("role", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Column(
        "token_name",
        Text,
        nullable=False,
        server_default="service",
        comment="The token that made it: a session that it begins ends with that token.",
    ),
    CheckConstraint("role IN ('viewer', 'service')", name="role_known"),
)

# a trigger of the migration refuses to change an entry, or to delete one within 30 days
audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("action", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column(
        "subject_ids",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="Ids of the refresh, runs, rejected rows or session.",
    ),
    Column("role", Text),
    Column("token_name", Text, comment="Null for a failed login; cli for a command on the database itself."),
    Column(
        "address", Text, nullable=False, comment="Where the request came from; of a command, the user of the system."
    ),
    Column("details", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    CheckConstraint("role IN ('viewer', 'operator')", name="role_known"),
    Index("ix_audit_at", "at"),
    Index("ix_audit_subject", "subject_ids", postgresql_using="gin"),
    Index("ix_audit_failed_login", "at", postgresql_where=text("action = 'login_failed'")),
)

login_failure = Table(
    "login_failure",
    metadata,
    Column("address", LargeBinary, nullable=False, comment="Hash of where it came from."),
    Column("failed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("failure_id", BigInteger, Identity(always=True), primary_key=True),
    Index("ix_login_failure_address", "address", "failed_at"),
)

ended_session = Table(
    "ended_session",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="From then on its cookie is worth nothing."),
)

archived_run = Table(
    "archived_run",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("task_type", Text, nullable=False),
    Column("source", Text),
    Column("status", Text, nullable=False),
    Column("scheduled_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("completed_at", DateTime(timezone=True), nullable=False),
    Column("stored_count", BigInteger, nullable=False, comment="Source records that it stored."),
)

ledger_archive = Table(
    "ledger_archive",
    metadata,
    Column("month", Date, primary_key=True, comment="First day of the month in which the runs were asked for."),
    Column("task_type", Text, primary_key=True),
    Column("dataset", Text, primary_key=True, comment="Empty for the figures of whole runs."),
    Column("source", Text),
    *[
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in (
            "runs",
            "runs_not_completed",
            "read_count",
            "stored_count",
            "unchanged_count",
            "duplicate_count",
            "rejected_count",
            "out_of_scope_count",
            "rejects_deleted",
            "warnings_deleted",
        )
    ],
    Column("seconds", Numeric(16, 3), nullable=False, server_default=text("0")),
)
