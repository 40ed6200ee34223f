"""The page of an ETF against figures computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sra_contract.etf_page import EtfPage
from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_dividend, put_price, put_profile, put_row, put_run, put_split
from view_builder.compile import CompiledView


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("etf_page")


DAY = date(2025, 9, 26)
DATASETS = ["universe", "profile", "quote", "eod_prices", "splits", "dividends", "etf_info", "etf_holdings"]


async def read_page(pool: Pool) -> dict[str, Any]:
    (row,) = await read_rows(pool, "SELECT * FROM sra.etf_page")
    EtfPage.model_validate(row)
    return row


async def test_profile_holdings_and_weights(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "FND", is_etf=True, currency="CAD")
        await put_profile(connection, run, "ABC")
        await put_price(connection, run, "FND", datetime(2025, 9, 26, 20, tzinfo=UTC), "25")
        await put_row(
            connection, run, "fmp_etf_info", symbol="FND", etf_company="Maker", expense_ratio="0.09", nav="24.75",
            nav_currency="USD", assets_under_management="1000000", inception_date=date(2020, 1, 2), isin="",
            source_updated_at="2025-09-26T22:15:00.000Z", holdings_count="99",
        )  # fmt: skip
        for number in range(12):
            await put_row(
                connection, run, "fmp_etf_holding", symbol="FND", asset=f"H{number}" if number else "", name=f"Holding {number}",
                isin="", security_cusip="", occurrence=1, weight_percentage=f"{number}.5", market_value="7",
                source_updated_at="2025-09-25 22:05:00",
            )  # fmt: skip
        await put_row(
            connection, run, "fmp_etf_holding", symbol="FND", asset="OLD", name="Sold", isin="", security_cusip="",
            occurrence=1, weight_percentage="90", valid_to=datetime(2025, 9, 1, tzinfo=UTC),
        )  # fmt: skip
        for sector, weight in (("Energy", "21.05"), ("Technology", "78.95")):
            await put_row(connection, run, "fmp_etf_sector", symbol="FND", sector=sector, weight_percentage=weight)
        await put_row(connection, run, "fmp_etf_country", symbol="FND", country="Canada", weight_percentage="100")
    await build_all(pool, views)
    row = await read_page(pool)
    assert (row["price"], row["currency"], row["navps"], row["nav_currency"]) == (25, "CAD", Decimal("24.75"), "USD")
    assert (row["navps_date"], row["holdings_date"]) == (DAY, date(2025, 9, 25))
    assert (row["expense_ratio"], row["assets_under_management"]) == (Decimal("0.0009"), 1_000_000)
    assert (row["isin"], row["holdings_count"], len(row["top_holdings"])) == (None, 12, 10)
    assert row["top_holdings"][0] == {
        "place": 1, "symbol": "H11", "name": "Holding 11", "isin": None, "weight": Decimal("0.115"), "shares": None,
        "market_value": 7,
    }  # fmt: skip
    assert [item["sector"] for item in row["sector_weights"]] == ["Technology", "Energy"]
    assert row["country_weights"] == [{"country": "Canada", "weight": 1}]
    assert row["dividend_yield"] == Decimal("0.080000")  # the vendor's 2 / 25
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["etf_holdings"], status="running")
        await connection.execute(
            "UPDATE task_execution_log SET started_at = clock_timestamp() WHERE task_id = $1", later
        )
        await connection.execute("UPDATE fmp_etf_holding SET valid_to = now(), updated_at = now() WHERE asset = 'H11'")
        await connection.execute(
            "UPDATE task_execution_log SET status = 'completed', completed_at = now() WHERE task_id = $1", later
        )
    built = await build_all(pool, views)
    assert built["etf_page"].computed == 1
    row = await read_page(pool)
    assert (row["top_holdings"][0]["symbol"], row["last_run_id"]) == ("H10", later)


async def test_returns_with_dividends_over_ten_years_and_since_inception(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "FND", is_etf=True)
        await put_row(connection, run, "fmp_etf_info", symbol="FND", inception_date=date(2015, 1, 1))
        await put_close(connection, run, "FND", date(2015, 1, 5), "20")
        await put_close(connection, run, "FND", date(2015, 9, 25), "40")
        await put_close(connection, run, "FND", date(2025, 9, 19), "50")
        await put_close(connection, run, "FND", date(2025, 9, 24), "40")
        await put_close(connection, run, "FND", DAY, "80")
        # half a share for one
        await put_dividend(connection, run, "FND", date(2025, 9, 24), "20")
    await build_all(pool, views)
    row = await read_page(pool)
    assert (row["return_basis"], row["return_date"]) == ("total_return", DAY)
    assert (row["price_return_1w"], row["return_1w"]) == (
        Decimal("0.600000"),
        Decimal("1.400000"),
    )  # 80 x 1.5 / 50
    days = (DAY - date(2015, 9, 25)).days
    assert row["return_10y"] == annualise("3", days)  # 120 / 40
    assert row["price_return_10y"] == annualise("2", days)
    days = (DAY - date(2015, 1, 5)).days
    assert (row["return_since_inception"], row["price_return_since_inception"]) == (
        annualise("6", days),
        annualise("4", days),
    )
    assert row["return_1y"] is None


def annualise(ratio: str, days: int) -> Decimal:
    """The rule with Python's decimals."""
    return (Decimal(ratio) ** (Decimal("365.25") / days) - 1).quantize(Decimal("0.000001"))


