"""Units of contract version 2 computed by hand, and the page of the former names."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sra_contract.base import list_columns
from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_data, put_fund, put_price, put_profile, put_run
from view_builder.compile import CompiledView
from view_builder.marts import MARTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contract_2.md"
DAY = date(2025, 9, 26)
MONTH = date(2025, 8, 31)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("latest_quote", "equity_metrics", "fund_page", "treasury_curve")


@pytest.mark.parametrize(
    ("percent", "fraction"),
    [
        ("12.5", "0.125"),
        ("-0.95465", "-0.0095465"),
        ("0.00", "0"),
        ("100", "1"),
        # a third has no end, a percentage with fifty digits has one
        ("33." + "3" * 50, "0.33" + "3" * 50),
        ("0." + "0" * 40 + "1", "0." + "0" * 42 + "1"),
        ("123456789012345678901234567890.99", "1234567890123456789012345678.9099"),
        (None, None),
    ],
)
async def test_a_percentage_is_shifted_by_two_places_and_loses_no_digit(
    pool: Pool, views: tuple[CompiledView, ...], percent: str | None, fraction: str | None
) -> None:
    await build_all(pool, views)
    result = await pool.fetchval("SELECT core.percent_as_fraction($1::text::numeric)::text", percent)
    assert result == fraction


@pytest.mark.parametrize(("percent", "fraction"), [("21.25", "-0.2125"), ("-21.25", "-0.2125"), ("0", "0")])
async def test_a_drawdown_is_zero_or_below_whichever_sign_the_vendor_uses(
    pool: Pool, views: tuple[CompiledView, ...], percent: str, fraction: str
) -> None:
    await build_all(pool, views)
    assert await pool.fetchval("SELECT core.drawdown($1::text::numeric)::text", percent) == fraction


async def test_the_vendors_digits_are_kept_and_ours_are_rounded_to_six(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "quote", "eod_prices", "treasury_rates"])
        await put_profile(connection, run, "ABC")
        await put_close(connection, run, "ABC", date(2025, 9, 19), "3")
        await put_close(connection, run, "ABC", DAY, "5")
        await put_price(connection, run, "ABC", datetime(2025, 9, 26, 20, tzinfo=UTC), "5")
        await connection.execute("UPDATE fmp_quote SET change_percentage = 66.66666667")
        await connection.execute(
            "INSERT INTO fmp_treasury_rate (date, month3, year30, raw_json, run_id, content_hash)"
            " VALUES ('2025-09-26', 4.0625, 4.76, '{}', $1, '')",
            run,
        )
    await build_all(pool, views)
    row = (await read_rows(pool, "SELECT price_return_1d::text, return_1w::text FROM sra.equity_metrics"))[0]
    assert row == {"price_return_1d": "0.6666666667", "return_1w": "0.666667"}  # 5 / 3 - 1
    (quote,) = await read_rows(pool, "SELECT price, navps, price_return_1d::text FROM sra.latest_quote")
    assert quote == {"price": 5, "navps": None, "price_return_1d": "0.6666666667"}
    curve = await read_rows(pool, "SELECT tenor, yield::text FROM sra.treasury_curve ORDER BY tenor_months")
    assert curve == [{"tenor": "3M", "yield": "0.040625"}, {"tenor": "30Y", "yield": "0.0476"}]


async def test_places_counts_and_years_are_integers_or_unknown(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundYearlyPerformance"])
        await put_fund(connection, run, "1")
        for years, rank in (("1", "3.00"), ("3", "3.5")):
            await put_data(
                connection, run, "FundYearlyPerformanceRankingByClass", "1", f"r{years}", month_end_date=MONTH, year=years,
                compound_return_ranking=rank, compound_return_fund_count="40.00", compound_return_quartile="1.00",
            )  # fmt: skip
        await put_data(
            connection, run, "FundYearlyPerformance", "1", "y", month_end_date=MONTH, year="1",
            compound_return="0.1", calendar_return_year="2024.00", calendar_simple_return="7.125",
        )  # fmt: skip
    await build_all(pool, views)
    (row,) = await read_rows(
        pool, "SELECT returns::text AS returns, calendar_returns::text AS years FROM sra.fund_page"
    )
    whole, broken = re.findall(r"\{[^{}]*\}", row["returns"])[:2]
    # as the text of the JSON has them: no trailing zeros
    for member in ('"years": 1', '"category_rank": 3', '"category_fund_count": 40', '"quartile": 1', '"percentile": 8'):
        assert member + "," in whole.replace("}", ","), member  # 100 x 3 / 40 is 7.5
    assert '"category_rank": null' in broken
    assert '"percentile": null' in broken
    assert '"year": 2024' in row["years"]
    assert '"calendar_year_return": 0.07125' in row["years"]


def read_table() -> list[tuple[str, str, str]]:
    """The rows of the page's table of columns: view, former name, name."""
    rows = re.findall(r"^\| ([a-z_, ]+) \| `(\w+)` \| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [(view, former, name) for listed, former, name in rows for view in listed.split(", ")]


def test_the_page_names_columns_that_were_renamed() -> None:
    columns = {mart.model.relation(): {one.name for one in list_columns(mart.model)} for mart in MARTS}
    rows = read_table()
    assert len(rows) > 100
    for view, former, name in rows:
        assert name in columns[view], f"{view} has no {name}"
        kept = {after for other, _, after in rows if other == view}
        assert former not in columns[view] or former in kept, f"{view} still has {former}"
