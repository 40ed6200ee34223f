"""The columns of the tables that services write to, without SQLAlchemy, which has their declarations.

SQLAlchemy with all tables would take 25 MB and 400 ms of CPU time in each process that needs the type of a column.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class ColumnFacts:
    """A column of a table; `sql_type` is its type as PostgreSQL writes it, such as `NUMERIC(12, 2)` or `JSONB`."""

    name: str
    sql_type: str
    is_nullable: bool
    comment: str | None


def read_columns(table: str) -> Mapping[str, ColumnFacts]:
    """Return a table's columns by name, in order; raises KeyError for a table that no service writes to."""
    return _read_tables()[table]


def list_tables() -> frozenset[str]:
    """Return the names of the tables whose columns are known."""
    return frozenset(_read_tables())


@cache
def _read_tables() -> Mapping[str, Mapping[str, ColumnFacts]]:
    text = resources.files("sra_shared.schema").joinpath("columns.csv").read_text(encoding="utf-8")
    tables: dict[str, dict[str, ColumnFacts]] = defaultdict(dict)
    for row in csv.DictReader(text.splitlines()):
        facts = ColumnFacts(row["column"], row["type"], row["nullable"] == "yes", row["comment"] or None)
        tables[row["table"]][facts.name] = facts
    return dict(tables)
