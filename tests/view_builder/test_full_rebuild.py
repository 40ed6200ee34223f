"""The build of a long series in parts: published at once, resumed after a crash, and including concurrent runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from sra_shared.kit.db import Pool
from sra_shared.runs import Unit
from sra_testing.databases import execute_sql
from sra_testing.publication import build_all, dump_view, read_rows
from sra_testing.records import put_close, put_data, put_fund, put_quote, put_rename, put_run
from sra_testing.waiting import wait_for
from view_builder.apply import define_views
from view_builder.compile import CompiledView, group_views
from view_builder.inprocess import build_in_process
from view_builder.work import BuildParameters, ViewBuildWork

DAY = date(2025, 9, 1)
FUNDS, DAYS = 40, 5
SERIES = "fund_quote_history"
COUNT = "SELECT count(*) FROM sra.fund_quote_history"
STAGED = "SELECT staged FROM published_view WHERE relation = 'fund_quote_history'"


@pytest.fixture(autouse=True)
def never_built(database: str) -> None:
    """The next build of each series is its first one."""
    void = "UPDATE published_view SET filled = NULL, row_count = NULL, newest_at = NULL"
    execute_sql(database, f"{void} WHERE relation IN ('fund_quote_history', 'equity_quote_history')")


async def put_seed(pool: Pool, *, stored: int = 0, navps: str = "10") -> UUID:
    """Quotes of all funds; `stored` is what the run says that it stored."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "FundDistribution"])
        await connection.execute(
            "UPDATE run_unit SET read_count = $2::int, stored_count = $2 WHERE task_id = $1 AND unit = 'FundDailyNAVPS'",
            run,
            stored,
        )
        for fund in range(FUNDS):
            await put_fund(connection, run, f"{fund:03}")
            for day in range(DAYS):
                await put_quote(connection, run, f"{fund:03}", DAY + timedelta(days=day), f"{navps}.{day}{fund:03}")
    return run


async def build(database: str, *, part_rows: int = 30, **wanted: object) -> dict[str, Unit]:
    result = await build_in_process(database, BuildParameters.model_validate(wanted), part_rows=part_rows)
    return {unit.unit: unit for unit in result.units}


async def build_until(database: str, pool: Pool, rows: int) -> None:
    """Build, and stop in the middle of it as a killed process does."""
    task = asyncio.create_task(build(database, part_rows=10))

    async def has_rows() -> bool:
        staged = await pool.fetchval(STAGED)
        return staged is not None and staged["rows"] >= rows

    await wait_for(has_rows, what="the first parts")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def require_like_a_whole_build(pool: Pool, view: CompiledView) -> None:
    """The view holds what one build of all rows in one transaction computes."""
    found = await dump_view(pool, view.relation)
    assert (await build_all(pool, [view], full=True))[view.relation].changed == 0
    assert await dump_view(pool, view.relation) == found


async def list_indexes(pool: Pool) -> list[dict[str, Any]]:
    return await read_rows(
        pool, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'published' AND tablename = $1 ORDER BY 1", SERIES
    )  # fmt: skip


