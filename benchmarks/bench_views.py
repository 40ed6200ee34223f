"""Views: first build, page queries for one security, the aggregate against its raw query, a day on short and long history."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from benchmarks.made_market import ETFS, FUNDS, LISTINGS, put_day, put_market

from sra_shared.kit.db import Connection, Pool, open_connection, open_pool
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.settings import DatabaseSettings
from sra_shared.migrate import upgrade_database
from sra_shared.runs import RunStatus
from view_builder.apply import prepare_table
from view_builder.build import build_views
from view_builder.compile import CompiledView, compile_views, group_views
from view_builder.inprocess import build_in_process
from view_builder.marts import MARTS
from view_builder.work import BuildParameters

LIMITS = {"page_p99_ms": 25.0, "series_p99_ms": 25.0, "aggregate_times_faster": 10.0, "day_on_long_to_short": 2.0}
DAY_REPEATS = 3
READ_REPEATS = 500
_FUND, _EQUITY, _ETF = "fund", "equity", "etf"
PAGES = {
    "security_master": (_FUND, "SELECT * FROM sra.security_master WHERE source = 'fundata' AND identifier = $1"),
    "fund_page": (_FUND, "SELECT * FROM sra.fund_page WHERE identifier = $1"),
    "latest_quote": (_FUND, "SELECT * FROM sra.latest_quote WHERE identifier = $1"),
    "fund_quote_history, a year": (
        _FUND,
        "SELECT * FROM sra.fund_quote_history WHERE identifier = $1 AND date > '2024-09-26'",
    ),
    "fundata_quotes, a day": (_FUND, "SELECT * FROM sra.fundata_quotes WHERE identifier = $1 AND date = '2025-09-26'"),
    "daily_market_summary, a year": (
        _FUND,
        "SELECT * FROM sra.daily_market_summary WHERE currency = 'CAD' AND date > '2024-09-26' AND $1 <> ''",
    ),
    "equity_page": (_EQUITY, "SELECT * FROM sra.equity_page WHERE symbol = $1"),
    "etf_page": (_ETF, "SELECT * FROM sra.etf_page WHERE symbol = $1"),
    "latest_quote of a listing": (_EQUITY, "SELECT * FROM sra.latest_quote WHERE identifier = $1"),
    "equity_quote_history, a year": (
        _EQUITY,
        "SELECT * FROM sra.equity_quote_history WHERE symbol = $1 AND date > '2024-09-26'",
    ),
    "market_movers": (_EQUITY, "SELECT * FROM sra.market_movers WHERE $1 <> ''"),
}
# all days of one security: not a page, but the input of a chart or a calculation
SERIES = {
    "fund_quote_history": (_FUND, "SELECT * FROM sra.fund_quote_history WHERE identifier = $1 ORDER BY date"),
    "equity_quote_history": (_EQUITY, "SELECT * FROM sra.equity_quote_history WHERE symbol = $1 ORDER BY date"),
}
# the view's content, queried from the raw table: latest versions, one record per fund and day, full precision
RAW_SUMMARY = """
SELECT p.date, m.currency, count(*), avg(p.navps), percentile_disc(0.5) WITHIN GROUP (ORDER BY p.navps),
  count(*) FILTER (WHERE p.change > 0), count(*) FILTER (WHERE p.change < 0)
FROM (
  SELECT DISTINCT ON (q.date, q.identifier) q.date, q.identifier, (q.raw_json ->> 'NAVPS')::numeric AS navps,
    q.navps_penny_change AS change
  FROM sra.fundata_quotes q WHERE q.navps IS NOT NULL ORDER BY q.date, q.identifier, q.dataset
) p
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = p.identifier
GROUP BY p.date, m.currency
"""
SUMMARY = "SELECT * FROM sra.daily_market_summary"
SQL_BUILD_SECONDS = """
SELECT u.unit, extract(epoch FROM u.completed_at - u.started_at)::float8 AS seconds
FROM run_unit u WHERE u.task_id = $1 AND u.unit <> '(plan)' ORDER BY u.ordinal
"""
SQL_RAW_BYTES = """
SELECT sum(pg_total_relation_size(t.relid)) FROM pg_partition_tree('fundata_quotes') t WHERE t.isleaf
"""
# everything except the tables of listings: shared tables count for the funds, so that a disk is not sized too small
SQL_FUND_BYTES = """
SELECT pg_database_size(current_database()) - coalesce(sum(pg_total_relation_size(c.oid)), 0)
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN ('public'::regnamespace, 'published'::regnamespace)
  AND c.relname ~ '^(fmp_|equity_|etf_|price_adjustment|market_movers|index_performance)'
