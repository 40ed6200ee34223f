"""A table of the ratios of listed shares to those of statements, which no vendor delivers.

Revision: 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "share_basis",
        sa.Column("symbol", sa.Text(), nullable=False, comment="Symbol of the listing in FMP's form and in capitals."),
        sa.Column(
            "valid_from", sa.Date(), nullable=False, comment="First day of the ratio, which holds until the next one."
        ),
        sa.Column(
            "ratio",
            sa.Numeric(),
            nullable=False,
            comment="Number of shares, as the company's statements count them, that one share of the listing is.",
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="Document that states the ratio."),
        sa.Column(
            "loaded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the entry was loaded (UTC).",
        ),
        sa.PrimaryKeyConstraint("symbol", "valid_from", name=op.f("pk_share_basis")),
        sa.CheckConstraint("ratio > 0", name=op.f("ck_share_basis_ratio_positive")),
        comment="Ratios of depositary receipts and share classes to the shares of the statements; maintained by hand.",
    )


def downgrade() -> None:
    op.drop_table("share_basis")
