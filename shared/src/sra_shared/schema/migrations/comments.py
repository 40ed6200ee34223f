"""Sets comments of tables and columns from a file that lists them with the former ones.

A comment is an entry of the catalogue: no row is read or written, and readers and writers of the tables do not wait. One
statement sets all comments, so a remote server takes as long as a local one.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Literal

from alembic import op

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


def set_comments(file: Path, which: Literal["comment", "former"]) -> None:
    """Set the comments of one column of the file, whose columns are table, column, comment and former."""
    comments = [
        {"table": row["table"], "column": row["column"], "comment": row[which]}
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    ]
    op.get_bind().exec_driver_sql(_SQL_SET.replace("{comments}", json.dumps(comments, ensure_ascii=False)))
