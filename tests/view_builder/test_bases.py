"""A view includes a run only if the views that it reads include it, in any order of runs, failures and builds."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from fundata_ingest.repair.rekey import REKEYED
from sra_shared.kit.db import Pool
from sra_shared.runs import Unit
from sra_testing.publication import build_all, build_one, read_rows
from sra_testing.records import put_close, put_data, put_fund, put_profile, put_quote, put_run, put_split
from view_builder.build import find_new_runs
from view_builder.compile import CompiledView
from view_builder.inprocess import build_in_process
from view_builder.sql_files import find_core
from view_builder.work import BuildParameters

DAY = date(2025, 9, 26)
FUNDS = 80


async def put_day(pool: Pool, number: int, navps: str) -> UUID:
    """A run of quotes alone, of every fund, for a day of its own."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        for fund in range(FUNDS):
            await put_quote(connection, run, str(fund), DAY + timedelta(days=number), navps)
    return run


async def put_funds(pool: Pool, datasets: tuple[str, ...] = ("FundGeneral",)) -> UUID:
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", datasets)
        for fund in range(FUNDS):
            await put_fund(connection, run, str(fund))
    return run


async def list_holders(pool: Pool, run: UUID) -> set[str]:
    """The views that hold a run."""
    rows = await read_rows(pool, "SELECT relation FROM published_run WHERE run_id = $1", run)
    return {row["relation"] for row in rows}


def test_a_view_names_all_that_its_query_reads(views: tuple[CompiledView, ...]) -> None:
    for view in views:
        texts = [*view.spec.texts, *(item.statement for item in find_core(view.spec.texts))]
        read = {name for text in texts for name in re.findall(r"(?:FROM|JOIN) (?:sra|published)\.(\w+)", text)}
        # a function of past states belongs to its view
        read = {name.removesuffix("_as_of") for name in read}
        assert read <= {view.relation, *view.spec.uses}, view.relation
    assert {view.relation: {base.relation for base in view.bases} for view in views}["market_movers"] == {
        "security_master",
        "price_adjustment",
        "equity_fundamentals",
        "equity_metrics",
    }


async def test_a_run_that_ends_between_the_builds_of_two_views_is_in_both_after_the_next(
    pool: Pool, view_by_name: dict[str, CompiledView], views: tuple[CompiledView, ...]
) -> None:
    await put_funds(pool)
    await put_day(pool, 0, "1")
    await build_all(pool, views)
    # the base is done with this build when the run ends, the views that follow are not
    await build_one(pool, view_by_name["fund_quote_history"])
    run = await put_day(pool, 1, "2")
    following = ("latest_quote", "fund_page", "daily_market_summary")
    for name in following:
        assert run not in (await build_one(pool, view_by_name[name])).runs
    assert await list_holders(pool, run) == set()
    await build_all(pool, views)
    assert await list_holders(pool, run) >= {"fund_quote_history", *following}
    for statement in (
        "SELECT DISTINCT navps AS value FROM sra.latest_quote",
        "SELECT DISTINCT navps AS value FROM sra.fund_page",
        "SELECT avg_navps AS value FROM sra.daily_market_summary WHERE date = '2025-09-27'",
    ):
        assert await read_rows(pool, statement) == [{"value": Decimal(2)}]


async def test_a_split_never_reaches_figures_before_its_factors(
    pool: Pool, view_by_name: dict[str, CompiledView], views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fmp", ["universe", "profile", "eod_prices", "splits"])
        await put_profile(connection, first, "ABC")
        for day in range(10):
            await put_close(connection, first, "ABC", DAY - timedelta(days=10 - day), "100")
    await build_all(pool, views)
    await build_one(pool, view_by_name["price_adjustment"])
    async with pool.acquire() as connection:
        second = await put_run(connection, "fmp", ["eod_prices", "splits"])
        await put_close(connection, second, "ABC", DAY, "50")
        await put_split(connection, second, "ABC", DAY, 2, 1)
    for name in ("equity_metrics", "market_movers"):
        assert (await build_one(pool, view_by_name[name])).runs == ()
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT return_date, return_1w FROM sra.equity_metrics")
    assert (row["return_date"], row["return_1w"]) == (DAY, Decimal(0))


async def build(database: str, **wanted: object) -> dict[str, Unit]:
    result = await build_in_process(database, BuildParameters.model_validate(wanted))
    return {unit.unit: unit for unit in result.units}


async def test_followers_wait_for_the_runs_that_a_failed_view_lacks(database: str, pool: Pool) -> None:
    await put_funds(pool)
    await put_day(pool, 0, "1")
    await build(database)
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundTopHolding"])
        for fund in range(FUNDS - 10):
            await put_fund(connection, run, str(fund), record_state=REKEYED)
        await put_data(
            connection, run, "FundTopHolding", "79", "1", language="EN", date=DAY, security="Gold", market_percent="9"
        )
    units = await build(database)
    assert "70 of 80 rows would disappear" in (units["security_master"].error or "")
    # no view that read the former list of funds may include the run
    holders = await list_holders(pool, run)
    assert holders == {"run_contents", "data_freshness", "runs", "rejects"} & holders
    assert await read_rows(pool, "SELECT count(*) AS n FROM sra.fund_page") == [{"n": 80}]
    # a person lets the rows go, of that view alone: those that waited for it follow
    units = await build(database, views=["security_master"], accept_drop=True)
    assert {"fund_page", "latest_quote"} <= set(units)
    assert {unit.status.value for unit in units.values()} == {"completed"}
    assert await list_holders(pool, run) >= {"security_master", "fund_page", "latest_quote"}
    rows = await read_rows(pool, "SELECT identifier, jsonb_array_length(top_holdings) AS n FROM sra.fund_page")
    assert len(rows) == 10
    assert {row["identifier"]: row["n"] for row in rows}["79"] == 1


async def test_a_run_of_unknown_datasets_is_checked_by_all_views(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await put_funds(pool)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        # what a replay calls what it tried again
        run = await put_run(connection, "fundata", ["(all)"])
        await put_fund(connection, run, "late")
        other = await put_run(connection, "fundata", ["FundTopHolding"])
    built = await build_all(pool, views)
    assert built["security_master"].runs == (run,)
    assert set(built["fund_page"].runs) == {run, other}
    assert await read_rows(pool, "SELECT last_run_id FROM sra.security_master WHERE identifier = 'late'") == [
        {"last_run_id": run}
    ]


async def test_datasets_of_a_completion_count_if_the_units_name_others(
    pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundTopHolding"])
        assert await find_new_runs(connection, view_by_name["security_master"]) == set()
        await connection.execute(
            "INSERT INTO completion_inbox (event_id, run_id, source, datasets) VALUES ($1, $2, 'fundata', $3)",
            uuid4(),
            run,
            ["FundGeneral"],
        )
        assert await find_new_runs(connection, view_by_name["security_master"]) == {run}
