"""Scores, earnings, movers, index prices; peers, weights of ETFs and members of indices.

Revision: 0009, after 0008.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = [
    "fmp_score",
    "fmp_earning",
    "fmp_mover",
    "fmp_index_price",
    "fmp_peer",
    "fmp_etf_country",
    "fmp_etf_sector",
    "fmp_constituent",
    "fmp_constituent_change",
]

# what a run wrote or closed is asked for by each build of views
BLOCK_INDEXES = (
    ("ix_fmp_earning_run", "fmp_earning", "run_id"),
    ("ix_fmp_peer_run", "fmp_peer", "run_id"),
    ("ix_fmp_peer_closed", "fmp_peer", "valid_to"),
)


def provenance() -> list[sa.Column[Any]]:
    return [
        sa.Column(
            "raw_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The record as delivered."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row last."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def validity() -> list[sa.Column[Any]]:
    return [
        sa.Column("row_id", sa.BigInteger(), server_default=sa.text("nextval('fmp_snapshot_row')"), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True, comment="Null while the list names it."),
    ]


def upgrade() -> None:
    op.create_table(
        "fmp_score",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("reported_currency", sa.Text(), nullable=True),
        sa.Column("altman_z_score", sa.Numeric(), nullable=True),
        sa.Column("piotroski_score", sa.Numeric(), nullable=True),
        sa.Column("working_capital", sa.Numeric(), nullable=True),
        sa.Column("total_assets", sa.Numeric(), nullable=True),
        sa.Column("retained_earnings", sa.Numeric(), nullable=True),
        sa.Column("ebit", sa.Numeric(), nullable=True),
        sa.Column("market_cap", sa.Numeric(), nullable=True),
        sa.Column("total_liabilities", sa.Numeric(), nullable=True),
        sa.Column("revenue", sa.Numeric(), nullable=True),
        *provenance(),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_fmp_score")),
    )
    op.create_table(
        "fmp_earning",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("eps_actual", sa.Numeric(), nullable=True),
        sa.Column("eps_estimated", sa.Numeric(), nullable=True),
        sa.Column("revenue_actual", sa.Numeric(), nullable=True),
        sa.Column("revenue_estimated", sa.Numeric(), nullable=True),
        *provenance(),
        sa.PrimaryKeyConstraint("symbol", "date", name=op.f("pk_fmp_earning")),
    )
    op.create_table(
        "fmp_mover",
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("change", sa.Numeric(), nullable=True),
        sa.Column("changes_percentage", sa.Numeric(), nullable=True),
        *provenance(),
        sa.PrimaryKeyConstraint("session_date", "direction", "symbol", name=op.f("pk_fmp_mover")),
    )
    op.create_table(
        "fmp_index_price",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Numeric(), nullable=True),
        sa.Column("high", sa.Numeric(), nullable=True),
        sa.Column("low", sa.Numeric(), nullable=True),
        sa.Column("close", sa.Numeric(), nullable=True),
        sa.Column("volume", sa.Numeric(), nullable=True),
        *provenance(),
        sa.PrimaryKeyConstraint("symbol", "date", name=op.f("pk_fmp_index_price")),
    )
    op.create_table(
        "fmp_peer",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("peer_symbol", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, comment="As the vendor orders them, from 1."),
        *provenance(),
        *validity(),
        sa.PrimaryKeyConstraint("symbol", "row_id", name=op.f("pk_fmp_peer")),
    )
    op.create_index(
        "uq_fmp_peer_current",
        "fmp_peer",
        ["symbol", "peer_symbol"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "fmp_etf_country",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("weight_percentage", sa.Numeric(), nullable=True),
        *provenance(),
        *validity(),
        sa.PrimaryKeyConstraint("symbol", "row_id", name=op.f("pk_fmp_etf_country")),
    )
    op.create_index(
        "uq_fmp_etf_country_current",
        "fmp_etf_country",
        ["symbol", "country"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "fmp_etf_sector",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("weight_percentage", sa.Numeric(), nullable=True),
        *provenance(),
        *validity(),
        sa.PrimaryKeyConstraint("symbol", "row_id", name=op.f("pk_fmp_etf_sector")),
    )
    op.create_index(
        "uq_fmp_etf_sector_current",
        "fmp_etf_sector",
        ["symbol", "sector"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "fmp_constituent",
        sa.Column("index_name", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("sector", sa.Text(), nullable=True),
        sa.Column("sub_sector", sa.Text(), nullable=True),
        sa.Column("head_quarter", sa.Text(), nullable=True),
        sa.Column("date_first_added", sa.Text(), nullable=True),
        sa.Column("cik", sa.Text(), nullable=True),
        sa.Column("founded", sa.Text(), nullable=True),
        *provenance(),
        *validity(),
        sa.PrimaryKeyConstraint("index_name", "row_id", name=op.f("pk_fmp_constituent")),
    )
    op.create_index(
        "uq_fmp_constituent_current",
        "fmp_constituent",
        ["index_name", "symbol"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    for name, table, column in BLOCK_INDEXES:
        op.execute(
            f"CREATE INDEX {name} ON {table} USING brin ({column}) WITH (pages_per_range = 32, autosummarize = true)"
        )
    op.create_table(
        "fmp_constituent_change",
        sa.Column("index_name", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("removed_ticker", sa.Text(), nullable=False),
        sa.Column("date_added", sa.Text(), nullable=True),
        sa.Column("added_security", sa.Text(), nullable=True),
        sa.Column("removed_security", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        *provenance(),
        sa.PrimaryKeyConstraint(
            "index_name", "date", "symbol", "removed_ticker", name=op.f("pk_fmp_constituent_change")
        ),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
