"""Steps of database_infrastructure.feature."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from sra_shared.kit.db import Connection, open_connection, open_pool
from sra_shared.migrate import upgrade_database
from sra_shared.runs import (
    ProcessingTask,
    RunEnd,
    RunRequest,
    RunStatus,
    TaskType,
    Unit,
    UnitContext,
    UnitPlan,
    Worker,
    execute_run,
    request_run,
)
from sra_shared.runs.counts import Counts
from sra_testing.databases import run_async

scenarios("database_infrastructure.feature")


@dataclass
class World:
    """What one scenario's steps hand on."""

    dsn: str = ""
    chunks: int = 0
    broken: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    status: RunStatus | None = None

    def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async def read() -> list[asyncpg.Record]:
            connection = await open_connection(self.dsn, application_name="feature")
            try:
                return await connection.fetch(sql, *arguments)
            finally:
                await connection.close()

        return run_async(read())


@pytest.fixture(scope="session")
def database_template(whole_template: str) -> str:
    """With every partition that the migrations make, since a scenario counts them."""
    return whole_template


@given("an address of a database", target_fixture="world")
@given("a migrated database", target_fixture="world")
def use_database(database: str) -> World:
    return World(dsn=database)


@given("an empty database", target_fixture="world")
def use_empty_database(empty_database: str) -> World:
    return World(dsn=empty_database)


@when(parsers.parse('a pool of {low:d} to {high:d} connections named "{name}" is opened'))
def open_and_use_pool(world: World, low: int, high: int, name: str) -> None:
    async def use() -> None:
        pool = await open_pool(world.dsn, application_name=name, min_size=low, max_size=high)
        world.facts["opened"] = pool.get_size()
        await asyncio.gather(*(pool.execute("SELECT pg_sleep(0.05)") for _ in range(20)))
        world.facts["most"] = pool.get_size()
        world.facts["name"] = await pool.fetchval("SHOW application_name")
        world.facts["zone"] = await pool.fetchval("SHOW timezone")
        await pool.close()

    run_async(use())


@then(parsers.parse("it holds {low:d} connections and never more than {high:d}"))
def check_sizes(world: World, low: int, high: int) -> None:
    assert (world.facts["opened"], world.facts["most"]) == (low, high)


@then(parsers.parse('the server knows them as "{name}", in UTC'))
def check_names(world: World, name: str) -> None:
    assert (world.facts["name"], world.facts["zone"]) == (name, "UTC")


@when("it is migrated")
def migrate(world: World) -> None:
    world.facts["revision"] = run_async(upgrade_database(world.dsn))


@then("it holds the tables the owner named")
def check_tables(world: World, datatable: Sequence[Sequence[str]]) -> None:
    found = {row["relname"] for row in world.fetch("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')")}
    assert {row[0] for row in datatable[1:]} <= found


@then(parsers.parse('"{table}" has a partition for every year from {first:d} to {last:d} and one for all other dates'))
def check_partitions(world: World, table: str, first: int, last: int) -> None:
    rows = world.fetch(
        "SELECT pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = $1::text::regclass",
        table,
    )
    years = {f"FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01')" for year in range(first, last + 1)}
    assert {row["bound"] for row in rows} == years | {"DEFAULT"}


@then("every large table's unique key begins with its identifier or symbol")
def check_keys(world: World) -> None:
    for table in ("fundata_data", "fundata_quotes", "equity_profile", "fmp_quote"):
        rows = world.fetch(
            "SELECT array_agg(a.attname::text) AS columns FROM pg_index i"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
            " WHERE i.indrelid = $1::text::regclass AND i.indisunique GROUP BY i.indexrelid",
            table,
        )
        assert rows
        for row in rows:
            assert {"identifier", "symbol"} & set(row["columns"]), f"{table}: {row['columns']}"


@then("migrating it again changes nothing")
def migrate_again(world: World) -> None:
    before = world.fetch("SELECT oid, relname, relfilenode FROM pg_class WHERE relkind IN ('r', 'p', 'i') ORDER BY oid")
    assert run_async(upgrade_database(world.dsn)) == world.facts["revision"]
    after = world.fetch("SELECT oid, relname, relfilenode FROM pg_class WHERE relkind IN ('r', 'p', 'i') ORDER BY oid")
    assert after == before


@given(parsers.parse("a run that commits {chunks:d} chunks"))
def plan_run(world: World, chunks: int) -> None:
    world.chunks = chunks


@when("the server ends all its connections after the third chunk")
def run_with_broken_connections(world: World) -> None:
    run_async(_run_chunks(world))


@dataclass
class ChunkWork:
    """Stores one row a chunk, and has all connections ended once after the third."""

    world: World
    source: str | None = None
    ordered: bool = False
    concurrency: int = 1

    async def plan(self, _context: UnitContext) -> Sequence[UnitPlan]:
        return [UnitPlan("chunks", "chunks")]

    async def process(self, context: UnitContext) -> None:
        for chunk in range(context.unit.counts.read, self.world.chunks):
            async with context.transaction() as connection:
                await connection.execute(
                    "INSERT INTO rejected_record (run_id, source, dataset, line, reason, raw)"
                    " VALUES ($1, 'fundata', 'feature', $2, 'field_count', '')",
                    context.task.task_id,
                    chunk,
                )
                await context.commit(connection, Counts(read=1, stored=1))
            if chunk == 2 and not self.world.broken:
                self.world.broken = True
                await _end_connections(self.world.dsn)

    async def conclude(self, _connection: Connection, _task: ProcessingTask, _units: Sequence[Unit]) -> RunEnd:
        return RunEnd()


async def _end_connections(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def _run_chunks(world: World) -> None:
    async with Worker(world.dsn, "feature") as worker:
        pool = await worker.open_pool(max_size=4)
        async with pool.acquire() as connection, connection.transaction():
            request = RunRequest(task_type=TaskType.CSV_IMPORT)
            task_id = (await request_run(connection, request, source=None)).task.task_id
        async with asyncio.timeout(60):
            while world.status is None or world.status.is_live:
                execution = await execute_run(pool, task_id, ChunkWork(world), worker)
                world.status = execution.task.status
                await asyncio.sleep(0.1)
        await pool.close()


@then("the run ends completed")
def check_status(world: World) -> None:
    assert world.status is RunStatus.COMPLETED
    assert world.broken


@then(parsers.parse("each of the {chunks:d} chunks is stored exactly once"))
def check_chunks(world: World, chunks: int) -> None:
    rows = world.fetch("SELECT line FROM rejected_record ORDER BY line")
    assert [row["line"] for row in rows] == list(range(chunks))
    units = world.fetch("SELECT read_count, stored_count FROM run_unit WHERE unit = 'chunks'")
    assert [tuple(row) for row in units] == [(chunks, chunks)]
