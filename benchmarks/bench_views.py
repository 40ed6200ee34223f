"""Views: page queries for one security, the aggregate against its raw query, a day of 10,000 quotes on short and long history."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

from sra_shared.db import Pool, open_connection, open_pool
from sra_shared.migrate import upgrade_database
from sra_shared.settings import DatabaseSettings
from sra_shared.views import VIEWS
from view_builder.apply import define_views, prepare_table
from view_builder.build import build_view
from view_builder.compile import CompiledView, compile_views

LIMITS = {"page_p99_ms": 25.0, "aggregate_times_faster": 10.0, "day_on_long_to_short": 2.0}
FUNDS = 10_000
NEWEST = date(2025, 9, 26)
DAY_REPEATS = 5
PAGE_REPEATS = 500
PAGES = {
    "security_master": "SELECT * FROM sra.security_master WHERE source = 'fundata' AND identifier = $1",
    "fund_page": "SELECT * FROM sra.fund_page WHERE identifier = $1",
    "latest_quote": "SELECT * FROM sra.latest_quote WHERE identifier = $1",
    "fund_quote_history, a year": "SELECT * FROM sra.fund_quote_history WHERE identifier = $1 AND date > '2024-09-26'",
    "fund_quote_history, whole": "SELECT * FROM sra.fund_quote_history WHERE identifier = $1 ORDER BY date",
    "fundata_quotes, a day": "SELECT * FROM sra.fundata_quotes WHERE identifier = $1 AND date = '2025-09-26'",
    "daily_market_summary, a year": "SELECT * FROM sra.daily_market_summary WHERE currency = 'CAD' AND date > '2024-09-26'"
    " AND $1 <> ''",
}
# what the view holds, asked of the raw table: latest versions, one record a fund and day, full precision
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


@dataclass(frozen=True)
class Size:
    """What came out on one length of history."""

    rows: int
    load_seconds: float
    first_build_seconds: float
    first_build_by_view: dict[str, float]
    day_seconds: list[float]
    day_by_view: dict[str, float]
    pages_p99_ms: dict[str, float]
    bytes_a_row_raw: int
    bytes_a_row_with_views: int
    raw_summary_seconds: float
    summary_seconds: float


def tell(text: str) -> None:
    """Progress, beside the result."""
    print(text, file=sys.stderr, flush=True)


async def put_run(pool: Pool, *datasets: str) -> UUID:
    """An ended run in the ledger."""
    run = uuid4()
    await pool.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, started_at, completed_at)"
        " VALUES ($1::uuid, 'csv_import', 'completed', ($1::uuid)::text, 'fundata', now(), now())",
        run,
    )
    await pool.executemany(
        "INSERT INTO run_unit (task_id, unit, dataset, status, completed_at) VALUES ($1, $2::text, $2::text, 'completed', now())",
        [(run, dataset) for dataset in datasets],
    )
    return run


async def put_funds(pool: Pool, days: int) -> None:
    """General records of all funds, and a distribution a month of every second one."""
    run = await put_run(pool, "FundGeneral", "FundDistribution")
    await pool.execute(
        "INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, record_id,"
        " data_source, content_hash, raw_json, language, legal_name, currency)"
        " SELECT $1, 1, 0, 1, (100000 + f)::text, 'FundGeneral', f::text, 'CSV', '', '{}', 'EN', 'Fund ' || f,"
        " CASE WHEN f % 4 = 0 THEN 'USD' ELSE 'CAD' END FROM generate_series(1, $2::int) f",
        run,
        FUNDS,
    )
    await pool.execute(
        "INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, record_id,"
        " data_source, content_hash, raw_json, date, total_distribution)"
        " SELECT $1, 1, 0, 1, (100000 + f)::text, 'FundDistribution', m::text, 'CSV', '',"
        " jsonb_build_object('TotalDistribution', '0.0125'), $4::date - m, 0.01"
        " FROM generate_series(2, $2::int, 2) f, generate_series(10, $3::int, 30) m",
        run,
        FUNDS,
        days,
        NEWEST,
        timeout=3600,
    )


PUT_QUOTES = """
INSERT INTO fundata_quotes (run_id, data_version, row_ordinal, parser_version, identifier, date, dataset, data_source,
  content_hash, raw_json, navps, navps_penny_change)
SELECT $1, 1, 0, 1, f, day, 'FundDailyNAVPS', 'CSV', '', jsonb_build_object('RecordId', '', 'InstrumentKey', f,
  'Date', day::text, 'NAVPS', navps::text, 'NAVPSPennyChange', change::text, 'NAVPSPercentChange', '',
  'PreviousDate', (day - 1)::text, 'Split', '', 'RecordState', 'Active', 'ChangeDate', day::text), navps, change
FROM (SELECT (100000 + f)::text AS f, $2::date - d AS day, 10 + (f * 37 + d * 13) % 100000 / 10000.0 AS navps,
        (f + d) % 7 - 3 AS change
      FROM generate_series($3::int, $4::int) f, generate_series(0, $5::int - 1) d) made
