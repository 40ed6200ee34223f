"""One series for every security, its calendar periods, prices on a day in one currency, and categories of funds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, build_one, choose_views, read_rows
from sra_testing.records import (
    put_close,
    put_data,
    put_dividend,
    put_fund,
    put_profile,
    put_quote,
    put_rename,
    put_row,
    put_run,
    put_split,
)
from view_builder.compile import CompiledView

DAY = date(2025, 3, 3)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("total_return_history", "period_returns", "category_summary")


async def put_listing(connection: Connection) -> UUID:
    """Store a share at 100 in February, split two for one in March, with a dividend of 1 in April."""
    run = await put_run(
        connection, "fmp", ["universe", "profile", "eod_prices", "splits", "dividends", "exchange_rates"]
    )
    await put_profile(connection, run, "ABC")
    for day, close in (
        (date(2025, 2, 27), "100"),
        (DAY, "52"),
        (date(2025, 3, 31), "55"),
        (date(2025, 4, 15), "49"),
        (date(2025, 4, 30), "60"),
    ):
        await put_close(connection, run, "ABC", day, close)
    await put_split(connection, run, "ABC", DAY, 2, 1)
    await put_dividend(connection, run, "ABC", date(2025, 4, 15), "1")
    return run


async def test_a_listing_and_a_fund_have_series_of_one_form(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_listing(connection)
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", date(2025, 2, 27), "20")
        await put_quote(connection, run, "1", date(2025, 2, 28), "10", split="2")
        await put_quote(connection, run, "1", DAY, "10.5", total_distribution=Decimal("0.5"))
    await build_all(pool, views)
    statement = (
        "SELECT date, unadjusted_price, adjusted_price, total_return_index, type, currency FROM sra.total_return_history"
        " WHERE security_id = $1 ORDER BY date"
    )
    rows = await read_rows(pool, statement, "fmp:ABC")
    # 100 / 2 = 50; the dividend of 1 at 49 multiplies what is before it by 49 / 50
    assert [tuple(row.values())[1:4] for row in rows] == [
        (100, 50, 49),
        (52, 52, Decimal("50.96")),
        (55, 55, Decimal("53.9")),
        (49, 49, 49),
        (60, 60, 60),
    ]
    assert {(row["type"], row["currency"]) for row in rows} == {("equity", "USD")}
    funds = await read_rows(pool, statement, "fundata:1")
    # 20 / 2 = 10; the distribution of 0.5 at 10.5 multiplies what is before it by 10.5 / 11
    assert [tuple(row.values())[1:3] for row in funds] == [(20, 10), (10, 10), (Decimal("10.5"), Decimal("10.5"))]
    assert [row["total_return_index"] for row in funds] == [
        *([Decimal("9.5454545455")] * 2),
        Decimal("10.5"),
    ]
    assert await read_rows(pool, statement, "fmp:XYZ") == []


async def test_a_renamed_security_has_one_series(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "eod_prices", "symbol_changes"])
        for symbol in ("OLD", "NEW"):
            await put_profile(connection, run, symbol)
        await put_rename(connection, run, "OLD", "NEW", DAY)
        await put_close(connection, run, "OLD", date(2025, 2, 28), "9")
        await put_close(connection, run, "NEW", DAY, "10")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.total_return_history ORDER BY date")
    assert [(row["identifier"], row["unadjusted_price"]) for row in rows] == [("NEW", 9), ("NEW", 10)]


async def test_months_and_years_by_hand(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_listing(connection)
    await build_all(pool, views)
    rows = await read_rows(
        pool,
        "SELECT * FROM sra.period_returns WHERE security_id = 'fmp:ABC' ORDER BY return_period, return_period_end",
    )
    result = [
        (row["return_period"], row["return_period_end"], row["period_price_return"], row["is_partial"]) for row in rows
    ]
    assert result == [
        ("month", date(2025, 2, 28), Decimal("0.000000"), True),
        ("month", date(2025, 3, 31), Decimal("0.100000"), False),  # 55 / 50
        ("month", date(2025, 4, 30), Decimal("0.090909"), False),  # 60 / 55
        ("year", date(2025, 12, 31), Decimal("0.200000"), True),  # 60 / 50
    ]
    # 60 / 53.9; 60 / 49
    assert [row["period_total_return"] for row in rows[2:]] == [Decimal("0.113173"), Decimal("0.224490")]
    assert (rows[1]["return_start_date"], rows[1]["return_end_date"]) == (date(2025, 2, 27), date(2025, 3, 31))


async def test_a_portfolio_is_valued_in_one_call(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_listing(connection)
        await put_row(connection, run, "fmp_exchange_rate", pair="USDCAD", date=date(2025, 3, 28), close="1.4")
        await put_row(connection, run, "fmp_exchange_rate", pair="USDEUR", date=date(2025, 3, 30), close="0.8")
        funds = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, funds, "1")
        await put_quote(connection, funds, "1", date(2025, 3, 25), "10")
    await build_all(pool, views)
    ids = ["fmp:ABC", "fundata:1", "fmp:XYZ"]
    statement = "SELECT * FROM sra.prices_on($1, $2, $3)"
    listed, fund, unknown = await read_rows(pool, statement, date(2025, 4, 1), ids, "CAD")
    assert (listed["price_date"], listed["price"], listed["price_currency"]) == (date(2025, 3, 31), 55, "USD")
    assert (listed["fx_rate"], listed["fx_date"], listed["value"]) == (Decimal("1.4"), date(2025, 3, 28), 77)
    assert (fund["price"], fund["fx_rate"], fund["fx_date"], fund["value"]) == (10, 1, None, 10)
    assert tuple(unknown.values()) == ("fmp:XYZ", None, None, None, None, None, None)
    listed, fund, _ = await read_rows(pool, statement, date(2025, 4, 1), ids, "EUR")
    # 10 x 0.8 / 1.4, of the older day
    assert (fund["fx_rate"], fund["fx_date"]) == (Decimal("0.571428571428571"), date(2025, 3, 28))
    assert listed["value"] == 44
    # over seven days later there is neither a price nor a rate
    listed, fund, _ = await read_rows(pool, statement, date(2025, 4, 8), ids, "CAD")
    assert (listed["price"], fund["price"], listed["fx_rate"], listed["value"]) == (None, None, None, None)


async def put_return(connection: Connection, run: UUID, identifier: str, month_end: date, value: str) -> None:
    """Store a fund's return over three years, as a version of one record."""
    await put_data(
        connection,
        run,
        "FundYearlyPerformance",
        identifier,
        "y",
        year=3,
        month_end_date=month_end,
        compound_return=value,
    )