async def test_risk_is_of_full_months(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    # thirteen month ends up to August 2025: twelve returns of +10%, -10%, +10%, ...
    ends = [date(2024, 8, 30), date(2024, 9, 30), date(2024, 10, 31), date(2024, 11, 29), date(2024, 12, 31)]
    ends += [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30), date(2025, 5, 30)]
    ends += [date(2025, 6, 30), date(2025, 7, 31), date(2025, 8, 29)]
    price = Decimal(100)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "FND", is_etf=True)
        for number, day in enumerate(ends):
            await put_close(connection, run, "FND", day, str(price))
            price *= Decimal("0.9") if number % 2 else Decimal("1.1")
        await put_close(connection, run, "FND", DAY, "1")
    await build_all(pool, views)
    row = await read_page(pool)
    # mean 0, squares 12 x 0.01, over 11: sqrt(0.12 / 11) x sqrt(12) = 0.361814
    assert row["standard_deviation_1y"] == Decimal("0.361814")
    # highest after the first month at 110; after each pair 0.99 of it, the last month end is 100 x 0.99^6 = 94.148
    assert row["max_drawdown_1y"] == Decimal("-0.144109")  # 94.1480149401 / 110 - 1
    assert (row["standard_deviation_3y"], row["max_drawdown_3y"]) == (None, None)


LAST_DAYS = [date(2024, 8, 31), *(date(2024, month, 28) for month in range(9, 13))]
LAST_DAYS += [date(2025, month, 28) for month in range(1, 9)]


