"""Counts the rows that a rebuild of a view would change, next to everything that readers use, and leaves nothing behind."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from view_builder.compile import LAST_RUN_COLUMN, CompiledView, quote_name
from view_builder.merge import STATEMENT_SECONDS, create_affected_keys, create_staging, fill_all_keys, match_columns
from view_builder.schemas import Schemas
from view_builder.sql_files import read_core

# the code's own schema core; everything else is what is published
_PLANNED = Schemas(core="core_planned")


@dataclass(frozen=True)
class RowChanges:
    """Rows that a rebuild adds, changes and removes."""

    inserted: int
    updated: int
    deleted: int


async def count_changes(connection: Connection, view: CompiledView) -> RowChanges:
    """Compute all rows of a materialized view and compare them with the published ones.

    Views that it reads are as they are published, whatever else would change. Raises asyncpg.PostgresError if the view reads
    what is not published yet.
    """
    placed = replace(view, spec=_PLANNED.place_spec(view.spec))
    transaction = connection.transaction()
    await transaction.start()
    try:
        await _define_core(connection)
        await connection.execute(create_affected_keys(placed))
        await connection.execute(fill_all_keys(placed), timeout=STATEMENT_SECONDS)
        await connection.execute("ANALYZE affected_keys")
        await connection.execute(create_staging(placed, full=True), timeout=STATEMENT_SECONDS)
        await connection.execute("ANALYZE staging")
        row = await connection.fetchrow(await _compare(connection, view), timeout=STATEMENT_SECONDS)
    finally:
        await transaction.rollback()
    return RowChanges(**dict(row or {}))


async def _define_core(connection: Connection) -> None:
    await connection.execute(f"CREATE SCHEMA {_PLANNED.core}")
    await connection.execute("SET LOCAL check_function_bodies = off")
    for item in read_core().values():
        await connection.execute(_PLANNED.place(item.statement))


async def _compare(connection: Connection, view: CompiledView) -> str:
    """Return the query that compares the columns that both sides have, as the merge does."""
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
        view.table,
    )
    present = {row["attname"] for row in rows}
    names = [column.name for column in view.computed if column.name in present and column.name not in view.spec.key]
    compared = [quote_name(name) for name in names if name != LAST_RUN_COLUMN]
    return compose(
        "SELECT count(*) FILTER (WHERE b.{key} IS NULL) AS inserted, count(*) FILTER (WHERE f.{key} IS NULL) AS deleted,"
        " count(*) FILTER (WHERE b.{key} IS NOT NULL AND f.{key} IS NOT NULL"
        " AND ROW({former})::text IS DISTINCT FROM ROW({new})::text) AS updated"
        " FROM staging f FULL JOIN {table} b ON {same}",
        key=quote_name(view.spec.key[0]),
        former=", ".join(f"b.{name}" for name in compared),
        new=", ".join(f"f.{name}" for name in compared),
        table=view.table,
        same=match_columns(view.spec.key, "b", "f"),
    )
