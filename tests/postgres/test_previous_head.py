"""A database filled by the code of the previous migration head, upgraded and used by today's code."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from sra_cli.migration import migrate_database
from sra_cli.postgres import EmbeddedPostgres
from sra_contract import CONTRACT_VERSION
from sra_shared.kit.database.revision import read_newest_revision, read_revision
from sra_shared.kit.db import open_connection
from sra_testing.databases import create_database, drop_database, run_async
from sra_testing.previous_head import REVISION, count_rows, load_previous_head
from sra_testing.schema_text import describe_tables
from sra_testing.stack_processes import call_command
from view_builder.inprocess import build_in_process, check_views
from view_builder.work import BuildParameters

pytestmark = pytest.mark.postgres

OPEN_RUNS = "SELECT task_id FROM task_execution_log WHERE status IN ('queued', 'running') AND task_type <> 'view_build'"
VIEWS = "SELECT viewname FROM pg_views WHERE schemaname = 'sra' ORDER BY 1"
READERS = 4
HUNDREDTH = Decimal("0.01")
# names of contract version 1 with the factor to their unit in version 2, and names of version 2
FIGURES: Mapping[tuple[str, Decimal], str] = {
    ("nav", Decimal(1)): "navps",
    ("mer_percent", HUNDREDTH): "management_expense_ratio",
    ("management_fee_percent", HUNDREDTH): "management_fee",
    ("return_ytd_percent", HUNDREDTH): "month_end_return_ytd",
}
OPEN_REJECTS = "SELECT count(*) FROM rejected_record WHERE resolved_at IS NULL"


@dataclass(frozen=True)
class Upgrade:
    """A database before and after its upgrade: revisions, rows by table, and the runs that were open."""

    dsn: str
    revisions: tuple[str | None, str]
    before: Mapping[str, int]
    after: Mapping[str, int]
    open_runs: tuple[Any, ...]


@pytest.fixture(scope="module")
def upgrade(postgres_server: EmbeddedPostgres) -> Iterator[Upgrade]:
    """The dump of the previous head, loaded and upgraded."""
    dsn = create_database(postgres_server)

    async def load_and_upgrade() -> Upgrade:
        await load_previous_head(dsn)
        connection = await open_connection(dsn, application_name="test")
        former = await read_revision(connection)
        open_runs = tuple(row[0] for row in await connection.fetch(OPEN_RUNS))
        await connection.close()
        before = await count_rows(dsn)
        reached = await migrate_database(dsn, sandbox=False)
        return Upgrade(dsn, (former, reached.revision), before, await count_rows(dsn), open_runs)

    yield run_async(load_and_upgrade())
    drop_database(postgres_server, dsn)


@pytest.fixture
async def connection(upgrade: Upgrade) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection to the upgraded database."""
    opened: asyncpg.Connection[asyncpg.Record] = await open_connection(upgrade.dsn, application_name="test")
    yield opened
    await opened.close()


def test_every_row_survives_the_upgrade(upgrade: Upgrade) -> None:
    assert upgrade.revisions == (REVISION, read_newest_revision())
    fundata = upgrade.before["fundata_data"] + upgrade.before["fundata_quotes"]
    fmp = sum(rows for table, rows in upgrade.before.items() if table.startswith("fmp_"))
    assert min(fundata, fmp, upgrade.before["rejected_record"], len(upgrade.open_runs)) > 0
    kept = {table: upgrade.after.get(table, 0) for table in upgrade.before}
    lost = {table: rows - kept[table] for table, rows in upgrade.before.items() if kept[table] < rows}
    assert lost == {}


async def test_upgraded_tables_are_those_of_a_new_database(upgrade: Upgrade, database: str) -> None:
    # a condition that went through a dump keeps its meaning and loses parentheses
    upgraded, new = [
        {tuple(re.sub("[()]", "", part) for part in line) for line in await describe_tables(dsn)}
        for dsn in (upgrade.dsn, database)
    ]
    assert len(new) > 1000
    assert sorted(upgraded ^ new) == []


