"""Our monthly returns of funds next to the vendor's: every rule by hand, and what a run recomputes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, dump_view, read_rows
from sra_testing.records import put_data, put_quote, put_run
from view_builder.compile import CompiledView
from view_builder.return_check import ReturnCheck

VIEW = "fund_return_reconciliation"
DATASETS = ["FundDailyNAVPS", "Pricing", "FundDistribution", "FundPerformanceSummary"]
JULY, AUGUST, SEPTEMBER = date(2025, 7, 31), date(2025, 8, 31), date(2025, 9, 30)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views(VIEW)


async def put_values(pool: Pool, values: dict[date, str], fund: str = "1", **other: Any) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", DATASETS)
        for day, value in values.items():
            await put_quote(connection, run, fund, day, value, **other)


async def put_month(pool: Pool, month: date, percent: str | None, record: str = "s", **other: Any) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", DATASETS)
        result = {} if percent is None else {"one_month_return": percent}
        await put_data(connection, run, "FundPerformanceSummary", "1", record, month_end_date=month, **result, **other)


async def read_months(pool: Pool) -> dict[date, dict[str, Any]]:
    rows = await read_rows(pool, "SELECT * FROM sra.fund_return_reconciliation ORDER BY month_end_date")
    return {row["month_end_date"]: row for row in rows}


async def test_a_month_is_measured_from_month_end_to_month_end(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    # 31 August is a Sunday
    await put_values(pool, {date(2025, 7, 30): "9", JULY: "10", date(2025, 8, 15): "10.1", date(2025, 8, 29): "10.2"})
    await put_values(pool, {date(2025, 9, 2): "11"})
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", DATASETS)
        await put_data(
            connection, run, "FundDistribution", "1", "d", date=date(2025, 8, 14), total_distribution="0.101"
        )
    # reinvested at the 10.1 of the 15th, a share becomes 1.01 shares: 1.01 x 10.2 / 10 - 1 = 0.0302
    await put_month(pool, AUGUST, "3.0123456")
    await build_all(pool, views)
    (row,) = (await read_months(pool)).values()
    assert (row["start_date"], row["end_date"]) == (JULY, date(2025, 8, 29))
    assert (row["total_return"], row["vendor_return"]) == (Decimal("0.030200"), Decimal("0.030123456"))
    assert (row["difference"], row["is_within"], row["reason"]) == (Decimal("0.000076544"), True, None)


@pytest.mark.parametrize(("percent", "is_within"), [("2.1", True), ("1.9", True), ("2.1001", False), ("1.8999", False)])
async def test_a_difference_of_a_tenth_of_a_point_is_within(
    pool: Pool, views: tuple[CompiledView, ...], percent: str, *, is_within: bool
) -> None:
    await put_values(pool, {JULY: "10", AUGUST: "10.2"})
    await put_month(pool, AUGUST, percent)
    await build_all(pool, views)
    assert (await read_months(pool))[AUGUST]["is_within"] is is_within


async def test_a_month_that_cannot_be_compared_has_a_reason(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    # the last value of June is 8 days old at its end, that of July 7
    await put_values(pool, {date(2025, 6, 22): "9", date(2025, 7, 24): "10", date(2025, 8, 29): "10", SEPTEMBER: "0"})
    months = {JULY: "1", AUGUST: "0", SEPTEMBER: "1", date(2025, 8, 23): "0.5"}
    for number, (month, percent) in enumerate(months.items()):
        await put_month(pool, month, percent, f"s{number}")
    await put_month(pool, date(2025, 8, 29), None, "none")
    await build_all(pool, views)
    found = await read_months(pool)
    assert {month: row["reason"] for month, row in found.items()} == {
        JULY: "no_start_value", AUGUST: None, SEPTEMBER: "no_end_value", date(2025, 8, 23): "no_month_end",
        date(2025, 8, 29): "no_vendor_return",
    }  # fmt: skip
    assert {row["is_within"] for month, row in found.items() if month != AUGUST} == {None}
    assert (found[AUGUST]["start_date"], found[AUGUST]["is_within"]) == (date(2025, 7, 24), True)


async def test_every_month_of_the_history_is_compared_as_last_delivered(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    await put_values(pool, {date(2025, 6, 30): "10", JULY: "10.5", AUGUST: "10.5", SEPTEMBER: "10.5"})
    # one record that moves from month to month, and a correction of July
    await put_month(pool, JULY, "4", change_date=date(2025, 8, 4))
    await put_month(pool, JULY, "5", change_date=date(2025, 8, 5))
    await put_month(pool, AUGUST, "0", change_date=date(2025, 9, 3))
    # of a version that is withdrawn nothing is left
    await put_month(pool, SEPTEMBER, "0", "t")
    await put_month(pool, SEPTEMBER, "0", "t", record_state="Deleted")
    await build_all(pool, views)
    found = await read_months(pool)
    assert {month: row["vendor_return"] for month, row in found.items()} == {JULY: Decimal("0.05"), AUGUST: Decimal(0)}
    assert {row["is_within"] for row in found.values()} == {True}


async def test_a_run_computes_the_months_that_it_changes(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    ends = [date(2025, 5, 30), date(2025, 6, 30), JULY, AUGUST, SEPTEMBER]
    await put_values(pool, dict.fromkeys(ends, "10"))
    for number, month in enumerate(ends[1:]):
        await put_month(pool, month, "0", f"s{number}")
    await build_all(pool, views)

    async def build() -> int:
        built = (await build_all(pool, views))[VIEW]
        assert not built.full
        return built.computed

    # a day of values after the newest month
    await put_values(pool, {date(2025, 10, 1): "11"})
    assert await build() == 0
    # July's end is where August starts
    await put_values(pool, {JULY: "10.1"})
    assert await build() == 2
    found = await read_months(pool)
    assert [found[month]["is_within"] for month in ends[1:]] == [True, False, False, True]
    # within a month only a distribution changes its return
    await put_values(pool, {date(2025, 8, 12): "10"})
    assert await build() == 2
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", DATASETS)
        await put_data(connection, run, "FundDistribution", "1", "d", date=date(2025, 8, 12), total_distribution="0.1")
    # and those after it, which it might be matched with
    assert await build() == 2
    # 10.1 to 10 with 0.1 at 10: 1.01 x 10 / 10.1 - 1 = 0
    assert (await read_months(pool))[AUGUST]["total_return"] == 0
    before = await dump_view(pool, VIEW)
    assert (await build_all(pool, views, full=True))[VIEW].changed == 0
    assert await dump_view(pool, VIEW) == before


async def test_the_check_counts_the_differences(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    check = ReturnCheck()
    async with pool.acquire() as connection:
        await check.poll(connection)
    assert check.report().detail == "No month of a fund has been compared yet."
    await put_values(pool, {date(2025, 6, 30): "10", JULY: "10", AUGUST: "10"})
    for number, (month, percent) in enumerate({JULY: "0.1", AUGUST: "0.2", SEPTEMBER: "1"}.items()):
        await put_month(pool, month, percent, f"s{number}")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        await check.poll(connection)
    assert (check.report().status, check.report().detail) == (
        "healthy",
        "1 of 2 compared months of funds differ from the vendor's return by more than 0.1 percentage points:"
        " sra.fund_return_reconciliation lists them.",
    )
