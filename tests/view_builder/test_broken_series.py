"""No figure spans two securities that had one symbol, or two currencies; a rename interrupts none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import (
    change_currency,
    delist,
    put_close,
    put_dividend,
    put_price,
    put_profile,
    put_rename,
    put_row,
    put_run,
)
from view_builder.compile import CompiledView

DATASETS = ["universe", "profile", "quote", "eod_prices", "dividends", "symbol_changes", "delisted", "etf_info"]
DAY = date(2025, 9, 26)
CLOSES = {
    date(2020, 9, 25): "1", date(2022, 9, 26): "2", date(2024, 9, 26): "4", date(2024, 12, 31): "5", date(2025, 3, 26): "8",
    date(2025, 6, 26): "10", date(2025, 8, 26): "16", date(2025, 9, 19): "16", DAY: "20",
}  # fmt: skip
HORIZONS = ("1w", "1m", "3m", "6m", "ytd", "1y", "3y", "5y")


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page", "etf_page", "equity_quote_history", "latest_quote")


async def put_series(connection: Connection, run: Any, symbol: str = "ABC", *, since: date = date.min) -> None:
    """Store the closes of a symbol from a day on, and a quote of the last day."""
    for day, close in CLOSES.items():
        if day >= since:
            await put_close(connection, run, symbol, day, close)
    await put_price(connection, run, symbol, datetime(2025, 9, 26, 20, tzinfo=UTC), "20")
    await connection.execute(
        "UPDATE fmp_quote SET year_low = 3, year_high = 21, price_avg50 = 15, price_avg200 = 9, change = 4,"
        " change_percentage = 25, previous_close = 16 WHERE symbol = $1",
        symbol,
    )


async def read_row(pool: Pool, view: str = "equity_metrics", symbol: str = "ABC") -> dict[str, Any]:
    (row,) = await read_rows(pool, f"SELECT * FROM sra.{view} WHERE symbol = $1", symbol)  # noqa: S608 - our own names
    return row


def list_known(row: dict[str, Any]) -> list[str]:
    """Return the horizons that have figures, which both kinds of performance must have."""
    known = [name for name in HORIZONS if row[f"price_return_{name}"] is not None]
    assert known == [name for name in HORIZONS if row[f"return_{name}"] is not None]
    return known


async def test_a_new_owner_of_a_symbol_has_no_return_over_the_former_ones_prices(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC", company_name="New Corp.")
        await put_series(connection, run)
        await delist(connection, run, "ABC", date(2025, 2, 28), "Old Corp.")
    await build_all(pool, views)
    row = await read_row(pool)
    assert list_known(row) == ["1w", "1m", "3m", "6m"]
    assert row["return_6m"] == Decimal("1.500000")  # 20 / 8 - 1
    # since 2025-03-01: 209 days
    assert [row[name] for name in ("year_low", "year_high", "price_avg200", "beta")] == [None] * 4
    assert (row["price_avg50"], row["change"], row["previous_close"]) == (15, 4, 16)
    days = await read_rows(pool, "SELECT date FROM sra.equity_quote_history")
    assert min(day["date"] for day in days) == date(2025, 3, 26)


async def test_the_first_day_of_a_new_owner_has_no_change(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC", company_name="New Corp.")
        await put_series(connection, run)
        await delist(connection, run, "ABC", date(2025, 9, 25), "Old Corp.")
    await build_all(pool, views)
    row = await read_row(pool)
    assert list_known(row) == []
    names = ("change", "price_return_1d", "previous_close", "price_avg50")
    assert [row[name] for name in names] == [None] * 4
    (quote,) = await read_rows(pool, "SELECT price, change, price_return_1d FROM sra.latest_quote")
    assert quote == {"price": 20, "change": None, "price_return_1d": None}


async def test_a_rename_interrupts_nothing(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC")
        for day, close in CLOSES.items():
            await put_close(connection, run, "OLD" if day < date(2025, 3, 1) else "ABC", day, close)
        await put_price(connection, run, "ABC", datetime(2025, 9, 26, 20, tzinfo=UTC), "20")
        await connection.execute("UPDATE fmp_quote SET year_low = 3")
        await put_rename(connection, run, "OLD", "ABC", date(2025, 3, 1))
    await build_all(pool, views)
    row = await read_row(pool)
    assert list_known(row) == list(HORIZONS)
    assert (row["return_1y"], row["year_low"]) == (4, 3)  # 20 / 4 - 1


async def test_no_return_spans_a_change_of_currency(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC", currency="CAD")
        await put_series(connection, run)
        await put_dividend(connection, run, "ABC", date(2025, 3, 26), "1", kind="Annual")
    await build_all(pool, views)
    row = await read_row(pool)
    assert list_known(row) == list(HORIZONS)
    assert (row["dividend_yield"], row["year_low"]) == (Decimal("0.050000"), 3)
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["profile"])
        # 22:30 on the first of June in New York
        await change_currency(connection, later, "ABC", "USD", datetime(2025, 6, 2, 2, 30, tzinfo=UTC))
    built = await build_all(pool, views)
    assert not any(one.full for one in built.values())
    row = await read_row(pool)
    assert (row["currency"], list_known(row)) == ("USD", ["1w", "1m", "3m"])
    assert row["return_3m"] == 1  # 20 / 10 - 1
    assert [row[name] for name in ("dividend_ttm", "dividend_yield", "dividend_yield_forward", "year_low")] == [
        None
    ] * 4
    assert row["price_avg50"] == 15
    days = await read_rows(pool, "SELECT date, currency FROM sra.equity_quote_history ORDER BY date")
    assert [day["currency"] for day in days] == ["CAD"] * 5 + ["USD"] * 4
    (event,) = await read_rows(pool, "SELECT currency FROM sra.price_adjustment")
    assert event["currency"] == "CAD"
    (master,) = await read_rows(pool, "SELECT currency_since FROM sra.security_master")
    assert master["currency_since"] == date(2025, 6, 1)


async def test_a_first_currency_is_not_a_change(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC", currency=None)
        await put_series(connection, run)
        await change_currency(connection, run, "ABC", "USD", datetime(2025, 6, 2, tzinfo=UTC))
    await build_all(pool, views)
    assert list_known(await read_row(pool)) == list(HORIZONS)


async def test_two_changes_reported_at_once_leave_each_day_its_currency(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC", currency="CAD")
        await put_series(connection, run)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["profile"])
        await change_currency(connection, later, "ABC", "USD", datetime(2025, 1, 2, tzinfo=UTC))
        await change_currency(connection, later, "ABC", "CAD", datetime(2025, 7, 2, tzinfo=UTC))
    await build_all(pool, views)
    days = await read_rows(pool, "SELECT currency FROM sra.equity_quote_history ORDER BY date")
    assert [day["currency"] for day in days] == ["CAD"] * 4 + ["USD"] * 2 + ["CAD"] * 3
    assert list_known(await read_row(pool)) == ["1w", "1m"]


async def test_the_risk_of_an_etf_spans_neither(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    ends = [
        *(date(2024, month, day) for month, day in ((8, 30), (9, 30), (10, 31), (11, 29), (12, 31))),
        *(
            date(2025, month, day)
            for month, day in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 30), (6, 30), (7, 31), (8, 29))
        ),
    ]
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol in ("CUR", "OWN", "FND"):
            await put_profile(connection, run, symbol, is_etf=True, currency="CAD", company_name="Present Fund")
            await put_row(connection, run, "fmp_etf_info", symbol=symbol, inception_date=date(2024, 8, 30))
            for number, day in enumerate((*ends, date(2025, 9, 19), DAY)):
                await put_close(connection, run, symbol, day, str(100 + number % 2 * 10))
        await change_currency(connection, run, "CUR", "USD", datetime(2024, 9, 15, tzinfo=UTC))
        await delist(connection, run, "OWN", date(2024, 9, 15), "Former Fund")
    await build_all(pool, views)
    names = ("standard_deviation_1y", "max_drawdown_1y", "return_since_inception", "price_return_since_inception")
    whole = await read_row(pool, "etf_page", "FND")
    assert None not in [whole[name] for name in names]
    for symbol in ("CUR", "OWN"):
        row = await read_row(pool, "etf_page", symbol)
        assert [row[name] for name in names] == [None] * 4, symbol
        assert row["return_1w"] is not None
