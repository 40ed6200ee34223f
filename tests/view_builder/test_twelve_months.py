"""The statements of a company's twelve months, with growth and ratios, against figures computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_price, put_row, put_run
from sra_testing.statements import put_company, put_quarter
from view_builder.compile import CompiledView

DATASETS = ("universe", "profile", "quote", "income_statement", "balance_sheet", "cash_flow", "ratios", "key_metrics")
# label, end, revenue, anything else
Reported = tuple[str, date, str, dict[str, Any]]


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page")


def report(period: str, end: str, revenue: int, **other: Any) -> Reported:
    """A statement with a revenue in millions, say."""
    return period, date.fromisoformat(end), str(revenue), other


def report_quarters(*ends: str, revenue: int = 100, **other: Any) -> Sequence[Reported]:
    """Quarters whose labels name nothing that the rules may use: all are Q1 of a year of their own."""
    return [report("Q1", end, revenue, fiscal_year=2000 + place, **other) for place, end in enumerate(ends)]


CALENDAR = ("2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30")
CUMULATIVE = (
    report("FY", "2023-12-31", 360), report("Q1", "2024-03-31", 100), report("Q2", "2024-06-30", 200),
    report("Q3", "2024-09-30", 300), report("Q4", "2024-12-31", 400),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What a company reported, and what its twelve months are: basis or reason, end and revenue."""

    name: str
    reported: Sequence[Reported]
    result: str
    end: str | None = None
    revenue: int | None = None


