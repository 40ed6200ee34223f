"""The lag of a dataset: sessions of the market's calendar that closed long enough ago and are missing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from sra_shared.kit.db import Connection, Pool
from sra_shared.runs.freshness_sla import ExpectedDataset, store_expectations
from sra_testing.publication import build_all, read_rows
from sra_testing.records import put_fund, put_quote, put_run
from view_builder.compile import CompiledView

HOURS_6 = timedelta(hours=6)
NAVPS = ExpectedDataset("FundDailyNAVPS", "daily", "TSX", by_records=True, delay=timedelta(hours=14))
PRICES = ExpectedDataset("eod_prices", "daily", "NYSE", by_records=True, delay=HOURS_6)


async def put_sessions(connection: Connection, closes: Iterable[datetime]) -> None:
    await connection.executemany(
        "INSERT INTO market_session (exchange, session_date, close_at) SELECT e, $1, $2 FROM unnest(ARRAY['TSX', 'NYSE']) e",
        [(close.date(), close) for close in closes],
    )


async def end_run(connection: Connection, run: UUID, when: datetime, *, status: str = "completed") -> None:
    """Have the parts of a run end so at that time."""
    await connection.execute("UPDATE run_unit SET status = $2, completed_at = $3 WHERE task_id = $1", run, status, when)


async def read_freshness(pool: Pool) -> dict[str, asyncpg.Record]:
    # a view may have the name of a dataset, which counts here
    statement = "SELECT * FROM sra.data_freshness ORDER BY source = 'views' DESC"
    return {row["dataset"]: row for row in await read_rows(pool, statement)}


@pytest.fixture
async def now() -> datetime:
    return datetime.now(UTC)


async def test_the_lag_counts_sessions_that_should_be_there(
    pool: Pool, views: tuple[CompiledView, ...], now: datetime
) -> None:
    days = [now - timedelta(days=n) for n in (5, 4, 3)]
    async with pool.acquire() as connection:
        # the newest session closes in an hour, so its values do not exist yet
        await put_sessions(connection, [*days, now + timedelta(hours=1)])
        await store_expectations(connection, "fundata", [NAVPS])
        await store_expectations(connection, "fmp", [PRICES])
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", days[0].date(), "1")
        await put_run(connection, "fmp", ["eod_prices"])
    await build_all(pool, views)
    rows = await read_freshness(pool)
    navps, prices, general = rows["FundDailyNAVPS"], rows["eod_prices"], rows["FundGeneral"]
    assert (navps["newest_record"], navps["expected_record"]) == (days[0].date(), days[2].date())
    assert (navps["lag_sessions"], navps["is_late"]) == (2, True)
    # late since the first of the two was expected, not the newest
    assert navps["late_since"] == days[1] + NAVPS.delay
    # nothing is there at all: every session is missing
    assert (prices["newest_record"], prices["lag_sessions"], prices["is_late"]) == (None, 3, True)
    assert prices["late_since"] == days[0] + HOURS_6
    # datasets that are not expected are not late
    assert (general["lag_sessions"], general["is_late"], general["cadence"]) == (None, None, None)
    assert rows["latest_quote"]["is_late"] is False


async def test_the_newest_record_is_the_day_in_the_data_where_there_is_one(
    pool: Pool, views: tuple[CompiledView, ...], now: datetime
) -> None:
    async with pool.acquire() as connection:
        for day in ("2025-03-31", "2025-06-30"):
            run = await put_run(connection, "fmp", ["earnings", "peers"])
            await connection.execute(
                "UPDATE run_unit SET progress = $2 WHERE task_id = $1 AND dataset = 'earnings'",
                run,
                {"newest_record": day},
            )
            await end_run(connection, run, now)
    await build_all(pool, views)
    rows = await read_freshness(pool)
    assert rows["earnings"]["newest_record"] == date(2025, 6, 30)
    # a list is about no day
    assert rows["peers"]["newest_record"] == now.date()


async def test_a_dataset_that_was_never_loaded_is_there_and_late_once_it_is_due(
    pool: Pool, views: tuple[CompiledView, ...], now: datetime
) -> None:
    async with pool.acquire() as connection:
        await put_sessions(connection, [now - timedelta(days=n) for n in (9, 3, 2)])
        await store_expectations(connection, "fmp", [PRICES, ExpectedDataset("profile", "weekly", "NYSE")])
    await build_all(pool, views)
    rows = await read_freshness(pool)
    assert {name: rows[name]["is_late"] for name in ("eod_prices", "profile")} == {
        "eod_prices": False,
        "profile": False,
    }
    for name in ("eod_prices", "profile"):
        assert (rows[name]["last_success_at"], rows[name]["rows_stored"]) == (None, 0)
    # a week later it is still not there
    await pool.execute("UPDATE expected_dataset SET created_at = now() - interval '4 days'")
    rows = await read_freshness(pool)
    assert (rows["eod_prices"]["is_late"], rows["eod_prices"]["lag_sessions"]) == (True, 2)
    assert rows["profile"]["is_late"] is False


@pytest.mark.parametrize(("cadence", "allowed"), [("daily", 0), ("weekly", 5)])
async def test_datasets_without_days_are_late_by_their_last_success(
    pool: Pool, views: tuple[CompiledView, ...], now: datetime, cadence: Any, allowed: int
) -> None:
    closes = [now - timedelta(days=n) for n in range(2, 12)]
    async with pool.acquire() as connection:
        await put_sessions(connection, closes)
        await store_expectations(connection, "fmp", [ExpectedDataset("profile", cadence, "NYSE")])
        run = await put_run(connection, "fmp", ["profile"])
        # so many sessions closed after it as may be missing
        await end_run(connection, run, closes[allowed] + timedelta(minutes=1))
    await build_all(pool, views)
    row = (await read_freshness(pool))["profile"]
    assert (row["cadence"], row["is_late"], row["lag_sessions"], row["late_since"]) == (cadence, False, 0, None)
    async with pool.acquire() as connection:
        await end_run(connection, run, closes[allowed] - timedelta(minutes=1))
    row = (await read_freshness(pool))["profile"]
    assert (row["is_late"], row["lag_sessions"], row["expected_record"]) == (True, 1, None)
    # the first missing session would have been allowed; the last one that is too many came due then
    assert row["late_since"] == closes[0] + timedelta(hours=26)


async def test_datasets_outside_the_plan_are_not_expected(
    pool: Pool, views: tuple[CompiledView, ...], now: datetime
) -> None:
    async with pool.acquire() as connection:
        await put_sessions(connection, [now - timedelta(days=n) for n in (4, 3, 2)])
        await store_expectations(connection, "fmp", [ExpectedDataset("peers", "daily", "NYSE")])
        run = await put_run(connection, "fmp", ["peers"])
        await end_run(connection, run, now - timedelta(hours=1), status="skipped")
    await build_all(pool, views)
    row = (await read_freshness(pool))["peers"]
    assert (row["last_success_at"], row["is_late"], row["expected_record"]) == (None, None, None)


async def test_datasets_that_are_no_longer_expected_are_removed(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await store_expectations(connection, "fmp", [PRICES, ExpectedDataset("peers", "weekly", "NYSE")])
        await store_expectations(connection, "fundata", [NAVPS])
        began = await connection.fetchval("SELECT created_at FROM expected_dataset WHERE dataset = 'peers'")
        await store_expectations(connection, "fmp", [ExpectedDataset("peers", "daily", "NYSE")])
        rows = await connection.fetch("SELECT source, dataset, cadence, created_at FROM expected_dataset ORDER BY 1")
    assert [(row["source"], row["dataset"], row["cadence"]) for row in rows] == [
        ("fmp", "peers", "daily"),
        ("fundata", "FundDailyNAVPS", "daily"),
    ]
    assert rows[0]["created_at"] == began


async def test_a_true_history_begins_with_the_first_success_of_a_dataset(
    pool: Pool, views: tuple[CompiledView, ...], now: datetime
) -> None:
    ends = [now - timedelta(days=n) for n in (90, 80, 70)]
    statuses = ("failed", "completed", "completed")
    async with pool.acquire() as connection:
        for end, status in zip(ends, statuses, strict=True):
            for source, datasets in (
                ("fundata", ["FundGeneral", "FundAssets"]),
                ("fmp", ["profile", "quote", "peers"]),
            ):
                await end_run(connection, await put_run(connection, source, datasets), end, status=status)
        # of runs that former releases archived, only the month is known
        await connection.executemany(
            "INSERT INTO ledger_archive (month, task_type, dataset, source, stored_count, first_success_at)"
            " VALUES ($1, 'x', $2, $3, $4, $5)",
            [
                (date(2024, 3, 1), "FundAssets", "fundata", 7, None),
                # nothing was stored: perhaps nothing succeeded
                (date(2024, 1, 1), "FundAssets", "fundata", 0, None),
                (date(2024, 3, 1), "peers", "fmp", 7, datetime(2024, 3, 5, tzinfo=UTC)),
                (date(2024, 4, 1), "peers", "fmp", 7, datetime(2024, 4, 5, tzinfo=UTC)),
            ],
        )
    await build_all(pool, views)
    rows = await read_freshness(pool)
    since = "point_in_time_since"
    assert rows["FundGeneral"][since] == ends[1]
    # runs due in March ended before May
    assert rows["FundAssets"][since] == datetime(2024, 5, 1, tzinfo=UTC)
    # no call is recorded: whether replaced rows were kept is not known
    assert (rows["profile"][since], rows["peers"][since]) == (None, None)
    for number, answered in ((1, datetime(2024, 3, 20, tzinfo=UTC)), (2, now)):
        await pool.execute(
            "INSERT INTO fmp_call (call_id, answered_at, size_bytes, rows, status, run_id, path, parameters, digest)"
            " VALUES ($1, $2, 1, 1, 200, gen_random_uuid(), 'x', '{}', '')",
            number,
            answered,
        )
    rows = await read_freshness(pool)
    # replaced rows are kept since the first call, which came after the first success of peers
    assert (rows["profile"][since], rows["peers"][since]) == (ends[1], datetime(2024, 3, 20, tzinfo=UTC))
    # of quotes, former states are not kept; a view has none
    assert (rows["quote"][since], rows["security_master"][since]) == (None, None)
