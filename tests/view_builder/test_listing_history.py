"""Adjusted prices of listings against values computed by hand: splits, dividends, missing days, announced events."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, build_one, choose_views, read_rows
from sra_testing.records import put_close, put_dividend, put_profile, put_run, put_split
from view_builder.compile import CompiledView


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page")


DATASETS = ["universe", "profile", "quote", "eod_prices", "splits", "dividends"]
HISTORY = "SELECT * FROM sra.equity_quote_history WHERE symbol = 'ABC' ORDER BY date"


async def test_splits_and_dividends_adjust_what_was_before(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC", currency="CAD")
        await put_close(
            connection, run, "ABC", date(2025, 9, 1), "300", open="297", high="303.3", low="294", volume="10"
        )
        await put_close(connection, run, "ABC", date(2025, 9, 2), "100.5")
        await put_close(connection, run, "ABC", date(2025, 9, 4), "80")
        await put_close(connection, run, "ABC", date(2025, 9, 5), "82")
        await put_split(connection, run, "ABC", date(2025, 9, 2), 3, 1)
        # the ex-date is no session: reinvested at the next close, 2 / 80 = 0.025
        await put_dividend(connection, run, "ABC", date(2025, 9, 3), "2")
    await build_all(pool, views)
    rows = await read_rows(pool, HISTORY)
    assert [
        (row["date"].day, row["close"], row["split_adjusted_close"], row["total_return_close"]) for row in rows
    ] == [
        (1, Decimal(300), Decimal(100), Decimal("97.560975609756")),  # 300 / (3 x 1.025)
        (2, Decimal("100.5"), Decimal("100.5"), Decimal("98.048780487805")),  # 100.5 / 1.025
        (4, Decimal(80), Decimal(80), Decimal(80)),
        (5, Decimal(82), Decimal(82), Decimal(82)),
    ]
    first = rows[0]
    assert (first["split_adjusted_open"], first["split_adjusted_high"]) == (Decimal(99), Decimal("101.1"))
    assert (first["split_adjusted_low"], first["split_adjusted_volume"]) == (Decimal(98), Decimal(30))
    assert (first["volume"], first["currency"], first["last_run_id"]) == (Decimal(10), "CAD", run)
    (split, dividend) = await read_rows(pool, "SELECT * FROM sra.price_adjustment ORDER BY ex_date")
    assert (split["split_factor"], split["total_return_factor"]) == (Decimal(3), Decimal("3.075"))
    assert (dividend["split_factor"], dividend["total_return_factor"]) == (Decimal(1), Decimal("1.025"))
    assert (dividend["dividend"], dividend["reinvestment_price"], dividend["currency"]) == (2, 80, "CAD")


async def test_a_dividend_on_the_day_of_a_split_is_per_new_share(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_close(connection, run, "ABC", date(2025, 9, 1), "100")
        await put_close(connection, run, "ABC", date(2025, 9, 2), "50")
        await put_split(connection, run, "ABC", date(2025, 9, 2), 2, 1)
        await put_dividend(connection, run, "ABC", date(2025, 9, 2), "0.5")
    await build_all(pool, views)
    first, _ = await read_rows(pool, HISTORY)
    # an old share became two, each with 0.5 / 50 of a share bought: 100 / (2 x 1.01)
    assert first["total_return_close"] == Decimal("49.504950495050")


async def test_a_split_between_the_ex_date_and_the_next_close(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_close(connection, run, "ABC", date(2025, 9, 1), "100")
        await put_dividend(connection, run, "ABC", date(2025, 9, 2), "1")
        await put_split(connection, run, "ABC", date(2025, 9, 3), 2, 1)
        await put_close(connection, run, "ABC", date(2025, 9, 4), "50")
    await build_all(pool, views)
    first, _ = await read_rows(pool, HISTORY)
    # 50 a share is 100 in shares of the ex-date, so that 1 buys a hundredth: 100 / (1.01 x 2)
    assert first["total_return_close"] == Decimal("49.504950495050")


async def test_two_dividends_and_a_split_at_one_close(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_close(connection, run, "ABC", date(2025, 9, 1), "100")
        await put_dividend(connection, run, "ABC", date(2025, 9, 2), "4")
        await put_dividend(connection, run, "ABC", date(2025, 9, 3), "6")
        await put_split(connection, run, "ABC", date(2025, 9, 4), 2, 1)
        await put_close(connection, run, "ABC", date(2025, 9, 4), "50")
    await build_all(pool, views)
    first, _ = await read_rows(pool, HISTORY)
    # 10 of money buys at 50 a fifth of a share for one that has become two: 100 / 2.2
    assert first["total_return_close"] == Decimal("45.454545454545")
    assert first["split_adjusted_close"] == Decimal(50)


async def test_what_is_announced_counts_from_the_first_close_on(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_close(connection, run, "ABC", date(2025, 9, 1), "100")
        await put_split(connection, run, "ABC", date(2025, 9, 3), 2, 1)
        await put_dividend(connection, run, "ABC", date(2025, 9, 30), "1")
    await build_all(pool, views)
    (row,) = await read_rows(pool, HISTORY)
    assert (row["split_adjusted_close"], row["total_return_close"]) == (Decimal(100), Decimal(100))
    async with pool.acquire() as connection:
        # halted for weeks: this run stores only the close after both events
        run = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, run, "ABC", date(2025, 10, 20), "52")
    built = await build_all(pool, views)
    assert built["price_adjustment"].changed == 2
    assert not built["price_adjustment"].full
    first, last = await read_rows(pool, HISTORY)
    # the ex-date has no close within seven days: with dividends the former value is unknown
    assert (first["split_adjusted_close"], first["total_return_close"]) == (Decimal(50), None)
    assert last["total_return_close"] == Decimal(52)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, run, "ABC", date(2025, 10, 7), "50")
    await build_all(pool, views)
    first = (await read_rows(pool, HISTORY))[0]
    assert first["total_return_close"] == Decimal("49.019607843137")  # 100 / (2 x 1.02)


async def test_a_day_of_a_long_series_costs_a_day(
    pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    view = view_by_name["equity_quote_history"]
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        # all listings day by day, as they come
        await connection.execute(
            "INSERT INTO fmp_eod_price (symbol, date, close, raw_json, run_id, content_hash)"
            " SELECT 'S' || n, date '2023-01-01' + d, n, '{}', $1, '' FROM generate_series(1, 50) n,"
            " generate_series(0, 399) d ORDER BY d, n",
            run,
        )
    await build_all(pool, views)
    pages = "SELECT count(DISTINCT (ctid::text::point)[0]) AS n FROM {} WHERE symbol = 'S7'"
    (delivered,) = await read_rows(pool, pages.format("fmp_eod_price"))
    (kept,) = await read_rows(pool, pages.format("published.equity_quote_history"))
    # its days lie together, where they came a page or so apart
    assert delivered["n"] > 100
    assert kept["n"] < 15
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, later, "S7", date(2024, 9, 3), "8")
        corrected = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, corrected, "S9", date(2024, 1, 30), "10")
    await build_one(pool, view_by_name["security_master"])
    built = await build_one(pool, view)
    # of one the new day, of the other the corrected one and the five after it
    assert (built.computed, built.changed) == (7, 2)
    assert (await build_one(pool, view, full=True)).changed == 0


async def test_a_price_of_a_day_without_events_leaves_the_factors(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_close(connection, run, "ABC", date(2025, 9, 1), "100")
        await put_dividend(connection, run, "ABC", date(2025, 9, 1), "1")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, later, "ABC", date(2025, 9, 15), "101")
        await put_close(connection, later, "XYZ", date(2025, 9, 15), "7")
    built = await build_all(pool, views)
    assert (built["price_adjustment"].computed, built["price_adjustment"].runs) == (0, (later,))


async def test_dividends_before_all_closes_hide_nothing(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC")
        await put_dividend(connection, run, "ABC", date(2015, 9, 1), "1")
        await put_close(connection, run, "ABC", date(2025, 9, 1), "100")
        await put_close(connection, run, "ABC", date(2025, 9, 8), "110")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT return_basis, return_1w FROM sra.equity_page")
    assert row == {"return_basis": "total_return", "return_1w": Decimal("0.100000")}
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, later, "ABC", date(2025, 9, 9), "111")
    built = await build_all(pool, views)
    assert built["price_adjustment"].computed == 0
