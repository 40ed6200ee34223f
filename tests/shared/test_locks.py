"""Our locks exclude each other, waiting for them ends, and no other role can hold one."""

from __future__ import annotations

import asyncio
import subprocess
from uuid import uuid4

import asyncpg
import pytest

from sra_shared.kit.database.locks import name_bucket, take_lock, take_locks, try_lock
from sra_shared.kit.database.revision import read_newest_revision
from sra_shared.kit.db import Pool, open_connection
from sra_shared.kit.errors import RetryableError
from sra_shared.migrate import upgrade_database
from sra_shared.schema import upgrade
from sra_testing.packages import ROOT

BEFORE, LOCKS = "0021", "0022"


async def test_a_lock_excludes_others_until_its_transaction_ends(pool: Pool) -> None:
    async with pool.acquire() as first, pool.acquire() as second:
        async with first.transaction():
            await take_locks(first, ["c", "a", "b"])
            await take_lock(first, "a")
            transaction = second.transaction()
            await transaction.start()
            assert await try_lock(second, "other")
            with pytest.raises(RetryableError, match="has held the lock b for more than"):
                await take_lock(second, "b", seconds=0.05)
            await transaction.rollback()
        async with second.transaction():
            await take_locks(second, ["a", "b", "c"], seconds=0.05)
            async with first.transaction():
                assert not await try_lock(first, "b")
            # what a lock waits for is no setting of the session
            assert await second.fetchval("SHOW lock_timeout") == "0"


async def test_locks_requested_in_any_order_are_granted_one_after_another(pool: Pool) -> None:
    """Also while their rows are created: no deadlock occurs, and no two hold one at once."""
    held: set[str] = set()

    async def work(number: int) -> None:
        names = [f"{(number * step) % 7}" for step in (5, 3, 2)]
        async with pool.acquire() as connection, connection.transaction():
            await take_locks(connection, names)
            assert not held & set(names)
            held.update(names)
            await connection.execute("SELECT 1")
            held.difference_update(names)

    await asyncio.gather(*(work(number) for number in range(60)))
    assert await pool.fetchval("SELECT count(*) FROM sra_lock") == 7


def test_any_number_of_keys_is_a_bounded_number_of_locks() -> None:
    assert len({name_bucket("login", str(number).encode()) for number in range(20_000)}) == 256


async def test_no_other_role_can_hold_a_lock(database: str, pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("DROP ROLE IF EXISTS stranger")
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("CREATE ROLE stranger")
        # even where somebody lets him see the tables
        await connection.execute("GRANT USAGE ON SCHEMA public TO stranger")
        await connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO stranger")
        await connection.execute("SET LOCAL ROLE stranger")
        for statement in (
            "SELECT FROM sra_lock FOR KEY SHARE",
            "INSERT INTO sra_lock VALUES ('view build inbox')",
            "SELECT sra_take_locks(ARRAY['view build inbox'], 1)",
            "LOCK TABLE alembic_version IN ROW EXCLUSIVE MODE",
            "SELECT FROM alembic_version FOR UPDATE",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(statement)
        await transaction.rollback()


def test_no_advisory_lock_is_taken() -> None:
    found = subprocess.run(
        [
            "git",
            "grep",
            "-lE",
            "pg_(try_)?advisory_(xact_)?lock",
            "--",
            "shared",
            "services",
            "cli",
            "FMP",
            "benchmarks",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == []


async def test_a_migration_waits_for_another_one_for_a_limited_time(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = $1", BEFORE)
    monkeypatch.setattr(upgrade, "_WAIT_SECONDS", 0.1)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE alembic_version IN SHARE ROW EXCLUSIVE MODE")
        with pytest.raises(RetryableError, match="alembic_version"):
            await upgrade_database(database)
        # reading the revision does not wait
        assert await pool.fetchval("SELECT version_num FROM alembic_version") == BEFORE


async def test_a_database_with_rows_and_an_active_run_gets_the_locks(empty_database: str) -> None:
    await upgrade_database(empty_database, revision=BEFORE)
    connection = await open_connection(empty_database, application_name="test")
    run = uuid4()
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source)"
        " VALUES ($1, 'csv_import', 'running', 'x', 'fundata')",
        run,
    )
    await connection.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status) VALUES ($1, 'u', 'd', 'running')", run
    )
    worker = connection.transaction()
    await worker.start()
    # as a service does in the middle of its chunk
    await connection.execute("UPDATE run_unit SET progress = '{\"rows\": 7}'")
    await upgrade_database(empty_database, revision=LOCKS)
    await take_lock(connection, "fundata:d:01")
    await worker.commit()
    # a later revision changes the table of units: it waits for the end of a chunk
    assert await upgrade_database(empty_database) == read_newest_revision()
    assert await connection.fetchval("SELECT progress FROM run_unit WHERE task_id = $1", run) == {"rows": 7}
    assert await connection.fetchval("SELECT fmp_extend_row_history(24)") == 0
    source = await connection.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'fmp_extend_row_history'")
    assert "advisory" not in source
    await connection.close()