"""
# a close as delivered, and in the series
SQL_CLOSE_BYTES = """
SELECT pg_total_relation_size('published.equity_quote_history') + sum(pg_total_relation_size(t.relid))
FROM pg_partition_tree('fmp_eod_price') t WHERE t.isleaf
"""


@dataclass(frozen=True)
class Size:
    """Results for one length of history."""

    rows: int
    closes: int
    load_seconds: float
    first_build_seconds: float
    first_build_by_view: dict[str, float]
    day_seconds: list[float]
    day_by_view: dict[str, float]
    pages_p99_ms: dict[str, float]
    series_arriving_p99_ms: dict[str, float]
    series_read_p99_ms: dict[str, float]
    bytes_a_row_raw: int
    bytes_a_row_with_views: int
    bytes_a_close_with_series: int
    raw_summary_seconds: float
    summary_seconds: float


def report(text: str) -> None:
    """Print progress to stderr."""
    print(text, file=sys.stderr, flush=True)


async def build_first(pool: Pool, dsn: str) -> dict[str, float]:
    """Build all views as the command does, long series in parts, and return the seconds by view."""
    result = await build_in_process(dsn, BuildParameters())
    if result.task.status is not RunStatus.COMPLETED:
        raise SystemExit(f"The first build ended as {result.task.status}: {result.task.error_details}")
    rows = await pool.fetch(SQL_BUILD_SECONDS, result.task.task_id)
    return {row["unit"]: round(row["seconds"], 3) for row in rows}


async def build(pool: Pool, views: tuple[CompiledView, ...]) -> dict[str, float]:
    """Build the changes of new runs and return the seconds by view; views published together count under the last of them."""
    seconds = {}
    for group in group_views(views):
        started = time.perf_counter()
        for view in group:
            if view.spec.incremental is not None:
                await prepare_table(pool, view)
        async with pool.acquire() as connection, connection.transaction():
            await build_views(connection, group, build_id=uuid4())
        seconds[group[-1].relation] = round(time.perf_counter() - started, 3)
    return seconds


Query = Callable[[Connection, str, str], Awaitable[object]]


async def read_rows(connection: Connection, statement: str, key: str) -> None:
    """Query and decode the result, as a reader in Python does."""
    await connection.fetch(statement, key)


async def receive_rows(connection: Connection, statement: str, key: str) -> None:
    """Query and receive the result to its last byte, without decoding it."""

    async def drop(_chunk: bytes) -> None:
        """Discard the received bytes."""

    await connection.copy_from_query(statement, key, output=drop, format="binary")


async def measure_reads(dsn: str, queries: dict[str, tuple[str, str]], query: Query) -> dict[str, float]:
    """The 99th percentile of queries for securities at random, in milliseconds, on a warm connection."""
    connection = await open_connection(dsn, application_name="bench")
    dice, worst = random.Random(7), {}  # noqa: S311 - which securities are read
    keys = {
        _FUND: lambda: str(100_000 + dice.randint(1, FUNDS)),
        _EQUITY: lambda: f"S{dice.randint(ETFS + 1, LISTINGS):05}",
        _ETF: lambda: f"S{dice.randint(1, ETFS):05}",
    }
    for name, (kind, statement) in queries.items():
        for _ in range(10):
            await query(connection, statement, keys[kind]())
        times = []
        for _ in range(READ_REPEATS):
            key = keys[kind]()
            started = time.perf_counter()
            await query(connection, statement, key)
            times.append((time.perf_counter() - started) * 1000)
        worst[name] = round(statistics.quantiles(times, n=100)[98], 2)
    await connection.close()
    return worst


async def time_statement(pool: Pool, statement: str, repeats: int) -> float:
    """Seconds of the best run."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        await pool.fetch(statement, timeout=3600)
        best = min(best, time.perf_counter() - started)
    return best


@asynccontextmanager
async def lend_database(dsn: str, name: str) -> AsyncIterator[str]:
    """Yield a second migrated database on the server; drop it at the end."""
    server = await open_connection(dsn, application_name="bench")
    try:
        await server.execute(f'CREATE DATABASE "{name}"')
        try:
            own = urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
            await upgrade_database(own)
            yield own
        finally:
            await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await server.close()


