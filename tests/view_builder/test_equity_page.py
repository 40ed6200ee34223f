"""The page of an equity against figures computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sra_contract.equity_page import EquityPage
from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_dividend, put_price, put_profile, put_row, put_run, put_split
from sra_testing.statements import put_company, put_quarter
from view_builder.compile import CompiledView


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page")


DAY = date(2025, 9, 26)
DATASETS = ["universe", "profile", "quote", "eod_prices", "splits", "dividends", "income_statement", "peers"]
QUARTERS = (("Q2", date(2025, 6, 30)), ("Q1", date(2025, 3, 31)), ("Q4", date(2024, 12, 31)), ("Q3", date(2024, 9, 30)))


async def read_page(pool: Pool, symbol: str = "ABC") -> dict[str, Any]:
    (row,) = await read_rows(pool, "SELECT * FROM sra.equity_page WHERE symbol = $1", symbol)
    EquityPage.model_validate(row)
    return row


# end 2025-09-26 at 110; the start is the last close on or before the target, at most 7 days older
_STARTS = [
    # horizon, day of the close, close, expected
    ("1w", date(2025, 9, 19), "100", Decimal("0.100000")),
    ("1w", date(2025, 9, 17), "100", Decimal("0.100000")),  # missing days: two older
    ("1w", date(2025, 9, 12), "100", Decimal("0.100000")),  # seven days older still counts
    ("1w", date(2025, 9, 11), "100", None),  # eight do not
    ("1m", date(2025, 8, 26), "90", Decimal("0.222222")),  # 0.2222222...
    ("3m", date(2025, 6, 26), "108", Decimal("0.018519")),  # 0.0185185...
    ("6m", date(2025, 3, 26), "80", Decimal("0.375000")),
    ("ytd", date(2024, 12, 31), "109.999999", Decimal("0.000000")),  # 0.00000000909...
    ("ytd", date(2024, 12, 27), "55", Decimal("1.000000")),
    ("1y", date(2024, 9, 26), "220", Decimal("-0.500000")),
    # (110/55) ^ (365.25/1095) - 1 = 2 ^ 0.33356164... - 1 = 0.2601...
    ("3y", date(2022, 9, 26), "55", Decimal("0.260098")),
    # over 1827 days likewise
    ("5y", date(2020, 9, 25), "55", Decimal("0.148619")),
]


@pytest.mark.parametrize("kind", ["plain", "split", "dividend"])
async def test_returns_by_hand(pool: Pool, views: tuple[CompiledView, ...], kind: str) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for number, (_, day, price, _) in enumerate(_STARTS):
            await put_profile(connection, run, f"S{number}")
            # two for one, with half the price since
            delivered = str(Decimal(price) * 2) if kind == "split" else price
            await put_close(connection, run, f"S{number}", day, delivered)
            await put_close(connection, run, f"S{number}", DAY, "110")
            if kind == "split":
                await put_split(connection, run, f"S{number}", date(2025, 9, 24), 2, 1)
            if kind == "dividend":
                await put_close(connection, run, f"S{number}", date(2025, 9, 24), "50")
                await put_dividend(connection, run, f"S{number}", date(2025, 9, 24), "5")
    await build_all(pool, views)
    for number, (horizon, day, price, expected) in enumerate(_STARTS):
        row = await read_page(pool, f"S{number}")
        assert row["return_date"] == DAY
        assert row["return_basis"] == ("total_return" if kind == "dividend" else "price_return")
        assert row[f"price_return_{horizon}"] == (None if expected is None else compute(horizon, day, "110", price))
        assert row[f"price_return_{horizon}"] == expected or horizon in ("3y", "5y")
        # 5 / 50 of a share is bought on the ex-date: 110 x 1.1 = 121
        end = "121" if kind == "dividend" else "110"
        assert row[f"return_{horizon}"] == (None if expected is None else compute(horizon, day, end, price))


def compute(horizon: str, day: date, end: str, start: str) -> Decimal:
    """The rule with Python's decimals."""
    ratio = Decimal(end) / Decimal(start)
    if horizon in ("3y", "5y"):
        ratio = ratio ** (Decimal("365.25") / (DAY - day).days)
    return (ratio - 1).quantize(Decimal("0.000001"))


