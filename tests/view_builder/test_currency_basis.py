"""Payments with a doubtful currency: two listings of one issuer in two currencies have equal payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, choose_views, dump_view, read_rows
from sra_testing.records import end_events, put_close, put_dividend, put_profile, put_run
from view_builder.compile import CompiledView

DAY, PAID = date(2025, 9, 26), date(2025, 9, 10)
DATASETS = ["universe", "profile", "quote", "eod_prices", "splits", "dividends"]
VIEWS = ("price_adjustment", "equity_metrics", "equity_page", "etf_page", "equity_quote_history")
HORIZONS = ("1w", "1m", "3m", "6m", "ytd", "1y", "3y", "5y")


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page", "etf_page", "equity_quote_history")


async def put_listing(
    connection: Connection, run: Any, symbol: str, currency: str | None, cik: str | None, amount: str, **values: Any
) -> None:
    """A listing that pays once a year, at 50 since long."""
    is_canadian = currency == "CAD"
    await put_profile(
        connection,
        run,
        symbol,
        currency=currency,
        exchange="TSX" if is_canadian else "NYSE",
        raw={"cik": cik},
        **values,
    )
    for day in (date(2024, 9, 26), date(2025, 9, 8), PAID, DAY):
        await put_close(connection, run, symbol, day, "50")
    await put_dividend(connection, run, symbol, PAID, amount, kind="Annual")


async def list_doubtful(pool: Pool) -> set[str]:
    """The listings that the views call doubtful, which they do alike."""
    result = [
        {row["symbol"]: row["currency_basis"] for row in await read_rows(pool, f"SELECT * FROM sra.{names}")}  # noqa: S608
        for names in ("equity_metrics", "etf_page", "price_adjustment")
    ]
    pages = result[0] | result[1]
    assert {symbol: pages[symbol] for symbol in result[2]} == result[2]
    assert set(pages.values()) <= {"assumed_listing", "doubtful"}
    return {symbol for symbol, basis in pages.items() if basis == "doubtful"}


async def test_equal_amounts_in_two_currencies_are_doubtful(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    same = {"company_name": "Maple Corp", "country": "CA"}
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        # one issuer: two listings with one amount, a third with another, a fourth in the currency of the first
        await put_listing(connection, run, "ABC", "USD", "1", "1.5")
        await put_listing(connection, run, "ABC.TO", "CAD", "1", "1.50")
        await put_listing(connection, run, "ABC-B.TO", "CAD", "1", "2")
        await put_listing(connection, run, "ABC-P", "USD", "1", "3")
        # of no CIK: name and country
        await put_listing(connection, run, "FND", "USD", None, "1.5", is_etf=True, **same)
        await put_listing(connection, run, "FND.TO", "CAD", "2", "1.5", is_etf=True, **same)
        # two issuers of one name, two of other names, two of other countries, and one currency
        await put_listing(connection, run, "TWO", "USD", "3", "1.5", company_name="Twin", country="US")
        await put_listing(connection, run, "TWO.TO", "CAD", "4", "1.5", company_name="Twin", country="US")
        await put_listing(connection, run, "FAR", "USD", None, "1.5", company_name="Far", country="US")
        await put_listing(connection, run, "FAR.TO", "CAD", None, "1.5", company_name="Far", country="CA")
        await put_listing(connection, run, "ONE", "USD", "5", "1.5")
        await put_listing(connection, run, "ONE-B", "USD", "5", "1.5")
        await put_listing(connection, run, "NONE", None, "5", "1.5")
    await build_all(pool, views)
    assert await list_doubtful(pool) == {"ABC", "ABC.TO", "FND", "FND.TO"}
    for relation, doubtful, clear in (("equity_page", "ABC", "ABC-P"), ("etf_page", "FND", None)):
        page = {row["symbol"]: row for row in await read_rows(pool, f"SELECT * FROM sra.{relation}")}  # noqa: S608
        row = page[doubtful]
        assert (row["dividend_yield"], row["dividend_yield_forward"], row["return_basis"]) == (
            None,
            None,
            "total_return",
        )
        assert [row[f"return_{name}"] for name in HORIZONS] == [None] * len(HORIZONS)
        assert (row["price_return_1y"], row["currency_basis"]) == (0, "doubtful")
        if clear is not None:
            row = page[clear]
            assert (row["dividend_yield"], row["return_1y"]) == (
                row["dividend_yield_forward"],
                row["dividend_yield"],
            )
            assert row["return_1y"] == Decimal("0.06")  # 3 / 50
    rows = await read_rows(
        pool, "SELECT date, total_return_close FROM sra.equity_quote_history WHERE symbol = 'ABC' ORDER BY date"
    )
    assert [row["total_return_close"] for row in rows] == [None, None, 50, 50]


async def test_a_finding_comes_and_goes_with_the_other_listing(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_listing(connection, run, "ABC", "USD", "1", "1.5")
        await put_listing(connection, run, "ABC.TO", "CAD", "1", "2")
        await put_listing(connection, run, "XYZ", "USD", "9", "2")
    await build_all(pool, views)
    assert await list_doubtful(pool) == set()

    async def change(statement: str = "", *, end: bool = False, amount: str | None = None) -> set[str]:
        async with pool.acquire() as connection:
            later = await put_run(connection, "fmp", DATASETS, status="running")
            if end:
                await end_events(connection, later, "fmp_dividend", "ABC.TO", PAID)
            if amount is not None:
                await put_dividend(connection, later, "ABC.TO", PAID, amount, kind="Annual")
            if statement:
                await connection.execute(statement, later)
            await connection.execute(
                "UPDATE task_execution_log SET status = 'completed', completed_at = clock_timestamp() WHERE task_id = $1",
                later,
            )
        built = await build_all(pool, views)
        assert not any(one.full for one in built.values())
        found = await list_doubtful(pool)
        result = {name: await dump_view(pool, name) for name in VIEWS}
        await build_all(pool, views, full=True)
        assert {name: await dump_view(pool, name) for name in VIEWS} == result
        return found

    profile = "UPDATE equity_profile SET {}, run_id = $1, updated_at = now() WHERE symbol = 'ABC.TO'"
    assert await change(amount="1.5") == {"ABC", "ABC.TO"}
    assert await change(end=True) == set()
    assert await change(amount="1.5") == {"ABC", "ABC.TO"}
    assert await change(amount="1.6") == set()
    assert await change(amount="1.5") == {"ABC", "ABC.TO"}
    # another issuer, one whose listing pays something else; the former issuer's listing is no longer in doubt
    assert await change(profile.format("raw_json = jsonb_set(raw_json, '{cik}', '\"9\"')")) == set()
    assert await change(amount="2") == {"XYZ", "ABC.TO"}
    assert await change(profile.format("currency = 'USD'")) == set()
    assert await change(profile.format("currency = 'CAD'")) == {"XYZ", "ABC.TO"}
