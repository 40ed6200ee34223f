"""Answers of slow-changing endpoints.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cached_answer",
        sa.Column("cache_key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cache_key", name=op.f("pk_cached_answer")),
    )
    op.create_index("ix_cached_answer_expires_at", "cached_answer", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("cached_answer")
