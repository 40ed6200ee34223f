"""The lists of a fund's page, in one language, with all delivered digits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sra_shared.db import Pool
from sra_testing.publication import build_all, read_rows
from sra_testing.records import put_data, put_fund, put_quote, put_run
from view_builder.compile import CompiledView

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
    assert (row["mer_percent"], row["ter_percent"]) == (Decimal("1.98765"), Decimal("0.05"))
    assert [load["load_type"] for load in row["loads"]] == ["Front end"]
    assert row["loads"][0]["max_percent"] == Decimal("5.125")
    assert row["trailers"][0]["fee_percent"] == Decimal("0.5055")
    assert [fee["value"] for fee in row["other_fees"]] == [Decimal("2.0001")]
    assert row["benchmarks"] == [{"type": "Primary", "identifier": "B77", "name": "Index"}]
    assert row["risk"][1]["category_batting"] == Decimal("61.5")
    assert row["risk"][1]["absolute_batting"] == Decimal("55.25")
    assert row["risk"][1]["r_squared"] == Decimal("0.9")
    assert row["worst_monthly_return_percent"] == Decimal("-9.1234")
    assert (row["price_return_1d"], row["total_return_1d"]) == (Decimal("-0.010000"), Decimal("0.010000"))

    async with pool.acquire() as connection:
        renamed = await put_run(connection, "fundata", ["BenchmarkGeneral"])
        await put_data(connection, renamed, "BenchmarkGeneral", "B77", "b", language="EN", legal_name="Index, renamed")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT benchmarks, last_run_id FROM sra.fund_page")
    assert (row["benchmarks"][0]["name"], row["last_run_id"]) == ("Index, renamed", renamed)
