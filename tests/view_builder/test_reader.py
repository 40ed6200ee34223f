"""Role sra_reader: reads all of schema sra, nothing else, and writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import asyncpg
import pytest

from sra_shared.kit.database.reader_limits import ANALYST, READER
from sra_shared.kit.database.reader_roles import prepare_reader, read_reader_state
from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, read_rows
from sra_testing.records import put_fund, put_quote, put_run
from view_builder.compile import CompiledView
from view_builder.core import define_core
from view_builder.sql_files import read_core

PASSWORD = "read-and-nothing-else"


@pytest.fixture
async def reader(
    pool: Pool, database: str, views: tuple[CompiledView, ...]
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection of the SRA app to a database with something in it."""
    await build_all(pool, views)
    async with pool.acquire() as connection:
        state = await prepare_reader(connection, PASSWORD)
        assert state.ready
        assert state.can_login
    host = database.rsplit("@", maxsplit=1)[-1]
    opened = await asyncpg.connect(f"postgresql://{READER}:{PASSWORD}@{host}")
    yield opened
    await opened.close()


async def test_every_view_and_function_is_readable(
    pool: Pool, reader: asyncpg.Connection[asyncpg.Record], views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", (await connection.fetchval("SELECT date '2025-09-26'")), "1.25")
    await build_all(pool, views)
    for view in views:
        # search_path leads to sra, and every row is read to the last column
        await reader.fetch(f"SELECT count(v::text) FROM {view.relation} v")  # noqa: S608
    for function in ("fundata_data_as_of", "fundata_quotes_as_of"):
        assert await reader.fetch(f"SELECT * FROM {function}('2025-12-31', now())")  # noqa: S608
    assert await reader.fetch("SELECT * FROM equity_fundamentals_as_of(now(), 'strict')") == []
    assert await reader.fetch("SELECT * FROM financial_statements_as_of(now(), 'strict')") == []
    (priced,) = await reader.fetch("SELECT * FROM prices_on('2025-09-27', ARRAY['fundata:1'], 'CAD')")
    assert (priced["price_date"], priced["value"]) == (date(2025, 9, 26), Decimal("1.25"))
    assert len(await reader.fetch("SELECT * FROM search_securities('FUND')")) == 1
    for function in ("price_adjustment_as_of", "equity_quote_history_as_of"):
        assert await reader.fetch(f"SELECT * FROM {function}(now(), ARRAY['ABC'])") == []  # noqa: S608


async def test_nothing_else_is_readable_or_executable(pool: Pool, reader: asyncpg.Connection[asyncpg.Record]) -> None:
    relations = await read_rows(
        pool,
        "SELECT n.nspname || '.' || quote_ident(c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname NOT IN ('sra', 'pg_catalog', 'information_schema')"
        " AND n.nspname !~ '^pg_(toast|temp)'",
    )
    assert len(relations) > 100
    for row in relations:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetch(f"SELECT * FROM {row['name']}")  # noqa: S608
    allowed = await read_rows(
        pool,
        "SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege($1, n.oid, 'USAGE')"
        " AND has_function_privilege($1, p.oid, 'EXECUTE')",
        READER,
    )
    views = ("fundata_data", "fundata_quotes", "equity_fundamentals", "price_adjustment", "equity_quote_history")
    functions = {"prices_on", "search_securities", "financial_statements_as_of", *(f"{view}_as_of" for view in views)}
    assert {row["name"].split("(")[0] for row in allowed} == {f"sra.{function}" for function in functions}


async def test_functions_with_their_owners_rights_are_for_the_roles_that_read(
    pool: Pool, reader: asyncpg.Connection[asyncpg.Record]
) -> None:
    functions = await read_rows(
        pool,
        "SELECT p.proname AS name, p.proconfig AS settings, has_function_privilege('public', p.oid, 'EXECUTE') AS is_public"
        " FROM pg_proc p WHERE p.pronamespace = 'sra'::regnamespace AND p.prosecdef ORDER BY 1",
    )
    assert [row["name"] for row in functions] == [
        "equity_fundamentals_as_of",
        "equity_quote_history_as_of",
        "financial_statements_as_of",
        "price_adjustment_as_of",
        "search_securities",
    ]
    # no object of the caller can take the place of one that they name
    assert {tuple(row["settings"][:2]) for row in functions} == {("search_path=pg_catalog, pg_temp", "TimeZone=UTC")}
    assert not any(row["is_public"] for row in functions)
    await pool.execute(f"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA sra FROM {READER}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.fetch("SELECT * FROM equity_fundamentals_as_of(now(), 'strict')")
    async with pool.acquire() as connection:
        assert (await prepare_reader(connection, PASSWORD)).ready
    await reader.fetch("SELECT * FROM equity_fundamentals_as_of(now(), 'strict')")


async def test_only_functions_of_live_views_are_executable_in_core(
    pool: Pool, reader: asyncpg.Connection[asyncpg.Record]
) -> None:
    for statement in ("SELECT core.ratio(1, 2)", "SELECT core.is_active('')", "SELECT * FROM core.live_runs"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetch(statement)
    executable = await read_rows(
        pool,
        "SELECT p.proname AS name FROM pg_proc p WHERE p.pronamespace = 'core'::regnamespace"
        " AND has_function_privilege($1, p.oid, 'EXECUTE') ORDER BY 1",
        READER,
    )
    # of their arguments, or of views of sra
    names = [
        *(
            "accepted_at",
            "adjusted_amount",
            "adjustment_factors",
            "assumed_at",
            "is_active",
            "is_price_factor",
            "is_special",
        ),
        *("percent_as_fraction", "read_day", "read_number"),
    ]
    assert [row["name"] for row in executable] == names
    assert not [name for name in names if "public." in read_core()[name].statement.partition("$$")[2]]
    await pool.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA core FROM PUBLIC")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.fetch("SELECT count(v::text) FROM fundata_data v")
    async with pool.acquire() as connection, connection.transaction():
        assert await define_core(connection) == names
    await reader.fetch("SELECT count(v::text) FROM fundata_data v")


async def test_rights_missing_after_a_restore_are_granted_again(
    pool: Pool, reader: asyncpg.Connection[asyncpg.Record], views: tuple[CompiledView, ...]
) -> None:
    # as after pg_restore --no-privileges
    for statement in (
        "REVOKE USAGE ON SCHEMA sra FROM PUBLIC",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public, published TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
        f"REVOKE SELECT ON ALL TABLES IN SCHEMA sra FROM {READER}",  # noqa: S608 - a name of ours
    ):
        await pool.execute(statement)
    with pytest.raises(asyncpg.UndefinedTableError):
        await reader.fetch("SELECT count(*) FROM fund_page")
    async with pool.acquire() as connection:
        assert (await prepare_reader(connection, PASSWORD)).ready
    await test_every_view_and_function_is_readable(pool, reader, views)
    await test_nothing_else_is_readable_or_executable(pool, reader)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("CREATE FUNCTION published.another() RETURNS int LANGUAGE sql RETURN 1")
        assert not await connection.fetchval(
            "SELECT has_function_privilege($1, 'published.another()', 'EXECUTE')", READER
        )


async def test_nothing_is_writable(pool: Pool, reader: asyncpg.Connection[asyncpg.Record]) -> None:
    rights = await read_rows(
        pool,
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'"
        " AND has_table_privilege($1, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')",
        READER,
    )
    assert rights == []
    schemas = await read_rows(
        pool, "SELECT nspname FROM pg_namespace WHERE has_schema_privilege($1, oid, 'CREATE')", READER
    )
    assert schemas == []
    await reader.execute("SET default_transaction_read_only = off")
    for statement in (
        "CREATE TEMP TABLE t (n int)",
        "CREATE TABLE sra.t (n int)",
        "INSERT INTO sra.latest_quote (source) VALUES ('x')",
        "DELETE FROM sra.security_master",
        "DROP VIEW sra.security_master",
        "SELECT pg_read_file('/etc/passwd')",
        "SET ROLE postgres",
    ):
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError)):
            await reader.execute(statement)


async def test_a_server_that_forbids_roles_names_the_statements_to_run(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("DROP ROLE IF EXISTS weak_owner")
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("CREATE ROLE weak_owner")
        await prepare_reader(connection)
        for role in (READER, ANALYST):
            await connection.execute(f"ALTER ROLE {role} RENAME TO hidden_{role}")
        for statement in (
            "GRANT USAGE ON SCHEMA public TO weak_owner",
            "GRANT SELECT, INSERT, UPDATE ON sra_lock TO weak_owner",
            "GRANT EXECUTE ON FUNCTION sra_take_locks TO weak_owner",
            "SET LOCAL ROLE weak_owner",
        ):
            await connection.execute(statement)
        state = await prepare_reader(connection)
        assert not state.exists
        assert len(state.statements) == 2
        assert state.statements[0].startswith("CREATE ROLE sra_reader LOGIN")
        await transaction.rollback()
        assert (await read_reader_state(connection)).ready