async def test_views_are_built_again_and_pass_their_checks(
    upgrade: Upgrade, connection: asyncpg.Connection[asyncpg.Record]
) -> None:
    result = await build_in_process(upgrade.dsn, BuildParameters(full=True))
    assert result.task.status.value == "completed", result.task.error_details
    verdicts = await check_views(connection)
    assert {verdict.relation: verdict.problems for verdict in verdicts if verdict.problems} == {}
    assert next(verdict.row_count for verdict in verdicts if verdict.relation == "fund_page")


async def test_refresh_ends_the_open_run_and_keeps_the_open_rejects(
    upgrade: Upgrade, connection: asyncpg.Connection[asyncpg.Record], tmp_path: Path
) -> None:
    rejects = await connection.fetchval(OPEN_REJECTS)
    assert rejects
    words, settings = ("up", "--exit-when-done", "--home", str(tmp_path / "home")), {"DATABASE_URL": upgrade.dsn}
    # a dead worker must be detected first, and another version's stack runs at the same time
    code, result, reported = await asyncio.to_thread(call_command, *words, seconds=400, settings=settings)
    assert (code, result["status"]) == (0, "completed"), reported
    ended = await connection.fetch(
        "SELECT status FROM task_execution_log WHERE task_id = ANY($1::uuid[])", list(upgrade.open_runs)
    )
    assert {row["status"] for row in ended} == {"completed"}
    assert await connection.fetchval(OPEN_REJECTS) >= rejects


async def test_readers_continue_while_tables_and_views_are_upgraded(postgres_server: EmbeddedPostgres) -> None:
    """Each view that had rows has some at any moment, no query of a reader fails, and figures are unchanged."""
    dsn = create_database(postgres_server)
    await load_previous_head(dsn)
    connection = await open_connection(dsn, application_name="test")
    names = [row[0] for row in await connection.fetch(VIEWS)]
    filled = [name for name in names if await connection.fetchval(f"SELECT EXISTS (SELECT FROM sra.{name})")]  # noqa: S608
    assert len(filled) > 10
    former = {row["identifier"]: row for row in await connection.fetch("SELECT * FROM sra.fund_page")}
    upgraded = asyncio.Event()
    rounds = [0] * READERS

    async def read_on(reader: int) -> None:
        own = await asyncpg.connect(dsn, server_settings={"role": "sra_reader", "search_path": "sra"})
        try:
            while not upgraded.is_set():
                for name in filled[reader:] + filled[:reader]:
                    row = await own.fetchrow(f"SELECT * FROM sra.{name} LIMIT 1")  # noqa: S608
                    assert row is not None, name
                rounds[reader] += 1
        finally:
            await own.close()

    async def upgrade_all() -> None:
        started = time.monotonic()
        try:
            await migrate_database(dsn, sandbox=False)
            result = await build_in_process(dsn, BuildParameters(full=True))
            assert result.task.status.value == "completed", result.task.error_details
            assert result.units[-1].unit == "contract"
            sys.stdout.write(f"\nupgrade of tables and views: {time.monotonic() - started:.1f} s\n")
        finally:
            upgraded.set()

    async with asyncio.TaskGroup() as group:
        for reader in range(READERS):
            group.create_task(read_on(reader))
        group.create_task(upgrade_all())
    assert min(rounds) > 1
    assert await connection.fetchval("SELECT version FROM published_contract") == CONTRACT_VERSION
    pages = {row["identifier"]: row for row in await connection.fetch("SELECT * FROM sra.fund_page")}
    assert former.keys() <= pages.keys()
    for identifier, page in former.items():
        values = [pages[identifier][name] for name in FIGURES.values()]
        assert values == [page[name] and page[name] * factor for name, factor in FIGURES], identifier
    assert any(page["mer_percent"] for page in former.values())
    await connection.close()
    drop_database(postgres_server, dsn)
