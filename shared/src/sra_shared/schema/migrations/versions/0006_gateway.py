"""Incidents, alerts, logins and the archive of the gateway.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("incident_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="What is in trouble: one open incident per subject."),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident")),
    )
    op.create_index(
        "uq_incident_open", "incident", ["subject"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index("ix_incident_subject_ended", "incident", ["subject", "ended_at"], unique=False)
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False, comment="One alert per incident, whoever notices it."),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("message", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task_execution_log.task_id"], name=op.f("fk_alert_task_id_task_execution_log")
        ),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert")),
        sa.UniqueConstraint("incident", name=op.f("uq_alert_incident")),
    )
    op.create_index(
        "ix_alert_open", "alert", ["next_attempt_at"], unique=False, postgresql_where=sa.text("delivered_at IS NULL")
    )
    op.create_table(
        "login_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False, comment="The code itself is never stored."),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'service')", name=op.f("ck_login_code_role_known")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_login_code")),
    )

    op.create_table(
        "login_failure",
        sa.Column("address", sa.LargeBinary(), nullable=False, comment="Hash of where it came from."),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("failure_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("failure_id", name=op.f("pk_login_failure")),
    )
    op.create_index("ix_login_failure_address", "login_failure", ["address", "failed_at"], unique=False)
    op.create_table(
        "ended_session",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="From then on its cookie is worth nothing.",
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_ended_session")),
    )
    counts = (
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
    op.create_table(
        "ledger_archive",
        sa.Column(
            "month", sa.Date(), nullable=False, comment="First day of the month in which the runs were asked for."
        ),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False, comment="Empty for the figures of whole runs."),
        sa.Column("source", sa.Text(), nullable=True),
        *[sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False) for name in counts],
        sa.Column("seconds", sa.Numeric(precision=16, scale=3), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("month", "task_type", "dataset", name=op.f("pk_ledger_archive")),
    )


def downgrade() -> None:
    for name in ("ledger_archive", "ended_session", "login_failure", "login_code", "alert", "incident"):
        op.drop_table(name)
