"""Rewords comments of tables and columns: standard terms, such as the tokens of the limiter, and shorter sentences.

`0029_reword_comments.csv` lists the comments, and the former ones for the downgrade.

Revision: 0029, after 0028.
"""

from pathlib import Path

from sra_shared.schema.migrations.comments import set_comments

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_FILE = Path(__file__).with_suffix(".csv")


def upgrade() -> None:
    set_comments(_FILE, "comment")


def downgrade() -> None:
    set_comments(_FILE, "former")