async def test_a_first_build_in_parts_is_published_at_once(
    database: str, pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    await define_views(pool, views)
    indexes = await list_indexes(pool)
    run = await put_seed(pool)
    await build_until(database, pool, 20)
    # committed, and nothing of it is to be seen
    assert await pool.fetchval("SELECT count(*) FROM published.fund_quote_history__next") >= 20
    assert await pool.fetchval(COUNT) == 0
    units = await build(database)
    series = units[SERIES]
    assert (series.status.value, series.resume["full"], series.resume["runs"]) == ("completed", True, [str(run)])
    # what was done before the crash is not done again: the run went on where it was
    assert series.counts.stored == FUNDS * DAYS
    assert await pool.fetchval(COUNT) == FUNDS * DAYS
    assert await pool.fetchval(STAGED) is None
    assert await list_indexes(pool) == indexes
    assert await pool.fetchval("SELECT to_regclass('published.fund_quote_history__next')") is None
    assert await read_rows(pool, "SELECT DISTINCT last_run_id FROM sra.fund_quote_history") == [{"last_run_id": run}]
    await require_like_a_whole_build(pool, view_by_name[SERIES])
    assert await build(database) == {}


@pytest.mark.faults
async def test_rows_stored_during_the_build_are_published_with_it(
    database: str, pool: Pool, view_by_name: dict[str, CompiledView]
) -> None:
    await put_seed(pool)
    await build_until(database, pool, 20)
    async with pool.acquire() as connection:
        # of a fund that is already built, of one still to build, and of a new one
        later = await put_run(connection, "fundata", ["FundDailyNAVPS", "FundDistribution"])
        for fund in ("000", "039", "999"):
            await put_quote(connection, later, fund, DAY + timedelta(days=DAYS), "20")
        await put_data(
            connection, later, "FundDistribution", "001", "d", date=DAY + timedelta(days=2), total_distribution="1"
        )
        live = await put_run(connection, "fundata", ["FundDailyNAVPS"], status="running")
        await put_quote(connection, live, "000", DAY, "1")
    units = await build(database)
    assert str(later) in units[SERIES].resume["runs"]
    assert await pool.fetchval(COUNT) == FUNDS * DAYS + 3
    (row,) = await read_rows(
        pool, "SELECT distribution, last_run_id FROM sra.fund_quote_history WHERE identifier = '001' AND date = $1",
        DAY + timedelta(days=2),
    )  # fmt: skip
    assert (row["distribution"], row["last_run_id"]) == (Decimal(1), later)
    await require_like_a_whole_build(pool, view_by_name[SERIES])


async def test_a_seed_that_comes_after_the_first_build_is_built_in_parts(
    database: str, pool: Pool, view_by_name: dict[str, CompiledView]
) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, first, "000", DAY, "1")
        await put_quote(connection, first, "zzz", DAY, "1")
    await build(database)
    await put_seed(pool, stored=FUNDS * DAYS, navps="11")
    units = await build(database)
    assert units[SERIES].resume["full"]
    assert await pool.fetchval(COUNT) == FUNDS * DAYS + 1
    await require_like_a_whole_build(pool, view_by_name[SERIES])
    # a day's quotes are no seed
    async with pool.acquire() as connection:
        await put_quote(connection, await put_run(connection, "fundata", ["FundDailyNAVPS"]), "zzz", DAY, "2")
    units = await build(database)
    assert not units[SERIES].resume["full"]


