"""Yields of listings against sums computed by hand: which payments count, how many, and up to which age."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_dividend, put_price, put_profile, put_row, put_run, put_split
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
DATASETS = ["universe", "profile", "quote", "eod_prices", "splits", "dividends"]
Payments = list[tuple[date, str, str | None]]


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page", "etf_page")


def make_monthly(newest: str) -> Payments:
    """Twelve of 0.1, the newest of another amount, and an older one that no longer counts."""
    days = [date(2024 + (9 + n) // 12, (9 + n) % 12 + 1, 15) for n in range(12)]
    return [
        (date(2024, 9, 15), "9", "Monthly"),
        *((day, "0.1", "Monthly") for day in days[:-1]),
        (days[-1], newest, "Monthly"),
    ]


def make_quarterly(*amounts: str) -> Payments:
    """Payments of quarters, the newest last."""
    days = [date(2024, 6, 10), date(2024, 9, 10), date(2024, 12, 10), date(2025, 3, 10), date(2025, 6, 10)]
    days.append(date(2025, 9, 10))
    return [(day, amount, "Quarterly") for day, amount in zip(days[-len(amounts) :], amounts, strict=True)]


def make_quarters_to(newest: date) -> Payments:
    """Four of 1 up to a day of May."""
    days = [date(2024, 8, 10), date(2024, 11, 10), date(2025, 2, 10), newest]
    return [(day, "1", "Quarterly") for day in days]


# price 50; expected: what is paid in a year, and by the newest payment
CASES: dict[str, tuple[Payments, str | None, str | None]] = {
    "MONTHLY": (make_monthly("0.2"), "1.3", "2.4"),
    "QUARTERLY": (make_quarterly("9", "1", "1", "1", "1.5"), "4.5", "6"),
    "SEMI": (
        [
            (date(2024, 5, 1), "9", "Semi-Annual"),
            (date(2024, 11, 1), "1", "Semi-Annual"),
            (date(2025, 5, 1), "2", "Semi-Annual"),
        ],
        "3",
        "4",
    ),
    "ANNUAL": ([(date(2023, 6, 2), "9", "Annual"), (date(2024, 6, 3), "3", "Annual")], "3", "3"),
    # one and a half periods before 26 September 2025
    "MONTH_OLD": ([*make_monthly("0.1")[:-2], (date(2025, 8, 11), "0.1", "Monthly")], "10.1", "1.2"),
    "MONTH_TOO_OLD": ([*make_monthly("0.1")[:-2], (date(2025, 8, 10), "0.1", "Monthly")], None, None),
    "QUARTER_OLD": (make_quarters_to(date(2025, 5, 11)), "4", "4"),
    "QUARTER_TOO_OLD": (make_quarters_to(date(2025, 5, 10)), None, None),
    "YEAR_LAST_DAY": ([(date(2024, 3, 26), "3", "Annual")], "3", "3"),
    "YEAR_TOO_OLD": ([(date(2024, 3, 25), "3", "Annual")], None, None),
    # by the vendor's word alone, of whatever size
    "SPECIAL": ([*make_quarterly("1", "1", "1", "1"), (date(2025, 8, 1), "20", "Special")], "4", "4"),
    "SMALL_SPECIAL": ([*make_quarterly("1", "1", "1", "1"), (date(2025, 9, 10), "0.01", "Special")], "4", "4"),
    "HUGE_REGULAR": (make_quarterly("1", "1", "97", "1"), "100", "4"),
    "ONLY_SPECIAL": ([(date(2025, 8, 1), "20", "Special")], None, None),
    # what the words do not say
    "ONE_MISSING": ([*make_quarterly("1", "1", "1", "1")[:-2], (date(2025, 6, 10), "1", None),
                     (date(2025, 9, 10), "1", "Quarterly")], None, "4"),
    "NEWEST_MISSING": ([*make_quarterly("1", "1", "1", "1"), (date(2025, 9, 20), "1", None)], None, None),
    "OTHER_WORD": ([*make_quarterly("1", "1", "1", "1"), (date(2025, 9, 20), "1", "Irregular")], None, None),
    "CHANGED": ([*make_quarterly("1", "1", "1", "1"), (date(2025, 9, 20), "0.3", "Monthly")], None, "3.6"),
    "TWO_WORDS_A_DAY": ([*make_quarterly("1", "1", "1", "1"), (date(2025, 9, 10), "0.3", "Monthly")], None, None),
    "OLDER_MISSING": ([(date(2024, 6, 1), "1", None), *make_quarterly("1", "1", "1", "1")], "4", "4"),
    "TOO_FEW": (make_quarterly("1", "1", "1"), None, "4"),
    # payments of one ex-date are one
    "ONE_DAY": ([*make_quarterly("9", "1", "1", "1", "1"), (date(2025, 9, 10), "0.5", "quarterly")], "4.5", "6"),
    "ANNOUNCED": ([*make_quarterly("1", "1", "1", "1"), (date(2025, 12, 10), "9", "Quarterly")], "4", "4"),
    "ONLY_ANNOUNCED": ([(date(2025, 12, 10), "9", "Quarterly")], None, None),
    # the vendor's yearly 2
    "NONE": ([], "2", None),
}  # fmt: skip


async def put_case(pool: Pool, symbol: str, payments: Payments, **values: Any) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, symbol, **values)
        await put_close(connection, run, symbol, date(2024, 1, 2), "50")
        await put_close(connection, run, symbol, DAY, "50")
        for day, amount, kind in payments:
            await put_dividend(connection, run, symbol, day, amount, kind=kind)


async def test_yields_are_of_regular_payments(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    for symbol, (payments, _, _) in CASES.items():
        await put_case(pool, symbol, payments)
        await put_case(pool, f"{symbol}.ETF", payments, is_etf=True)
    await build_all(pool, views)
    query = "SELECT symbol, dividend_yield, dividend_yield_forward FROM sra."
    result = {row["symbol"]: row for name in ("equity_page", "etf_page") for row in await read_rows(pool, query + name)}
    for symbol, (_, yearly, forward) in CASES.items():
        expected = [
            None if paid is None else (Decimal(paid) / 50).quantize(Decimal("0.000001")) for paid in (yearly, forward)
        ]
        for row in (result[symbol], result[f"{symbol}.ETF"]):
            assert [row["dividend_yield"], row["dividend_yield_forward"]] == expected, symbol


async def test_payments_are_in_shares_of_the_price(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    for symbol in ("ABC", "LATE", "SPUN"):
        await put_case(pool, symbol, make_quarterly("2", "2", "2", "1"))
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_split(connection, run, "ABC", date(2025, 7, 1), 2, 1)
        # between the newest close and the quote
        await put_split(connection, run, "LATE", date(2025, 9, 29), 2, 1)
        await put_price(connection, run, "LATE", datetime(2025, 9, 29, 20, tzinfo=UTC), "25")
        # a spin-off makes no shares
        await put_split(connection, run, "SPUN", date(2025, 7, 1), 1253, 1000)
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.equity_metrics ORDER BY symbol")
    assert [(row["dividend_yield"], row["dividend_yield_forward"]) for row in rows] == [
        (Decimal("0.080000"), Decimal("0.080000")),  # (1 + 1 + 1 + 1) / 50; 4 x 1 / 50
        (Decimal("0.140000"), Decimal("0.080000")),  # (1 + 1 + 1 + 0.5) / 25; 4 x 0.5 / 25
        (Decimal("0.140000"), Decimal("0.080000")),  # 7 / 50; 4 x 1 / 50
    ]
    assert [row["dividend_ttm"] for row in rows] == [2, 2, 2]  # the vendor's: nothing is known a year back


async def test_known_payments_override_a_zero_of_the_vendor(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await put_case(pool, "ABC", make_quarterly("1", "1", "1", "1", "1"), raw={"lastDividend": 0})
    await put_case(pool, "NONE", [], raw={"lastDividend": 0})
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT dividend_ttm, dividend_yield FROM sra.equity_metrics ORDER BY symbol")
    assert rows == [
        {"dividend_ttm": Decimal(4), "dividend_yield": Decimal("0.080000")},
        {"dividend_ttm": Decimal(0), "dividend_yield": Decimal("0.000000")},
    ]


async def test_two_equal_payments_of_one_day_are_both_paid(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await put_case(pool, "ABC", make_quarterly("1", "1", "1", "1"))
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        # one kind and amount, another payment date
        await put_row(
            connection, run, "fmp_dividend", symbol="ABC", date=date(2025, 9, 10), dividend="1", frequency="Quarterly",
            payment_date=date(2025, 10, 1), content_hash=b"other",
        )  # fmt: skip
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT dividend_yield, dividend_yield_forward FROM sra.equity_metrics")
    assert list(row.values()) == [Decimal("0.100000"), Decimal("0.160000")]  # (1 + 1 + 1 + 2) / 50; 4 x 2 / 50
