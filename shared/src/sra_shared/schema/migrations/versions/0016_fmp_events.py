"""Events that change and end: dividends as sets, splits and dividends with validity, and whose a symbol was when.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_CURRENT_KEYS = {"fmp_split": "symbol, date", "fmp_dividend": "symbol, date, content_hash"}
_COMMENTS = {
    "valid_to": "Null while the list names it.",
    "ended_run_id": "The run whose answer named the event no longer; null while it is named.",
}


def upgrade() -> None:
    for table, key in _CURRENT_KEYS.items():
        _add_validity(table, key)
    _create_symbol_period()
    # what was known of symbols that changed hands; the next collection derives the whole table
    op.execute(
        "INSERT INTO fmp_symbol_period (symbol, place, valid_from, owner_symbol, run_id)"
        " SELECT c.old_symbol, 1, max(c.date), c.old_symbol, min(c.run_id::text)::uuid FROM fmp_symbol_change c"
        " JOIN fmp_symbol_alias a ON a.symbol = c.old_symbol AND a.valid_to >= c.date GROUP BY c.old_symbol"
    )


def _add_validity(table: str, key: str) -> None:
    # one rewrite of the table for all columns
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT pk_{table},"
        " ADD COLUMN row_id bigint NOT NULL DEFAULT nextval('fmp_snapshot_row'),"
        " ADD COLUMN valid_from timestamptz NOT NULL DEFAULT now(), ADD COLUMN valid_to timestamptz,"
        f" ADD COLUMN ended_run_id uuid, ADD CONSTRAINT pk_{table} PRIMARY KEY (symbol, row_id)"
    )
    # a row was overwritten when it was corrected: its content is known since then
    op.execute(f"UPDATE {table} SET valid_from = updated_at")  # noqa: S608
    for column, comment in _COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{comment}'")
    op.execute(f"CREATE UNIQUE INDEX uq_{table}_current ON {table} ({key}) WHERE valid_to IS NULL")
    op.execute(f"CREATE INDEX ix_{table}_date ON {table} (date) WHERE valid_to IS NULL")
    op.execute(f"CREATE INDEX ix_{table}_ended_run_id ON {table} (ended_run_id) WHERE ended_run_id IS NOT NULL")


def _create_symbol_period() -> None:
    op.create_table(
        "fmp_symbol_period",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column(
            "place",
            sa.Integer(),
            nullable=False,
            comment="Place among the symbol's owners, from 1 in the order of time.",
        ),
        sa.Column(
            "valid_from",
            sa.Date(),
            nullable=True,
            comment="First day of the owner: when the former owner's time ended; null: the first.",
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            nullable=True,
            comment="First day on which the symbol was no longer the owner's; null: it still is.",
        ),
        sa.Column(
            "taken_on",
            sa.Date(),
            nullable=True,
            comment="Day of the rename by which the owner took the symbol; null: it was listed so.",
        ),
        sa.Column("ended_by", sa.Text(), nullable=True, comment="rename or delisting."),
        sa.Column("renamed_to", sa.Text(), nullable=True, comment="Symbol that the owner took instead."),
        sa.Column(
            "owner_symbol",
            sa.Text(),
            nullable=False,
            comment="The owner's newest symbol; with owner_until it names the owner.",
        ),
        sa.Column(
            "owner_until",
            sa.Date(),
            nullable=True,
            comment="Day after the owner's delisting; null while it is not delisted.",
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that derived the row last."),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ended_by IN ('rename', 'delisting')", name=op.f("ck_fmp_symbol_period_ended_by_known")),
        sa.PrimaryKeyConstraint("symbol", "place", name=op.f("pk_fmp_symbol_period")),
    )
    op.create_index("ix_fmp_symbol_period_owner_symbol", "fmp_symbol_period", ["owner_symbol"])


def downgrade() -> None:
    op.drop_table("fmp_symbol_period")
    for table in _CURRENT_KEYS:
        op.execute(f"DELETE FROM {table} WHERE valid_to IS NOT NULL")  # noqa: S608
        # the former key holds one payment of a day
        op.execute(
            f"DELETE FROM {table} t USING {table} o WHERE (o.symbol, o.date) = (t.symbol, t.date) AND o.row_id < t.row_id"  # noqa: S608
        )
        for index in (f"uq_{table}_current", f"ix_{table}_date", f"ix_{table}_ended_run_id"):
            op.execute(f"DROP INDEX {index}")
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}, DROP COLUMN row_id, DROP COLUMN valid_from,"
            f" DROP COLUMN valid_to, DROP COLUMN ended_run_id, ADD CONSTRAINT pk_{table} PRIMARY KEY (symbol, date)"
        )
