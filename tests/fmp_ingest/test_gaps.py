"""Gaps after an outage, and days without stored sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fmp_collectors.datasets import BY_NAME
from fmp_ingest.collection.target_symbols import read_targets
from fmp_ingest.collection.watermark import join_spans
from sra_cli.commands.fmp import estimate
from sra_cli.migration import migrate_database
from sra_shared.kit.db import Pool, open_connection
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import Ended, make_settings, run_fmp
from sra_testing.stand_in import SECURITIES

OUTAGE = timedelta(days=14)
SQL_OUTAGE = "UPDATE run_unit SET started_at = started_at - $1::interval, completed_at = completed_at - $1::interval"


@pytest.fixture
def today(stand_in: StandIn) -> date:
    """The world of the vendor is that of today."""
    day = datetime.now(UTC).date()
    stand_in.set_as_of(day.isoformat())
    return day


async def run_daily(dsn: str, stand_in: StandIn, *names: str, **parameters: Any) -> Ended:
    settings = make_settings(stand_in.fmp_base_url, fmp_history_years=0)
    ended = await run_fmp(dsn, settings, *names, **parameters)
    assert ended.task.status == "completed", ended.task.error_details
    return ended


async def list_days(pool: Pool, table: str = "fmp_eod_price", count: int = 1) -> set[date]:
    """The days of which at least so many symbols have a row."""
    query = f"SELECT date FROM {table} GROUP BY date HAVING count(*) >= $1"  # noqa: S608 - our own name
    return {row["date"] for row in await pool.fetch(query, count)}


async def test_a_run_after_a_gap_skips_no_session(
    sandbox_database: str, pool: Pool, stand_in: StandIn, today: date
) -> None:
    await run_daily(sandbox_database, stand_in, "eod_prices")
    before = await list_days(pool, count=SECURITIES - 4)
    # two weeks pass without a run, and then somebody looks at a single symbol first
    await pool.execute(SQL_OUTAGE, OUTAGE)
    gone = await pool.execute("DELETE FROM fmp_eod_price WHERE date > $1", today - OUTAGE)
    assert gone != "DELETE 0"
    symbol = await pool.fetchval("SELECT min(symbol) FROM fmp_universe")
    await run_daily(sandbox_database, stand_in, "eod_prices", symbols=[symbol])
    assert max(await list_days(pool)) >= max(before)
    await run_daily(sandbox_database, stand_in, "eod_prices")
    sessions = await pool.fetch(
        "SELECT session_date FROM market_session WHERE exchange = 'NYSE' AND close_at <= now() AND session_date > $1",
        today - OUTAGE - timedelta(days=6),
    )
    missing = {row["session_date"] for row in sessions} - await list_days(pool, count=SECURITIES // 2)
    assert len(sessions) >= 10
    assert missing == set()


async def test_a_run_for_some_symbols_does_not_replace_the_history(
    sandbox_database: str, pool: Pool, stand_in: StandIn, today: date
) -> None:
    await run_daily(sandbox_database, stand_in, "universe")
    symbol = await pool.fetchval("SELECT min(symbol) FROM fmp_universe")
    await run_daily(sandbox_database, stand_in, "eod_prices", symbols=[symbol])
    settings = make_settings(stand_in.fmp_base_url, fmp_history_years=1)
    await run_fmp(sandbox_database, settings, "eod_prices")
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log WHERE task_type = 'fmp_backfill'") == 1


@pytest.mark.parametrize("name", ["dividends", "splits", "treasury_rates"])
async def test_events_are_requested_since_the_last_success(
    sandbox_database: str, pool: Pool, stand_in: StandIn, today: date, name: str
) -> None:
    await run_daily(sandbox_database, stand_in, name)
    await pool.execute(SQL_OUTAGE, timedelta(days=40))
    async with pool.acquire() as connection:
        targets = await read_targets(connection, BY_NAME[name], {})
    assert targets.first == today - timedelta(days=40 + BY_NAME[name].daily_days)
    # a run for a few days or symbols is not a success for all
    await run_daily(sandbox_database, stand_in, name, symbols=["ZZZZ"])
    async with pool.acquire() as connection:
        again = await read_targets(connection, BY_NAME[name], {})
    assert again.first == targets.first


SESSIONS = [date(2026, 1, day) for day in (2, 5, 6, 7, 8, 9, 12, 13)]


@pytest.mark.parametrize(
    ("spans", "reached"),
    [
        ([], None),
        ([(None, date(2026, 1, 6))], date(2026, 1, 6)),
        # over a weekend there is no gap
        ([(None, date(2026, 1, 9)), (date(2026, 1, 12), date(2026, 1, 13))], date(2026, 1, 13)),
        ([(None, date(2026, 1, 6)), (date(2026, 1, 8), date(2026, 1, 13))], date(2026, 1, 6)),
        ([(date(2026, 1, 2), date(2026, 1, 5)), (date(2026, 1, 12), date(2026, 1, 13))], date(2026, 1, 5)),
        ([(date(2026, 1, 2), date(2026, 1, 12)), (None, date(2026, 1, 6))], date(2026, 1, 12)),
    ],
)
def test_spans_are_joined_where_no_session_lies_between(
    spans: list[tuple[date | None, date]], reached: date | None
) -> None:
    assert join_spans(spans, SESSIONS) == reached


@pytest.mark.parametrize("plan", ["ultimate", "premium"])
async def test_prices_of_any_year_are_fetched_whatever_sessions_are_stored(
    sandbox_database: str, pool: Pool, stand_in: StandIn, plan: str
) -> None:
    stand_in.set_fmp(plan="ultimate")
    settings = make_settings(stand_in.fmp_base_url, fmp_history_years=0, fmp_backfill_share=1)
    await run_fmp(sandbox_database, settings, "universe")
    assert await pool.fetchval("SELECT min(session_date) FROM market_session") > date(2020, 1, 1)
    stand_in.set_fmp(plan=plan)
    symbol = await pool.fetchval("SELECT symbol FROM fmp_universe WHERE exchange = 'NYSE' ORDER BY 1 LIMIT 1")
    days = {"from": "2012-01-01", "to": "2012-01-31"}
    cost = await estimate(sandbox_database, BY_NAME["eod_prices"], days | {"symbols": [symbol]}, settings)
    assert cost["calls"] >= 1
    ended = await run_fmp(
        sandbox_database, settings, "eod_prices", task_type=TaskType.FMP_BACKFILL, symbols=[symbol], **days
    )
    assert ended.task.status == "completed", ended.task.error_details
    stored = await list_days(pool)
    sessions = await pool.fetch(
        "SELECT session_date FROM market_session WHERE exchange = 'NYSE'"
        " AND session_date BETWEEN '2012-01-01' AND '2012-01-31'"
    )
    assert len(sessions) == 20
    assert stored == {row["session_date"] for row in sessions}


async def test_sessions_are_stored_without_a_key(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    """Freshness of the funds is measured by them, too."""
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url, fmp_api_key=None))
    assert ended.task.details["skipped"]
    assert await pool.fetchval("SELECT count(*) FROM market_session WHERE exchange = 'TSX' AND close_at <= now()") > 250


async def test_migrating_stores_the_sessions(empty_database: str) -> None:
    await migrate_database(empty_database, sandbox=True)
    connection = await open_connection(empty_database, application_name="test")
    try:
        query = "SELECT count(*) FROM market_session WHERE exchange = 'TSX' AND close_at <= now()"
        assert await connection.fetchval(query) > 2500
    finally:
        await connection.close()
