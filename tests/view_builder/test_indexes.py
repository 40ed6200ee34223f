"""Queries by symbol, identifier or date go by an index, and a change of definition keeps nobody waiting."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from sra_shared.db import Pool
from sra_testing.publication import build_all
from sra_testing.records import put_fund, put_profile, put_quote, put_run
from view_builder.apply import prepare_table
from view_builder.compile import CompiledView

QUERIES = [
    ("security_master", "source = 'fundata' AND identifier = '7'"),
    ("security_master", "identifier = '7'"),
    ("security_master", "isin = 'CA0000000000'"),
    ("security_master", "lower(name) LIKE 'fund%'"),
    ("latest_quote", "identifier = '7'"),
    ("latest_quote", "price_date = '2025-09-26'"),
    ("fund_page", "identifier = '7'"),
    ("equity_page", "symbol = 'ABC'"),
    ("equity_metrics", "symbol = 'ABC'"),
    ("equity_metrics", "exchange = 'TSX'"),
    ("equity_metrics", "sector = 'Energy'"),
    ("etf_page", "symbol = 'FND'"),
    ("price_adjustment", "symbol = 'ABC' AND date > '2025-09-01'"),
    ("index_performance", "symbol = '^GSPC'"),
    ("market_movers", "market = 'tsx'"),
    ("market_movers", "symbol = 'ABC'"),
    ("daily_market_summary", "date = '2025-09-26'"),
    ("daily_market_summary", "date >= '2025-09-01'"),
    ("fundata_data", "identifier = '7'"),
    ("fundata_data_history", "identifier = '7' AND dataset = 'FundGeneral'"),
    ("fundata_quotes", "identifier = '7'"),
    ("fundata_quotes", "date = '2025-09-26'"),
    ("fundata_quotes_history", "identifier = '7' AND date >= '2025-01-01'"),
    ("fund_quote_history", "identifier = '7' AND date >= '2025-01-01'"),
    ("equity_quote_history", "symbol = 'ABC'"),
    ("equity_quote_history", "symbol = 'ABC' AND date >= '2025-01-01'"),
    ("equity_quote_history", "date = '2025-09-26'"),
    ("treasury_curve", "date = '2025-09-26'"),
]


async def test_queries_by_key_or_date_use_an_index(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        for fund in range(20):
            await put_fund(connection, run, str(fund))
            await put_quote(connection, run, str(fund), date(2025, 9, 26), "1")
        await put_profile(connection, await put_run(connection, "fmp", ["profile", "universe"]), "ABC")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        # with a few rows PostgreSQL would read all of them: what counts is that it need not
        await connection.execute("SET enable_seqscan = off")
        for view, condition in QUERIES:
            rows = await connection.fetch(f"EXPLAIN SELECT * FROM sra.{view} WHERE {condition}")  # noqa: S608
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan" not in plan, f"{view} WHERE {condition}:\n{plan}"


async def test_a_change_of_definition_lets_readers_through(pool: Pool, view_by_name: dict[str, CompiledView]) -> None:
    view = view_by_name["latest_quote"]
    await build_all(pool, [view_by_name["security_master"], view_by_name["fund_quote_history"], view])
    async with pool.acquire() as connection:
        await connection.execute("ALTER TABLE published.latest_quote ADD COLUMN left_over int")
        await connection.execute("CREATE INDEX ix_left_over ON published.latest_quote (left_over)")
    async with pool.acquire() as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.fetch("SELECT * FROM sra.latest_quote")
        # the index that the model does not have is to go, which the open query keeps from happening
        changing = asyncio.create_task(prepare_table(pool, view))
        for _ in range(20):
            async with pool.acquire() as reader:
                await asyncio.wait_for(reader.fetch("SELECT * FROM sra.latest_quote"), 2)
        assert not changing.done()
        await transaction.rollback()
    await asyncio.wait_for(changing, 20)
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT to_regclass('published.ix_left_over')") is None


@pytest.mark.parametrize("name", ["fundata_data", "fundata_quotes"])
async def test_the_currency_costs_nothing_where_it_is_not_asked_for(
    pool: Pool, views: tuple[CompiledView, ...], name: str
) -> None:
    await build_all(pool, views)
    async with pool.acquire() as connection:
        rows = await connection.fetch(f"EXPLAIN SELECT identifier, dataset FROM sra.{name} WHERE identifier = '7'")  # noqa: S608
    assert "security_master" not in "\n".join(row[0] for row in rows)
