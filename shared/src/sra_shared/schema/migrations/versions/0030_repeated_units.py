"""A unit that sends again what another got no response to names it in a column.

Until now the ending of its own name did, in runs of FMP. The column is nullable and has no default, so that only those units
are written.

Revision: 0030, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_COMMENT = "Unit of the run whose unanswered requests this one sends again; NULL for every other unit."


def upgrade() -> None:
    op.add_column("run_unit", sa.Column("repeats", sa.Text(), nullable=True, comment=_COMMENT))
    op.execute(
        "UPDATE run_unit u SET repeats = left(u.unit, -length(': again')) FROM task_execution_log t"
        " WHERE t.task_id = u.task_id AND t.source = 'fmp' AND u.unit LIKE '%: again'"
    )


def downgrade() -> None:
    op.drop_column("run_unit", "repeats")
