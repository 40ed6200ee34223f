"""The gateway's own tables: incidents, queued alerts, logins, and the sums of archived ledgers."""

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

from sra_shared.schema.tables.ledger_columns import COUNTS, EVERY_SERVICE, SOURCE, TASK_TYPE, make_time
from sra_shared.schema.tables.metadata import metadata, written_by

incident = Table(
    "incident",
    metadata,
    Column("incident_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the incident."),
    Column(
        "subject",
        Text,
        nullable=False,
        comment="Subject of the problem, such as a service; each has at most one open incident.",
    ),
    Column("kind", Text, nullable=False, comment="Kind of problem, such as service_down or stale_data."),
    Column("detail", Text, nullable=False, comment="The problem in a sentence."),
    Column("began_at", DateTime(timezone=True), nullable=False, comment="When the problem began (UTC)."),
    make_time("ended_at", "When it ended (UTC); NULL while it lasts."),
    Index("uq_incident_open", "subject", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("ix_incident_subject_ended", "subject", "ended_at"),
    comment="Problems of services, data, runs and the database, from beginning to end.",
    info=written_by("gateway"),
)

alert = Table(
    "alert",
    metadata,
    Column("alert_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the alert."),
    Column(
        "incident",
        Text,
        nullable=False,
        unique=True,
        comment="Name of the event: the incident or run, then began, ended or a kind; each event has one alert.",
    ),
    Column("kind", Text, nullable=False, comment="Kind of the alert, such as failed, overdue or recovered."),
    Column(
        "task_id",
        Uuid,
        ForeignKey("task_execution_log.task_id"),
        comment="The refresh that it is about; NULL for other incidents.",
    ),
    Column("message", JSONB, nullable=False, comment="Body that is sent to the webhook."),
    make_time("created_at", "When the alert was queued (UTC).", required=True),
    Column("attempts", Integer, nullable=False, server_default=text("0"), comment="Attempts to deliver it."),
    make_time("next_attempt_at", "When the next attempt is due (UTC).", required=True),
    make_time("delivered_at", "When the webhook accepted it (UTC); NULL until then."),
    Column("last_error", Text, comment="Error of the last attempt; NULL if there was none."),
    Index("ix_alert_open", "next_attempt_at", postgresql_where=text("delivered_at IS NULL")),
    comment="Messages to the webhook, each sent until it is accepted.",
    info=written_by("gateway"),
)

login_code = Table(
    "login_code",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True, comment="Hash of the code; the code itself is never stored."),
    Column("role", Text, nullable=False, comment="Always service; a session has the role of its token."),
    make_time("created_at", "When the code was created (UTC).", required=True),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="When it expires (UTC)."),
    make_time("used_at", "When it was used (UTC); NULL until then."),
    Column(
        "token_name",
        Text,
        nullable=False,
        server_default="service",
        comment="Name of the token that created it; its session ends when that token does.",
    ),
    CheckConstraint("role IN ('viewer', 'service')", name="role_known"),
    comment="One-time codes that log a browser in to the dashboard.",
    info=written_by("gateway"),
)

# a trigger of the migration refuses to change an entry, or to delete one within 30 days
audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the entry."),
    make_time("at", "When it happened (UTC).", required=True),
    Column("action", Text, nullable=False, comment="Action, such as trigger, cancel, replay or login."),
    Column(
        "subject_kind", Text, nullable=False, comment="Kind of its subject: refresh, run, reject, schedule or session."
    ),
    Column(
        "subject_ids",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="Ids of the refresh, runs, rejected rows or session.",
    ),
    Column("role", Text, comment="Role of the token: viewer or operator; NULL for a failed login."),
    Column(
        "token_name",
        Text,
        comment="Name of the token; NULL for a failed login, cli for a command on the database itself.",
    ),
    Column(
        "address",
        Text,
        nullable=False,
        comment="Address that sent the request; for a command, the user of the operating system.",
    ),
    Column("details", JSONB, nullable=False, server_default=text("'{}'::jsonb"), comment="Parameters of the action."),
    CheckConstraint("role IN ('viewer', 'operator')", name="role_known"),
    Index("ix_audit_at", "at"),
    Index("ix_audit_subject", "subject_ids", postgresql_using="gin"),
    Index("ix_audit_failed_login", "at", postgresql_where=text("action = 'login_failed'")),
    comment="Actions of people and programs, such as starts, cancellations and logins; append-only.",
    info=written_by(*EVERY_SERVICE),
)

login_failure = Table(
    "login_failure",
    metadata,
    Column("address", LargeBinary, nullable=False, comment="Hash of the address that made the attempt."),
    make_time("failed_at", "When the attempt was made (UTC).", required=True),
    Column("failure_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the attempt."),
    Index("ix_login_failure_address", "address", "failed_at"),
    comment="Failed logins of the last minutes, which limit further attempts.",
    info=written_by("gateway"),
)

ended_session = Table(
    "ended_session",
    metadata,
    Column("session_id", Text, primary_key=True, comment="Id of the login session."),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="When its cookie expires (UTC)."),
    comment="Login sessions that were logged out before they expired.",
    info=written_by("gateway"),
)

archived_run = Table(
    "archived_run",
    metadata,
    Column("run_id", Uuid, primary_key=True, comment="Id of the run, as in the rows that it stored."),
    Column("task_type", Text, nullable=False, comment=TASK_TYPE),
    Column("source", Text, comment=SOURCE),
    Column("status", Text, nullable=False, comment="Final status of the run."),
    Column("scheduled_at", DateTime(timezone=True), nullable=False, comment="When the run was due (UTC)."),
    make_time("started_at", "When the run started (UTC)."),
    Column("completed_at", DateTime(timezone=True), nullable=False, comment="When the run ended (UTC)."),
    Column("stored_count", BigInteger, nullable=False, comment="Source records that it stored."),
    comment="Runs that stored rows and were deleted from task_execution_log after LEDGER_RETENTION_DAYS; append-only.",
    info=written_by("gateway"),
)

_SUMS = {
    "runs": "Runs.",
    "runs_not_completed": "Runs with a final status other than completed.",
    **COUNTS,
    "rejects_deleted": "Rejected rows that were deleted with their runs.",
    "warnings_deleted": "Warnings that were deleted with their runs.",
}
ledger_archive = Table(
    "ledger_archive",
    metadata,
    Column("month", Date, primary_key=True, comment="First day of the month in which the runs were due."),
    Column("task_type", Text, primary_key=True, comment=TASK_TYPE),
    Column("dataset", Text, primary_key=True, comment="Dataset; empty for the figures of whole runs."),
    Column("source", Text, comment=SOURCE),
    *[
        Column(name, BigInteger, nullable=False, server_default=text("0"), comment=comment)
        for name, comment in _SUMS.items()
    ],
    Column("seconds", Numeric(16, 3), nullable=False, server_default=text("0"), comment="Duration, in seconds."),
    Column(
        "first_success_at",
        DateTime(timezone=True),
        comment="When the first successful part of the dataset ended (UTC); NULL if there is none or it is unknown.",
    ),
    comment="Sums of the runs that were deleted after LEDGER_RETENTION_DAYS, by month, task type and dataset.",
    info=written_by("gateway"),
)