async def test_a_month_before_31_march_is_the_last_of_february(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, "ABC")
        await put_close(connection, run, "ABC", date(2025, 2, 28), "300")
        await put_close(connection, run, "ABC", date(2025, 3, 1), "900")
        await put_close(connection, run, "ABC", date(2025, 3, 31), "110")
        # on the start's own day, between, and after the end: only the second counts
        for day, new in ((date(2025, 2, 28), 2), (date(2025, 3, 10), 3), (date(2025, 4, 1), 9)):
            await put_split(connection, run, "ABC", day, new, 1)
    await build_all(pool, views)
    row = await read_page(pool)
    assert row["return_1m"] == Decimal("0.100000")  # 110 / (300 / 3) - 1
    # no quote: the close is the price
    assert (row["price"], row["price_date"], row["change"]) == (Decimal(110), date(2025, 3, 31), None)


async def test_twelve_months_are_the_sum_of_four_quarters(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_company(connection, run)
        for period, day in QUARTERS:
            await put_quarter(connection, run, period, day)
        await put_quarter(connection, run, "Q2", date(2024, 6, 30), revenue="80", net_income="-4")
        await put_quarter(connection, run, "FY", date(2024, 12, 31), revenue="999")
        # a restatement is what counts
        await put_quarter(connection, run, "Q1", date(2025, 3, 31), version=2, revenue="110")
    await build_all(pool, views)
    row = await read_page(pool)
    assert (row["fundamentals_basis"], row["period_end_date"]) == ("quarters", date(2025, 6, 30))
    assert [(q["fiscal_year"], q["period"], q["revenue"]) for q in row["quarters"]] == [
        (2025, "Q2", 100), (2025, "Q1", 110), (2024, "Q4", 100), (2024, "Q3", 100),
    ]  # fmt: skip
    assert (row["revenue_ttm"], row["net_income_ttm"], row["eps_ttm"], row["eps_diluted_ttm"]) == (
        410, 40, 4, Decimal("3.6"),
    )  # fmt: skip
    assert (row["valuation_basis"], row["pe_ratio"]) == ("price_eps", Decimal("20.000000"))  # 72 / 3.6
    assert row["pb_ratio"] == Decimal("7.200000")  # 1440 / 200
    assert row["ps_ratio"] == Decimal("3.512195")  # 1440 / 410
    assert (row["enterprise_value"], row["ev_to_ebitda"]) == (1470, Decimal("14.700000"))  # 1440 + 30; / 100
    assert row["free_cash_flow_yield"] == Decimal("0.027778")  # 40 / 1440
    assert row["gross_margin"] == Decimal("0.390244")  # 160 / 410
    assert row["operating_margin"] == Decimal("0.195122")  # 80 / 410
    assert row["net_margin"] == Decimal("0.097561")  # 40 / 410
    assert (row["return_on_equity"], row["return_on_assets"]) == (Decimal("0.200000"), Decimal("0.080000"))
    assert (row["debt_to_equity_ratio"], row["net_debt_to_ebitda"]) == (Decimal("0.250000"), Decimal("0.300000"))
    assert (row["current_ratio"], row["interest_coverage_ratio"]) == (Decimal("1.500000"), Decimal("7.000000"))
    assert row["financial_leverage_ratio"] == Decimal("2.500000")
    # 100 / 80 - 1; a loss a year before is nothing to grow from
    assert (row["quarterly_revenue_growth"], row["quarterly_earnings_growth"]) == (Decimal("0.250000"), None)


async def test_a_missing_quarter_leaves_the_fiscal_year(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_company(connection, run)
        for period, day in (*QUARTERS[:2], *QUARTERS[3:]):
            await put_quarter(connection, run, period, day)
        await put_quarter(connection, run, "FY", date(2024, 12, 31), revenue="360", eps_diluted="3.2")
        await put_quarter(connection, run, "FY", date(2023, 12, 31), revenue="999")
    await build_all(pool, views)
    row = await read_page(pool)
    assert (row["fundamentals_basis"], row["period_end_date"]) == ("fiscal_year", date(2024, 12, 31))
    assert (row["revenue_ttm"], row["pe_ratio"], len(row["quarters"])) == (360, Decimal("22.500000"), 3)


async def test_splits_restate_earnings_per_share_filed_before_them(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_company(connection, run)
        # filed on 20 April 2025 and after: in new shares; of the two filed before, with half the 20 shares: 0.9 / 2 each
        await put_split(connection, run, "ABC", date(2025, 3, 3), 2, 1)
        for place, (period, day) in enumerate(QUARTERS):
            shares = "20" if place < 2 else "10"
            await put_quarter(connection, run, period, day, weighted_average_shs_out_dil=shares)
        await put_close(connection, run, "ABC", DAY, "72")
    await build_all(pool, views)
    row = await read_page(pool)
    assert row["eps_diluted_ttm"] == Decimal("2.7")  # 0.9 + 0.9 + 0.45 + 0.45
    assert row["pe_ratio"] == Decimal("26.666667")
    assert [quarter["eps_diluted"] for quarter in row["quarters"]] == [Decimal("0.9")] * 4


async def test_currencies_never_mix_in_a_ratio(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol, currency in (("ABC", "CAD"), ("XYZ", "CAD"), ("NONE", None)):
            await put_company(connection, run, symbol, currency=currency)
            for period, day in QUARTERS:
                await put_quarter(connection, run, period, day, symbol)
        year = {"symbol": "ABC", "period": "FY", "date": date(2024, 12, 31), "fiscal_year": 2024, "version": 1}
        await put_row(connection, run, "fmp_ratio", **year, price_to_earnings_ratio="31.5", price_to_book_ratio="-2")
        await put_row(connection, run, "fmp_key_metric", **year, ev_to_ebitda="12.25", free_cash_flow_yield="0.031")
    await build_all(pool, views)
    row = await read_page(pool)
    assert (row["currency"], row["reported_currency"], row["fundamentals_reason"]) == ("CAD", "USD", "no_exchange_rate")
    assert (row["vendor_pe_ratio"], row["vendor_ev_to_ebitda"]) == (Decimal("31.500000"), Decimal("12.250000"))
    # of statement figures alone there is no question
    assert row["return_on_equity"] == Decimal("0.200000")
    for symbol in ("ABC", "XYZ", "NONE"):
        row = await read_page(pool, symbol)
        result = ("valuation_basis", "pe_ratio", "pb_ratio", "ps_ratio", "ev_to_ebitda")
        assert [row[name] for name in (*result, "enterprise_value", "free_cash_flow_yield")] == [None] * 7


async def test_losses_have_no_price_to_earnings(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_company(connection, run)
        for period, day in QUARTERS:
            await put_quarter(connection, run, period, day, net_income="-1", eps_diluted="-0.1", revenue="0")
    await build_all(pool, views)
    row = await read_page(pool)
    assert (row["valuation_basis"], row["pe_ratio"]) == ("price_eps", None)
    assert (row["net_margin"], row["return_on_equity"]) == (None, Decimal("-0.020000"))


async def test_dividends_of_twelve_months(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol in ("OLD", "NEW", "NONE"):
            await put_company(connection, run, symbol)
            await put_close(connection, run, symbol, DAY, "72")
        dividends = (
            (date(2024, 9, 26), "9"),
            (date(2024, 9, 27), "0.6"),
            (date(2025, 3, 3), "0.9"),
            (date(2025, 12, 1), "9"),
        )
        for day, dividend in dividends:
            await put_dividend(connection, run, "OLD", day, dividend)
        await put_split(connection, run, "OLD", date(2025, 1, 2), 3, 1)
        await put_dividend(connection, run, "NEW", date(2025, 6, 2), "0.5")
    await build_all(pool, views)
    row = await read_page(pool, "OLD")
    # how many payments a year are, the vendor does not say
    assert (row["dividend_ttm"], row["dividend_yield"]) == (Decimal("1.1"), None)  # 0.6 / 3 + 0.9
    # dividends before the first known one are unknown: the vendor's yearly 2
    for symbol, expected in (("NEW", None), ("NONE", Decimal("0.027778"))):
        row = await read_page(pool, symbol)
        assert (row["dividend_ttm"], row["dividend_yield"]) == (Decimal(2), expected)


async def test_six_peers_with_the_same_figures(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        peers = [f"P{number}" for number in range(8)]
        for symbol in ("ABC", *peers):
            await put_company(connection, run, symbol)
            await put_close(connection, run, symbol, date(2025, 9, 19), "60")
            await put_close(connection, run, symbol, DAY, "72")
        for place, peer in enumerate(["GONE", *peers], 1):
            await put_row(connection, run, "fmp_peer", symbol="ABC", peer_symbol=peer, place=place)
        for period, day in QUARTERS:
            await put_quarter(connection, run, period, day, "P0")
    await build_all(pool, views)
    row = await read_page(pool)
    assert [peer["symbol"] for peer in row["peers"]] == peers[:6]
    own = await read_page(pool, "P0")
    assert row["peers"][0] == {name: to_json(own[name]) for name in row["peers"][0]}
    assert row["peers"][0]["pe_ratio"] == Decimal("20.000000")
    assert row["peers"][0]["return_1w"] == Decimal("0.200000")
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["quote"])
        await put_price(connection, later, "P1", datetime(2025, 9, 27, 20, tzinfo=UTC), "80.5")
    built = await build_all(pool, views)
    # a price of one symbol: one row is written, and the pages that name it show it
    assert (built["equity_metrics"].computed, built["equity_metrics"].changed) == (1, 1)
    row = await read_page(pool)
    assert row["peers"][1]["price"] == Decimal("80.5")
    assert row["last_run_id"] == later
    async with pool.acquire() as connection:
        last = await put_run(connection, "fmp", ["peers"], status="running")
        await connection.execute(
            "UPDATE task_execution_log SET started_at = clock_timestamp() WHERE task_id = $1", last
        )
        await connection.execute("UPDATE fmp_peer SET valid_to = now(), updated_at = now() WHERE peer_symbol = 'P0'")
        await connection.execute(
            "UPDATE task_execution_log SET status = 'completed', completed_at = now() WHERE task_id = $1", last
        )
    await build_all(pool, views)
    assert [peer["symbol"] for peer in (await read_page(pool))["peers"]] == peers[1:7]


async def test_a_quote_recomputes_statements_only_after_a_split(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_company(connection, run)
        await put_close(connection, run, "ABC", DAY, "72")
        for period, day in QUARTERS:
            await put_quarter(connection, run, period, day)
        # announced for the 29th
        await put_split(connection, run, "ABC", date(2025, 9, 29), 2, 1)
    await build_all(pool, views)
    before = await read_page(pool)
    for day, computed, shares in ((27, 0, 1), (29, 1, 2), (30, 1, 2)):
        cap = str(36 * 20 * shares)
        async with pool.acquire() as connection:
            run = await put_run(connection, "fmp", ["quote"])
            await put_price(connection, run, "ABC", datetime(2025, 9, day, 20, tzinfo=UTC), "36", market_cap=cap)
        built = await build_all(pool, views)
        assert built["equity_fundamentals"].computed == computed
        row = await read_page(pool)
        assert row["eps_diluted_ttm"] == before["eps_diluted_ttm"] / shares
        assert row["pe_ratio"] == round(36 / row["eps_diluted_ttm"], 6)
    assert await read_rows(pool, "SELECT symbol FROM sra.equity_fundamentals") == [{"symbol": "ABC"}]


def to_json(value: object) -> object:
    """A value of a column as it is in a JSON list."""
    return value.isoformat() if isinstance(value, date) else value