"""


async def put_quotes(pool: Pool, newest: date, days: int) -> None:
    """Quotes of all funds on so many days up to the newest, in a run of their own, by two connections."""
    run, half = await put_run(pool, "FundDailyNAVPS"), FUNDS // 2
    await asyncio.gather(
        *(
            pool.execute(PUT_QUOTES, run, newest, first, last, days, timeout=3600)
            for first, last in ((1, half), (half + 1, FUNDS))
        )
    )


async def build(pool: Pool, views: tuple[CompiledView, ...]) -> dict[str, float]:
    """Build what needs it and return the seconds by view."""
    seconds = {}
    for view in views:
        started = time.perf_counter()
        if view.spec.keyed is not None:
            await prepare_table(pool, view)
        async with pool.acquire() as connection, connection.transaction():
            await build_view(connection, view, build_id=uuid4())
        seconds[view.relation] = round(time.perf_counter() - started, 3)
    return seconds


async def measure_pages(dsn: str) -> dict[str, float]:
    """The 99th percentile of page queries for securities at random, in milliseconds, on a warm connection."""
    connection = await open_connection(dsn, application_name="bench")
    dice, worst = random.Random(7), {}  # noqa: S311 - which pages are read
    for name, statement in PAGES.items():
        await connection.fetch(statement, "100001")
        times = []
        for _ in range(PAGE_REPEATS):
            started = time.perf_counter()
            await connection.fetch(statement, str(100_000 + dice.randint(1, FUNDS)))
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
    """A migrated database beside the given one, for as long as it is needed."""
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
    """Load so many days of all funds, build, bring in days of 10,000 quotes, read pages."""
    views = compile_views(VIEWS)
    await define_views(pool, views)
    started = time.perf_counter()
    await put_funds(pool, days)
    await put_quotes(pool, NEWEST, days)
    await pool.execute("VACUUM (ANALYZE) fundata_quotes")
    await pool.execute("VACUUM (ANALYZE) fundata_data")
    loaded = time.perf_counter() - started
    tell(f"{days * FUNDS:,} rows lie in the raw table after {loaded:.0f} s")
    first = await build(pool, views)
    tell(f"first build of all views: {sum(first.values()):.0f} s")
    # as autovacuum does after a while
    await pool.execute("VACUUM (ANALYZE)", timeout=3600)
    raw_bytes = await pool.fetchval(
        "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('fundata_quotes') WHERE isleaf"
    )
    all_bytes = await pool.fetchval("SELECT pg_database_size(current_database())")
    by_day = []
    for number in range(DAY_REPEATS):
        await put_quotes(pool, NEWEST + timedelta(days=1 + number), 1)
        await pool.execute("CHECKPOINT")
        by_day.append(await build(pool, views))
    tell(f"a day of {FUNDS:,} quotes in all views: {[round(sum(day.values()), 2) for day in by_day]} s")
    pages = await measure_pages(dsn)
    tell(f"pages, p99 in ms: {pages}")
    raw = await time_statement(pool, RAW_SUMMARY, 1) if with_summary else 0.0
    summary = await time_statement(pool, SUMMARY, 3)
    return Size(
        rows=days * FUNDS,
        load_seconds=round(loaded, 1),
        first_build_seconds=round(sum(first.values()), 1),
        first_build_by_view=first,
        day_seconds=[round(sum(day.values()), 2) for day in by_day],
        day_by_view={name: statistics.median(day[name] for day in by_day) for name in by_day[0]},
        pages_p99_ms=pages,
        bytes_a_row_raw=int(raw_bytes) // (days * FUNDS),
        bytes_a_row_with_views=int(all_bytes) // (days * FUNDS),
        raw_summary_seconds=round(raw, 2),
        summary_seconds=round(summary, 4),
    )


async def run(dsn: str, short: int, long: int) -> dict[str, object]:
    """Measure on `short`, then on `long` days of history, each in a database of its own; 0 leaves the long one out."""
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
    return {
        "sizes": [size.__dict__ for size in sizes],
        "day_on_long_to_short": round(days_of[-1] / days_of[0], 2),
        "aggregate_times_faster": round(last.raw_summary_seconds / last.summary_seconds, 1),
        "page_p99_ms": max(last.pages_p99_ms.values()),
    }


def main() -> None:
    """Measure and end with 1 where a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", type=int, default=100, help="days of 10,000 quotes: 1M rows")
    parser.add_argument("--long", type=int, default=1000, help="days: 10M rows; 0 leaves them out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = asyncio.run(run(DatabaseSettings().require_dsn(), options.short, options.long))
    missed = [
        name
        for name, limit in LIMITS.items()
        if (float(str(result[name])) < limit if name.endswith("faster") else float(str(result[name])) > limit)
    ]
    print(json.dumps({**result, "limits": LIMITS, "missed": missed}, indent=None if options.json else 2))
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
