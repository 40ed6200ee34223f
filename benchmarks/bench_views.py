"""Views: page queries for one security, the aggregate against its raw query, a day of 10,000 quotes on short and long history."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from datetime import date
from uuid import UUID, uuid4

import asyncpg

from sra_shared.db import Pool, open_pool
from sra_shared.migrate import upgrade_database
from sra_shared.settings import DatabaseSettings
from sra_shared.views import VIEWS
from view_builder.apply import define_views, prepare_table
from view_builder.build import build_view
from view_builder.compile import CompiledView, compile_views

LIMITS = {"page_p99_ms": 25.0, "aggregate_times_faster": 10.0, "day_on_long_to_short": 2.0}
FUNDS = 10_000
PAGES = {
    "security_master": "SELECT * FROM sra.security_master WHERE source = 'fundata' AND identifier = $1",
    "fund_page": "SELECT * FROM sra.fund_page WHERE identifier = $1",
    "latest_quote": "SELECT * FROM sra.latest_quote WHERE identifier = $1",
    "fund_quote_history": "SELECT * FROM sra.fund_quote_history WHERE identifier = $1 AND date >= '2025-08-26'",
    "fundata_quotes": "SELECT * FROM sra.fundata_quotes WHERE identifier = $1 AND date = '2025-09-26'",
}
RAW_SUMMARY = """
SELECT q.date, m.currency, count(*), avg(q.navps), percentile_cont(0.5) WITHIN GROUP (ORDER BY q.navps::float8),
  count(*) FILTER (WHERE q.navps_penny_change > 0), count(*) FILTER (WHERE q.navps_penny_change < 0)
FROM sra.fundata_quotes q LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = q.identifier
WHERE q.navps IS NOT NULL GROUP BY q.date, m.currency
"""
SUMMARY = "SELECT * FROM sra.daily_market_summary"


async def put_run(pool: Pool, dataset: str) -> UUID:
    """An ended run in the ledger."""
    run = uuid4()
    await pool.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, started_at, completed_at)"
        " VALUES ($1, 'csv_import', 'completed', $2, 'fundata', now(), now())",
        run,
        str(run),
    )
    await pool.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status, completed_at) VALUES ($1, 'x', $2, 'completed', now())",
        run,
        dataset,
    )
    return run


async def put_funds(pool: Pool) -> None:
    """General records of all funds."""
    await pool.execute(
        "INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, record_id,"
        " data_source, content_hash, raw_json, language, legal_name, currency)"
        " SELECT $1, 1, 0, 1, f::text, 'FundGeneral', f::text, 'CSV', '', '{}', 'EN', 'Fund ' || f,"
        " CASE WHEN f % 4 = 0 THEN 'USD' ELSE 'CAD' END FROM generate_series(1, $2::int) f",
        await put_run(pool, "FundGeneral"),
        FUNDS,
    )


async def put_quotes(pool: Pool, newest: date, days: int) -> None:
    """Quotes of all funds on so many days up to the newest, in a run of their own."""
    await pool.execute(
        "INSERT INTO fundata_quotes (run_id, data_version, row_ordinal, parser_version, identifier, date, dataset,"
        " data_source, content_hash, raw_json, navps, navps_penny_change)"
        " SELECT $1, 1, 0, 1, f::text, $2::date - d, 'FundDailyNAVPS', 'CSV', '',"
        " jsonb_build_object('InstrumentKey', f::text, 'NAVPS', (10 + (f * 37 + d * 13) % 1000 / 100.0)::text,"
        " 'NAVPSPennyChange', ((f + d) % 7 - 3)::text), 10 + (f * 37 + d * 13) % 1000 / 100.0, (f + d) % 7 - 3"
        " FROM generate_series(1, $3::int) f, generate_series(0, $4::int - 1) d",
        await put_run(pool, "FundDailyNAVPS"),
        newest,
        FUNDS,
        days,
        timeout=3600,
    )


async def build(pool: Pool, views: tuple[CompiledView, ...]) -> float:
    """Build what needs it and return the seconds."""
    started = time.perf_counter()
    for view in views:
        if view.spec.keyed is not None:
            await prepare_table(pool, view)
        async with pool.acquire() as connection, connection.transaction():
            await build_view(connection, view, build_id=uuid4())
    return time.perf_counter() - started


async def measure_pages(dsn: str) -> dict[str, float]:
    """The 99th percentile of 300 page queries each, in milliseconds, on a warm connection."""
    connection = await asyncpg.connect(dsn)
    dice, worst = random.Random(7), {}  # noqa: S311 - which pages are read
    for name, statement in PAGES.items():
        await connection.fetch(statement, "1")
        times = []
        for _ in range(300):
            started = time.perf_counter()
            await connection.fetch(statement, str(dice.randint(1, FUNDS)))
            times.append((time.perf_counter() - started) * 1000)
        worst[name] = round(sorted(times)[296], 2)
    await connection.close()
    return worst


async def time_statement(pool: Pool, statement: str) -> float:
    """Seconds of the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        await pool.fetch(statement, timeout=3600)
        best = min(best, time.perf_counter() - started)
    return best


async def run(dsn: str, short: int, long: int) -> dict[str, object]:
    """Measure on `short`, then on `long` days of history."""
    await upgrade_database(dsn)
    pool = await open_pool(dsn, application_name="bench", max_size=4, command_timeout=3600)
    views = compile_views(VIEWS)
    await define_views(pool, views)
    await put_funds(pool)
    day_seconds, first_seconds = [], []
    newest = date(2025, 9, 26)
    history = 0
    for number, days in enumerate((short, long)):
        await put_quotes(pool, date.fromordinal(newest.toordinal() - history), days - history)
        history = days
        await pool.execute("VACUUM ANALYZE")
        first_seconds.append(await build(pool, views))
        await put_quotes(pool, date.fromordinal(newest.toordinal() + 1 + number), 1)
        day_seconds.append(await build(pool, views))
    raw, published = await time_statement(pool, RAW_SUMMARY), await time_statement(pool, SUMMARY)
    pages = await measure_pages(dsn)
    await pool.close()
    return {
        "rows": [short * FUNDS, long * FUNDS],
        "first_build_seconds": [round(s, 2) for s in first_seconds],
        "day_seconds": [round(s, 2) for s in day_seconds],
        "day_on_long_to_short": round(day_seconds[1] / day_seconds[0], 2),
        "aggregate_times_faster": round(raw / published, 1),
        "page_p99_ms": max(pages.values()),
        "pages_p99_ms": pages,
    }


def main() -> None:
    """Measure and end with 1 where a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", type=int, default=100, help="days of 10,000 quotes: 1M rows")
    parser.add_argument("--long", type=int, default=1000, help="days: 10M rows")
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
