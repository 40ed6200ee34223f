"""Views that readers join are published in one commit, whatever a run corrects."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from sra_shared.kit.db import Connection, Pool, open_connection
from sra_shared.runs import Unit
from sra_testing.publication import build_all, build_one, choose_views, dump_view, read_rows
from sra_testing.records import (
    put_close,
    put_dividend,
    put_fund,
    put_profile,
    put_quote,
    put_rename,
    put_run,
    put_split,
)
from sra_testing.waiting import wait_for
from view_builder.apply import lock_view
from view_builder.compile import CompiledView, compile_views, group_views
from view_builder.inprocess import build_in_process
from view_builder.marts import MARTS
from view_builder.spec import Mart
from view_builder.sql_files import find_core
from view_builder.work import BuildParameters

DAY = date(2025, 9, 26)
DAYS = 30
HISTORY, FACTORS, IDENTITY = "equity_quote_history", "price_adjustment", "listing_identity"
DATASETS = ["universe", "profile", "eod_prices", "splits", "dividends"]
# everything that one query shows of a listing
ANSWER = """
SELECT jsonb_agg(to_jsonb(h) ORDER BY h.date)::text FROM sra.equity_quote_history h WHERE h.symbol = 'ABC'
"""
WAITS_FOR_LOCK = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
               AND query LIKE '%sra_take_locks%')
"""


async def put_listing(pool: Pool) -> UUID:
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC")
        for days in range(DAYS):
            await put_close(connection, run, "ABC", DAY - timedelta(days=days), "100")
        await put_dividend(connection, run, "ABC", DAY - timedelta(days=10), "2")
        await put_split(connection, run, "ABC", DAY - timedelta(days=20), 2, 1)
    return run


async def correct_listing(pool: Pool) -> UUID:
    """A run that corrects an old close and both events, and stores a session with a split."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fmp", DATASETS)
        await put_close(connection, run, "ABC", DAY - timedelta(days=25), "98")
        await put_split(connection, run, "ABC", DAY - timedelta(days=20), 3, 1)
        await put_dividend(connection, run, "ABC", DAY - timedelta(days=10), "4")
        await put_close(connection, run, "ABC", DAY + timedelta(days=1), "25")
        await put_split(connection, run, "ABC", DAY + timedelta(days=1), 4, 1)
    return run


async def build(database: str, **wanted: object) -> dict[str, Unit]:
    result = await build_in_process(database, BuildParameters.model_validate(wanted), part_rows=10)
    return {unit.unit: unit for unit in result.units}


@asynccontextmanager
async def held_back(pool: Pool, database: str, view: CompiledView) -> AsyncIterator[Callable[[], Any]]:
    """Keep builds from a view until the yielded call has seen one wait for it, and the block is left."""
    holder = await open_connection(database, application_name="holder")

    async def is_waiting() -> bool:
        return bool(await pool.fetchval(WAITS_FOR_LOCK))

    try:
        async with holder.transaction():
            await lock_view(holder, view)
            yield lambda: wait_for(is_waiting, what="a build at the lock")
    finally:
        await holder.close()


async def collect_responses(database: str, responses: list[str], stop: asyncio.Event) -> None:
    """Read in a loop, and keep every result that differs from the one before."""
    connection = await open_connection(database, application_name="probe")
    try:
        while not stop.is_set():
            response = await connection.fetchval(ANSWER)
            if response != responses[-1]:
                responses.append(response)
            await asyncio.sleep(0)
    finally:
        await connection.close()


@asynccontextmanager
async def reading(pool: Pool, database: str) -> AsyncIterator[list[str]]:
    """The results that readers got in the meantime, after the one before them."""
    responses, stop = [await pool.fetchval(ANSWER)], asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(collect_responses(database, responses, stop))
        yield responses
        stop.set()


def test_views_that_are_joined_are_published_together(views: tuple[CompiledView, ...]) -> None:
    groups = [[view.relation for view in group] for group in group_views(views)]
    together = [[FACTORS, IDENTITY, HISTORY], ["fund_value", "fund_page"]]
    assert sorted(group for group in groups if len(group) > 1) == sorted(together)
    assert sorted(name for group in groups for name in group) == sorted(view.relation for view in views)
    done: set[str] = set()
    for group, names in zip(group_views(views), groups, strict=True):
        for view in group:
            assert set(view.spec.uses) <= done | set(names), view.relation
        done |= set(names)


def split_union(query: str) -> list[str]:
    """Return the SELECTs of a query's UNION ALL: no row of one is combined with a row of another."""
    parts, depth = [""], 0
    for token in re.split(r"([()]|\bUNION ALL\b)", query):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "UNION ALL" and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return parts


