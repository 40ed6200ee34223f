"""How often work on each part of a run was begun.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "run_unit",
        sa.Column(
            "starts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How often work on it was begun, handovers and parking left out; progress does not set it back.",
        ),
    )
    op.execute("UPDATE run_unit SET starts = attempt WHERE status IN ('queued', 'running', 'parked')")


def downgrade() -> None:
    op.drop_column("run_unit", "starts")
