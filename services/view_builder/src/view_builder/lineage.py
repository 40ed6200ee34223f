"""The raw columns of each published column: `lineage.json`, which `scripts/write_lineage` derives from the SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

# with more columns than this, listing only the tables is clearer
MOST_SHOWN = 12


@cache
def read_lineage() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return, by view and column, the raw columns (`table.column`, `table.raw_json.member`) that its values come from."""
    text = resources.files("view_builder").joinpath("lineage.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(text)
    return found


def describe_origins(relation: str, column: str) -> str:
    """Return a column's origins in one line: columns by table, or only tables if there are many; empty if unknown."""
    by_table: dict[str, list[str]] = defaultdict(list)
    origins = read_lineage().get(relation, {}).get(column, ())
    for origin in origins:
        table, _, name = origin.partition(".")
        by_table[table].append(name)
    if len(origins) > MOST_SHOWN:
        return ", ".join(by_table)
    return ", ".join(f"{table} ({', '.join(names)})" for table, names in by_table.items())
