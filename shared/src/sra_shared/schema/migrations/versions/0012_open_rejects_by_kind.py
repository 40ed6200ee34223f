"""Open rejected rows are counted by dataset and reason without reading them.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_rejected_record_open_kind",
        "rejected_record",
        ["dataset", "reason"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_rejected_record_open_kind", table_name="rejected_record")
