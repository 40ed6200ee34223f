"""A contract version replaces the former one in one commit; until then readers have the complete former one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_contract import CONTRACT_VERSION
from sra_shared.kit.db import Pool, open_connection, open_pool
from sra_shared.kit.errors import ConfigError
from sra_shared.runs import Unit
from sra_testing.bucket import SAMPLE
from sra_testing.contracts import NEXT_VERSION, RENAMED, compile_next_version, use_views
from sra_testing.databases import create_database, drop_database, execute_sql
from sra_testing.fundata import load_tree
from sra_testing.listings import DATASETS, put_market
from sra_testing.product_process import SUPPORT
from sra_testing.publication import dump_view, read_rows
from sra_testing.records import end_run, put_fund, put_quote, put_run
from sra_testing.timings import QUICK
from sra_testing.views_service import serve_views, wait_until_idle
from sra_testing.waiting import wait_for
from view_builder import apply, contract_swap, main
from view_builder.compile import CompiledView
from view_builder.contract_versions import NewerContractError, read_contract
from view_builder.core import define_core
from view_builder.inprocess import build_in_process
from view_builder.work import BuildParameters, ViewBuildWork

DAY = date(2025, 9, 26)
FORMER, NEXT = "the former version", "the next version"
REFUSED = f"contract version {NEXT_VERSION}, and this code has version {CONTRACT_VERSION}"
NEXT_SCHEMAS = ("sra_next", "core_next", "published_next", "core_former", "published_former")
STAGED_BUILDS = "SELECT count(*) FROM sra_next.published_view WHERE filled IS NOT NULL"
# what an administrator of the database sees of the views, without what differs between two databases
CATALOGUE = """
SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
  ARRAY(SELECT r::text FROM unnest(c.relacl) r ORDER BY 1) AS rights,
  obj_description(c.oid, 'pg_class') ~ '^.+ Build \\d+ of' AS has_build, a.attname AS column,
  format_type(a.atttypid, a.atttypmod) AS type, col_description(c.oid, a.attnum) AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('sra', 'core', 'published') AND c.relkind IN ('v', 'r') ORDER BY 1, 2, a.attnum
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'published' ORDER BY 1"
FUNCTIONS = """
SELECT p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS definition,
  ARRAY(SELECT r::text FROM unnest(p.proacl) r ORDER BY 1) AS rights,
  obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc p WHERE p.pronamespace IN ('sra'::regnamespace, 'core'::regnamespace) ORDER BY 1
"""
VIEWS = """
SELECT schemaname, viewname, definition FROM pg_views WHERE schemaname IN ('sra', 'core') ORDER BY 1, 2
"""
LEDGER = "SELECT relation, view, version, digest, contract, filled, row_count, error FROM published_view ORDER BY 1"


async def build(database: str, **wanted: object) -> dict[str, Unit]:
    result = await build_in_process(database, BuildParameters.model_validate(wanted), part_rows=50, timing=QUICK)
    return {unit.unit: unit for unit in result.units}