def list_combined(view: CompiledView, view_by_name: dict[str, CompiledView]) -> list[set[str]]:
    """Return the sets of materialized views whose rows a view combines, through other live views too."""
    incremental = view.spec.incremental
    combined = []
    for part in split_union(view.spec.query if incremental is None else incremental.read_query or ""):
        text = " ".join([part, *(item.statement for item in find_core([part]))])
        read = set(re.findall(r"(?:FROM|JOIN) (?:sra|published)\.(\w+)", text))
        live = {name for name in read if view_by_name[name].spec.incremental is None}
        sets = [(read - live) | ({view.relation} if incremental is not None else set())]
        for name in sorted(live):
            sets = [one | other for one in sets for other in list_combined(view_by_name[name], view_by_name)]
        combined += sets
    return combined


def test_no_view_joins_rows_of_two_commits(
    views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    commit_of = {view.relation: group[-1].relation for group in group_views(views) for view in group}
    found = {
        view.relation
        for view in views
        if any(len({commit_of[name] for name in names}) > 1 for names in list_combined(view, view_by_name))
    }
    # it reports how old the others are
    assert found == {"data_freshness"}


def change_mart(name: str, **changes: Any) -> list[Mart]:
    """All views, one of them declared otherwise."""
    return [
        replace(mart, spec=replace(mart.spec, **changes)) if mart.model.relation() == name else mart for mart in MARTS
    ]


@pytest.mark.parametrize("companion", ["latest_quote", "security_master_v9", "equity_page"])
def test_a_view_is_published_with_its_companions(companion: str) -> None:
    with pytest.raises(ValueError, match="published"):
        compile_views(change_mart(HISTORY, published_with=(companion,)))


def test_uses_of_later_views_are_circular() -> None:
    with pytest.raises(ValueError, match="use one another"):
        compile_views(change_mart(FACTORS, uses=("security_master", "equity_metrics")))


async def test_a_correction_of_closes_and_events_appears_in_one_query(
    database: str, pool: Pool, view_by_name: dict[str, CompiledView]
) -> None:
    await put_listing(pool)
    await build(database)
    before = await dump_view(pool, FACTORS)
    run = await correct_listing(pool)
    async with reading(pool, database) as responses:
        async with held_back(pool, database, view_by_name[HISTORY]) as wait_for_build:
            task = asyncio.create_task(build(database))
            # the factors are computed, and the closes are not
            await wait_for_build()
            assert await dump_view(pool, FACTORS) == before
            assert await pool.fetchval(ANSWER) == responses[0]
        units = await task
    assert not units[HISTORY].resume["full"]
    assert FACTORS not in units
    assert responses == [responses[0], await pool.fetchval(ANSWER)]
    rows = await read_rows(pool, "SELECT * FROM sra.equity_quote_history ORDER BY date")
    corrected = {row["date"]: row for row in rows}[DAY - timedelta(days=25)]
    # 98 / (3 x 4), and with the dividend 98 / (12 x 1.04)
    assert corrected["split_adjusted_close"] == Decimal("8.166666666667")
    assert corrected["total_return_close"] == Decimal("7.852564102564")
    assert {row["last_run_id"] for row in rows} == {run}
    assert (await build_one(pool, view_by_name[HISTORY], full=True)).changed == 0


async def test_a_series_built_in_parts_is_published_with_its_factors(
    database: str, pool: Pool, view_by_name: dict[str, CompiledView]
) -> None:
    await put_listing(pool)
    await build(database)
    run = await correct_listing(pool)
    await build_one(pool, view_by_name["security_master"])
    async with reading(pool, database) as responses:
        async with held_back(pool, database, view_by_name[FACTORS]) as wait_for_build:
            task = asyncio.create_task(build(database, views=[HISTORY], full=True))
            # all parts are there, with the closes of a run that the factors do not know yet
            await wait_for_build()
            staged = "SELECT count(*) FROM published.equity_quote_history__next"
            assert await pool.fetchval(staged) == DAYS + 1
            assert await pool.fetchval(ANSWER) == responses[0]
        units = await task
    assert (units[HISTORY].resume["full"], units[HISTORY].resume["runs"]) == (True, [str(run)])
    assert responses == [responses[0], await pool.fetchval(ANSWER)]
    assert await pool.fetchval("SELECT count(*) FROM sra.price_adjustment") == 3
    found = await dump_view(pool, HISTORY)
    assert (await build_one(pool, view_by_name[HISTORY], full=True)).changed == 0
    assert await dump_view(pool, HISTORY) == found


async def test_factors_stay_with_closes_that_fail_their_check(
    database: str, pool: Pool, view_by_name: dict[str, CompiledView]
) -> None:
    run = await put_listing(pool)
    async with pool.acquire() as connection:
        for days in range(DAYS, 4 * DAYS):
            await put_close(connection, run, "ABC", DAY - timedelta(days=days), "100")
    await build(database)
    before = {name: await dump_view(pool, name) for name in (FACTORS, HISTORY)}
    await correct_listing(pool)
    async with pool.acquire() as connection:
        first = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, first, "ABC", DAY - timedelta(days=4 * DAYS), "100")
        await connection.execute("DELETE FROM fmp_eod_price WHERE run_id = $1", run)
    units = await build(database)
    assert "would disappear" in (units[HISTORY].error or "")
    assert {name: await dump_view(pool, name) for name in before} == before
    result = "SELECT relation FROM published_view WHERE error LIKE '%would disappear%' ORDER BY 1"
    assert [row["relation"] for row in await read_rows(pool, result)] == [HISTORY, IDENTITY, FACTORS]
    # what is computed from the factors waits for them
    assert "equity_metrics" not in {row["relation"] for row in await list_holders(pool, first)}
    units = await build(database, views=[FACTORS], accept_drop=True)
    assert units[HISTORY].status.value == "completed"
    assert await pool.fetchval("SELECT count(*) FROM sra.equity_quote_history") == 3


