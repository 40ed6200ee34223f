"""The flat figures of funds equal those of fund_page, each with its own month end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from sra_contract.fund_metrics import FundMetrics
from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_data, put_fund, put_quote, put_run
from view_builder.compile import CompiledView

JULY, AUGUST = date(2025, 7, 31), date(2025, 8, 31)
DATASETS = ["FundGeneral", "FundPerformanceSummary", "FundExpenses", "FundYearlyPerformance"]


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("fund_metrics", "fund_page")


async def put_years(connection: Connection, run: UUID, month: date, years: str, value: str, rank: str = "17") -> None:
    of = {"month_end_date": month, "year": years}
    await put_data(connection, run, "FundYearlyPerformance", "1", f"y{years}{month}", compound_return=value, **of)
    await put_data(
        connection, run, "FundYearlyPerformanceRankingByClass", "1", f"r{years}{month}", compound_return_ranking=rank,
        compound_return_fund_count="51", compound_return_quartile="2", **of,
    )  # fmt: skip
    await put_data(
        connection, run, "FundRiskYearlyPerformance", "1", f"k{years}{month}", annualized_std="12.35",
        annualized_sharpe="0.98765", beta="-1.25", **of,
    )  # fmt: skip


async def put_figures(connection: Connection) -> None:
    run = await put_run(connection, "fundata", DATASETS)
    await put_fund(connection, run, "1", cifsc_type="Canadian Equity", company="House", management_fee="1.75")
    await put_data(
        connection, run, "FundPerformanceSummary", "1", "s", month_end_date=AUGUST, one_month_return="1.23456789",
        three_month_return="-0.5", six_month_return="0", ytd_return="10", inception_return="7.125",
        inception_return_date=date(2005, 1, 31),
    )  # fmt: skip
    await put_years(connection, run, AUGUST, "1", "5.5")
    await put_years(connection, run, JULY, "3", "6.6", "1")
    await put_years(connection, run, date(2025, 6, 30), "3", "9")
    for kind, day, value in (("MER", AUGUST, "2.01234"), ("MER", JULY, "3"), ("TER", JULY, "0.05")):
        await put_data(
            connection, run, "FundExpenses", "1", f"{kind}{day}", expense_type=kind, expense_date=day, expense_value=value
        )  # fmt: skip


async def read_metrics(pool: Pool) -> dict[str, Any]:
    (row,) = await read_rows(pool, "SELECT * FROM sra.fund_metrics")
    FundMetrics.model_validate(row)
    return row


async def test_figures_are_fractions_and_whole_numbers(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_figures(connection)
    await build_all(pool, views)
    row = await read_metrics(pool)
    assert (row["category"], row["company"], row["currency"], row["is_active"]) == (
        "Canadian Equity", "House", "CAD", True,
    )  # fmt: skip
    # percentages two places further down, with all their digits
    expected = {
        "month_end_date": AUGUST,
        "month_end_return_1m": Decimal("0.0123456789"),
        "month_end_return_3m": Decimal("-0.005"),
        "month_end_return_6m": Decimal(0),
        "month_end_return_ytd": Decimal("0.1"),
        "month_end_return_since_inception": Decimal("0.07125"),
        "inception_return_date": date(2005, 1, 31),
        "month_end_return_1y": Decimal("0.055"),
        "month_end_return_3y": Decimal("0.066"),
        "month_end_return_5y": None,
        "vendor_standard_deviation_1y": Decimal("0.1235"),
        "vendor_standard_deviation_5y": None,
        # ratios are as delivered
        "vendor_sharpe_3y": Decimal("0.98765"),
        "vendor_beta_1y": Decimal("-1.25"),
        "management_expense_ratio": Decimal("0.0201234"),
        "expense_date": AUGUST,
        "trading_expense_ratio": Decimal("0.0005"),
        "trading_expense_date": JULY,
        "management_fee": Decimal("0.0175"),
        "category_rank_1y": 17,
        "category_fund_count_1y": 51,
        "quartile_1y": 2,
        # 100 x 17 / 51 = 33.33, and 100 x 1 / 51 = 1.96
        "percentile_1y": 34,
        "percentile_3y": 2,
        "percentile_10y": None,
        # each from its newest month, which it names
        "month_end_date_1y": AUGUST,
        "month_end_date_3y": JULY,
        "rank_date_3y": JULY,
        "risk_date_3y": JULY,
        "risk_date_10y": None,
    }
    assert {name: row[name] for name in expected} == expected


async def test_they_are_the_figures_of_the_page(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_figures(connection)
    await build_all(pool, views)
    row = await read_metrics(pool)
    (page,) = await read_rows(pool, "SELECT * FROM sra.fund_page")
    shared = ("month_end_return_1m", "month_end_return_since_inception", "management_expense_ratio", "management_fee")
    assert {name: row[name] for name in shared} == {name: page[name] for name in shared}
    for returns, risk in zip(page["returns"][:2], page["risk"][:2], strict=True):
        years = returns["years"]
        for name in ("month_end_return", "category_rank", "category_fund_count", "quartile", "percentile"):
            assert row[f"{name}_{years}y"] == returns[name]
        for name in ("standard_deviation", "sharpe", "beta"):
            assert row[f"vendor_{name}_{years}y"] == risk[name]


async def test_a_place_that_is_no_whole_number_is_unknown(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", DATASETS)
        await put_fund(connection, run, "1")
        await put_years(connection, run, AUGUST, "5", "1", "12.5")
    await build_all(pool, views)
    row = await read_metrics(pool)
    assert (row["category_rank_5y"], row["category_fund_count_5y"]) == (None, 51)


async def test_a_day_of_values_recomputes_no_figures(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_figures(connection)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, run, "1", date(2025, 9, 26), "10")
    assert (await build_all(pool, views))["fund_metrics"].computed == 0
    async with pool.acquire() as connection:
        later = await put_run(connection, "fundata", DATASETS)
        await put_years(connection, later, AUGUST, "3", "8", "2")
    assert (await build_all(pool, views))["fund_metrics"].changed == 1
    row = await read_metrics(pool)
    assert (row["month_end_return_3y"], row["category_rank_3y"], row["last_run_id"]) == (Decimal("0.08"), 2, later)
