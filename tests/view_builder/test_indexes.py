"""Queries by symbol, identifier or date use an index, and a change of definition does not block readers."""

from __future__ import annotations

import asyncio
import re

import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import Connection, Pool
from sra_testing.databases import make_views_template
from sra_testing.publication import build_all
from sra_testing.records import put_run
from view_builder.apply import prepare_table
from view_builder.compile import CompiledView

QUERIES = [
    ("security_master", "source = 'fundata' AND identifier = '7'"),
    ("security_master", "identifier = '7'"),
    ("security_master", "isin = 'CA0000000000'"),
    ("latest_quote", "identifier = '7'"),
    ("latest_quote", "price_date = '2020-03-05'"),
    ("fund_page", "identifier = '7'"),
    ("equity_page", "symbol = 'S7'"),
    ("equity_metrics", "symbol = 'S7'"),
    ("equity_metrics", "sector = 'Sector 7'"),
    ("daily_market_summary", "date = '2024-05-06'"),
    ("daily_market_summary", "date >= '2025-09-01'"),
    ("fundata_data", "identifier = '7'"),
    ("fundata_data_history", "identifier = '7' AND dataset = 'FundGeneral'"),
    ("fundata_quotes", "identifier = '7' AND date >= '2025-01-01'"),
    ("fundata_quotes", "date = '2025-09-26'"),
    ("fundata_quotes_history", "identifier = '7' AND date >= '2025-01-01'"),
    ("fund_quote_history", "identifier = '7' AND date >= '2025-01-01'"),
    ("fund_quote_history", "date = '2024-05-06'"),
    ("equity_quote_history", "symbol = 'S7' AND date >= '2025-01-01'"),
    ("equity_quote_history", "date = '2025-09-26'"),
    ("security_master", "security_id = 'fmp:S7'"),
    ("fundata_quotes", "security_id = 'fundata:7' AND date >= '2025-01-01'"),
    ("fund_quote_history", "security_id = 'fundata:7' AND date >= '2025-01-01'"),
    ("equity_quote_history", "security_id = 'fmp:S7' AND date >= '2025-01-01'"),
]
# of a few rows, or spread over years of which most are empty: PostgreSQL reads them as it likes
SMALL = [
    ("etf_page", "symbol = 'S401'"),
    ("fund_metrics", "identifier = '7'"),
    ("fund_metrics", "category = 'Canadian Equity' AND category_rank_3y <= 10"),
    ("fund_return_reconciliation", "identifier = '7' AND month_end_date >= '2025-01-31'"),
    ("fund_return_reconciliation", "NOT is_within"),
    ("security_master", "lower(name) LIKE 'fund%'"),
    ("equity_metrics", "exchange = 'TSX'"),
    ("price_adjustment", "symbol = 'S7' AND ex_date > '2025-09-01'"),
    ("index_performance", "symbol = '^GSPC'"),
    ("market_movers", "market = 'tsx'"),
    ("market_movers", "symbol = 'S7'"),
    ("fundata_quotes", "identifier = '7'"),
    ("equity_quote_history", "symbol = 'S7'"),
    ("treasury_curve", "date = '2025-09-26'"),
    ("security_master", "issuer_id = 'cik:7'"),
    ("security_master", "fund_id = 'fund:manager:fund'"),
    ("price_adjustment", "security_id = 'fmp:S7'"),
    *(
        (view, "security_id = 'fmp:S7'")
        for view in ("dividends", "dividends_history", "splits", "splits_history", "earnings")
    ),
    *((view, "symbol = 'S7'") for view in ("dividends", "splits", "earnings", "listing_events", "universe_history")),
    ("dividends", "ex_date = '2025-09-26'"),
    ("distributions", "security_id = 'fundata:7'"),
    ("fund_codes", "security_id = 'fundata:7'"),
    ("exchange_rates", "pair = 'USDCAD' AND date >= '2025-09-01'"),
    ("trading_calendar", "exchange = 'NYSE' AND session_date >= '2025-09-01'"),
    ("runs", "task_id = '00000000-0000-0000-0000-000000000000'"),
    ("rejects", "reject_id = 7"),
    *(
        (view, condition)
        for view in ("financial_statements", "financial_ratios", "financial_growth", "fundamentals_ttm")
        for condition in ("issuer_id = 'cik:7'", "security_id = 'fmp:S7'", "symbol = 'S7'")
    ),
    ("financial_statements_history", "symbol = 'S7'"),
    *((view, "security_id = 'fmp:S401'") for view in ("etf_holdings", "etf_exposures")),
    ("index_history", "symbol = '^GSPC' AND date >= '2025-09-01'"),
    ("index_constituents", "index_name = 'sp500' AND symbol = 'S7'"),
    *((view, "security_id = 'fmp:S7'") for view in ("total_return_history", "period_returns")),
    ("total_return_history", "security_id = 'fundata:7' AND date >= '2025-01-01'"),
]
FUNDS = """
INSERT INTO fundata_data (run_id, identifier, dataset, record_id, data_source, data_version, row_ordinal, parser_version,
  content_hash, language, legal_name, currency, raw_json)
SELECT $1, f::text, 'FundGeneral', f::text, 'CSV', 1, 0, 1, '', 'EN', 'Fund ' || f, 'CAD', '{}' FROM generate_series(1, 600) f
"""
# all funds on three days, a few of them over two years
QUOTES = """
INSERT INTO fundata_quotes (run_id, identifier, date, dataset, data_source, data_version, row_ordinal, parser_version,
  content_hash, navps, raw_json)
SELECT $1, f::text, date '2025-09-26' - d, 'FundDailyNAVPS', 'CSV', 1, 0, 1, '', f, '{}'
FROM generate_series(1, 600) f, generate_series(0, 730) d WHERE d < 3 OR f <= 5
"""
LISTINGS = (
    """INSERT INTO fmp_universe (symbol, exchange, company_name, is_etf, is_fund, is_actively_trading, raw_json, run_id,
  content_hash) SELECT 'S' || n, 'NYSE', 'Company ' || n, n > 400, false, true, '{}', $1, '' FROM generate_series(1, 500) n""",
    """INSERT INTO equity_profile (symbol, exchange, company_name, currency, sector, is_etf, raw_json, run_id, content_hash)
SELECT 'S' || n, 'NYSE', 'Company ' || n, 'USD', 'Sector ' || n % 50, n > 400, '{}', $1, '' FROM generate_series(1, 500) n""",
    """INSERT INTO fmp_eod_price (symbol, date, close, raw_json, run_id, content_hash)
SELECT 'S' || n, date '2025-09-26' - d, n, '{}', $1, '' FROM generate_series(1, 500) n, generate_series(0, 9) d""",
)


