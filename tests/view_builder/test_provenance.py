"""as_of and last_run_id identify the last change of a row: its own record, or another input of its figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, read_rows
from sra_testing.records import put_close, put_data, put_dividend, put_fund, put_profile, put_quote, put_run, put_split
from view_builder.compile import CompiledView

DAY = date(2025, 9, 22)


async def read_runs(pool: Pool, relation: str) -> dict[int, UUID]:
    """The run of each day of a series with one security, by day of the month."""
    rows = await read_rows(pool, f"SELECT date, last_run_id FROM sra.{relation}")  # noqa: S608
    return {row["date"].day: row["last_run_id"] for row in rows}


async def read_moments(pool: Pool, relation: str) -> dict[int, Any]:
    rows = await read_rows(pool, f"SELECT date, as_of FROM sra.{relation}")  # noqa: S608
    return {row["date"].day: row["as_of"] for row in rows}


async def test_a_days_return_reports_the_record_that_last_changed_it(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, first, "1")
        for days in (0, 1, 4, 5):
            await put_quote(connection, first, "1", DAY + timedelta(days=days), str(10 + days))
    await build_all(pool, views)
    assert await read_runs(pool, "fund_quote_history") == dict.fromkeys((22, 23, 26, 27), first)
    before = await read_moments(pool, "fund_quote_history")
    async with pool.acquire() as connection:
        # of a day without a value: reinvested on the 26th, whose return alone it changes
        paid = await put_run(connection, "fundata", ["FundDistribution"])
        await put_data(
            connection, paid, "FundDistribution", "1", "d", date=DAY + timedelta(days=2), total_distribution="0.5"
        )
    await build_all(pool, views)
    assert await read_runs(pool, "fund_quote_history") == {22: first, 23: first, 26: paid, 27: first}
    after = await read_moments(pool, "fund_quote_history")
    assert after[26] > before[26]
    assert {day: after[day] for day in (22, 23, 27)} == {day: before[day] for day in (22, 23, 27)}
    async with pool.acquire() as connection:
        # a corrected value is the next day's former one
        corrected = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, corrected, "1", DAY, "9.5")
        # what the other dataset says of a day counts where it says more
        other = await put_run(connection, "fundata", ["Pricing"])
        await put_quote(connection, other, "1", DAY + timedelta(days=4), "77", dataset="Pricing")
        await put_quote(connection, other, "1", DAY + timedelta(days=5), "77", dataset="Pricing", split="2")
    await build_all(pool, views)
    wanted = {22: corrected, 23: corrected, 26: paid, 27: other}
    assert await read_runs(pool, "fund_quote_history") == wanted
    # and the page of the fund shows the newest of these days
    assert await read_rows(pool, "SELECT last_run_id FROM sra.fund_page") == [{"last_run_id": other}]
    rebuilt = await build_all(pool, views, full=True)
    assert rebuilt["fund_quote_history"].changed == 0


async def test_an_adjusted_price_reports_the_event_that_adjusts_it(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fmp", ["universe", "profile", "eod_prices"])
        await put_profile(connection, first, "ABC")
        for days in (0, 1, 2):
            await put_close(connection, first, "ABC", DAY + timedelta(days=days), "100")
    await build_all(pool, views)
    assert await read_runs(pool, "equity_quote_history") == dict.fromkeys((22, 23, 24), first)
    before = await read_moments(pool, "equity_quote_history")
    async with pool.acquire() as connection:
        paid = await put_run(connection, "fmp", ["dividends"])
        await put_dividend(connection, paid, "ABC", DAY + timedelta(days=1), "1")
        # announced: it changes nothing until the close of its day
        announced = await put_run(connection, "fmp", ["splits"])
        await put_split(connection, announced, "ABC", DAY + timedelta(days=3), 2, 1)
    await build_all(pool, views)
    assert await read_runs(pool, "equity_quote_history") == {22: paid, 23: first, 24: first}
    assert (await read_moments(pool, "equity_quote_history"))[22] > before[22]
    async with pool.acquire() as connection:
        closed = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, closed, "ABC", DAY + timedelta(days=3), "50")
    await build_all(pool, views)
    assert await read_runs(pool, "equity_quote_history") == dict.fromkeys((22, 23, 24, 25), closed)
    after = await read_moments(pool, "equity_quote_history")
    assert after[22] == after[25] > before[22]