CASES = (
    Case("four quarters", report_quarters(*CALENDAR), "quarters", "2025-06-30", 400),
    # 13, 13 and 13 weeks between the ends, and the same with a 14th week: 91 + 91 + 98 = 280 days
    Case("52 weeks", report_quarters("2024-09-28", "2024-12-28", "2025-03-29", "2025-06-28"), "quarters", "2025-06-28", 400),
    Case("53 weeks", report_quarters("2024-06-29", "2024-09-28", "2024-12-28", "2025-04-05"), "quarters", "2025-04-05", 400),
    # the 16 weeks first: 84 + 84 + 84 = 252 days between the ends; last: 84 + 84 + 112 = 280
    Case(
        "16, 12, 12, 12 weeks",
        [*report_quarters("2024-09-01", revenue=160), report("Q1", "2024-11-24", 120), report("Q2", "2025-02-16", 120),
         report("Q3", "2025-05-11", 120)],
        "quarters", "2025-05-11", 520,
    ),
    Case(
        "12, 12, 12, 16 weeks",
        [report("Q1", "2024-11-24", 120), report("Q2", "2025-02-16", 121), report("Q3", "2025-05-11", 122),
         report("Q4", "2025-08-31", 160), report("FY", "2025-08-31", 523)],
        "quarters", "2025-08-31", 523,
    ),
    # 93 + 74 and 126 days are no quarters; 84 + 80 + 80 = 244 and 100 + 98 + 98 = 296 no year
    Case("a gap of 74 days", report_quarters("2024-09-27", "2024-12-29", "2025-03-13", "2025-06-13"), "no_whole_period"),
    Case("a gap of 126 days", report_quarters("2024-10-30", "2025-01-15", "2025-04-01", "2025-08-05"), "no_whole_period"),
    Case("244 days", report_quarters("2024-10-29", "2025-01-21", "2025-04-11", "2025-06-30"), "no_whole_period"),
    Case("296 days", report_quarters("2024-09-07", "2024-12-16", "2025-03-24", "2025-06-30"), "no_whole_period"),
    # 100 + 200 + 300 + 400 is not 400, nor are they quarters in the twelve months to March
    Case("cumulative", [*CUMULATIVE, report("FY", "2024-12-31", 400)], "fiscal_year", "2024-12-31", 400),
    Case(
        "cumulative, and the next quarter",
        [*CUMULATIVE, report("FY", "2024-12-31", 400), report("Q1", "2025-03-31", 110)],
        "fiscal_year", "2024-12-31", 400,
    ),
    # without the former year, the year may be a transition: neither counts
    Case("cumulative, unproved", [*CUMULATIVE[1:], report("FY", "2024-12-31", 400)], "revenue_disagrees"),
    # 400 of 404 are 4 less, of which 1% is 4.04; of 405, 5 are more than 4.05
    Case(
        "within 1%",
        [*report_quarters(*CALENDAR), report("FY", "2025-06-30", 404), report("FY", "2024-06-30", 380)],
        "quarters", "2025-06-30", 400,
    ),
    Case(
        "beyond 1%",
        [*report_quarters(*CALENDAR), report("FY", "2025-06-30", 405), report("FY", "2024-06-30", 380)],
        "fiscal_year", "2025-06-30", 405,
    ),
    Case(
        "halves",
        [report("Q2", "2024-06-30", 200), report("Q4", "2024-12-31", 210), report("Q2", "2025-06-30", 230)],
        "half_years", "2025-06-30", 440,
    ),
    Case(
        "two halves and their year",
        [report("Q2", "2024-06-30", 200), report("Q4", "2024-12-31", 210), report("FY", "2024-12-31", 410)],
        "half_years", "2024-12-31", 410,
    ),
    # 200 days, and 201, from July to December
    Case(
        "halves of 200 days",
        [report("Q2", "2024-06-14", 200), report("Q4", "2024-12-31", 210), report("FY", "2024-12-31", 410)],
        "half_years", "2024-12-31", 410,
    ),
    Case(
        "halves of 201 days",
        [report("Q2", "2024-06-13", 200), report("Q4", "2024-12-31", 210), report("FY", "2024-12-31", 410)],
        "no_whole_period",
    ),
    # a second half that is the whole year
    Case(
        "cumulative halves",
        [report("Q2", "2024-06-30", 200), report("Q4", "2024-12-31", 410), report("FY", "2024-12-31", 410),
         report("FY", "2023-12-31", 380)],
        "fiscal_year", "2024-12-31", 410,
    ),
    # September to March are 182 days, but March ends a quarter
    Case("a missing quarter", report_quarters("2024-06-30", "2024-09-30", "2025-03-31", "2025-06-30"), "no_whole_period"),
    Case("two ends and no more", report_quarters("2024-12-31", "2025-06-30"), "no_whole_period"),
    Case(
        "a missing quarter, after four",
        [*report_quarters("2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30", "2025-03-31")],
        "quarters", "2024-09-30", 400,
    ),
    # July to December is no year, and does not disprove the quarters: 4 x 100 to December
    Case(
        "transition",
        [report("FY", "2023-06-30", 390), report("FY", "2024-06-30", 400), report("FY", "2024-12-31", 200),
         *report_quarters("2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31")],
        "quarters", "2024-12-31", 400,
    ),
    Case(
        "transition without quarters",
        [report("FY", "2023-06-30", 390), report("FY", "2024-06-30", 400), report("FY", "2024-12-31", 200)],
        "fiscal_year", "2024-06-30", 400,
    ),
    Case("a year without a former one", [report("FY", "2024-12-31", 400)], "no_whole_period"),
    Case("349 days", [report("FY", "2024-12-31", 400), report("FY", "2024-01-17", 380)], "no_whole_period"),
    Case("350 days", [report("FY", "2024-12-31", 400), report("FY", "2024-01-16", 380)], "fiscal_year", "2024-12-31", 400),
    Case("380 days", [report("FY", "2024-12-31", 400), report("FY", "2023-12-17", 380)], "fiscal_year", "2024-12-31", 400),
    Case("381 days", [report("FY", "2024-12-31", 400), report("FY", "2023-12-16", 380)], "no_whole_period"),
    # two months from October to December, then quarters: 61 + 90 + 91 + 92 = 334 days are no year
    Case(
        "transition as a quarter",
        report_quarters("2024-10-31", "2024-12-31", "2025-03-31", "2025-06-30", "2025-09-30"),
        "no_whole_period",
    ),
    # the year ends in June, from 2025 on in December: two periods come under both years' labels
    Case(
        "another fiscal year",
        [report("Q3", "2024-03-31", 90, fiscal_year=2024), report("Q4", "2024-06-30", 100, fiscal_year=2024),
         report("Q2", "2024-06-30", 100, fiscal_year=2025), report("Q1", "2024-09-30", 110, fiscal_year=2024),
         report("Q3", "2024-09-30", 110, fiscal_year=2025), report("Q4", "2024-12-31", 120, fiscal_year=2025)],
        "quarters", "2024-12-31", 420,
    ),
    # the vendor corrects an end: 30 June for 28 June
    Case(
        "a corrected end",
        [*report_quarters(*CALENDAR[:3]), report("Q2", "2025-06-28", 90), report("Q2", "2025-06-30", 105)],
        "quarters", "2025-06-30", 405,
    ),
    Case(
        "ends 14 days apart",
        [*report_quarters(*CALENDAR[:3]), report("Q2", "2025-06-16", 90), report("Q3", "2025-06-30", 105)],
        "quarters", "2025-06-30", 405,
    ),
    Case(
        "ends 15 days apart",
        [*report_quarters(*CALENDAR[:3]), report("Q2", "2025-06-15", 90), report("Q3", "2025-06-30", 105)],
        "quarters", "2025-06-15", 390,
    ),
    Case(
        "an end that is corrected to an earlier one",
        [*report_quarters(*CALENDAR[:3]), report("Q2", "2025-06-28", 90, learnt_at=datetime(2025, 9, 1, tzinfo=UTC)),
         report("Q2", "2025-06-30", 105, learnt_at=datetime(2025, 8, 1, tzinfo=UTC))],
        "quarters", "2025-06-28", 390,
    ),
    Case(
        "a year after four old quarters",
        [*report_quarters("2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30"), report("FY", "2024-06-30", 400),
         report("FY", "2025-06-30", 480)],
        "fiscal_year", "2025-06-30", 480,
    ),
    Case(
        "another currency",
        [*report_quarters(*CALENDAR[:2], reported_currency="CAD"), report("Q1", "2025-03-31", 70),
         report("Q2", "2025-06-30", 70)],
        "currency_changed",
    ),
    Case(
        "no currency",
        [*report_quarters(*CALENDAR[:2]), report("Q1", "2025-03-31", 70, reported_currency=None),
         report("Q2", "2025-06-30", 70)],
        "currency_unknown",
    ),
    # 100 + 100 + 100 + 130
    Case(
        "a restatement",
        [*report_quarters(*CALENDAR[:3]), report("Q2", "2025-06-30", 110), report("Q2", "2025-06-30", 130, version=2)],
        "quarters", "2025-06-30", 430,
    ),
    Case("nothing", (), "no_statements"),
)  # fmt: skip


