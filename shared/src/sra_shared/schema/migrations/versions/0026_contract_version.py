"""The contract version of the published views, and the one that is being built beside it.

Revision: 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "published_contract",
        sa.Column(
            "only_row",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Always true: there is one row.",
        ),
        sa.Column(
            "version",
            sa.Integer(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Contract version of the views in schema sra.",
        ),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When this version was published (UTC).",
        ),
        sa.Column(
            "staged_version",
            sa.Integer(),
            nullable=True,
            comment="Contract version that is being built beside it; NULL if there is none.",
        ),
        sa.Column(
            "staged_revision",
            sa.Text(),
            nullable=True,
            comment="Migration revision of the database when that build began; another one starts it over.",
        ),
        sa.CheckConstraint("only_row", name=op.f("ck_published_contract_one_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_published_contract")),
        comment="Contract version of the published views.",
    )
    op.execute("INSERT INTO published_contract DEFAULT VALUES")


def downgrade() -> None:
    op.drop_table("published_contract")
