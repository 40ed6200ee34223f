"""Exchange rates, and how far back each dataset of FMP is stored.

Prices, splits and dividends that the former first history brought are not asked for again.

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# those of its parts that ended well; a run that is still at work notes the others itself
_NOTE_DONE = """
INSERT INTO fmp_history_state (dataset, part, first_day, is_whole, run_id)
SELECT DISTINCT ON (u.unit) u.unit, 'listed', (t.parameters->>'from')::date, true, t.task_id
FROM run_unit u JOIN task_execution_log t USING (task_id)
WHERE t.work_key = 'fmp_backfill:first' AND u.unit IN ('eod_prices', 'splits', 'dividends') AND u.status = 'completed'
ORDER BY u.unit, (t.parameters->>'from')::date
"""
# where the ledger no longer knows the run, the prices themselves show how far back they reach; those of some symbols that
# somebody asked for do not count
_NOTE_STORED = """
INSERT INTO fmp_history_state (dataset, part, first_day, is_whole)
SELECT d.dataset, 'listed', p.first_day, true
FROM unnest(ARRAY['eod_prices', 'splits', 'dividends']) d (dataset), (SELECT min(date) AS first_day FROM fmp_eod_price) p
WHERE p.first_day IS NOT NULL
  AND NOT EXISTS (SELECT FROM task_execution_log t WHERE t.work_key = 'fmp_backfill:first')
  AND EXISTS (SELECT FROM fmp_eod_price e WHERE NOT EXISTS (
    SELECT FROM task_execution_log t WHERE t.task_id = e.run_id AND t.parameters ? 'symbols'))
"""


def upgrade() -> None:
    op.create_table(
        "fmp_exchange_rate",
        sa.Column("pair", sa.Text(), nullable=False, comment="USDCAD is Canadian dollars for one US dollar."),
        sa.Column("date", sa.Date(), nullable=False),
        *[sa.Column(name, sa.Numeric(), nullable=True) for name in ("open", "high", "low", "close")],
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "call_id",
            sa.BigInteger(),
            nullable=True,
            comment="The call that brought the row, as in fmp_call; null in rows stored before calls were kept.",
        ),
        sa.PrimaryKeyConstraint("pair", "date", name=op.f("pk_fmp_exchange_rate")),
    )
    op.create_table(
        "fmp_history_state",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column(
            "part",
            sa.Text(),
            nullable=False,
            comment="listed or delisted companies, or the index or pair of currencies of which there are series.",
        ),
        sa.Column("first_day", sa.Date(), nullable=False, comment="Everything from this day on was asked for."),
        sa.Column("is_whole", sa.Boolean(), nullable=False, comment="False where the plan refused some of it."),
        sa.Column("run_id", sa.Uuid(), nullable=True, comment="The backfill; null where it was not known."),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "part", name=op.f("pk_fmp_history_state")),
    )
    op.execute(_NOTE_DONE)
    op.execute(_NOTE_STORED)


def downgrade() -> None:
    op.drop_table("fmp_history_state")
    op.drop_table("fmp_exchange_rate")
