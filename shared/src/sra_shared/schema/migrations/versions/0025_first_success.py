"""The archive of the ledger shows when a dataset was first collected with success.

From then on, our own times of storage are a true history of the dataset. The runs that show it leave the ledger with age. The
column is nullable and has no default, so that no row is written; sums of former releases lack it.

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_COMMENT = "When the first of the dataset's parts ended that did their work (UTC); NULL if there is none, or not known."


def upgrade() -> None:
    op.add_column(
        "ledger_archive", sa.Column("first_success_at", sa.DateTime(timezone=True), nullable=True, comment=_COMMENT)
    )


def downgrade() -> None:
    # a view of view_builder, which defines it anew when it starts, reads the column
    op.execute("DROP VIEW IF EXISTS sra.data_freshness")
    op.execute("DROP VIEW IF EXISTS core.dataset_archive")
    op.drop_column("ledger_archive", "first_success_at")