@pytest.fixture(scope="session")
def database_template(postgres_server: EmbeddedPostgres, whole_template: str) -> str:
    """With every partition that the migrations make, since plans depend on them."""
    return make_views_template(postgres_server, whole_template)


async def explain(connection: Connection, view: str, condition: str) -> str:
    rows = await connection.fetch(f"EXPLAIN SELECT * FROM sra.{view} WHERE {condition}")  # noqa: S608
    return "\n".join(row[0] for row in rows)


async def list_tiny(connection: Connection) -> set[str]:
    """The tables of a page or two, which PostgreSQL reads as they are: empty partitions, those of runs and renames."""
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relpages <= 2")
    return {"task_execution_log", "published_view", "published_run", *(row["relname"] for row in rows)}


async def test_queries_by_key_or_date_use_an_index(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        for statement in (FUNDS, QUOTES):
            await connection.execute(statement, run)
        listed = await put_run(connection, "fmp", ["profile", "universe", "eod_prices"])
        for statement in LISTINGS:
            await connection.execute(statement, listed)
    await build_all(pool, views)
    await pool.execute("VACUUM (ANALYZE)")
    async with pool.acquire() as connection:
        # by the planner's own choice
        tiny = await list_tiny(connection)
        for view, condition in QUERIES:
            plan = await explain(connection, view, condition)
            # a currency for each of many rows is joined to the whole list of securities
            scanned = set(re.findall(r"Seq Scan on (\S+)", plan)) - tiny
            assert scanned <= {"security_master"} - {view}, f"{view} WHERE {condition}:\n{plan}"
            assert "Index" in plan or "Bitmap" in plan, f"{view} WHERE {condition}:\n{plan}"
        # what counts for these is that an index is there
        await connection.execute("SET enable_seqscan = off")
        for view, condition in SMALL:
            plan = await explain(connection, view, condition)
            assert "Seq Scan" not in plan, f"{view} WHERE {condition}:\n{plan}"


async def test_a_change_of_definition_does_not_block_readers(pool: Pool, view_by_name: dict[str, CompiledView]) -> None:
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
async def test_the_currency_costs_nothing_if_it_is_not_selected(
    pool: Pool, views: tuple[CompiledView, ...], name: str
) -> None:
    await build_all(pool, views)
    async with pool.acquire() as connection:
        rows = await connection.fetch(f"EXPLAIN SELECT identifier, dataset FROM sra.{name} WHERE identifier = '7'")  # noqa: S608
    assert "security_master" not in "\n".join(row[0] for row in rows)