async def measure(pool: Pool, dsn: str, days: int, *, with_summary: bool) -> Size:
    """Load this many days of all funds and listings, build, load later days, read pages."""
    views = compile_views(MARTS)
    started = time.perf_counter()
    await put_market(pool, days)
    await pool.execute("VACUUM (ANALYZE)", timeout=3600)
    loaded = time.perf_counter() - started
    report(
        f"{days * FUNDS:,} values of funds and {days * LISTINGS:,} closes are in the raw tables after {loaded:.0f} s"
    )
    first = await build_first(pool, dsn)
    report(f"first build of all views: {sum(first.values()):.0f} s {first}")
    # as autovacuum would after a while
    await pool.execute("VACUUM (ANALYZE)", timeout=3600)
    raw_bytes = await pool.fetchval(SQL_RAW_BYTES)
    fund_bytes = await pool.fetchval(SQL_FUND_BYTES)
    close_bytes = await pool.fetchval(SQL_CLOSE_BYTES)
    by_day = []
    for number in range(DAY_REPEATS):
        await put_day(pool, 1 + number)
        await pool.execute("CHECKPOINT")
        by_day.append(await build(pool, views))
    totals = [round(sum(day.values()), 2) for day in by_day]
    report(f"a day of {FUNDS:,} values and {LISTINGS:,} closes and quotes in all views: {totals} s")
    pages = await measure_reads(dsn, PAGES, read_rows)
    arriving = await measure_reads(dsn, SERIES, receive_rows)
    read = await measure_reads(dsn, SERIES, read_rows)
    report(f"p99 in ms: pages {pages}, all {days} days of a series {arriving}, decoded in Python {read}")
    raw = await time_statement(pool, RAW_SUMMARY, 1) if with_summary else 0.0
    summary = await time_statement(pool, SUMMARY, 3)
    return Size(
        rows=days * FUNDS,
        closes=days * LISTINGS,
        load_seconds=round(loaded, 1),
        first_build_seconds=round(sum(first.values()), 1),
        first_build_by_view=first,
        day_seconds=totals,
        day_by_view={name: statistics.median(day[name] for day in by_day) for name in by_day[0]},
        pages_p99_ms=pages,
        series_arriving_p99_ms=arriving,
        series_read_p99_ms=read,
        bytes_a_row_raw=int(raw_bytes) // (days * FUNDS),
        bytes_a_row_with_views=int(fund_bytes) // (days * FUNDS),
        bytes_a_close_with_series=int(close_bytes) // (days * LISTINGS),
        raw_summary_seconds=round(raw, 2),
        summary_seconds=round(summary, 4),
    )


async def run(dsn: str, short: int, long: int) -> tuple[list[Size], dict[str, float]]:
    """Measure on `short`, then on `long` days of history, each in a separate database; 0 skips the long one.

    Return the results of each, and the figures that have a limit.
    """
    sizes = []
    for days in filter(None, (short, long)):
        async with lend_database(dsn, f"bench_views_{uuid4().hex[:8]}") as own:
            pool = await open_pool(own, application_name="bench", max_size=4, command_timeout=3600)
            try:
                sizes.append(await measure(pool, own, days, with_summary=days == max(short, long)))
            finally:
                await pool.close()
    last = sizes[-1]
    days_of = [statistics.median(size.day_seconds) for size in sizes]
    figures = {
        "aggregate_times_faster": round(last.raw_summary_seconds / last.summary_seconds, 1),
        "page_p99_ms": max(last.pages_p99_ms.values()),
        "series_p99_ms": max(last.series_arriving_p99_ms.values()),
    }
    # with one size, there is nothing to compare
    if len(sizes) > 1:
        figures["day_on_long_to_short"] = round(days_of[1] / days_of[0], 2)
    return sizes, figures


def main() -> None:
    """Measure, and exit with 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--short", type=int, default=100, help="days of 10,000 values of funds and 10,000 closes: 1M rows of each"
    )
    parser.add_argument("--long", type=int, default=1000, help="days: 10M rows; 0 skips them")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    configure_logs(service="bench", level="WARNING")
    sizes, figures = asyncio.run(run(DatabaseSettings().require_dsn(), options.short, options.long))
    missed = [
        name
        for name, figure in figures.items()
        if (figure < LIMITS[name] if name.endswith("faster") else figure > LIMITS[name])
    ]
    result = {
        "sizes": [size.__dict__ for size in sizes],
        **figures,
        "limits": LIMITS,
        "missed": missed,
        "not_measured": sorted(LIMITS.keys() - figures.keys()),
    }
    print(json.dumps(result, indent=None if options.json else 2))
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