async def fill(pool: Pool) -> None:
    """Something in every view that the next version changes."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        listed = await put_run(connection, "fmp", DATASETS)
        await put_market(connection, listed)
        for fund in range(5):
            await put_fund(connection, run, str(fund))
            await put_quote(connection, run, str(fund), DAY, "10")


async def begin_run(pool: Pool) -> UUID:
    """A run that has stored a value and is still active."""
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"], status="running")
        await put_quote(connection, run, "3", DAY + timedelta(days=1), "77")
    return run


async def finish_run(pool: Pool, run: UUID) -> None:
    async with pool.acquire() as connection:
        await end_run(connection, run)


async def read_version(pool: Pool) -> int:
    async with pool.acquire() as connection:
        return (await read_contract(connection)).version


async def list_columns(pool: Pool, view: str) -> set[str]:
    rows = await read_rows(
        pool,
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('sra.' || $1) AND attnum > 0 AND NOT attisdropped",
        view,
    )
    return {row["attname"] for row in rows}


async def require_version(pool: Pool, version: int) -> None:
    """All views are of this version, and have rows."""
    assert await read_version(pool) == version
    for view, names in RENAMED.items():
        columns = await list_columns(pool, view)
        for former, new in names.items():
            assert (former in columns, new in columns) == (version == CONTRACT_VERSION, version == NEXT_VERSION), view
        assert await pool.fetchval(f"SELECT count(v::text) FROM sra.{view} v") > 0, view  # noqa: S608
    left = await read_rows(pool, "SELECT nspname FROM pg_namespace WHERE nspname = ANY($1)", list(NEXT_SCHEMAS))
    assert version == CONTRACT_VERSION or left == []


@dataclass
class Seen:
    """What readers met: the versions of each transaction, and the longest time of one statement."""

    met: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0

    async def read(self, connection: asyncpg.Connection[Any], isolation: Any) -> None:
        versions = set()
        async with connection.transaction(isolation=isolation):
            for view, names in RENAMED.items():
                ((former, new),) = names.items()
                started = time.perf_counter()
                row = await connection.fetchrow(
                    f"SELECT count(*) AS n, bool_and(to_jsonb(v) ? '{former}') AS is_first,"  # noqa: S608
                    f" bool_and(to_jsonb(v) ? '{new}') AS is_second FROM (SELECT * FROM sra.{view} LIMIT 5) v"
                )
                self.longest = max(self.longest, time.perf_counter() - started)
                assert row is not None
                if not row["n"]:
                    self.met[f"{view} is empty"] += 1
                versions.add((row["is_first"], row["is_second"]))
        known = {(True, False): FORMER, (False, True): NEXT}
        self.met[known.get(versions.pop(), "neither") if len(versions) == 1 else f"a mixture: {versions}"] += 1

    async def read_on(self, dsn: str, isolation: str, stop: asyncio.Event) -> None:
        connection = await open_connection(dsn, application_name="probe")
        try:
            while not stop.is_set():
                await self.read(connection, isolation)
                await asyncio.sleep(0.02)
        finally:
            await connection.close()


async def describe_database(pool: Pool) -> dict[str, list[dict[str, Any]]]:
    return {text: await read_rows(pool, text) for text in (CATALOGUE, INDEXES, FUNCTIONS, VIEWS)}


@pytest.mark.timeout(600)
async def test_readers_see_one_complete_version_or_the_next(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute_sql(database, "UPDATE database_mark SET sandbox = true")
    await load_tree(database, SAMPLE)
    await fill(pool)
    await build(database)
    await require_version(pool, CONTRACT_VERSION)
    open_run = await begin_run(pool)
    use_views(monkeypatch, compile_next_version())
    seen, stop = Seen(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for isolation in ("read_committed", "repeatable_read", "read_committed"):
            group.create_task(seen.read_on(database, isolation, stop))
        units = await build(database)
        count = seen.met[NEXT]

        async def is_read() -> bool:
            return seen.met[NEXT] > count

        await wait_for(is_read, what="a reader of the next version")
        stop.set()
    assert {unit.status.value for unit in units.values()} == {"completed"}
    assert list(units)[-1] == "contract"
    assert set(seen.met) == {FORMER, NEXT}, seen.met
    sys.stdout.write(f"\nlongest answer of a reader: {seen.longest * 1000:.0f} ms\n")
    await require_version(pool, NEXT_VERSION)
    # the run that was open is in the first build after
    assert await pool.fetchval("SELECT max(price_date) FROM sra.fund_page WHERE identifier = '3'") == DAY
    await finish_run(pool, open_run)
    built = await build(database)
    assert not any(unit.resume["full"] for unit in built.values() if unit.unit == "fund_page")
    assert await pool.fetchval("SELECT value_per_share FROM sra.fund_page WHERE identifier = '3'") == 77


@pytest.mark.faults
@pytest.mark.timeout(600)
async def test_a_database_of_the_next_version_is_as_if_it_had_been_the_first(
    database: str,
    pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
    postgres_server: EmbeddedPostgres,
    migrated_template: str,
) -> None:
    execute_sql(database, "UPDATE database_mark SET sandbox = true")
    await load_tree(database, SAMPLE)
    await fill(pool)
    await build(database)
    execute_sql(database, "GRANT SELECT ON sra.fund_page TO pg_monitor")
    views = compile_next_version()
    use_views(monkeypatch, views)
    await build(database)
    await require_version(pool, NEXT_VERSION)
    await require_like_new(database, pool, views, postgres_server, migrated_template)


async def require_like_new(
    database: str, pool: Pool, views: tuple[CompiledView, ...], server: EmbeddedPostgres, template: str
) -> None:
    """The database is as if the next version had been its first one, and a full build finds nothing to change."""
    async with pool.acquire() as connection, connection.transaction():
        assert await define_core(connection, contract_version=NEXT_VERSION) == []
    assert await apply.define_views(pool, views) == []
    rows = await read_rows(pool, "SELECT has_table_privilege('pg_monitor', 'sra.fund_page', 'SELECT') AS kept")
    assert rows == [{"kept": True}]
    execute_sql(database, "REVOKE SELECT ON sra.fund_page FROM pg_monitor")
    assert await pool.fetchval("SELECT count(*) FROM sra.fundata_data_as_of('2100-01-01', now())") > 0
    incremental = {view.relation: await dump_view(pool, view.relation) for view in views if view.spec.incremental}
    rebuilt = await build(database, full=True)
    changed = {name: unit.counts.stored for name, unit in rebuilt.items() if unit.counts.stored}
    # a series is built in parts, which counts every row
    assert set(changed) <= {"fund_quote_history", "equity_quote_history", "run_contents"}
    for name, former in incremental.items():
        if name != "run_contents":
            assert await dump_view(pool, name) == former, name
    fresh = create_database(server, template=template)
    fresh_pool = await open_pool(fresh, application_name="test", max_size=2)
    try:
        assert await read_version(fresh_pool) == 1
        await build(fresh)
        assert await read_version(fresh_pool) == NEXT_VERSION
        found, wanted = await describe_database(pool), await describe_database(fresh_pool)
        for text, rows in wanted.items():
            assert found[text] == rows
    finally:
        await fresh_pool.close()
        drop_database(server, fresh)


@contextmanager
def building(database: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that builds the next version; it is killed at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DB_", "SRA_"))}  # noqa: TID251
    command = [sys.executable, "-m", "sra_testing.contracts", database]
    process = subprocess.Popen(command, env={**kept, "PYTHONPATH": SUPPORT})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def kill_after(database: str, pool: Pool, staged: int) -> None:
    """Build the next version in a process, and kill it when it has built so many views."""
    with building(database) as process:

        async def has_staged() -> bool:
            assert process.poll() is None
            with suppress(asyncpg.UndefinedTableError):
                return bool(await pool.fetchval(STAGED_BUILDS) >= staged)
            return False

        await wait_for(has_staged, what=f"{staged} staged views", seconds=120)


@pytest.mark.faults
@pytest.mark.timeout(600)
async def test_a_killed_build_resumes_and_a_killed_swap_changes_nothing(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(pool)
    await build(database)
    for staged in (0, 3, 9):
        await kill_after(database, pool, staged)
        await require_version(pool, CONTRACT_VERSION)
    use_views(monkeypatch, compile_next_version())
    swap = contract_swap._swap
    kills = 0

    async def swap_and_exit(connection: asyncpg.Connection[Any], views: Any) -> None:
        nonlocal kills
        await swap(connection, views)
        kills += 1
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(contract_swap, "_swap", swap_and_exit)
        task = asyncio.create_task(build(database))

        async def was_killed() -> bool:
            return kills > 0

        await wait_for(was_killed, what="the swap", seconds=120)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await require_version(pool, CONTRACT_VERSION)
    builds = "SELECT relation, builds FROM {}.published_view ORDER BY relation"
    staged = await read_rows(pool, builds.format("sra_next"))
    units = await build(database)
    assert units["contract"].status.value == "completed"
    await require_version(pool, NEXT_VERSION)
    # what was staged before is not built again
    assert await read_rows(pool, builds.format("public")) == staged


@pytest.mark.faults
@pytest.mark.timeout(600)
async def test_two_builds_of_the_new_version_at_once_publish_it_once(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(pool)
    await build(database)
    use_views(monkeypatch, compile_next_version())
    first, second = await asyncio.gather(build(database), build(database, full=True))
    for units in (first, second):
        assert {unit.status.value for unit in units.values()} == {"completed"}
        assert "contract" in units
    await require_version(pool, NEXT_VERSION)
    assert await pool.fetchval("SELECT count(*) FROM published_view WHERE filled IS NULL OR error IS NOT NULL") == 0


@pytest.mark.faults
async def test_an_instance_of_the_former_version_serves_until_the_swap_and_refuses_after_it(
    database: str, pool: Pool, all_views: tuple[CompiledView, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(pool)
    await build(database)
    second = compile_next_version()
    await kill_after(database, pool, 5)
    # the former version stays current during the build of the next one
    await finish_run(pool, await begin_run(pool))
    # it resumes the run that was left, and skips the publication; another run builds what is left
    assert (await build(database))["contract"].status.value == "skipped"
    await build(database)
    assert await pool.fetchval("SELECT navps FROM sra.fund_page WHERE identifier = '3'") == 77
    with monkeypatch.context() as patch:
        use_views(patch, second)
        await build(database)
    await require_version(pool, NEXT_VERSION)
    assert await pool.fetchval("SELECT value_per_share FROM sra.fund_page WHERE identifier = '3'") == 77
    before = await read_rows(pool, LEDGER)
    with pytest.raises(ConfigError, match=REFUSED):
        await build(database, full=True)
    work = ViewBuildWork(all_views)
    async with pool.acquire() as connection:
        with pytest.raises(NewerContractError):
            await work._choose_views(connection, BuildParameters())
        async with connection.transaction():
            with pytest.raises(NewerContractError):
                await apply.lock_view(connection, all_views[0])
        async with connection.transaction():
            with pytest.raises(NewerContractError):
                await define_core(connection)
    async with serve_views(database) as client:
        await wait_for_health(client, REFUSED)
        assert (await client.get("/views")).status_code == 200
    assert await read_rows(pool, LEDGER) == before
    await require_version(pool, NEXT_VERSION)


def change_query(views: tuple[CompiledView, ...], name: str, template: str) -> tuple[CompiledView, ...]:
    """The views, one of them with another query, which is also that of a full build."""

    def change(view: CompiledView) -> CompiledView:
        incremental = replace(view.incremental, full_query=None)
        return replace(view, spec=replace(view.spec, query=template.format(view.spec.query), incremental=incremental))

    return tuple(change(view) if view.relation == name else view for view in views)


async def wait_for_health(client: httpx.AsyncClient, text: str) -> None:
    """Wait until the health report says this of the contract version, as a problem."""

    async def is_reported() -> bool:
        found = (await client.get("/health")).json()["checks"]["contract"]
        return found["status"] == "degraded" and text in found["detail"]

    await wait_for(is_reported, what=text)


@pytest.mark.faults
async def test_a_failed_build_leaves_the_former_version_and_health_reports_it(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(pool)
    await build(database)
    second = compile_next_version()
    broken = change_query(second, "index_performance", "SELECT b.* FROM ({}) b WHERE 1 / (length(b.symbol) - 5) > 0")
    use_views(monkeypatch, broken)
    units = await build(database)
    assert "division by zero" in (units["index_performance"].error or "")
    assert "view index_performance is not built" in (units["contract"].error or "")
    await require_version(pool, CONTRACT_VERSION)
    monkeypatch.setattr(main, "compile_views", lambda _: broken)
    async with serve_views(database) as client:
        await wait_for_health(client, f"readers see version {CONTRACT_VERSION}")
    # a service of fixed code publishes the version on its own
    use_views(monkeypatch, second)
    monkeypatch.setattr(main, "compile_views", lambda _: second)
    async with serve_views(database):

        async def is_published() -> bool:
            return await read_version(pool) == NEXT_VERSION

        await wait_for(is_published, what="the next version", seconds=120)
        await wait_until_idle(pool)
    await require_version(pool, NEXT_VERSION)


@pytest.mark.faults
async def test_an_open_reader_and_views_of_others_delay_the_swap_and_lose_nothing(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(pool)
    await build(database)
    execute_sql(database, "CREATE VIEW public.mine AS SELECT symbol, level FROM sra.index_performance")
    use_views(monkeypatch, compile_next_version())
    units = await build(database)
    assert "other objects depend on it: view mine depends on view sra.index_performance" in (
        units["contract"].error or ""
    )
    await require_version(pool, CONTRACT_VERSION)
    execute_sql(database, "DROP VIEW public.mine")
    reader = await asyncpg.connect(database)
    try:
        async with reader.transaction(isolation="repeatable_read"):
            assert await reader.fetchval("SELECT count(level) FROM sra.index_performance") == 1
            task = asyncio.create_task(build(database))
            await asyncio.sleep(2)
            # it waits, and blocks no reader
            assert not task.done()
            await asyncio.wait_for(require_version(pool, CONTRACT_VERSION), 10)
            assert await reader.fetchval("SELECT count(navps) FROM sra.fund_page") == 5
    finally:
        await reader.close()
    assert (await task)["contract"].status.value == "completed"
    await require_version(pool, NEXT_VERSION)


@pytest.mark.faults
async def test_a_staged_view_that_would_shrink_is_not_published(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(pool)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral"])
        for fund in range(100, 200):
            await put_fund(connection, run, str(fund))
    await build(database)
    use_views(monkeypatch, change_query(compile_next_version(), "fund_page", "SELECT f.* FROM ({}) f LIMIT 1"))
    units = await build(database)
    assert "rows would disappear" in (units["contract"].error or "")
    await require_version(pool, CONTRACT_VERSION)
    assert (await build(database, accept_drop=True))["contract"].status.value == "completed"
    await require_version(pool, NEXT_VERSION)
