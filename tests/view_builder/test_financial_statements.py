"""All lines of statements, their states, and the vendor's derived figures, against the stored rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, build_one, choose_views, read_rows
from sra_testing.records import put_profile, put_row, put_run
from view_builder.compile import CompiledView

END = date(2024, 12, 31)
FIRST, SECOND = datetime(2025, 2, 20, 12, tzinfo=UTC), datetime(2025, 5, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("financial_statements", "financial_ratios", "financial_growth", "fundamentals_ttm")


async def put_period(
    connection: Connection, run: UUID, table: str, symbol: str, *, end: date = END, period: str = "FY", **values: Any
) -> None:
    await put_row(
        connection, run, table, symbol=symbol, date=end, period=period,
        **{"fiscal_year": end.year, "version": 1, "learnt_at": FIRST, "reported_currency": "USD", **values},
    )  # fmt: skip


async def put_company(connection: Connection) -> UUID:
    """Store a company with the three statements of a year."""
    run = await put_run(connection, "fmp", ["universe", "profile", "income_statement", "balance_sheet", "cash_flow"])
    await put_profile(connection, run, "ABC", raw={"cik": "0000000007"})
    await put_period(
        connection, run, "fmp_income_statement", "ABC", revenue="1000.5", net_income="7", cik="CIK0007",
        filing_date=date(2025, 2, 14), accepted_date="2025-02-14 16:05:00",
        raw={"researchAndDevelopmentExpenses": 12.25, "interestIncome": "3", "otherExpenses": "n/a"},
    )  # fmt: skip
    await put_period(
        connection, run, "fmp_balance_sheet", "ABC", total_assets="5000", inventory="40", raw={"goodwill": 0}
    )
    await put_period(
        connection, run, "fmp_cash_flow", "ABC", net_income="8", free_cash_flow="-3", raw={"inventory": -2.5}
    )
    return run


async def test_a_period_has_all_lines_of_its_three_statements(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_company(connection)
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.financial_statements WHERE issuer_id = 'cik:7'")
    assert (row["security_id"], row["symbol"], row["period_kind"], row["period_end_date"]) == (
        *("fmp:ABC", "ABC", "year", END),
    )
    lines = {
        "revenue": "1000.5", "research_and_development_expenses": "12.25", "income_interest_income": "3",
        "net_income": "7", "cash_flow_net_income": "8", "inventory": "40", "cash_flow_inventory": "-2.5", "goodwill": "0",
        "total_assets": "5000", "free_cash_flow": "-3",
    }  # fmt: skip
    assert {name: row[name] for name in lines} == {name: Decimal(value) for name, value in lines.items()}
    # neither a number nor delivered
    assert (row["other_expenses"], row["total_equity"]) == (None, None)
    assert (row["filing_date"], row["cik"], row["reported_currency"]) == (date(2025, 2, 14), "CIK0007", "USD")
    # 16:05 in New York in winter; balance sheet and cash flow name no filing: 120 days after the year, and the end of that day
    assert row["accepted_at"] == datetime(2025, 2, 14, 21, 5, tzinfo=UTC)
    assert row["available_at"] == datetime(2025, 5, 1, 4, tzinfo=UTC)
    assert (row["known_at"], row["last_run_id"]) == (FIRST, run)
    assert await read_rows(pool, "SELECT * FROM sra.financial_statements WHERE symbol = 'XYZ'") == []


async def test_a_restatement_is_another_state_and_the_past_one_stays(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        await put_company(connection)
        later = await put_run(connection, "fmp", ["income_statement"])
        await put_period(
            connection, later, "fmp_income_statement", "ABC", version=2, learnt_at=SECOND, revenue="990",
            filing_date=date(2025, 2, 14), accepted_date="2025-02-14 16:05:00",
        )  # fmt: skip
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT revenue, total_assets, last_run_id FROM sra.financial_statements")
    assert (row["revenue"], row["total_assets"], row["last_run_id"]) == (Decimal(990), Decimal(5000), later)
    history = await read_rows(pool, "SELECT * FROM sra.financial_statements_history ORDER BY version")
    assert [(one["version"], one["revenue"], one["known_at"], one["is_newest"]) for one in history] == [
        (1, Decimal("1000.5"), FIRST, False),
        (2, Decimal(990), SECOND, True),
    ]
    past = "SELECT revenue, is_backfilled FROM sra.financial_statements_as_of($1, $2, ARRAY['ABC'])"
    public = datetime(2025, 5, 2, tzinfo=UTC)
    assert await read_rows(pool, past, public, "strict") == [{"revenue": Decimal("1000.5"), "is_backfilled": False}]
    assert await read_rows(pool, past, public, "reported") == [{"revenue": Decimal(990), "is_backfilled": True}]
    assert await read_rows(pool, past, SECOND, "strict") == [{"revenue": Decimal(990), "is_backfilled": False}]
    # before it was public
    assert await read_rows(pool, past, datetime(2025, 4, 30, tzinfo=UTC), "reported") == []
    with pytest.raises(asyncpg.InvalidParameterValueError, match="There is no mode 'later'"):
        await read_rows(pool, past, SECOND, "later")


async def test_one_listing_of_an_issuer_counts_and_the_others_are_in_the_history(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        await put_company(connection)
        run = await put_run(connection, "fmp", ["universe", "profile", "income_statement"])
        await put_profile(connection, run, "ABC.TO", exchange="TSX", raw={"cik": "7"})
        await put_period(connection, run, "fmp_income_statement", "ABC.TO", revenue="1000.5")
        # a period that only this listing has
        await put_period(connection, run, "fmp_income_statement", "ABC.TO", end=date(2023, 12, 31), revenue="900")
        await put_period(connection, run, "fmp_income_statement", "NOPE", revenue="1")
    await build_all(pool, views)
    rows = await read_rows(
        pool, "SELECT symbol, period_end_date FROM sra.financial_statements ORDER BY period_end_date"
    )
    assert [tuple(row.values()) for row in rows] == [("ABC.TO", date(2023, 12, 31)), ("ABC", END)]
    counted = "SELECT count(*) FROM sra.financial_statements_history WHERE symbol = 'ABC.TO'"
    assert await pool.fetchval(counted) == 2


async def test_a_statement_in_another_currency_is_excluded(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "income_statement", "balance_sheet"])
        await put_profile(connection, run, "ABC")
        await put_period(connection, run, "fmp_income_statement", "ABC", revenue="10")
        await put_period(connection, run, "fmp_balance_sheet", "ABC", total_assets="20", reported_currency="CAD")
    await build_all(pool, views)
    (row,) = await read_rows(
        pool, "SELECT issuer_id, revenue, total_assets, reported_currency FROM sra.financial_statements"
    )
    assert tuple(row.values()) == (None, Decimal(10), None, "USD")


async def test_the_vendors_figures_are_shown_as_delivered(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await build_all(pool, views)
    for view in views[1:]:
        assert await read_rows(pool, f"SELECT * FROM {view.name}") == []  # noqa: S608
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "ratios", "key_metrics", "income_growth"])
        await put_profile(connection, run, "ABC")
        await put_period(
            connection, run, "fmp_ratio", "ABC", price_to_earnings_ratio="12.123456789", current_ratio="1.5"
        )
        await put_period(
            connection, run, "fmp_ratio", "ABC", version=2, learnt_at=SECOND, price_to_earnings_ratio="13.987654321"
        )
        await put_period(connection, run, "fmp_key_metric", "ABC", period="Q4", income_quality="0.75")
        await put_period(connection, run, "fmp_income_growth", "ABC", growth_revenue="0.064")
        await put_period(connection, run, "fmp_cash_flow_growth", "ABC", growth_net_income="-1")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.financial_ratios ORDER BY period_kind")
    result = [
        (row["period_kind"], row["fiscal_period"], row["vendor_pe_ratio"], row["vendor_income_quality"]) for row in rows
    ]
    assert result == [("quarter", "Q4", None, Decimal("0.75")), ("year", "FY", Decimal("13.987654321"), None)]
    assert rows[1]["known_at"] == SECOND
    (growth,) = await read_rows(pool, "SELECT * FROM sra.financial_growth WHERE security_id = 'fmp:ABC'")
    assert (growth["income_revenue_growth"], growth["cash_flow_net_income_growth"]) == (Decimal("0.064"), Decimal(-1))
    assert (growth["period_end_date"], growth["vendor_revenue_growth"]) == (END, None)


async def test_each_quarter_has_the_twelve_months_up_to_it(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    ends = [date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31), date(2025, 3, 31)]
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "income_statement", "balance_sheet"])
        await put_profile(connection, run, "ABC", raw={"cik": "7"})
        for number, end in enumerate(ends):
            label = f"Q{number % 4 + 1}"
            await put_period(
                connection, run, "fmp_income_statement", "ABC", end=end, period=label, revenue=str(100 + number),
                net_income=str(10 * number), filing_date=end + timedelta(days=40),
            )  # fmt: skip
        await put_period(connection, run, "fmp_income_statement", "ABC", revenue="406", net_income="60")
        await put_period(connection, run, "fmp_balance_sheet", "ABC", end=ends[-1], period="Q1", total_assets="2000",
            filing_date=ends[-1] + timedelta(days=40))  # fmt: skip
    built = await build_all(pool, views)
    rows = await read_rows(
        pool, "SELECT * FROM sra.fundamentals_ttm WHERE issuer_id = 'cik:7' ORDER BY period_end_date"
    )
    result = [
        (row["period_end_date"], row["fundamentals_basis"], row["revenue_ttm"], row["net_income_ttm"]) for row in rows
    ]
    # 100 + 101 + 102 + 103; then 101 + 102 + 103 + 104, and 10 + 20 + 30 + 40
    assert result == [(ends[3], "quarters", 406, 60), (ends[4], "quarters", 410, 100)]
    assert (rows[1]["total_assets"], rows[1]["return_on_assets"], rows[1]["net_margin"]) == (
        *(Decimal(2000), Decimal("0.050000")),
        Decimal("0.243902"),  # 100 / 410
    )
    assert rows[0]["available_at"] == datetime(2025, 2, 10, 5, tzinfo=UTC)
    # the end of the filing day in New York, in summer
    assert rows[1]["available_at"] == datetime(2025, 5, 11, 4, tzinfo=UTC)
    assert rows[1]["available_basis"] == "filing_day"
    assert built["fundamentals_ttm"].computed == 2
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["income_statement"])
        await put_period(
            connection, later, "fmp_income_statement", "ABC", end=ends[4], period="Q1", version=2, revenue="114",
            net_income="40",
        )  # fmt: skip
    again = await build_all(pool, views)
    assert (again["fundamentals_ttm"].full, again["fundamentals_ttm"].changed) == (False, 1)
    assert await pool.fetchval("SELECT max(revenue_ttm) FROM sra.fundamentals_ttm") == 420


async def test_a_company_changes_its_issuer_with_its_figures(
    pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    async with pool.acquire() as connection:
        await put_company(connection)
        run = await put_run(connection, "fmp", ["universe", "profile", "income_statement"])
        await put_profile(connection, run, "ABC.TO", exchange="TSX", raw={"cik": "8"})
        await put_period(connection, run, "fmp_income_statement", "ABC.TO", revenue="900")
        for symbol in ("ABC", "ABC.TO"):
            await put_period(connection, run, "fmp_income_statement", symbol, end=date(2023, 12, 31), revenue="800")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["profile"])
        await connection.execute(
            "UPDATE equity_profile SET raw_json = raw_json || '{\"cik\": \"7\"}', run_id = $1 WHERE symbol = 'ABC.TO'",
            run,
        )
    issuers = "SELECT symbol, issuer_id, revenue_ttm FROM sra.fundamentals_ttm ORDER BY symbol"
    abc, other = ("ABC", "cik:7", Decimal("1000.5")), ("ABC.TO", "cik:8", Decimal(900))
    await build_one(pool, view_by_name["security_master"])
    assert [tuple(row.values()) for row in await read_rows(pool, issuers)] == [abc, other]
    built = await build_one(pool, view_by_name["fundamentals_ttm"])
    assert (built.full, built.changed) == (False, 1)
    # of two listings of an issuer one counts
    assert [tuple(row.values()) for row in await read_rows(pool, issuers)] == [abc]
    assert (await build_one(pool, view_by_name["fundamentals_ttm"], full=True)).changed == 0
