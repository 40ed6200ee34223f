"""How fresh each dataset shall be.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expected_dataset",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("cadence", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column(
            "by_records",
            sa.Boolean(),
            nullable=False,
            comment="Whether the day of the newest record counts, else the time of the last success.",
        ),
        sa.Column(
            "delay_seconds", sa.Integer(), nullable=False, comment="From a session's close until it is expected."
        ),
        sa.Column(
            "allowed_sessions",
            sa.Integer(),
            nullable=False,
            comment="How many sessions may be missing before it is late.",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("cadence IN ('daily', 'weekly', 'monthly')", name=op.f("ck_expected_dataset_cadence_known")),
        sa.PrimaryKeyConstraint("source", "dataset", name=op.f("pk_expected_dataset")),
    )


def downgrade() -> None:
    op.drop_table("expected_dataset")
