"""The newest change that each stream of a file brought, from which a first update reaches back.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("file_stream", sa.Column("newest_change", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("file_stream", "newest_change")