async def test_risk_against_the_market_by_hand(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    """Twelve months in which the index moves +10%, -10%, ... and the fund twice that; bills yield 1.2% a year."""
    level, price = Decimal(1000), Decimal(100)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", [*DATASETS, "index_prices", "treasury_rates"])
        for symbol, currency in (("FND", "USD"), ("FND.TO", "CAD")):
            await put_profile(connection, run, symbol, is_etf=True, currency=currency)
        for number, day in enumerate(LAST_DAYS):
            await put_row(connection, run, "fmp_index_price", symbol="^GSPC", date=day, close=str(level))
            await put_row(connection, run, "fmp_treasury_rate", date=day, month3="1.2")
            for symbol in ("FND", "FND.TO"):
                await put_close(connection, run, symbol, day, str(price))
            level *= Decimal("0.9") if number % 2 else Decimal("1.1")
            price *= Decimal("0.8") if number % 2 else Decimal("1.2")
        for symbol in ("FND", "FND.TO"):
            await put_close(connection, run, symbol, DAY, "1")
    await build_all(pool, views)
    rows = {row["symbol"]: row for row in await read_rows(pool, "SELECT * FROM sra.etf_page")}
    fund, other = rows["FND"], rows["FND.TO"]
    assert (fund["benchmark_index"], other["benchmark_index"]) == ("^GSPC", "^GSPTSE")
    assert fund["beta_1y"] == Decimal("2.000000")
    assert (fund["upside_capture_1y"], fund["downside_capture_1y"]) == (Decimal("2.000000"), Decimal("2.000000"))
    # excess 0.2 - 0.001 and -0.2 - 0.001: mean -0.001, deviation sqrt(12 x 0.04 / 11); x sqrt(12) = -0.016583
    assert fund["sharpe_1y"] == Decimal("-0.016583")
    assert (fund["beta_3y"], fund["sharpe_3y"], fund["upside_capture_3y"]) == (None, None, None)
    # no index and no rate in its currency
    assert (other["beta_1y"], other["upside_capture_1y"], other["sharpe_1y"]) == (None, None, None)
    assert other["standard_deviation_1y"] == fund["standard_deviation_1y"]
    async with pool.acquire() as connection:
        # the index of Toronto arrives late: its ETFs are compared with it
        later = await put_run(connection, "fmp", ["index_prices"])
        for number, day in enumerate(LAST_DAYS):
            await put_row(
                connection, later, "fmp_index_price", symbol="^GSPTSE", date=day, close="100" if number % 2 else "50"
            )
    built = await build_all(pool, views)
    assert built["etf_page"].changed == 1
    (row,) = await read_rows(pool, "SELECT beta_1y, last_run_id FROM sra.etf_page WHERE symbol = 'FND.TO'")
    # +100% and -50% against +20% and -20%: covariance 6 x 0.2 x 1.5 over variance 6 x 0.75 x 1.5
    assert (row["beta_1y"], row["last_run_id"]) == (Decimal("0.266667"), later)
    assert (await build_all(pool, views, full=True))["etf_page"].changed == 0


async def test_distributions_are_in_shares_of_the_price(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "FND", is_etf=True)
        await put_close(connection, run, "FND", date(2025, 9, 1), "100")
        await put_close(connection, run, "FND", DAY, "50")
        await put_split(connection, run, "FND", date(2025, 9, 10), 2, 1)
        for number in range(26):
            await put_dividend(
                connection, run, "FND", date(2025, 9, 3) - timedelta(days=90 * number), f"1.{number:02d}"
            )
        await put_row(
            connection, run, "fmp_dividend", symbol="FND", date=date(2025, 9, 20), dividend="0.75",
            payment_date=date(2025, 10, 1), record_date=date(2025, 9, 21), declaration_date=date(2025, 9, 5),
        )  # fmt: skip
        await put_dividend(connection, run, "FND", date(2025, 9, 20), "0.2", kind="Special")
    await build_all(pool, views)
    row = await read_page(pool)
    assert len(row["distributions"]) == 24
    # the special one of the same day is next to it, and both are in the twelve months
    special = row["distributions"].pop(1)
    assert (special["ex_date"], special["dividend"]) == ("2025-09-20", Decimal("0.2"))
    assert row["distributions"][0] == {
        "ex_date": "2025-09-20", "dividend": Decimal("0.75"), "adjusted_dividend": Decimal("0.75"),
        "declaration_date": "2025-09-05", "record_date": "2025-09-21", "payment_date": "2025-10-01",
    }  # fmt: skip
    assert row["distributions"][1]["dividend"] == 1
    assert row["distributions"][1]["adjusted_dividend"] == Decimal("0.5")