async def list_holders(pool: Pool, run: UUID) -> list[dict[str, Any]]:
    return await read_rows(pool, "SELECT relation FROM published_run WHERE run_id = $1", run)


async def change_currency(connection: Connection, run: UUID, currency: str) -> None:
    await connection.execute(
        "UPDATE equity_profile SET currency = $2, run_id = $1, updated_at = clock_timestamp() WHERE symbol = 'ABC'",
        run,
        currency,
    )


async def test_a_series_changes_its_currency_with_its_own_build(
    pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    await put_listing(pool)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1", currency="CAD")
        for days in range(DAYS):
            await put_quote(connection, run, "1", DAY - timedelta(days=days), "10")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        listed = await put_run(connection, "fmp", ["profile"])
        await change_currency(connection, listed, "EUR")
        await put_fund(connection, await put_run(connection, "fundata", ["FundGeneral"]), "1", currency="USD")
    await build_one(pool, view_by_name["security_master"])
    currencies = "SELECT DISTINCT currency FROM sra.{}"
    for name, former, new in ((HISTORY, "USD", "EUR"), ("fund_quote_history", "CAD", "USD")):
        assert await read_rows(pool, currencies.format(name)) == [{"currency": former}]
        built = await build_one(pool, view_by_name[name])
        assert (built.full, built.changed) == (False, DAYS)
        assert await read_rows(pool, currencies.format(name)) == [{"currency": new}]
        assert (await build_one(pool, view_by_name[name], full=True)).changed == 0
    async with pool.acquire() as connection:
        # a profile that says the same currency costs nothing of the history
        await change_currency(connection, await put_run(connection, "fmp", ["profile"]), "EUR")
    await build_one(pool, view_by_name["security_master"])
    assert (await build_one(pool, view_by_name[HISTORY])).computed == 0


async def test_a_renamed_security_changes_its_symbol_with_its_prices(
    pool: Pool, view_by_name: dict[str, CompiledView]
) -> None:
    await put_listing(pool)
    await build_all(pool, choose_views("total_return_history"))
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "symbol_changes"])
        await connection.execute("UPDATE fmp_universe SET valid_to = now(), updated_at = now(), run_id = $1", run)
        await put_profile(connection, run, "XYZ")
        await put_rename(connection, run, "ABC", "XYZ", DAY + timedelta(days=1))
    await build_one(pool, view_by_name["security_master"])
    series = "SELECT identifier, count(*) AS n FROM sra.total_return_history WHERE security_id = 'fmp:ABC' GROUP BY 1"
    assert await read_rows(pool, series) == [{"identifier": "ABC", "n": DAYS}]
    await build_one(pool, view_by_name[HISTORY])
    assert await read_rows(pool, series) == [{"identifier": "XYZ", "n": DAYS}]


async def test_a_change_of_most_currencies_is_built_in_parts(database: str, pool: Pool) -> None:
    name = "fund_quote_history"
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        for fund in range(10):
            for days in range(DAYS):
                await put_quote(connection, run, f"{fund:02}", DAY - timedelta(days=days), "10")
    await pool.execute("UPDATE published_view SET filled = NULL")
    assert (await build(database))[name].resume["full"]
    result = "SELECT currency, count(*) AS n FROM sra.fund_quote_history GROUP BY 1 ORDER BY 1"
    assert await read_rows(pool, result) == [{"currency": None, "n": 10 * DAYS}]
    for share, is_full in ((range(1), False), (range(1, 10), True)):
        async with pool.acquire() as connection, connection.transaction():
            general = await put_run(connection, "fundata", ["FundGeneral"])
            for fund in share:
                await put_fund(connection, general, f"{fund:02}")
        assert (await build(database))[name].resume["full"] == is_full
    assert await read_rows(pool, result) == [{"currency": "CAD", "n": 10 * DAYS}]
