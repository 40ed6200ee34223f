"""Which raw columns each published column comes of: `lineage.json`, which `scripts/write_lineage` derives from the SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

# of more, the tables alone are clearer
MOST_SHOWN = 12


@cache
def read_lineage() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return, by view and column, the raw columns (`table.column`, `table.raw_json.member`) that its values come of."""
    text = resources.files("view_builder").joinpath("lineage.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(text)
    return found


def describe_origins(relation: str, column: str) -> str:
    """Return a column's origins on one line: the columns by table, or of many the tables; nothing where none are known."""
    by_table: dict[str, list[str]] = defaultdict(list)
    origins = read_lineage().get(relation, {}).get(column, ())
    for origin in origins:
        table, _, name = origin.partition(".")
        by_table[table].append(name)
    if len(origins) > MOST_SHOWN:
        return ", ".join(by_table)
    return ", ".join(f"{table} ({', '.join(names)})" for table, names in by_table.items())
