"""Adds the audit, and names in each login code the token that made it.

The audit is append-only: a trigger rejects updates, and deletions within the shortest retention of the ledgers.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_SQL_GUARD = """
CREATE FUNCTION guard_audit() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.at < now() - interval '30 days' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'Entries of the table audit are not changed, and not deleted within 30 days.';
END
$guard$
"""


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column(
            "subject_ids",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Ids of the refresh, runs, rejected rows or session.",
        ),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column(
            "token_name",
            sa.Text(),
            nullable=True,
            comment="Null for a failed login; cli for a command on the database itself.",
        ),
        sa.Column(
            "address",
            sa.Text(),
            nullable=False,
            comment="Where the request came from; of a command, the user of the system.",
        ),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint("role IN ('viewer', 'operator')", name=op.f("ck_audit_role_known")),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_subject", "audit", ["subject_ids"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_audit_failed_login", "audit", ["at"], unique=False, postgresql_where=sa.text("action = 'login_failed'")
    )
    op.execute(_SQL_GUARD)
    op.execute(
        "CREATE TRIGGER guard_audit BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION guard_audit()"
    )
    op.add_column(
        "login_code",
        sa.Column(
            "token_name",
            sa.Text(),
            server_default="service",
            nullable=False,
            comment="The token that made it: a session that it begins ends with that token.",
        ),
    )


def downgrade() -> None:
    op.drop_column("login_code", "token_name")
    op.drop_table("audit")
    op.execute("DROP FUNCTION guard_audit()")
