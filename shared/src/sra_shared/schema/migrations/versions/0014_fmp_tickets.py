"""The limiter counts tickets instead of moments; the vendor's limit is the day's only while it is being asked.

A process of the code before finds its column gone and calls no more; the first minute after the migration is waited out,
since nobody knows what the old limiter let through.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("fmp_limiter", "next_slot_at")
    op.execute("DELETE FROM fmp_limiter_worker")
    for name, text in (
        ("wants", "Calls that it could have in flight."),
        ("tickets", "Tickets at hand and with calls."),
    ):
        op.add_column("fmp_limiter_worker", sa.Column(name, sa.Integer(), nullable=False, comment=text))
    op.create_table(
        "fmp_limiter_ticket",
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column(
            "usable_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="A little more than a minute after the call before was answered.",
        ),
        sa.Column("tickets", sa.Integer(), nullable=False, comment="Tickets that no process has."),
        sa.PrimaryKeyConstraint("budget", "usable_at", name=op.f("pk_fmp_limiter_ticket")),
    )
    op.add_column(
        "fmp_quota",
        sa.Column("limited_at", sa.DateTime(timezone=True), nullable=True, comment="Last limit answer."),
    )


def downgrade() -> None:
    op.drop_column("fmp_quota", "limited_at")
    op.drop_table("fmp_limiter_ticket")
    op.drop_column("fmp_limiter_worker", "tickets")
    op.drop_column("fmp_limiter_worker", "wants")
    op.add_column(
        "fmp_limiter",
        sa.Column(
            "next_slot_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
            comment="First moment that no process has reserved.",
        ),
    )
    op.alter_column("fmp_limiter", "next_slot_at", server_default=None)
