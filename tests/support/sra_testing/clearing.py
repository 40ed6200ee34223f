"""A database that tests use one after the other: it is cleared after each of them."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from sra_shared.kit.db import Connection

_USERS_SCHEMAS = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%'"
# a table that was never filled, or was truncated since, has no pages
_LIST_FILLED = f"""
SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND {_USERS_SCHEMAS} AND pg_relation_size(c.oid) > 0 ORDER BY 1
"""  # noqa: S608 - constants of this module
_LIST_RELATIONS = f"""
SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind = 'v' AS is_view
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND {_USERS_SCHEMAS} ORDER BY 1
"""  # noqa: S608


@dataclass(frozen=True)
class Baseline:
    """The state of a new database: its relations, and the tables with rows together with those rows."""

    relations: frozenset[str]
    contents: dict[str, str]


async def read_baseline(connection: Connection) -> Baseline:
    """Return the current state of the database."""
    relations = frozenset(row["name"] for row in await connection.fetch(_LIST_RELATIONS))
    filled = [row["name"] for row in await connection.fetch(_LIST_FILLED)]
    return Baseline(relations, {name: await _read_content(connection, name) for name in filled})


async def clear_database(connection: Connection, baseline: Baseline) -> None:
    """Empty the tables that were empty in the baseline, restart their sequences and drop the views added since.

    Raises AssertionError if a test changed what cannot be cleared: such a test needs its own database.
    """
    for row in await connection.fetch(_LIST_RELATIONS):
        if row["is_view"] and row["name"] not in baseline.relations:
            # dropping another one may have dropped it too
            await connection.execute(f"DROP VIEW IF EXISTS {row['name']} CASCADE")
    while filled := [
        row["name"] for row in await connection.fetch(_LIST_FILLED) if row["name"] not in baseline.contents
    ]:
        try:
            await connection.execute(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE")
        except asyncpg.DeadlockDetectedError:
            # a service was using the same tables
            continue
    relations = frozenset(row["name"] for row in await connection.fetch(_LIST_RELATIONS))
    assert relations == baseline.relations, f"a test added or dropped {relations ^ baseline.relations}"
    contents = {name: await _read_content(connection, name) for name in baseline.contents}
    changed = {name for name, content in contents.items() if content != baseline.contents[name]}
    assert not changed, f"a test changed {', '.join(sorted(changed))}"


async def _read_content(connection: Connection, table: str) -> str:
    content: str = await connection.fetchval(
        f"SELECT coalesce(string_agg(t::text, ';' ORDER BY t::text), '') FROM {table} t"  # noqa: S608
    )
    return content
