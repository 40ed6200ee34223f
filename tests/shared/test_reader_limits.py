"""Limits of the application's role: every attack as sra_reader reaches a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.database.reader_limits import ANALYST, READER, end_long_readers, list_missing_limits, list_roles
from sra_shared.kit.database.reader_roles import prepare_reader
from sra_shared.kit.db import Pool
from sra_testing.databases import execute_sql
from sra_testing.waiting import wait_for

PASSWORD = "reads-and-takes-little"


@asynccontextmanager
async def log_in(dsn: str, role: str = READER) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(f"postgresql://{role}:{PASSWORD}@{dsn.rsplit('@', maxsplit=1)[-1]}")
    try:
        yield connection
    finally:
        connection.terminate()


@pytest.fixture
async def prepared(pool: Pool, database: str) -> str:
    """Address of a database in which both roles may read and can log in."""
    async with pool.acquire() as connection:
        state = await prepare_reader(connection, PASSWORD)
        assert state.ready
        assert state.limits == ()
        await connection.execute(f"ALTER ROLE {ANALYST} PASSWORD '{PASSWORD}'")
    return database


async def test_readers_cannot_use_large_objects_and_locks(prepared: str) -> None:
    async with log_in(prepared) as reader:
        await reader.execute("SET default_transaction_read_only = off")
        for statement in (
            "SELECT lo_create(0)",
            "SELECT lo_from_bytea(0, 'x')",
            "SELECT lo_put(1, 0, 'x')",
            "SELECT pg_advisory_lock(7302461)",
            "SELECT pg_advisory_xact_lock_shared(1, 2)",
            "SELECT pg_try_advisory_lock(1)",
            "SET temp_file_limit = -1",
            f"ALTER ROLE {READER} SET temp_file_limit = -1",
            f"ALTER ROLE {READER} CONNECTION LIMIT -1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.execute(statement)
        # as the application's driver does between two requests
        await reader.reset()


async def test_a_sort_ends_at_the_space_of_its_role(prepared: str, pool: Pool) -> None:
    await pool.execute(f"ALTER ROLE {READER} SET temp_file_limit = '1MB'")
    try:
        async with log_in(prepared) as reader:
            await reader.execute("SET work_mem = '64kB'")
            with pytest.raises(asyncpg.ConfigurationLimitExceededError):
                await reader.execute("SELECT n FROM generate_series(1, 500000) n ORDER BY -n OFFSET 499999")
    finally:
        await pool.execute(f"ALTER ROLE {READER} SET temp_file_limit = '1GB'")


@pytest.mark.parametrize("role", [READER, ANALYST])
async def test_connections_end_at_the_number_of_the_role(prepared: str, pool: Pool, role: str) -> None:
    limit = next(one.connections for one in list_roles(1) if one.name == role)
    async with AsyncExitStack() as stack:
        for _ in range(limit):
            await stack.enter_async_context(log_in(prepared, role))
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await stack.enter_async_context(log_in(prepared, role))
        assert await pool.fetchval("SELECT 1") == 1


async def test_long_transactions_are_ended_whatever_the_role_sets(prepared: str, pool: Pool) -> None:
    async with log_in(prepared) as working, log_in(prepared) as idle, log_in(prepared) as quiet:
        assert await working.fetchval("SHOW statement_timeout") == "2min"
        assert await idle.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
        for one in (working, idle):
            await one.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        await idle.execute("BEGIN; SELECT 1")
        sleeping = asyncio.create_task(working.execute("SELECT pg_sleep(600)"))
        async with pool.acquire() as connection:
            assert await end_long_readers(connection, 300) == {}

            async def count_old() -> bool:
                return bool(
                    await pool.fetchval(
                        "SELECT count(*) = 2 FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()"
                        " AND xact_start < clock_timestamp() - interval '10 ms'",
                        READER,
                    )
                )

            await wait_for(count_old, what="two transactions of some milliseconds")
            assert await end_long_readers(connection, 0) == {READER: 2}
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await sleeping
        assert await quiet.fetchval("SELECT 1") == 1


async def test_an_analyst_reads_the_same_for_longer(prepared: str, pool: Pool) -> None:
    await pool.execute("CREATE VIEW sra.one AS SELECT 1 AS n")
    async with pool.acquire() as connection:
        await prepare_reader(connection)
    async with log_in(prepared, ANALYST) as analyst:
        assert await analyst.fetchval("SELECT n FROM one") == 1
        assert await analyst.fetchval("SHOW statement_timeout") == "4h"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await analyst.fetch("SELECT * FROM public.task_execution_log")


async def test_statements_for_an_administrator_are_all_that_is_missing(
    prepared: str, pool: Pool, postgres_server: EmbeddedPostgres
) -> None:
    """Run by hand, as they are printed, they leave nothing to be set."""
    for statement in (
        "GRANT EXECUTE ON FUNCTION lo_create(oid), pg_advisory_lock(bigint) TO PUBLIC",
        f"ALTER ROLE {READER} CONNECTION LIMIT -1",
        f"ALTER ROLE {READER} RESET ALL",
        f"ALTER ROLE {ANALYST} SET statement_timeout = 0",
        "DROP ROLE IF EXISTS limited_owner",
        "CREATE ROLE limited_owner",
    ):
        await pool.execute(statement)

    async def list_missing() -> list[str]:
        async with pool.acquire() as connection:
            return await list_missing_limits(connection, 120, owner="limited_owner")

    missing = await list_missing()
    assert f'GRANT {READER} TO "limited_owner"' in missing
    assert "REVOKE EXECUTE ON FUNCTION lo_create(oid), pg_advisory_lock(bigint) FROM PUBLIC" in missing
    assert sum(READER in statement for statement in missing) >= 8
    execute_sql(prepared, *missing)
    assert await list_missing() == []
    own: dict[str, Any] = dict(
        await pool.fetchrow("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", READER) or {}
    )
    assert own == {"rolconnlimit": 10}
    await pool.execute("DROP OWNED BY limited_owner; DROP ROLE limited_owner")