async def test_a_category_has_its_median_and_quartiles(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await build_all(pool, views)
    for name in ("total_return_history", "period_returns", "category_summary"):
        assert await read_rows(pool, f"SELECT * FROM sra.{name}") == []  # noqa: S608
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundYearlyPerformance"])
        for number, value in enumerate(("1", "2", "3", "5", "8", "13", "21", "34")):
            await put_fund(connection, run, str(number), cifsc_type="Canadian Equity")
            await put_return(connection, run, str(number), date(2025, 8, 31), value)
        await put_fund(connection, run, "9")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.category_summary")
    assert (row["category"], row["month_end_date"], row["return_years"], row["fund_count"]) == (
        *("Canadian Equity", date(2025, 8, 31), 3, 8),
    )
    # (5 + 8) / 2 percent; the best two of eight have 21 or more, the best six 3 or more
    assert (row["median_return"], row["first_quartile_return"], row["third_quartile_return"]) == (
        *(Decimal("0.065"), Decimal("0.21"), Decimal("0.03")),
    )


async def test_a_category_keeps_its_past_months(
    pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    august, september = date(2025, 8, 31), date(2025, 9, 30)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundYearlyPerformance"])
        for number in ("1", "2"):
            await put_fund(connection, run, number, cifsc_type="Canadian Equity")
            await put_return(connection, run, number, august, number)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundYearlyPerformance"])
        await put_return(connection, run, "1", august, "1.5")
        await put_return(connection, run, "1", september, "3")
        # the other fund has ended
        run = await put_run(connection, "fundata", ["FundGeneral"])
        await put_fund(connection, run, "2", cifsc_type="Canadian Equity", record_state="Deleted")
    built = await build_all(pool, views)
    months = "SELECT category, month_end_date, fund_count, median_return FROM sra.category_summary ORDER BY 1, 2"
    assert [tuple(row.values()) for row in await read_rows(pool, months)] == [
        ("Canadian Equity", august, 2, Decimal("0.0175")),
        ("Canadian Equity", september, 1, Decimal("0.03")),
    ]
    assert (built["category_summary"].full, built["category_summary"].changed) == (False, 2)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral"])
        await put_fund(connection, run, "1", cifsc_type="Global Equity")
    await build_all(pool, views, accept_drop=True)
    assert [tuple(row.values())[:3] for row in await read_rows(pool, months)] == [
        ("Canadian Equity", august, 1),
        ("Global Equity", august, 1),
        ("Global Equity", september, 1),
    ]
    assert (await build_one(pool, view_by_name["category_summary"], full=True)).changed == 0
