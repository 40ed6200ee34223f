"""Migrations against the models, and what a start makes of a database."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from sra_shared.db import open_connection, open_engine
from sra_shared.errors import ConfigError
from sra_shared.migrate import (
    read_newest_revision,
    read_revision,
    read_sandbox_mark,
    require_revision,
    upgrade_database,
)
from sra_shared.tables import metadata


def is_ours(_object: object, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:
    """Leave out what is made by rule and not declared one by one: partitions and the version table."""
    return not (kind == "table" and reflected and name is not None and name not in metadata.tables)


async def test_migrations_make_what_the_models_say(database: str) -> None:
    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": is_ours})
        return list(compare_metadata(context, metadata))

    engine = open_engine(database, application_name="test")
    async with engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await engine.dispose()
    assert differences == []


DESCRIBE_TABLES = """
SELECT c.relname::text AS relation, 'column' AS kind, a.attname::text AS name, format_type(a.atttypid, a.atttypmod)
         || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || a.attidentity::text || a.attgenerated::text
         || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
         || coalesce(' -- ' || col_description(c.oid, a.attnum), '') AS definition
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relname = ANY($1::text[])
UNION ALL SELECT c.relname, 'constraint', k.conname, pg_get_constraintdef(k.oid)
  FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid WHERE c.relname = ANY($1::text[])
UNION ALL SELECT c.relname, 'index', i.relname, pg_get_indexdef(i.oid)
  FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
  WHERE c.relname = ANY($1::text[])
UNION ALL SELECT c.relname, 'partitions', '', pg_get_partkeydef(c.oid)
  FROM pg_class c WHERE c.relkind = 'p' AND c.relname = ANY($1::text[])"""

APPEND_ONLY = {
    "fundata_data",
    "fundata_data_superseded",
    "fundata_quotes",
    "fundata_quotes_superseded",
    "fmp_balance_sheet",
    "fmp_balance_sheet_growth",
    "fmp_cash_flow",
    "fmp_cash_flow_growth",
    "fmp_financial_growth",
    "fmp_income_growth",
    "fmp_income_statement",
    "fmp_key_metric",
    "fmp_ratio",
}


async def describe_tables(dsn: str) -> set[tuple[str, ...]]:
    connection = await open_connection(dsn, application_name="test")
    try:
        rows = await connection.fetch(DESCRIBE_TABLES, [table.name for table in metadata.tables.values()])
        return {tuple(row.values()) for row in rows}
    finally:
        await connection.close()


async def test_checks_defaults_keys_and_indexes_are_those_of_the_models(database: str, empty_database: str) -> None:
    """What Alembic's own comparison leaves out too: the database says the same of tables made in both ways."""
    connection = await open_connection(empty_database, application_name="test")
    # a default of the models counts by it
    await connection.execute("CREATE SEQUENCE fmp_snapshot_row")
    await connection.close()
    engine = open_engine(empty_database, application_name="test")
    async with engine.begin() as opened:
        await opened.run_sync(metadata.create_all)
    await engine.dispose()
    migrated, modelled = await describe_tables(database), await describe_tables(empty_database)
    assert len(migrated) > 1000
    assert sorted(migrated - modelled) == []
    assert sorted(modelled - migrated) == []


async def test_append_only_tables_and_their_partitions_have_the_trigger(database: str) -> None:
    connection = await open_connection(database, application_name="test")
    rows = await connection.fetch(
        "SELECT coalesce(i.inhparent, c.oid)::regclass::text AS root, count(*) AS relations,"
        " count(t.oid) FILTER (WHERE t.tgenabled = 'A') AS guarded"
        " FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid"
        " LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'append_only'"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace GROUP BY 1"
    )
    await connection.close()
    assert {row["root"] for row in rows if row["guarded"]} == APPEND_ONLY
    assert [row["root"] for row in rows if row["guarded"] not in (0, row["relations"])] == []
    assert max(row["relations"] for row in rows if row["guarded"]) > 60


async def test_every_table_that_is_no_partition_is_declared(database: str) -> None:
    connection = await open_connection(database, application_name="test")
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    await connection.close()
    declared = {table.name for table in metadata.tables.values() if table.schema is None}
    assert {row["relname"] for row in rows} - {"alembic_version"} == declared


async def test_two_migrations_at_once_do_not_collide(empty_database: str) -> None:
    revisions = await asyncio.gather(*(upgrade_database(empty_database) for _ in range(2)))
    assert revisions == [read_newest_revision()] * 2


async def test_foreign_database_is_refused(empty_database: str) -> None:
    connection = await open_connection(empty_database, application_name="test")
    await connection.execute("CREATE TABLE somebody_elses (n int)")
    await connection.close()
    with pytest.raises(ConfigError, match="did not make"):
        await upgrade_database(empty_database)


async def test_sandbox_mark_is_set_once_and_only_on_an_empty_database(database: str, empty_database: str) -> None:
    await upgrade_database(empty_database, sandbox=True)
    await upgrade_database(empty_database)
    connection = await open_connection(empty_database, application_name="test")
    assert await read_sandbox_mark(connection)
    await connection.close()
    with pytest.raises(ConfigError, match="cannot become a sandbox"):
        await upgrade_database(database, sandbox=True)


async def test_older_database_is_named(empty_database: str) -> None:
    connection: asyncpg.Connection[asyncpg.Record] = await open_connection(empty_database, application_name="test")
    assert await read_revision(connection) is None
    with pytest.raises(ConfigError, match=r"revision \(none\)"):
        await require_revision(connection)
    await upgrade_database(empty_database, revision="0001")
    with pytest.raises(ConfigError, match="revision 0001"):
        await require_revision(connection)
    await upgrade_database(empty_database)
    await require_revision(connection)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await require_revision(connection)
    await connection.close()


async def test_user_named_like_the_schema_still_finds_the_tables(database: str) -> None:
    owner = await open_connection(database, application_name="test")
    await owner.execute("DROP ROLE IF EXISTS sra")
    await owner.execute("CREATE ROLE sra LOGIN SUPERUSER PASSWORD 'sra'")
    address = urlsplit(database)
    same_name = urlunsplit(address._replace(netloc=f"sra:sra@{address.hostname}:{address.port}"))
    connection = await open_connection(same_name, application_name="test")
    kind = await connection.fetchval("SELECT relkind::text FROM pg_class WHERE oid = 'fundata_quotes'::regclass")
    await connection.close()
    await owner.execute("DROP ROLE sra")
    await owner.close()
    assert kind == "p"