async def put_cases(pool: Pool, cases: dict[str, Sequence[Reported]], **company: Any) -> None:
    """Store a company for each case, named by its place."""
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for place, reported in enumerate(cases.values()):
            await put_company(connection, run, f"S{place}", **company)
            for period, end, revenue, other in reported:
                await put_quarter(connection, run, period, end, f"S{place}", revenue=revenue, **other)


async def read_metrics(pool: Pool, cases: dict[str, Sequence[Reported]]) -> dict[str, dict[str, Any]]:
    """Return the companies' rows by the names of their cases."""
    rows = {row["symbol"]: row for row in await read_rows(pool, "SELECT * FROM sra.equity_metrics")}
    return {name: rows[f"S{place}"] for place, name in enumerate(cases)}


async def test_twelve_months_by_hand(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    cases = {case.name: case.reported for case in CASES}
    await put_cases(pool, cases)
    await build_all(pool, views)
    rows = await read_metrics(pool, cases)
    result = {
        name: (
            row["fundamentals_basis"] or row["fundamentals_reason"],
            str(row["period_end_date"]),
            row["revenue_ttm"],
        )
        for name, row in rows.items()
    }
    assert result == {case.name: (case.result, str(case.end), case.revenue) for case in CASES}
    assert all((row["valuation_basis"] == "price_eps") is (row["fundamentals_reason"] is None) for row in rows.values())
    pages = await read_rows(pool, "SELECT symbol, fundamentals_reason FROM sra.equity_page")
    assert {row["symbol"]: row["fundamentals_reason"] for row in pages} == {
        row["symbol"]: row["fundamentals_reason"] for row in rows.values()
    }


async def test_growth_needs_the_quarter_of_a_year_before_and_no_other(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    newest = report("Q2", "2025-06-30", 100)
    halves = [report("Q2", "2023-06-30", 150), report("Q4", "2023-12-31", 150), report("Q2", "2024-06-30", 160)]
    cases: dict[str, Sequence[Reported]] = {
        "the two alone": [newest, report("Q2", "2024-06-30", 80)],
        "by dates": [newest, report("Q1", "2024-06-15", 80), report("Q2", "2025-03-31", 7)],
        "349 days": [newest, report("Q2", "2024-07-16", 80)],
        "381 days": [newest, report("Q2", "2024-06-14", 80)],
        "another currency": [newest, report("Q2", "2024-06-30", 80, reported_currency="CAD")],
        "nothing before": [newest, report("Q2", "2024-06-30", 0)],
        "a half before": [*halves, report("Q1", "2025-03-31", 90), newest],
    }
    await put_cases(pool, cases)
    await build_all(pool, views)
    rows = await read_metrics(pool, cases)
    growth = {name: row["quarterly_revenue_growth"] for name, row in rows.items()}
    quarter = Decimal("0.250000")  # 100 / 80 - 1
    assert growth == {**dict.fromkeys(cases), "the two alone": quarter, "by dates": quarter}
    # of net income, 10 against 10, whatever the revenue was
    assert [name for name, row in rows.items() if row["quarterly_earnings_growth"] == 0] == [
        "the two alone", "by dates", "nothing before",
    ]  # fmt: skip


async def test_statements_are_looked_up_by_their_primary_keys(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        rows = await connection.fetch("EXPLAIN SELECT * FROM core.fundamentals('ABC')")
    plan = "\n".join(row[0] for row in rows)
    for table in ("fmp_income_statement", "fmp_cash_flow", "fmp_balance_sheet"):
        assert f" pk_{table}" in plan, plan
        assert f"ix_{table}" not in plan, plan


RATIOS = (
    "pe_ratio", "pb_ratio", "ps_ratio", "ev_to_ebitda", "free_cash_flow_yield", "enterprise_value",
)  # fmt: skip


async def test_old_statements_give_no_ratio_with_a_price(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    # 548 days before the price of 2025-09-26 is 2024-03-27
    cases: dict[str, Sequence[Reported]] = {
        "recent": [report("FY", "2024-03-27", 360), report("FY", "2023-03-27", 300)],
        "old": [report("FY", "2024-03-26", 360), report("FY", "2023-03-26", 300)],
    }
    await put_cases(pool, cases)
    await build_all(pool, views)
    rows = await read_metrics(pool, cases)
    assert (rows["recent"]["valuation_basis"], rows["recent"]["fundamentals_reason"]) == ("price_eps", None)
    assert rows["recent"]["ps_ratio"] == Decimal("4.000000")  # 1440 / 360
    assert (rows["old"]["valuation_basis"], rows["old"]["fundamentals_reason"]) == (None, "too_old")
    assert [rows["old"][name] for name in RATIOS] == [None] * len(RATIOS)
    # statements alone are as good as before: 10 / 360
    assert (rows["old"]["revenue_ttm"], rows["old"]["net_margin"]) == (360, Decimal("0.027778"))
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["quote"])
        await put_price(connection, run, "S0", datetime(2025, 9, 27, 20, tzinfo=UTC), "72")
    built = await build_all(pool, views)
    # a day later the other is too old as well, and no statement is computed for it
    assert built["equity_fundamentals"].computed == 0
    row = (await read_metrics(pool, cases))["recent"]
    assert (row["fundamentals_reason"], row["pe_ratio"]) == ("too_old", None)


async def test_ratios_of_the_vendor_are_of_the_newer_year_by_its_end(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    cases: dict[str, Sequence[Reported]] = {"recent": report_quarters(*CALENDAR), "old": report_quarters(*CALENDAR)}
    await put_cases(pool, cases, currency="CAD")
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol, end, label in (
            ("S0", date(2024, 6, 30), 2024),
            ("S0", date(2023, 6, 30), 2025),
            ("S1", date(2024, 3, 26), 2024),
        ):
            await put_row(
                connection, run, "fmp_ratio", symbol=symbol, period="FY", date=end, fiscal_year=label, version=1,
                price_to_earnings_ratio=str(end.year - 2000),
            )  # fmt: skip
    await build_all(pool, views)
    rows = await read_metrics(pool, cases)
    # not by its label; an old year stays, with its date
    assert [(row["vendor_pe_ratio"], row["vendor_ratios_date"]) for row in rows.values()] == [
        (24, date(2024, 6, 30)), (24, date(2024, 3, 26)),
    ]  # fmt: skip
    for row in rows.values():
        assert (row["valuation_basis"], row["pe_ratio"], row["fundamentals_reason"]) == (None, None, "no_exchange_rate")


async def test_without_a_price_there_is_no_ratio(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    cases: dict[str, Sequence[Reported]] = {"unpriced": report_quarters(*CALENDAR)}
    await put_cases(pool, cases)
    await pool.execute("DELETE FROM fmp_quote")
    await build_all(pool, views)
    row = (await read_metrics(pool, cases))["unpriced"]
    assert (row["market_cap"], row["pb_ratio"], row["fundamentals_reason"]) == (None, None, "no_price")


async def test_the_balance_sheet_is_that_of_period_end_date(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    cases: dict[str, Sequence[Reported]] = {name: report_quarters(*CALENDAR[:3]) for name in ("own", "year's", "moved")}
    await put_cases(pool, cases)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        # the quarter's own, that of the fiscal year of the same end, and one of another end under the quarter's label
        sheets = (
            ("Q2", 2025, "2025-06-30", "620"),
            ("FY", 2025, "2025-06-30", "610"),
            ("Q2", 2025, "2025-06-28", "600"),
        )
        for place, (period, label, end, assets) in enumerate(sheets):
            key = {"symbol": f"S{place}", "version": 1, "reported_currency": "USD"}
            await put_row(
                connection, run, "fmp_income_statement", **key, period="Q2", fiscal_year=2025, date=date(2025, 6, 30),
                revenue="100",
            )  # fmt: skip
            await put_row(
                connection, run, "fmp_balance_sheet", **key, period=period, fiscal_year=label,
                date=date.fromisoformat(end), total_assets=assets,
            )  # fmt: skip
    await build_all(pool, views)
    rows = await read_metrics(pool, cases)
    assert {name: row["total_assets"] for name, row in rows.items()} == {"own": 620, "year's": 610, "moved": None}
    assert {row["period_end_date"] for row in rows.values()} == {date(2025, 6, 30)}
