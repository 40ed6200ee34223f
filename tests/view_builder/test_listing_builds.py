"""Views of listings that are built incrementally equal those of one full build."""

from __future__ import annotations

import random

import pytest

from sra_shared.kit.db import Pool
from sra_testing.listings import DATASETS, change_market, put_market, relate_listings
from sra_testing.publication import build_all, dump_view, read_rows
from sra_testing.records import end_run, put_run
from view_builder.compile import CompiledView

OURS = (
    "price_adjustment",
    "equity_quote_history",
    "equity_fundamentals",
    "equity_metrics",
    "equity_page",
    "etf_page",
    "index_performance",
    "market_movers",
)


@pytest.fixture
def listing_views(view_by_name: dict[str, CompiledView]) -> tuple[CompiledView, ...]:
    """The views of listings, in the order of their builds."""
    return tuple(view_by_name[name] for name in ("security_master", *OURS))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in (1, 2))])
async def test_incremental_builds_equal_a_full_one(
    pool: Pool, listing_views: tuple[CompiledView, ...], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - made-up changes
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_market(connection, run)
        await relate_listings(connection, run)
    await build_all(pool, listing_views)
    rows = await read_rows(pool, "SELECT symbol, fundamentals_basis, fundamentals_reason FROM sra.equity_fundamentals")
    assert {tuple(row.values()) for row in rows} == {
        ("AAA", "quarters", None), ("BBB", "half_years", None), ("CCC", "fiscal_year", None),
        ("DDD.TO", None, "currency_changed"),
    }  # fmt: skip
    for _ in range(12):
        async with pool.acquire() as connection:
            run = await put_run(connection, "fmp", DATASETS, status="running")
            await connection.execute(
                "UPDATE task_execution_log SET started_at = clock_timestamp() WHERE task_id = $1", run
            )
            for _ in range(chance.randint(1, 5)):
                await change_market(connection, chance, run)
            await end_run(connection, run)
        built = await build_all(pool, listing_views)
        assert not any(build.full for build in built.values())
    result = {name: await dump_view(pool, name) for name in OURS}
    assert all(result.values())
    await build_all(pool, listing_views, full=True)
    for name in OURS:
        assert await dump_view(pool, name) == result[name], name


async def test_a_page_changes_only_with_its_inputs(pool: Pool, listing_views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fmp", DATASETS)
        await put_market(connection, first)
    await build_all(pool, listing_views)
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["quote"])
        await connection.execute(
            "UPDATE fmp_quote SET price = 12, run_id = $1, updated_at = now() WHERE symbol = 'BBB'", later
        )
    built = await build_all(pool, listing_views)
    computed = {name: built[name].computed for name in ("equity_metrics", "etf_page", "price_adjustment")}
    assert computed == {"equity_metrics": 1, "etf_page": 0, "price_adjustment": 0}
    rows = await read_rows(pool, "SELECT symbol, last_run_id = $1 AS is_new FROM sra.equity_page", later)
    # AAA names it as a peer
    assert {row["symbol"] for row in rows if row["is_new"]} == {"AAA", "BBB"}
