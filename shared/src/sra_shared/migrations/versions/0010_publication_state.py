"""Up to when the runs that ended are in a view, and an index that finds the ones that ended since.

Revision: 0010, after 0009.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE published_view ADD COLUMN settled_until TIMESTAMP WITH TIME ZONE")
    op.execute(
        "COMMENT ON COLUMN published_view.settled_until"
        " IS 'Every run that ended before it, and concerns the view, is in.'"
    )
    op.execute("CREATE INDEX ix_task_execution_log_completed ON task_execution_log (completed_at)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_task_execution_log_completed")
    op.execute("ALTER TABLE published_view DROP COLUMN settled_until")