async def test_a_reader_that_holds_the_view_does_not_stop_its_publication(
    database: str, pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    await define_views(pool, views)
    await put_seed(pool)
    reader = await asyncpg.connect(database)
    try:
        async with reader.transaction(isolation="repeatable_read"):
            assert await reader.fetchval(COUNT) == 0
            units = await build(database)
            assert units[SERIES].status.value == "completed"
            assert await pool.fetchval(COUNT) == FUNDS * DAYS
            assert await reader.fetchval(COUNT) == 0
    finally:
        await reader.close()


async def test_a_failed_check_leaves_the_rows_that_readers_have(database: str, pool: Pool) -> None:
    await put_seed(pool)
    await build(database)
    async with pool.acquire() as connection:
        gone = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        for fund in range(FUNDS):
            for day in range(1, DAYS):
                await put_quote(
                    connection, gone, f"{fund:03}", DAY + timedelta(days=day), "1", record_state="Deleted"
                )  # fmt: skip
    units = await build(database, views=[SERIES], full=True)
    assert "160 of 200 rows would disappear" in (units[SERIES].error or "")
    assert await pool.fetchval(COUNT) == FUNDS * DAYS
    units = await build(database, views=[SERIES], full=True, accept_drop=True)
    assert units[SERIES].status.value == "completed"
    # the rows had been computed: they were only published now
    assert units[SERIES].counts.stored == 0
    assert await pool.fetchval(COUNT) == FUNDS


async def test_a_process_does_not_undo_what_a_newer_version_published(
    pool: Pool, views: tuple[CompiledView, ...], database: str
) -> None:
    await build(database)
    work = ViewBuildWork(views)
    async with pool.acquire() as connection:
        plans = await work._choose_views(connection, BuildParameters(full=True))
        assert [plan.unit for plan in plans] == [group[-1].relation for group in group_views(views)]
        # another version, which started later, defines a view of its own
        await connection.execute(
            "UPDATE published_view SET digest = 'newer', filled = 'newer', defined_at = clock_timestamp()"
            " WHERE relation = 'latest_quote'"
        )
        plans = await work._choose_views(connection, BuildParameters())
        assert plans == []
        # one that starts after it, a rollback for instance, does
        await connection.execute(
            "UPDATE published_view SET defined_at = $1 WHERE relation = 'latest_quote'",
            datetime.now(UTC) - timedelta(hours=1),
        )
    units = await build(database)
    assert set(units) == {"latest_quote", "data_freshness"}
    assert units["latest_quote"].resume["full"]


async def test_the_series_of_listings_is_built_in_parts(
    database: str, pool: Pool, view_by_name: dict[str, CompiledView]
) -> None:
    name = "equity_quote_history"
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fmp", ["eod_prices", "symbol_changes"])
        for symbol in range(FUNDS):
            for day in range(DAYS):
                await put_close(connection, run, f"S{symbol:03}", DAY + timedelta(days=day), "10")
        # known by its former closes alone, and the last of all symbols
        await put_rename(connection, run, "S007", "ZZZ", DAY + timedelta(days=DAYS))
    units = await build(database)
    assert (units[name].resume["full"], units[name].counts.stored) == (True, (FUNDS + 1) * DAYS)
    renamed = await read_rows(pool, "SELECT date, delivered_symbol FROM sra.equity_quote_history WHERE symbol = 'ZZZ'")
    assert {(row["date"] - DAY).days: row["delivered_symbol"] for row in renamed} == dict.fromkeys(range(DAYS), "S007")
    await require_like_a_whole_build(pool, view_by_name[name])


async def test_a_live_view_becomes_materialized(
    database: str, pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    view = view_by_name["equity_quote_history"]
    own = {
        "as_of": "p.updated_at", "last_run_id": "p.run_id", "delivered_symbol": "p.symbol", "currency": "'USD'",
        "security_id": "NULL::text",
    }  # fmt: skip
    kept = ", ".join(f"{own.get(c.name, f'p.{c.name}')} AS {c.name}" for c in view.stored)
    read = ", ".join(f"NULL AS {c.name}" for c in view.columns if c not in view.stored)
    query = f"SELECT {kept}, {read} FROM public.fmp_eod_price p"  # noqa: S608
    plain = replace(view, spec=replace(view.spec, incremental=None, query=query), digest="of a live view")
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, run, "ABC", DAY, "10")
    await build_all(pool, [plain if each is view else each for each in views])
    result = "SELECT close, split_adjusted_close, last_run_id FROM sra.equity_quote_history"
    assert await read_rows(pool, result) == [{"close": 10, "split_adjusted_close": None, "last_run_id": run}]
    assert (await build(database))[view.relation].resume["full"]
    assert await read_rows(pool, result) == [{"close": 10, "split_adjusted_close": 10, "last_run_id": run}]
    assert await build(database) == {}


@pytest.mark.parametrize("name", ["fund_quote_history", "latest_quote"])
def test_a_staged_table_has_its_own_names(view_by_name: dict[str, CompiledView], name: str) -> None:
    view = view_by_name[name]
    assert view.rebuild.table == f"published.{name}__next"
    assert set(view.rebuild.create_indexes).isdisjoint(view.create_indexes)
    assert view.rebuild.name == view.name
