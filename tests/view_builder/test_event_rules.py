"""Price factors, payments that cannot be placed, and doubtful currencies, against values computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sra_shared.kit.db import Pool
from sra_testing.listings import put_statement
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import (
    put_close,
    put_dividend,
    put_price,
    put_profile,
    put_row,
    put_run,
    put_split,
)
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
DATASETS = ["universe", "profile", "quote", "eod_prices", "splits", "dividends", "income_statement"]
HORIZONS = ("1w", "1m", "3m", "6m", "ytd", "1y", "3y", "5y")


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page", "etf_page", "equity_quote_history")


async def read_by_symbol(pool: Pool, relation: str) -> dict[str, dict[str, Any]]:
    return {row["symbol"]: row for row in await read_rows(pool, f"SELECT * FROM sra.{relation}")}  # noqa: S608


async def test_a_price_factor_adjusts_prices_and_no_shares(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC")
        await put_close(
            connection, run, "ABC", date(2025, 9, 18), "125.3", open="250.6", high="501.2", low="62.65", volume="1000"
        )
        await put_close(connection, run, "ABC", date(2025, 9, 19), "100")
        await put_close(connection, run, "ABC", date(2025, 9, 25), "52", volume="30")
        await put_close(connection, run, "ABC", DAY, "50")
        await put_split(connection, run, "ABC", date(2025, 9, 19), 1253, 1000)
        await put_dividend(connection, run, "ABC", date(2025, 9, 19), "5")
        await put_split(connection, run, "ABC", date(2025, 9, 23), 2, 1)
        for year, period in ((2024, "Q3"), (2024, "Q4"), (2025, "Q1"), (2025, "Q2")):
            await put_statement(
                connection, run, "fmp_income_statement", "ABC", year, period, eps_diluted="0.9", revenue="1"
            )
        # announced, and seen in a quote before it is in a close
        await put_split(connection, run, "ABC", date(2025, 9, 29), 1021, 1000)
        # 200 shares, where the statements have 100
        await put_price(connection, run, "ABC", datetime(2025, 9, 29, 20, tzinfo=UTC), "45", market_cap="9000")
    await build_all(pool, views)
    first, second, third, _ = await read_rows(pool, "SELECT * FROM sra.equity_quote_history ORDER BY date")
    names = ("open", "high", "low", "close")
    # 1.253 x 2 = 2.506
    assert [first[f"split_adjusted_{name}"] for name in names] == [100, 200, 25, 50]
    assert (first["split_factor"], first["share_factor"]) == (Decimal("2.506"), 2)
    assert first["split_adjusted_volume"] == 2000
    # 5 buys a twentieth at 100: 125.3 / (2.506 x 1.05)
    assert first["total_return_close"] == Decimal("47.619047619048")
    assert (second["split_adjusted_close"], second["share_factor"]) == (50, 2)
    assert (third["split_adjusted_volume"], third["share_factor"], third["split_factor"]) == (30, 1, 1)
    spin_off, split = await read_rows(pool, "SELECT * FROM sra.price_adjustment ORDER BY ex_date")
    assert (spin_off["kind"], spin_off["split_factor"], spin_off["share_factor"]) == (
        "price_factor",
        Decimal("2.506"),
        2,
    )
    assert (split["kind"], split["split_factor"], split["share_factor"]) == ("split", 2, 2)
    page = (await read_by_symbol(pool, "equity_page"))["ABC"]
    assert (page["price"], page["eps_diluted_ttm"]) == (45, Decimal("1.8"))  # 4 x 0.9 / 2
    # 50 / (100 / 2) - 1; with 5 / 100 of a share: 50 x 1.05 / 50 - 1, from the close of the ex-date without it
    assert (page["price_return_1w"], page["return_1w"]) == (0, 0)


# new shares, old ones, kind
RATIOS = (
    *(("1253", "1000", "price_factor"), ("2506", "2000", "price_factor"), ("1.253", "1", "price_factor")),
    *(("21", "20", "split"), ("22", "21", "price_factor"), ("42", "40", "split"), ("1.5", "1", "split")),
    *(("3", "2", "split"), ("40", "20", "split"), ("1", "20", "split"), ("1", "25", "split"), ("3", "50", "split")),
    *(("1001", "1000", "price_factor"), ("4", "100", "split"), ("5", "100", "split"), ("1000", "1", "split")),
)


async def test_the_denominator_in_lowest_terms_decides(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for number, (new, old, _) in enumerate(RATIOS):
            await put_close(connection, run, f"S{number}", date(2025, 9, 18), "10")
            await put_close(connection, run, f"S{number}", DAY, "10")
            await put_split(connection, run, f"S{number}", date(2025, 9, 19), Decimal(new), Decimal(old))
        await put_close(connection, run, "PAYS", DAY, "10")
        await put_dividend(connection, run, "PAYS", DAY, "1")
    await build_all(pool, views)
    result = await read_by_symbol(pool, "price_adjustment")
    assert [result[f"S{number}"]["kind"] for number in range(len(RATIOS))] == [kind for _, _, kind in RATIOS]
    for number, (new, old, kind) in enumerate(RATIOS):
        ratio = Decimal(new) / Decimal(old)
        assert round(result[f"S{number}"]["split_factor"], 20) == round(ratio, 20)
        assert round(result[f"S{number}"]["share_factor"], 20) == round(ratio if kind == "split" else Decimal(1), 20)
    assert (result["PAYS"]["kind"], result["PAYS"]["currency_basis"]) == (None, "assumed_listing")


async def test_an_unplaced_payment_hides_the_horizons_that_include_it(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    days = [date(2015, 9, 25), date(2020, 9, 25), date(2022, 9, 26), date(2024, 9, 26), date(2024, 12, 31)]
    days += [date(2025, 3, 26), date(2025, 6, 26), date(2025, 8, 26), date(2025, 9, 19)]
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol in ("ABC", "FND"):
            await put_profile(connection, run, symbol, is_etf=symbol == "FND")
            for day in days:
                await put_close(connection, run, symbol, day, "100")
            await put_close(connection, run, symbol, DAY, "110")
            # halted: the next close is that of 26 June
            await put_dividend(connection, run, symbol, date(2025, 4, 10), "3")
            # a tenth of a share
            await put_dividend(connection, run, symbol, date(2025, 8, 26), "10")
        await put_row(connection, run, "fmp_etf_info", symbol="FND", inception_date=date(2015, 9, 25))
    await build_all(pool, views)
    for relation, symbol in (("equity_page", "ABC"), ("etf_page", "FND")):
        page = (await read_by_symbol(pool, relation))[symbol]
        assert page["return_basis"] == "total_return"
        assert {name: page[f"return_{name}"] for name in HORIZONS} == {
            "1w": Decimal("0.100000"),
            "1m": Decimal("0.100000"),  # from the close of the ex-date, without it
            "3m": Decimal("0.210000"),  # 110 x 1.1 / 100 - 1
            **dict.fromkeys(("6m", "ytd", "1y", "3y", "5y")),
        }
        assert page["price_return_6m"] == Decimal("0.100000")
        assert page["price_return_5y"] is not None
    assert (page["return_10y"], page["return_since_inception"]) == (None, None)
    # 1.1 to the power of 365.25 / 3654, less 1
    assert page["price_return_10y"] == page["price_return_since_inception"] == Decimal("0.009573")
    history = await read_rows(pool, "SELECT * FROM sra.equity_quote_history WHERE symbol = 'ABC' ORDER BY date")
    assert [row["total_return_close"] for row in history[:6]] == [None] * 6
    # 100 / 1.1 before the dividend that is placed
    assert [row["total_return_close"] for row in history[6:]] == [Decimal("90.909090909091"), 100, 100, 110]
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, later, "ABC", date(2025, 4, 14), "100")
    await build_all(pool, views)
    page = (await read_by_symbol(pool, "equity_page"))["ABC"]
    assert page["return_6m"] == Decimal("0.246300")  # 110 x 1.1 x 1.03 / 100 - 1


async def test_risk_over_an_unplaced_payment_is_not_reported(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol, paid in (("OLD", date(2024, 5, 10)), ("NEW", date(2025, 2, 10))):
            await put_profile(connection, run, symbol, is_etf=True)
            for month in range(-12, 9):
                year, number = 2025 + (month - 1) // 12, (month - 1) % 12 + 1
                await put_close(connection, run, symbol, date(year, number, 28), "100" if month % 2 else "110")
            await put_close(connection, run, symbol, DAY, "100")
            await put_dividend(connection, run, symbol, paid, "1")
    await build_all(pool, views)
    rows = await read_by_symbol(pool, "etf_page")
    assert rows["OLD"]["standard_deviation_1y"] is not None
    assert rows["OLD"]["max_drawdown_1y"] == Decimal("-0.090909")  # 100 / 110 - 1
    assert (rows["NEW"]["standard_deviation_1y"], rows["NEW"]["max_drawdown_1y"]) == (None, None)
