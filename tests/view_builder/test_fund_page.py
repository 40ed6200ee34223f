"""The lists of a fund's page, in one language, with all delivered digits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from sra_contract.fund_page import FundPage
from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_data, put_fund, put_quote, put_run
from view_builder.compile import CompiledView


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("fund_page")


MONTH = date(2025, 8, 31)


async def test_fees_loads_trailers_and_benchmarks(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "FundLoads"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", date(2025, 9, 25), "10")
        await put_quote(connection, run, "1", date(2025, 9, 26), "9.9", total_distribution=Decimal("0.2"))
        for kind, day, value in (("MER", MONTH, "1.98765"), ("MER", date(2024, 8, 31), "2.5"), ("TER", MONTH, "0.05")):
            await put_data(
                connection, run, "FundExpenses", "1", f"{kind}{day}", expense_type=kind, expense_date=day, expense_value=value
            )  # fmt: skip
        for language, kind in (("EN", "Front end"), ("FR", "Frais d'entrée")):
            await put_data(
                connection, run, "FundLoads", "1", language, language=language, fund_serv_code="ABC123",
                sales_status="Open", load_type=kind, max_percent="5.125",
            )  # fmt: skip
            await put_data(
                connection, run, "FundOtherFee", "1", language, language=language, fee_type="Early redemption",
                value="2.0001", fee_note="within 30 days",
            )  # fmt: skip
            await put_data(
                connection, run, "FundAssociateBenchmark", "1", language, language=language, benchmark_type="Primary",
                benchmark_instrument_key="B77",
            )  # fmt: skip
        await put_data(
            connection, run, "FundTrailerSchedule", "1", "t", fund_serv_code="ABC123", start_month=Decimal(1),
            end_month=Decimal(12), description="First year", fee="0.5055",
        )  # fmt: skip
        await put_data(
            connection, run, "FundAdvancedPerformance", "1", "a", month_end_date=MONTH, worst_monthly_return="-9.1234",
            three_year_category_batting="61.5", three_year_absolute_batting="55.25",
        )  # fmt: skip
        await put_data(
            connection, run, "FundRiskYearlyPerformance", "1", "r", month_end_date=MONTH, year="3", r_squared="0.9"
        )
        await put_data(connection, run, "BenchmarkGeneral", "B77", "b", language="EN", legal_name="Index")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.fund_page")
    assert (row["management_expense_ratio"], row["trading_expense_ratio"]) == (Decimal("0.0198765"), Decimal("0.0005"))
    assert [load["load_type"] for load in row["loads"]] == ["Front end"]
    assert row["loads"][0]["max_load"] == Decimal("0.05125")
    assert (row["trailers"][0]["fee"], row["trailers"][0]["end_month"]) == (Decimal("0.5055"), 12)
    assert [fee["value"] for fee in row["other_fees"]] == [Decimal("2.0001")]
    assert row["benchmarks"] == [{"type": "Primary", "identifier": "B77", "name": "Index", "returns": []}]
    assert row["risk"][1]["category_batting"] == Decimal("61.5")
    assert row["risk"][1]["absolute_batting"] == Decimal("55.25")
    assert row["risk"][1]["r_squared"] == Decimal("0.9")
    assert row["worst_monthly_return"] == Decimal("-0.091234")
    assert (row["price_return_1d"], row["return_1d"]) == (Decimal("-0.010000"), Decimal("0.010000"))

    async with pool.acquire() as connection:
        renamed = await put_run(connection, "fundata", ["BenchmarkGeneral"])
        await put_data(connection, renamed, "BenchmarkGeneral", "B77", "b", language="EN", legal_name="Index, renamed")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT benchmarks, last_run_id FROM sra.fund_page")
    assert (row["benchmarks"][0]["name"], row["last_run_id"]) == ("Index, renamed", renamed)


async def put_periods(connection: Connection, run: UUID, month: date) -> None:
    """Two periods with calendar years, ranks and risk, as of a month end."""
    for years, calendar, rank in (("1", "2024", Decimal(1)), ("3", "2022", Decimal(17))):
        await put_data(
            connection, run, "FundYearlyPerformance", "1", f"y{years}{month}", month_end_date=month, year=years,
            compound_return="7.5", calendar_simple_return=f"-{years}.25", calendar_return_year=calendar,
        )  # fmt: skip
        await put_data(
            connection, run, "FundYearlyPerformanceRankingByClass", "1", f"r{years}{month}", month_end_date=month, year=years,
            compound_return_ranking=rank, compound_return_fund_count=Decimal(51), compound_return_quartile=Decimal(2),
            calendar_return_ranking=rank, calendar_return_fund_count=Decimal(60), calendar_return_quartile=Decimal(1),
        )  # fmt: skip
        await put_data(
            connection, run, "FundRiskYearlyPerformance", "1", f"k{years}{month}", month_end_date=month, year=years,
            calmar="0.77", tax_efficiency="88.123", annualized_jensen_alpha="-0.5005", annualized_treynor="3.25",
        )  # fmt: skip


async def test_returns_by_calendar_year_ranks_and_further_risk(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundYearlyPerformance"])
        await put_fund(connection, run, "1")
        await put_periods(connection, run, date(2025, 7, 31))
        await put_periods(connection, run, MONTH)
        # a month older than the risk
        await put_data(
            connection, run, "FundAdvancedPerformance", "1", "a", month_end_date=date(2025, 7, 31), max_percent_change="-33.25",
            max_start_date=date(2020, 2, 20), max_end_date=date(2020, 3, 23), max_down_length="2", max_recovery_time="7",
            uninterrupted_drawdown="-12.125", one_year_up_capture="101.5", one_year_max_drawdown="21.25",
        )  # fmt: skip
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.fund_page")
    FundPage.model_validate(row)
    assert row["calendar_returns"] == [
        {
            "year": 2024, "calendar_year_return": Decimal("-0.0125"), "category_rank": 1, "category_fund_count": 60,
            "quartile": 1, "percentile": 2,  # 100 x 1 / 60 is 1.67
        },
        {
            "year": 2022, "calendar_year_return": Decimal("-0.0325"), "category_rank": 17, "category_fund_count": 60,
            "quartile": 1, "percentile": 29,  # 28.33
        },
    ]  # fmt: skip
    third = row["returns"][1]
    assert (third["category_rank"], third["percentile"]) == (17, 34)  # 1700 / 51 is 33.33
    assert (third["month_end_date"], third["rank_date"]) == ("2025-08-31", "2025-08-31")
    risk = row["risk"][0]
    assert (risk["calmar"], risk["tax_efficiency"]) == (Decimal("0.77"), Decimal("88.123"))
    assert (risk["annualized_jensen_alpha"], risk["annualized_treynor"]) == (Decimal("-0.5005"), Decimal("3.25"))
    # each figure names its month
    assert (risk["risk_date"], risk["drawdown_date"]) == ("2025-08-31", "2025-07-31")
    assert (risk["up_capture"], row["drawdown_date"]) == (Decimal("101.5"), date(2025, 7, 31))
    assert (row["max_percent_change"], row["max_start_date"]) == (Decimal("-33.25"), date(2020, 2, 20))
    assert (row["max_end_date"], row["max_down_length"], row["max_recovery_time"]) == (date(2020, 3, 23), 2, 7)
    assert (row["uninterrupted_drawdown"], risk["max_drawdown"]) == (Decimal("-0.12125"), Decimal("-0.2125"))


async def test_profile_yield_styles_and_identifiers(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "InstrumentIdentifier"])
        await put_fund(
            connection, run, "1", strategy="Buys low.", distribution_frequency="Monthly", min_investment="500.505",
            sub_investment="50", share_class="A", legal_status="Trust", properties="ESG",
        )  # fmt: skip
        for day, value in ((19, "4.4444"), (20, "4.5555"), (26, None)):
            await put_quote(connection, run, "1", date(2025, 9, day), "10", current_yield=value and Decimal(value))
        for day in (30, 31):
            style = {"month_end_date": date(2025, 8 if day == 31 else 6, day), "record_id": str(day)}
            await put_data(
                connection, run, "FundEquityStyle", "1", capitalization=f"Large {day}", style="Growth", **style
            )
            await put_data(
                connection,
                run,
                "FundFixedIncomeStyle",
                "1",
                duration_class="Short",
                credit_rating_class=f"AA {day}",
                **style,
            )
        for number, (kind, value) in enumerate((("ISIN", "CA0000000001"), ("CUSIP", "00000000A"))):
            await put_data(
                connection, run, "InstrumentIdentifier", "1", str(number), identifier_type=kind, identifier_value=value
            )
        await put_data(
            connection, run, "FundPerformanceSummary", "1", "s", month_end_date=MONTH, ytd_total_distribution="0.12",
            performance_start_date=date(2001, 2, 28), fund_grade="A",
        )  # fmt: skip
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.fund_page")
    FundPage.model_validate(row)
    assert (row["strategy"], row["distribution_frequency"], row["share_class"]) == ("Buys low.", "Monthly", "A")
    assert (row["min_investment"], row["min_subsequent_investment"]) == (Decimal("500.505"), Decimal(50))
    assert (row["legal_status"], row["properties"], row["fund_grade"]) == ("Trust", "ESG", "A")
    # the newest day has none: that of the 20th, six days before, is shown
    assert (row["current_yield"], row["current_yield_date"]) == (Decimal("4.56"), date(2025, 9, 20))
    assert (row["equity_capitalization"], row["equity_style"]) == ("Large 31", "Growth")
    assert (row["fixed_income_duration"], row["fixed_income_credit_rating"]) == ("Short", "AA 31")
    assert row["equity_style_date"] == row["fixed_income_style_date"] == MONTH
    assert row["identifiers"] == [{"type": "CUSIP", "value": "00000000A"}, {"type": "ISIN", "value": "CA0000000001"}]
    assert (row["ytd_total_distribution"], row["performance_start_date"]) == (Decimal("0.12"), date(2001, 2, 28))
    assert await read_rows(pool, "SELECT isin FROM sra.security_master") == [{"isin": "CA0000000001"}]


async def test_ten_holdings_and_each_type_of_allocation_on_its_newest_day(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundTopHolding", "FundAllocation"])
        await put_fund(connection, run, "1")
        for number in range(1, 13):
            await put_data(
                connection, run, "FundTopHolding", "1", f"h{number}", language="EN", date=MONTH, security=f"No. {number}",
                holding_number=Decimal(number), market_percent="1.5",
            )  # fmt: skip
        newer = date(2025, 9, 15)
        for kind, day, name in (
            ("Asset", newer, "Cash"), ("Asset", MONTH, "Gone"), ("Region", MONTH, "Canada"), ("Region", MONTH, "Europe"),
        ):  # fmt: skip
            for language in ("EN", "FR"):
                await put_data(
                    connection, run, "FundAllocation", "1", f"{kind}{day}{name}{language}", language=language,
                    allocation_date=day, allocation_type=kind, allocation_name=f"{name} {language}", allocation_value="50.125",
                )  # fmt: skip
        await put_data(
            connection, run, "FundAssociateBenchmark", "1", "b", language="EN", benchmark_type="Primary",
            benchmark_instrument_key="B77",
        )  # fmt: skip
        for month, value in ((MONTH, "6.25"), (date(2025, 7, 31), "9")):
            await put_data(
                connection, run, "BenchmarkYearlyPerformance", "B77", f"{month}", month_end_date=month, year="3",
                compound_return=value,
            )  # fmt: skip
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.fund_page")
    FundPage.model_validate(row)
    assert [holding["security"] for holding in row["top_holdings"]] == [f"No. {number}" for number in range(1, 11)]
    assert [(part["type"], part["name"], part["date"]) for part in row["allocations"]] == [
        ("Asset", "Cash EN", "2025-09-15"),
        ("Region", "Canada EN", "2025-08-31"),
        ("Region", "Europe EN", "2025-08-31"),
    ]
    assert row["allocations_date"] == newer
    assert (row["top_holdings"][0]["number"], row["top_holdings"][0]["weight"]) == (1, Decimal("0.015"))
    assert row["allocations"][0]["weight"] == Decimal("0.50125")
    assert row["benchmarks"][0]["returns"] == [
        {"years": 3, "month_end_date": "2025-08-31", "month_end_return": Decimal("0.0625")}
    ]
    async with pool.acquire() as connection:
        later = await put_run(connection, "fundata", ["BenchmarkYearlyPerformance"])
        await put_data(
            connection,
            later,
            "BenchmarkYearlyPerformance",
            "B77",
            "new",
            month_end_date=newer,
            year="3",
            compound_return="5",
        )
    assert (await build_all(pool, views))["fund_page"].changed == 1


async def read_value(pool: Pool) -> tuple[object, ...]:
    (row,) = await read_rows(pool, "SELECT navps, price_date, current_yield, current_yield_date FROM sra.fund_page")
    return tuple(row.values())


async def test_new_values_show_on_a_page_that_is_not_recomputed(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", date(2025, 9, 1), "10")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        second = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, second, "1", date(2025, 9, 2), "11")
    built = (await build_all(pool, views))["fund_page"]
    assert (built.computed, built.runs) == (0, (second,))
    assert await read_value(pool) == (Decimal(11), date(2025, 9, 2), None, None)
    assert await read_rows(pool, "SELECT return_1d, last_run_id FROM sra.fund_page") == [
        {"return_1d": Decimal("0.1"), "last_run_id": second}
    ]


async def test_a_yield_counts_for_a_week_of_values(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", date(2025, 9, 1), "10", current_yield=Decimal("4.5"))
        # no value of this day: its yield counts as soon as there is a later value
        await put_quote(connection, run, "1", date(2025, 9, 3), None, current_yield=Decimal("4.7"))
    await build_all(pool, views)
    assert await read_value(pool) == (Decimal(10), date(2025, 9, 1), Decimal("4.5"), date(2025, 9, 1))
    expected = (
        (4, None, (Decimal("4.7"), date(2025, 9, 3))),
        (10, None, (Decimal("4.7"), date(2025, 9, 3))),
        (11, None, (None, None)),
        # the value of the 11th is withdrawn
        (11, "Inactive", (Decimal("4.7"), date(2025, 9, 3))),
    )
    for day, state, shown in expected:
        async with pool.acquire() as connection:
            run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
            await put_quote(connection, run, "1", date(2025, 9, day), "10", record_state=state)
        await build_all(pool, views)
        assert (await read_value(pool))[2:] == shown
