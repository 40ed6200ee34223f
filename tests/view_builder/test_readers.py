"""Readers in a loop over all views while data change and builds run: no error, nothing empty, one build per query."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from sra_shared.kit.db import Connection, Pool, open_connection
from sra_testing.everything import FIRST_DAY, put_everything
from sra_testing.listings import EQUITIES, ETFS
from sra_testing.publication import build_all, build_group
from sra_testing.records import end_run, put_close, put_fund, put_price, put_quote, put_run, put_split
from sra_testing.waiting import wait_for
from view_builder.build import find_new_runs
from view_builder.compile import CompiledView, group_views

FUNDS = 15
LISTED = date(2025, 9, 26)
# Each build's data put its number on every fund, and a session on every listing: a result with two is of two states.
ONE_STATE = {
    "latest_quote": "SELECT DISTINCT navps FROM sra.latest_quote WHERE source = 'fundata'",
    "fund_page": "SELECT DISTINCT navps FROM sra.fund_page",
    "fund_quote_history": "SELECT DISTINCT newest FROM (SELECT max(date) AS newest FROM sra.fund_quote_history"
    " GROUP BY identifier) n",
    "daily_market_summary": "SELECT DISTINCT total_symbols FROM sra.daily_market_summary",
    # live views: the rows of a run appear at its end, although it made many commits
    "fundata_quotes": "SELECT DISTINCT days FROM (SELECT count(*) AS days FROM sra.fundata_quotes GROUP BY identifier) n",
    "fundata_quotes_history": "SELECT DISTINCT days FROM (SELECT count(*) AS days FROM sra.fundata_quotes_history"
    " GROUP BY identifier) n",
    "fundata_data": "SELECT DISTINCT legal_name FROM sra.fundata_data WHERE dataset = 'FundGeneral'",
    "equity_quote_history": "SELECT DISTINCT newest FROM (SELECT max(date) AS newest FROM sra.equity_quote_history"
    " GROUP BY symbol) n",
    # every build's data correct this session, and the split after it
    "a corrected session": "SELECT DISTINCT last_run_id FROM sra.equity_quote_history WHERE date = '2025-09-26'",
    "equity_metrics": "SELECT DISTINCT return_date, return_1w FROM sra.equity_metrics",
    "equity_page": "SELECT DISTINCT return_date FROM sra.equity_page",
    "etf_page": "SELECT DISTINCT return_date FROM sra.etf_page",
}
# Every second session has a split at the price that goes with it, and a correction of an old close goes with one of the
# split after it: in today's shares the price never moves.
NO_JUMP = """
SELECT count(*) FROM (
  SELECT split_adjusted_close / lag(split_adjusted_close) OVER (PARTITION BY symbol ORDER BY date) AS step
  FROM sra.equity_quote_history WHERE date >= '2025-09-26'
) s WHERE step <> 1
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE application_name = 'probe' AND wait_event_type = 'Lock'
"""


@dataclass
class Observations:
    """What readers saw, and the duration of each query in seconds."""

    seen: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def show(self) -> str:
        cut = statistics.quantiles(self.seconds, n=100)
        return f"{len(self.seconds)} answers, median {cut[49] * 1000:.1f} ms, p99 {cut[98] * 1000:.1f} ms"


async def change(pool: Pool, number: int) -> None:
    """A day on which every fund's value is `number` and every listing has a session, in many commits of two runs."""
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"], status="running")
        listed = await put_run(connection, "fmp", ["eod_prices", "splits"], status="running")
        day = LISTED + timedelta(days=number)
        for symbol in (*EQUITIES, *ETFS):
            await put_close(connection, listed, symbol, LISTED, str(100 * number))
            await put_split(connection, listed, symbol, LISTED + timedelta(days=1), number, 1)
            price = "50" if number // 2 % 2 else "100"
            await put_close(connection, listed, symbol, day, price)
            await put_price(connection, listed, symbol, datetime(day.year, day.month, day.day, 20, tzinfo=UTC), price)
        await connection.execute("UPDATE fmp_quote SET change_percentage = 1.5 WHERE run_id = $1", listed)
        for fund in range(FUNDS):
            await put_quote(connection, run, str(fund), FIRST_DAY + timedelta(days=number), str(number))
            await put_fund(connection, run, str(fund), name=f"Fund {number}", cifsc_type="Canadian Equity")
        if number % 2 == 0:
            # the vendor reports a split after the close of its day
            for symbol in (*EQUITIES, *ETFS):
                # alternately two for one and one for two, so that fifty of them do not reduce a price to nothing
                await put_split(connection, listed, symbol, day, *((2, 1) if number // 2 % 2 else (1, 2)))
        await end_run(connection, run)
        await end_run(connection, listed)


async def build_changed(pool: Pool, views: tuple[CompiledView, ...], *, full: bool = False) -> None:
    """Build what new runs touched, as the service does, or all rows of every view."""
    for group in group_views(views):
        async with pool.acquire() as connection:
            pending = [await find_new_runs(connection, view) for view in group]
        if full or any(pending):
            await build_group(pool, group, full=full)


async def list_filled(connection: Connection, views: tuple[CompiledView, ...]) -> list[str]:
    """The views that have rows."""
    requested = [(view.relation, f"SELECT EXISTS (SELECT FROM {view.name})") for view in views]  # noqa: S608
    return [name for name, statement in requested if await connection.fetchval(statement)]


async def read_views(connection: Connection, names: list[str], result: Observations) -> None:
    """Read every view once, to the last column."""
    for name in names:
        started = time.perf_counter()
        rows = await connection.fetchval(f"SELECT count(v::text) FROM sra.{name} v")  # noqa: S608
        result.seconds.append(time.perf_counter() - started)
        result.seen["read" if rows else f"{name} empty"] += 1
    for name, statement in ONE_STATE.items():
        states = await connection.fetch(statement)
        result.seen["one state" if len(states) == 1 else f"{name} of {len(states)} states"] += 1
    jumps = await connection.fetchval(NO_JUMP)
    result.seen["no jump" if jumps == 0 else f"{jumps} jumps"] += 1


async def probe(dsn: str, names: list[str], stop: asyncio.Event, result: Observations) -> None:
    """Read until stopped; an error ends the test."""
    connection = await open_connection(dsn, application_name="probe")
    try:
        while not stop.is_set():
            await read_views(connection, names, result)
            # a reader thinks between two pages
            await asyncio.sleep(0.2)
    finally:
        await connection.close()


async def count_lock_waits(pool: Pool, stop: asyncio.Event) -> int:
    """Look again and again whether a reader waits on a lock."""
    waits = 0
    while not stop.is_set():
        waits += await pool.fetchval(WAITING)
        await asyncio.sleep(0.05)
    return waits


async def wait_for_responses(result: Observations, count: int) -> None:
    async def are_there() -> bool:
        return result.seen["one state"] >= count

    await wait_for(are_there, what=f"{count} answers of one state")


@pytest.mark.parametrize(
    ("readers", "builds"),
    [
        pytest.param(3, 6, id="few"),
        pytest.param(20, 100, marks=[pytest.mark.faults, pytest.mark.timeout(2400)], id="many"),
    ],
)
async def test_readers_see_one_full_state_during_builds(
    pool: Pool, database: str, views: tuple[CompiledView, ...], readers: int, builds: int
) -> None:
    await put_everything(pool, funds=FUNDS)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        names = await list_filled(connection, views)
    assert names == [view.relation for view in views]
    calm, busy = Observations(), Observations()
    for result, count in ((calm, 0), (busy, builds)):
        stop = asyncio.Event()
        # an error of one reader ends the others and the builds at once
        async with asyncio.TaskGroup() as group:
            for _ in range(readers):
                group.create_task(probe(database, names, stop, result))
            waits = group.create_task(count_lock_waits(pool, stop))
            for number in range(1, count + 1):
                await change(pool, number)
                await build_changed(pool, views, full=number % 5 == 0)
                # a builder that is done before the first reader began would prove nothing
                await wait_for_responses(result, number * len(ONE_STATE))
            await wait_for_responses(result, 2 * readers * len(ONE_STATE))
            stop.set()
        assert waits.result() == 0
        assert set(result.seen) == {"read", "one state", "no jump"}, result.seen
    sys.stdout.write(f"\n{readers} readers: without builds {calm.show()}; during {builds} builds {busy.show()}\n")


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(0, id="a moment"),
        pytest.param(600, marks=[pytest.mark.faults, pytest.mark.timeout(900)], id="ten minutes"),
    ],
)
async def test_an_open_reader_stops_no_publication(
    pool: Pool, database: str, views: tuple[CompiledView, ...], seconds: float
) -> None:
    await put_everything(pool, funds=FUNDS)
    await build_all(pool, views)
    # as the SRA app connects, without the limit on idle transactions that our own connections have
    reader = await asyncpg.connect(database)
    end = time.monotonic() + seconds
    try:
        async with reader.transaction(isolation="repeatable_read"):
            for view in views:
                await reader.fetch(f"SELECT * FROM {view.name}")  # noqa: S608
            number = 0
            while number < 3 or time.monotonic() < end:
                number += 1
                await change(pool, number)
                await asyncio.wait_for(build_changed(pool, views, full=number % 3 == 0), 60)
                assert await pool.fetchval("SELECT navps FROM sra.latest_quote WHERE identifier = '7'") == number
                await asyncio.sleep(min(2.0, max(0.0, end - time.monotonic())))
            # the reader still sees the same state
            assert await reader.fetchval("SELECT navps FROM sra.latest_quote WHERE identifier = '7'") == 1
            assert await reader.fetchval("SELECT count(*) FROM sra.daily_market_summary") == 1
    finally:
        await reader.close()
