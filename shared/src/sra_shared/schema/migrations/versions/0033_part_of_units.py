"""A unit of FMP that is about delisted securities says so in its detail.

Until now the ending of its name did. Units without a detail are about listed ones.

Revision: 0033, after 0032.
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_OF_DELISTED = "t.task_id = u.task_id AND t.source = 'fmp' AND coalesce(u.repeats, u.unit) LIKE '%: delisted'"


def upgrade() -> None:
    op.execute(
        'UPDATE run_unit u SET detail = u.detail || \'{"part": "delisted"}\' FROM task_execution_log t'  # noqa: S608
        f" WHERE {_OF_DELISTED}"
    )


def downgrade() -> None:
    op.execute(f"UPDATE run_unit u SET detail = u.detail - 'part' FROM task_execution_log t WHERE {_OF_DELISTED}")  # noqa: S608
