"""Adds a comment to every table and column: what it holds, and its unit if it has one.

`0024_comments.csv` lists the comments, and those of before for the downgrade. A comment is an entry of the catalog: no row is
read or written, and readers and writers of the tables do not wait. One statement sets them all, so that a distant server takes
no longer than a near one.

Revision: 0024, after 0023.
"""

import csv
import json
from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_SQL_SET = """
DO $do$
DECLARE item record;
BEGIN
  FOR item IN
    SELECT x."table", nullif(x."column", '') AS "column", nullif(x.comment, '') AS comment
    FROM json_to_recordset($comments${comments}$comments$) AS x ("table" text, "column" text, comment text)
  LOOP
    IF item."column" IS NULL THEN
      EXECUTE format('COMMENT ON TABLE public.%I IS %L', item."table", item.comment);
    ELSE
      EXECUTE format('COMMENT ON COLUMN public.%I.%I IS %L', item."table", item."column", item.comment);
    END IF;
  END LOOP;
END
$do$
"""


def upgrade() -> None:
    _set_comments("comment")


def downgrade() -> None:
    _set_comments("former")


def _set_comments(which: str) -> None:
    text = Path(__file__).with_suffix(".csv").read_text(encoding="utf-8")
    comments = [
        {"table": row["table"], "column": row["column"], "comment": row[which]}
        for row in csv.DictReader(text.splitlines())
    ]
    op.get_bind().exec_driver_sql(_SQL_SET.replace("{comments}", json.dumps(comments, ensure_ascii=False)))
