"""The reference of the tables: it is current, and every table and column has a description."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from sqlalchemy import Table

from sra_cli.settings import ROOT
from sra_shared.schema.tables import metadata

TABLES = [table for table in metadata.tables.values() if table.schema is None]
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
# one or more clauses that end with one full stop, and fit a line of psql
_COMMENT = re.compile(r"[A-Z0-9](?!.*(?:  |\.\.|, ,|\|))[^\n]{3,124}\.")


def test_the_tables_page_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/write_tables", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@each_table
def test_the_table_and_each_column_have_a_comment(table: Table) -> None:
    comments = {table.name: table.comment} | {column.name: column.comment for column in table.columns}
    assert {name for name, comment in comments.items() if not _COMMENT.fullmatch(comment or "")} == set()


@each_table
def test_moments_name_their_time_zone(table: Table) -> None:
    moments = [column for column in table.columns if str(column.type) == "DATETIME"]
    assert [column.name for column in moments if "(UTC)" not in (column.comment or "")] == []


@each_table
def test_its_writers_are_services_a_command_or_the_migration(table: Table) -> None:
    services = {path.parent.name for path in ROOT.glob("services/*/README.md")}
    assert table.info["writers"]
    assert set(table.info["writers"]) <= {*services, "`./sra share-basis load`", "`./sra lake`", "the migration"}
