"""Adds a comment to every table and column: what it holds, and its unit if it has one.

`0024_comments.csv` lists the comments, and the former ones for the downgrade.

Revision: 0024, after 0023.
"""

from pathlib import Path

from sra_shared.schema.migrations.comments import set_comments

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_FILE = Path(__file__).with_suffix(".csv")


def upgrade() -> None:
    set_comments(_FILE, "comment")


def downgrade() -> None:
    set_comments(_FILE, "former")
