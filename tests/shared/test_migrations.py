"""Migrations against the models, and databases at the start of a service."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from sra_shared.kit.database.revision import read_newest_revision, read_revision, read_sandbox_mark, require_revision
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.migrate import upgrade_database
from sra_shared.schema.tables import metadata
from sra_shared.schema.upgrade import _make_config, open_engine
from sra_testing.schema_text import describe_tables

pytestmark = pytest.mark.versions


def is_ours(_object: object, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:
    """Leave out what is made by rule and not declared one by one: partitions and the version table."""
    return not (kind == "table" and reflected and name is not None and name not in metadata.tables)


@pytest.fixture(scope="session")
def database_template(whole_template: str) -> str:
    """With every partition that the migrations make, since these tests look at them."""
    return whole_template


async def test_migrations_create_the_tables_of_the_models(database: str) -> None:
    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": is_ours})
        return list(compare_metadata(context, metadata))

    engine = open_engine(database, application_name="test")
    async with engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await engine.dispose()
    assert differences == []


APPEND_ONLY = {
    "fundata_data",
    "fundata_data_superseded",
    "fundata_quotes",
    "fundata_quotes_superseded",
    "archived_run",
    "fmp_balance_sheet",
    "fmp_balance_sheet_growth",
    "fmp_call",
    "fmp_cash_flow",
    "fmp_cash_flow_growth",
    "fmp_financial_growth",
    "fmp_income_growth",
    "fmp_income_statement",
    "fmp_key_metric",
    "fmp_ratio",
    "fmp_row_history",
}


async def test_checks_defaults_keys_and_indexes_are_those_of_the_models(database: str, empty_database: str) -> None:
    """What Alembic's own comparison leaves out too: the database says the same of tables made in both ways, comments included."""
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


async def read_comments(dsn: str) -> dict[tuple[str, str], str]:
    """Return the comments of tables (with an empty column) and columns."""
    connection = await open_connection(dsn, application_name="test")
    rows = await connection.fetch(
        "SELECT c.relname, coalesce(a.attname, '') AS attname, d.description FROM pg_description d"
        " JOIN pg_class c ON c.oid = d.objoid AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0"
        " WHERE d.classoid = 'pg_class'::regclass"
    )
    await connection.close()
    return {(row["relname"], row["attname"]): row["description"] for row in rows}


async def test_comments_are_added_and_removed(empty_database: str) -> None:
    await upgrade_database(empty_database, revision="0023")
    before = await read_comments(empty_database)
    writer = await open_connection(empty_database, application_name="test")
    async with writer.transaction():
        await writer.execute("LOCK TABLE fmp_eod_price, rejected_record IN ROW EXCLUSIVE MODE")
        # it does not wait for writers, nor they for it
        await asyncio.wait_for(upgrade_database(empty_database, revision="0024"), 20)
    await writer.close()
    # later revisions add columns with their comments
    await upgrade_database(empty_database)
    after = await read_comments(empty_database)
    tables = [table for table in metadata.tables.values() if table.schema is None]
    assert {(table.name, column.name) for table in tables for column in table.columns} <= set(after)
    assert {(table.name, "") for table in tables} <= set(after)
    engine = open_engine(empty_database, application_name="test")
    async with engine.begin() as connection:
        await connection.run_sync(lambda opened: command.downgrade(_make_config(opened), "0023"))
    await engine.dispose()
    assert len(before) > 100
    assert await read_comments(empty_database) == before


async def test_two_migrations_at_once_do_not_collide(empty_database: str) -> None:
    revisions = await asyncio.gather(*(upgrade_database(empty_database) for _ in range(2)))
    assert revisions == [read_newest_revision()] * 2


async def test_foreign_database_is_refused(empty_database: str) -> None:
    connection = await open_connection(empty_database, application_name="test")
    await connection.execute("CREATE TABLE somebody_elses (n int)")
    await connection.close()
    with pytest.raises(ConfigError, match="did not create"):
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
