"""Every published figure against a value computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, read_rows
from sra_testing.records import put_close, put_data, put_fund, put_price, put_profile, put_quote, put_row, put_run
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)


def at_close(year: int, month: int, day: int) -> datetime:
    """Four in the afternoon in New York, in summer or winter."""
    return datetime(year, month, day, 20 if 4 <= month <= 10 else 21, tzinfo=UTC)


async def test_daily_market_summary_by_hand(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "Pricing"])
        for fund, currency in (("1", "CAD"), ("2", "CAD"), ("3", "CAD"), ("4", "USD"), ("5", "CAD"), ("6", None)):
            await put_fund(connection, run, fund, currency=currency)
        await put_quote(connection, run, "1", DAY, "10.00000001", navps_penny_change=Decimal("0.00400000"))
        await put_quote(connection, run, "2", DAY, "20.5", navps_penny_change=Decimal("-0.5"))
        await put_quote(connection, run, "3", DAY, "12.25", navps_penny_change=Decimal(0))
        await put_quote(connection, run, "4", DAY, "100", navps_percent_change=Decimal("1.5"))
        # inactive and without value: neither counts
        await put_quote(connection, run, "5", DAY, "999", record_state="Deleted")
        await put_quote(connection, run, "3", date(2025, 9, 25), None)
        # both datasets hold the day: FundDailyNAVPS is taken
        await put_quote(connection, run, "2", DAY, "777", dataset="Pricing")
        await put_quote(connection, run, "6", DAY, "3")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.daily_market_summary ORDER BY date, currency")
    assert [(row["date"], row["currency"]) for row in rows] == [(DAY, "CAD"), (DAY, "USD"), (DAY, "XXX")]
    cad = rows[0]
    assert (cad["total_symbols"], cad["advancers"], cad["decliners"]) == (3, 1, 1)
    assert cad["avg_navps"] == Decimal("14.250000")  # (10.00000001 + 20.5 + 12.25) / 3 = 14.25000000333...
    assert cad["median_navps"] == Decimal("12.250000")
    assert (rows[1]["advancers"], rows[1]["decliners"], rows[1]["avg_navps"]) == (1, 0, Decimal(100))
    assert (rows[2]["advancers"], rows[2]["decliners"]) == (0, 0)


async def test_median_of_an_even_number_is_the_mean_of_the_middle_two(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        for fund, navps in (("1", "1"), ("2", "2.00000001"), ("3", "4.00000002"), ("4", "1000")):
            await put_fund(connection, run, fund)
            await put_quote(connection, run, fund, DAY, navps)
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.daily_market_summary")
    assert row["median_navps"] == Decimal("3.000000")  # 3.000000015, rounded half up
    assert row["avg_navps"] == Decimal("251.750000")


async def test_latest_quote_takes_the_newest_day_with_a_value_at_full_precision(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "Pricing"])
        await put_fund(connection, run, "1", currency="USD")
        await put_quote(connection, run, "1", date(2025, 9, 24), "11.12345678")
        await put_quote(connection, run, "1", date(2025, 9, 25), "12.12345678", dataset="Pricing")
        await put_quote(connection, run, "1", date(2025, 9, 25), "12.5")
        await put_quote(connection, run, "1", date(2025, 9, 26), None)
        await put_quote(connection, run, "1", date(2025, 9, 27), "0")
        prices = await put_run(connection, "fmp", ["quote", "profile", "universe"])
        await put_profile(connection, prices, "ABC")
        await put_price(connection, prices, "ABC", at_close(2025, 9, 25), "5.5")
        # past midnight in London, still the 26th in New York
        await put_price(connection, prices, "ABC", datetime(2025, 9, 27, 1, tzinfo=UTC), "6.25")
    await build_all(pool, views)
    fund, listing = await read_rows(pool, "SELECT * FROM sra.latest_quote ORDER BY source DESC")
    assert (fund["source"], fund["navps"], fund["price_date"]) == ("fundata", Decimal(0), date(2025, 9, 27))
    assert (fund["currency"], fund["price"], listing["navps"]) == ("USD", None, None)
    assert (listing["price"], listing["price_date"], listing["currency"]) == (Decimal("6.25"), DAY, "USD")


async def test_latest_quote_of_a_listing_is_its_close_where_that_is_newer(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["quote", "eod_prices", "profile", "universe"])
        for symbol in ("CLOSE", "SAME", "NEVER"):
            await put_profile(connection, run, symbol, currency="CAD")
            await put_close(connection, run, symbol, DAY, "7.5", volume="900")
        await put_price(connection, run, "CLOSE", at_close(2025, 9, 25), "7.25")
        await put_price(connection, run, "SAME", at_close(2025, 9, 26), "7.75")
        await connection.execute("UPDATE fmp_quote SET change = 0.5")
        # a close without a security to show
        await put_close(connection, run, "NOBODY", DAY, "1")
    await build_all(pool, views)
    rows = {row["identifier"]: row for row in await read_rows(pool, "SELECT * FROM sra.latest_quote")}
    result = {name: (row["price"], row["price_date"], row["change"], row["volume"]) for name, row in rows.items()}
    assert result == {
        "CLOSE": (Decimal("7.5"), DAY, None, Decimal(900)),
        "SAME": (Decimal("7.75"), DAY, Decimal("0.5"), None),
        "NEVER": (Decimal("7.5"), DAY, None, Decimal(900)),
    }
    assert (rows["CLOSE"]["quoted_at"], rows["NEVER"]["quoted_at"]) == (at_close(2025, 9, 25), None)
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, later, "SAME", date(2025, 9, 29), "8")
    built = await build_all(pool, views)
    assert (built["latest_quote"].computed, built["latest_quote"].changed) == (1, 1)
    (row,) = await read_rows(pool, "SELECT price, last_run_id FROM sra.latest_quote WHERE identifier = 'SAME'")
    assert (row["price"], row["last_run_id"]) == (Decimal(8), later)
    assert (await build_all(pool, views, full=True))["latest_quote"].changed == 0


async def test_pricing_fills_a_day_that_fund_daily_navps_lacks(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "Pricing"])
        await put_quote(connection, run, "1", date(2025, 9, 25), "12.5")
        await put_quote(connection, run, "1", DAY, "12.87654321", dataset="Pricing")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.latest_quote")
    assert (row["navps"], row["price_date"], row["currency"]) == (Decimal("12.87654321"), DAY, None)


async def test_fund_page_holds_the_vendors_figures_in_full(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1", name="Fund", management_fee="1.2345")
        await put_fund(connection, run, "1", name="Fonds", language="FR")
        await put_quote(connection, run, "1", DAY, "12.12345678")
        month, former = date(2025, 8, 31), date(2025, 7, 31)
        await put_data(
            connection, run, "FundPerformanceSummary", "1", "s1", month_end_date=former, one_month_return="9.9"
        )
        await put_data(
            connection, run, "FundPerformanceSummary", "1", "s2", month_end_date=month, one_month_return="1.234567"
        )
        await put_data(
            connection,
            run,
            "FundYearlyPerformance",
            "1",
            "y3",
            month_end_date=month,
            year="3",
            compound_return="7.654321",
        )
        await put_data(
            connection, run, "FundRiskYearlyPerformance", "1", "k3", month_end_date=month, year="3", beta="0.987"
        )
        await put_data(connection, run, "FundAssets", "1", "a", date=month, series_assets_value="5.25")
        for number in (2, 1):
            await put_data(
                connection,
                run,
                "FundTopHolding",
                "1",
                f"h{number}",
                language="EN",
                date=month,
                security=f"Holding {number}",
                market_percent="4.4444",
                holding_number=Decimal(number),
            )
        await put_data(connection, run, "FundTopHolding", "1", "hf", language="FR", date=month, security="Titre")
        await put_data(connection, run, "FundTopHolding", "1", "ho", language="EN", date=former, security="Sold")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.fund_page")
    assert (row["name"], row["name_fr"], row["currency"]) == ("Fund", "Fonds", "CAD")
    assert (row["navps"], row["price_date"]) == (Decimal("12.12345678"), DAY)
    assert row["month_end_return_1m"] == Decimal("0.01234567")
    assert row["management_fee"] == Decimal("0.012345")
    assert [period["years"] for period in row["returns"]] == [1, 3, 5, 10]
    assert row["returns"][1]["month_end_return"] == Decimal("0.07654321")
    assert row["returns"][0]["month_end_return"] is None
    assert row["risk"][1]["beta"] == Decimal("0.987")
    assert [holding["security"] for holding in row["top_holdings"]] == ["Holding 1", "Holding 2"]
    assert row["top_holdings"][0]["weight"] == Decimal("0.044444")
    assert row["series_assets"] == Decimal("5.25")


async def test_security_master_prefers_english_and_keeps_both(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral"])
        await put_fund(connection, run, "1", name="Fonds", language="FR")
        await put_fund(connection, run, "2", name="Fonds", language="fr")
        await put_fund(connection, run, "2", name="Fund", language="en")
        await put_fund(connection, run, "3", name="Gone", record_state="Deleted")
        listed = await put_run(connection, "fmp", ["universe", "profile"])
        await put_profile(connection, listed, "ETF", is_etf=True)
        await put_row(connection, listed, "fmp_etf_info", symbol="ETF", isin="US00", inception_date=date(2001, 2, 3))
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.security_master ORDER BY identifier")
    assert (rows[-1]["isin"], rows[-1]["inception_date"]) == ("US00", date(2001, 2, 3))
    result = [(row["identifier"], row["name"], row["name_en"], row["name_fr"], row["type"]) for row in rows]
    assert [row["is_active"] for row in rows] == [True, True, False, True]
    assert result == [
        ("1", "Fonds", None, "Fonds", "fund"),
        ("2", "Fund", "Fund", "Fonds", "fund"),
        # it ended, and stays
        ("3", "Gone", "Gone", None, "fund"),
        ("ETF", "ETF Inc.", "ETF Inc.", None, "etf"),
    ]


async def test_treasury_curve_has_a_row_per_day_and_tenor(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["treasury_rates"])
        await connection.execute(
            "INSERT INTO fmp_treasury_rate (date, month1, year10, raw_json, run_id, content_hash)"
            " VALUES ('2025-09-26', 0, 4.125, '{}', $1, '')",
            run,
        )
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT tenor, tenor_months, yield, last_run_id FROM sra.treasury_curve ORDER BY 2")
    assert rows == [
        {"tenor": "1M", "tenor_months": 1, "yield": Decimal(0), "last_run_id": run},
        {"tenor": "10Y", "tenor_months": 120, "yield": Decimal("0.04125"), "last_run_id": run},
    ]


async def test_daily_returns_of_a_fund_by_hand(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "Pricing", "FundDistribution"])
        await put_fund(connection, run, "1", currency="USD")
        await put_quote(connection, run, "1", date(2025, 9, 1), "10.00000000")
        await put_quote(connection, run, "1", date(2025, 9, 2), "10.12345678")
        # a distribution of Saturday the 6th is reinvested on Monday the 8th
        await put_data(connection, run, "FundDistribution", "1", "d", date=date(2025, 9, 6), total_distribution="0.125")
        await put_quote(connection, run, "1", date(2025, 9, 5), "10")
        await put_quote(connection, run, "1", date(2025, 9, 5), "777", dataset="Pricing")
        await put_quote(connection, run, "1", date(2025, 9, 8), "9.9")
        # a zero is no value to measure from, and two for one halves the price
        await put_quote(connection, run, "1", date(2025, 9, 9), "0")
        await put_quote(connection, run, "1", date(2025, 9, 10), "5", split="2")
        # eight days without a value
        await put_quote(connection, run, "1", date(2025, 9, 18), "6")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.fund_quote_history ORDER BY date")
    result = [(row["date"].day, row["price_return_1d"], row["return_1d"]) for row in rows]
    assert result == [
        (1, None, None),
        (2, Decimal("0.012346"), Decimal("0.012346")),  # 0.012345678
        (5, Decimal("-0.012195"), Decimal("-0.012195")),  # 10 / 10.12345678 - 1
        (8, Decimal("-0.010000"), Decimal("0.002500")),  # (9.9 + 0.125) / 10 - 1
        (9, None, None),
        (10, Decimal("-0.494949"), Decimal("0.010101")),  # 5 / 9.9 - 1 and 5 x 2 / 9.9 - 1
        (18, None, None),
    ]
    assert {row["currency"] for row in rows} == {"USD"}
