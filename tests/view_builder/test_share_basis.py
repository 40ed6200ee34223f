"""Figures per share and per company: the shares that they count, against figures computed by hand.

A company here has 20 shares at 72, four quarters of 10 of income and 100 of revenue each, and 3.6 of diluted earnings per share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sra_contract.equity_metrics import EquityMetrics
from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_price, put_profile, put_row, put_run, put_split
from sra_testing.statements import put_quarter
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
DATASETS = (
    *("universe", "profile", "quote", "eod_prices", "splits", "income_statement", "balance_sheet", "cash_flow"),
    *("ratios", "key_metrics", "exchange_rates"),
)
QUARTERS = (("Q3", date(2024, 9, 30)), ("Q4", date(2024, 12, 31)), ("Q1", date(2025, 3, 31)), ("Q2", date(2025, 6, 30)))
RATIOS = ("pe_ratio", "pb_ratio", "ps_ratio", "ev_to_ebitda", "free_cash_flow_yield")


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page")


@dataclass(frozen=True)
class Company:
    """A listing and the statements of its company, where they differ from the usual ones."""

    price: str = "72"
    market_cap: str | None = "1440"
    shares: str = "20"
    is_adr: bool = False
    splits: tuple[tuple[date, int, int], ...] = ()
    # of the four quarters, by their places
    restated: tuple[int, ...] = ()
    ratio: tuple[str, date] | None = None
    quarter: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)


async def put_listing(connection: Connection, run: Any, symbol: str, one: Company) -> None:
    """Store a company; restated quarters have twice the shares and half the earnings of each."""
    await put_profile(connection, run, symbol, raw={"isAdr": one.is_adr}, **one.profile)
    moment = datetime(2025, 9, 26, 20, tzinfo=UTC)
    await put_price(connection, run, symbol, moment, one.price, market_cap=one.market_cap)
    for day, new, old in one.splits:
        await put_split(connection, run, symbol, day, new, old)
    for place, (period, day) in enumerate(QUARTERS):
        times = 2 if place in one.restated else 1
        eps = Decimal(one.quarter.get("eps_diluted", "0.9")) / times
        shares = Decimal(one.shares) * times
        values = {**one.quarter, "eps_diluted": str(eps), "weighted_average_shs_out_dil": str(shares)}
        await put_quarter(connection, run, period, day, symbol, **values)
    if one.ratio is not None:
        ratio, since = one.ratio
        await connection.execute(
            "INSERT INTO share_basis (symbol, ratio, source, valid_from) VALUES ($1, $2::text::numeric, 'a form', $3)",
            *(symbol, ratio, since),
        )


async def build_companies(pool: Pool, views: tuple[CompiledView, ...], **named: Company) -> dict[str, dict[str, Any]]:
    """Return the rows of equity_metrics by symbol."""
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol, one in named.items():
            await put_listing(connection, run, symbol, one)
    await build_all(pool, views)
    return await read_metrics(pool)


async def read_metrics(pool: Pool) -> dict[str, dict[str, Any]]:
    rows = await read_rows(pool, "SELECT * FROM sra.equity_metrics")
    for row in rows:
        EquityMetrics.model_validate(row)
        if row["pe_ratio"] is not None:
            rate = row["fx_rate"] or 1
            assert round(row["pe_ratio"] * row["eps_diluted_ttm"] * rate, 3) == row["price"], row["symbol"]
    return {row["symbol"]: row for row in rows}


def show(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


BASIS = ("valuation_basis", "market_cap_scope", "fundamentals_reason")


async def test_near_the_vendors_shares_price_goes_with_earnings_per_share(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    # of 20 shares, 0.8 are 16 and 1.25 are 25
    named = {"LEAST": "16", "EVEN": "20", "MOST": "25", "UNDER": "15.9"}
    rows = await build_companies(pool, views, **{name: Company(shares=shares) for name, shares in named.items()})
    for name, shares in named.items():
        assert show(rows[name], *BASIS) == ("price_eps", "company", None), name
        assert show(rows[name], "listed_shares", "diluted_shares") == (20, Decimal(shares))
        # 72 / 3.6; 1440 / 400
        assert show(rows[name], "pe_ratio", "ps_ratio") == (20, Decimal("3.6"))


async def test_an_adr_of_five_shares_has_the_earnings_of_five(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    quarter = {"eps": "0.1", "eps_diluted": "0.1"}
    row = (await build_companies(pool, views, ADR=Company(shares="100", is_adr=True, quarter=quarter)))["ADR"]
    assert show(row, *BASIS) == ("market_cap_income", "company", None)
    # 1440 / 40, and not 72 / 0.4 = 180; 40 / 20 shares; 0.4 x 100 / 20
    assert show(row, "pe_ratio", "eps_diluted_ttm", "eps_ttm") == (36, 2, 2)
    assert show(row, "ps_ratio", "pb_ratio") == (Decimal("3.6"), Decimal("7.2"))


async def test_an_adr_near_the_vendors_shares_needs_the_maintained_ratio(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    day = date(2025, 1, 1)
    rows = await build_companies(
        pool, views, NONE=Company(is_adr=True), LATE=Company(is_adr=True, ratio=("5", date(2025, 9, 27))),
        SAME=Company(is_adr=True, ratio=("1", day)), FIVE=Company(is_adr=True, ratio=("5", day)),
        HALF=Company(shares="10", is_adr=True), KNOWN=Company(shares="10", is_adr=True, ratio=("0.5", day)),
    )  # fmt: skip
    for name in ("NONE", "LATE", "HALF"):
        assert show(rows[name], *BASIS) == (None, None, "adr_basis_unknown")
        assert [rows[name][ratio] for ratio in (*RATIOS, "eps_diluted_ttm", "enterprise_value")] == [None] * 7
        assert rows[name]["market_cap"] == 1440
    assert show(rows["SAME"], *BASIS, "pe_ratio") == ("price_eps", "company", None, 20)
    # the vendor counts 20 shares of the statements, which are 4 of the listing: 72 / (5 x 3.6); 72 x 4; 288 / 400
    row = rows["FIVE"]
    assert show(row, *BASIS, "share_ratio") == ("share_basis", "share_basis", None, 5)
    assert show(row, "pe_ratio", "eps_diluted_ttm", "market_cap") == (4, 18, 288)
    assert show(row, "ps_ratio", "market_cap_usd") == (Decimal("0.72"), 288)
    # half a share each: 10 / 0.5 are the vendor's 20; 1440 / 40
    assert show(rows["KNOWN"], *BASIS, "pe_ratio") == ("market_cap_income", "company", None, 36)


async def test_two_classes_of_one_company_are_worth_both(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    rows = await build_companies(
        pool, views, GOOG=Company(shares="45"), GOOGL=Company(price="74", market_cap="1480", shares="45")
    )
    # each has 20 of the 45 shares: 72 / 3.6; 72 x 45 / 200; 3240 / 400; (3240 + 50 - 20) / 100; 40 / 3240
    row = rows["GOOG"]
    assert show(row, *BASIS, "market_cap") == ("price_eps", "class", None, 1440)
    assert show(row, *RATIOS) == (20, Decimal("16.2"), Decimal("8.1"), Decimal("32.7"), Decimal("0.012346"))
    assert row["enterprise_value"] == 3270
    # 74 x 45 / 400
    assert show(rows["GOOGL"], *BASIS, "ps_ratio") == ("price_eps", "class", None, Decimal("8.325"))


async def test_a_class_of_a_fraction_of_the_other_needs_its_ratio(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    # statements count 10 shares of the first class, of 1,500 of the second each
    quarter = {"net_income": "10000", "eps_diluted": "1000"}
    company = Company(price="72", market_cap="1080000", shares="10", quarter=quarter)
    ratio = ("0.00066666666666666666666666666666666666666667", date(2010, 1, 21))
    rows = await build_companies(
        pool, views, BRKA=Company(price="108000", market_cap="1080000", shares="10", quarter=quarter), BRKX=company,
        BRKB=Company(price="72", market_cap="1080000", shares="10", quarter=quarter, ratio=ratio),
    )  # fmt: skip
    # 108000 / 4000; 1080000 / 40000
    assert show(rows["BRKA"], *BASIS, "pe_ratio") == ("price_eps", "company", None, 27)
    assert show(rows["BRKB"], *BASIS, "pe_ratio") == ("market_cap_income", "company", None, 27)
    assert rows["BRKB"]["eps_diluted_ttm"] == Decimal("2.6666666667")  # 40000 / 15000
    # unknown, it looks as if shares had been issued
    assert show(rows["BRKX"], "valuation_basis", "pe_ratio") == ("price_eps", Decimal("0.018"))


async def test_a_split_divides_only_earnings_that_are_not_restated(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    split = {"price": "36", "splits": ((date(2025, 9, 24), 2, 1),)}
    both = (*split["splits"], (date(2025, 8, 20), 3, 1), (date(2025, 8, 1), 1253, 1000))
    rows = await build_companies(
        pool, views, NEW=Company(**split), OLD=Company(**split, restated=(0, 1, 2, 3)), HALF=Company(**split, restated=(0, 1)),
        # 120 shares at 12: of 1, 2 and 6 the last
        TWO=Company(price="12", splits=both), CAPLESS=Company(**split | {"market_cap": None}),
        BEFORE=Company(price="36", shares="40", splits=((date(2024, 10, 1), 2, 1),), quarter={"eps_diluted": "0.45"}),
    )  # fmt: skip
    # 40 shares at 36: 3.6 / 2, or 4 x 0.45
    for name in ("NEW", "OLD", "HALF", "BEFORE"):
        assert show(rows[name], *BASIS) == ("price_eps", "company", None)
        assert show(rows[name], "pe_ratio", "eps_diluted_ttm", "diluted_shares") == (20, Decimal("1.8"), 40)
    assert show(rows["TWO"], "pe_ratio", "eps_diluted_ttm", "diluted_shares") == (20, Decimal("0.6"), 120)
    assert show(rows["CAPLESS"], *BASIS) == (None, None, "no_market_cap")
    assert show(rows["CAPLESS"], "eps_diluted_ttm", "pe_ratio", "revenue_ttm") == (None, None, 400)
    stored = await read_rows(pool, "SELECT symbol, split_parts, eps_diluted_ttm FROM sra.equity_fundamentals")
    parts = {row["symbol"]: row["split_parts"] for row in stored}
    assert [part["factors"] for part in parts["TWO"]] == [[1, 2, 6]] * 4
    # filed from 20 October 2024 on
    assert parts["BEFORE"] == []
    assert {row["symbol"] for row in stored if row["eps_diluted_ttm"] is not None} == {"BEFORE"}


async def test_a_large_issue_of_shares_is_not_a_split(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    # 40 shares at 36 where the quarters had 20
    issue = {"price": "36", "market_cap": "1440"}
    old_split = ((date(2015, 3, 2), 2, 1),)
    rows = await build_companies(pool, views, ISSUE=Company(**issue), SPLIT=Company(**issue, splits=old_split))
    # 36 / 3.6; 1440 / 400
    assert show(rows["ISSUE"], *BASIS) == ("price_eps", "company", None)
    assert show(rows["ISSUE"], "pe_ratio", "ps_ratio") == (10, Decimal("3.6"))
    # the statements may be in shares before it: 1440 / 40
    assert show(rows["SPLIT"], *BASIS) == ("market_cap_income", "company", None)
    assert show(rows["SPLIT"], "pe_ratio", "eps_diluted_ttm") == (36, 1)


@pytest.mark.parametrize(
    ("shares", "basis"),
    # 0.95 x 20 / 9.5 and 1.05 x 20 / 10.5 are the ratio of the split
    [("9.5", "market_cap_income"), ("9.49", "price_eps"), ("10.5", "market_cap_income"), ("10.51", "price_eps")],
)
async def test_the_ratio_of_a_split_counts_up_to_five_percent_from_it(
    pool: Pool, views: tuple[CompiledView, ...], shares: str, basis: str
) -> None:
    rows = await build_companies(pool, views, ABC=Company(shares=shares, splits=((date(2024, 10, 1), 2, 1),)))
    assert show(rows["ABC"], *BASIS) == (basis, "company", None)


async def test_missing_vendor_figures_leave_the_basis_open(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    rows = await build_companies(
        pool, views, CAP=Company(market_cap=None), ZERO=Company(market_cap="0"), COUNT=Company(shares="0")
    )
    for name in ("CAP", "ZERO"):
        assert show(rows[name], *BASIS, "market_cap") == (None, None, "no_market_cap", None)
        assert [rows[name][ratio] for ratio in RATIOS] == [None] * 5
    assert show(rows["COUNT"], *BASIS, "market_cap", "pe_ratio") == (None, None, "no_share_count", 1440, None)


async def test_income_is_after_preferred_dividends(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    line = {
        "given": {"bottomLineNetIncome": 8},
        "zero": {"bottomLineNetIncome": 0},
        "same": {"bottomLineNetIncome": 10},
    }
    paid = {"preferredDividendsPaid": -2}
    adr = {"shares": "100", "is_adr": True}
    rows = await build_companies(
        pool, views, LINE=Company(**adr, quarter={"raw": line["given"]}), ZERO=Company(**adr, quarter={"raw": line["zero"]}),
        PAID=Company(**adr, quarter={"raw": {**line["same"], **paid}}),
        BOTH=Company(**adr, quarter={"raw": {**line["given"], **paid}}),
    )  # fmt: skip
    for name, income in (("LINE", 32), ("ZERO", 40), ("PAID", 32), ("BOTH", 32)):
        assert show(rows[name], "common_income_ttm", "net_income_ttm") == (income, 40), name
        # 1440 / 32 or 40; of an equity of 200
        assert show(rows[name], "pe_ratio", "return_on_equity") == (
            Decimal(1440) / income,
            Decimal(income) / 200,
        )


async def test_equity_is_without_preferred_stock_and_minorities(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    claims = {"minority_interest": "20", "raw": {"preferredStock": 30}}
    apart = {"minority_interest": "20", "raw": {"preferredStock": 30, "totalEquity": 220}}
    rows = await build_companies(pool, views, IN=Company(quarter=claims), APART=Company(quarter=apart))
    # assets less liabilities are 200, as the equity: 200 - 30 - 20; where they are 220, the equity has no minorities: 200 - 30
    for name, equity in (("IN", 150), ("APART", 170)):
        row = rows[name]
        assert show(row, "common_equity", "preferred_stock", "minority_interest") == (equity, 30, 20)
        assert row["pb_ratio"] == round(Decimal(1440) / equity, 6)
        assert row["return_on_equity"] == round(Decimal(40) / equity, 6)
        # 1440 + 50 + 30 + 20 - 20; / 100
        assert show(row, "enterprise_value", "ev_to_ebitda") == (1520, Decimal("15.2"))
        assert row["debt_to_equity_ratio"] == Decimal("0.25")  # of all stockholders: 50 / 200


@pytest.mark.parametrize(
    ("sector", "industry", "expected"),
    [
        ("Financial Services", "Banks - Regional", None),
        ("Financial Services", "Insurance - Life", None),
        ("Financial Services", None, None),
        ("Financial Services", "Insurance Brokers", "14.7"),
        ("Financial Services", "Asset Management", "14.7"),
        ("Energy", None, "14.7"),
        (None, None, "14.7"),
    ],
)
async def test_banks_and_insurers_have_no_ratio_of_enterprise_value(
    pool: Pool, views: tuple[CompiledView, ...], sector: str | None, industry: str | None, expected: str | None
) -> None:
    row = (await build_companies(pool, views, ABC=Company(profile={"sector": sector, "industry": industry})))["ABC"]
    # of an enterprise value of 1470, with the cash of 20 off the debt of 50
    assert row["ev_to_ebitda"] == (None if expected is None else Decimal(expected))
    assert row["pe_ratio"] == 20


async def test_market_cap_is_of_the_price_shown(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    later = DAY + timedelta(days=30)
    names = ("UP", "SPLIT", "SPUN", "LATE", "PROFILE", "OLDER", "NEWER")
    capless = {"PROFILE", "OLDER", "NEWER"}
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for name in names:
            profile = {"market_cap": Decimal(1440), "current_price": Decimal(72)} if name in capless else {}
            await put_listing(connection, run, name, Company(market_cap=None if profile else "1440", profile=profile))
        for name, day in (("PROFILE", DAY), ("OLDER", DAY - timedelta(days=31)), ("NEWER", later)):
            # noon in New York
            moment = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)
            await connection.execute("UPDATE equity_profile SET updated_at = $2 WHERE symbol = $1", name, moment)
        await put_close(connection, run, "UP", later, "80")
        for name, new, old in (("SPLIT", 2, 1), ("SPUN", 1253, 1000)):
            await put_split(connection, run, name, date(2025, 9, 30), new, old)
            await put_close(connection, run, name, later, "40")
        await put_split(connection, run, "NEWER", date(2025, 9, 30), 2, 1)
        await put_close(connection, run, "LATE", later + timedelta(days=1), "80")
    await build_all(pool, views)
    rows = await read_metrics(pool)
    caps = {name: rows[name]["market_cap"] for name in names}
    # 20 x 80; 40 x 40; a spin-off leaves the shares: 20 x 40; 31 days are too many; the profile's 20 shares at 72; those of a
    # profile after a split are 10 before it
    assert caps == {"UP": 1600, "SPLIT": 1600, "SPUN": 800, "LATE": None, "PROFILE": 1440, "OLDER": None, "NEWER": 720}
    assert show(rows["UP"], "pe_ratio", "ps_ratio", "enterprise_value") == (
        Decimal("22.222222"), 4, 1630,
    )  # fmt: skip


async def put_rates(connection: Connection, run: Any, *rates: tuple[str, date, str]) -> None:
    for pair, day, close in rates:
        await put_row(connection, run, "fmp_exchange_rate", pair=pair, date=day, close=close)


async def test_statements_in_another_currency_enter_at_the_rate_of_the_day(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    dollars, euros = {"reported_currency": "CAD"}, {"reported_currency": "EUR"}
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_rates(
            connection, run, ("USDCAD", date(2025, 9, 18), "9"), ("USDCAD", date(2025, 9, 19), "1.25"),
            ("USDCAD", date(2025, 9, 27), "9"), ("USDEUR", date(2025, 9, 25), "0.8"), ("USDCHF", date(2025, 9, 18), "0.8"),
        )  # fmt: skip
        for symbol, quarter, currency in (
            ("US", dollars, "USD"), ("TO", euros, "CAD"), ("SAME", dollars, "CAD"), ("OLD", {"reported_currency": "CHF"}, "USD"),
            ("MINOR", {"reported_currency": "GBp"}, "USD"), ("NONE", dollars, None),
        ):  # fmt: skip
            await put_listing(connection, run, symbol, Company(quarter=quarter, profile={"currency": currency}))
    await build_all(pool, views)
    rows = await read_metrics(pool)
    names = ("fx_rate", "fx_date", "fx_pair", "fundamentals_reason")
    # seven days old: 1 / 1.25; 72 / (3.6 x 0.8); 1440 / (400 x 0.8); 1440 / (200 x 0.8); 1440 + 30 x 0.8
    row = rows["US"]
    assert show(row, *names) == (Decimal("0.8"), date(2025, 9, 19), "CADUSD", None)
    assert show(row, "pe_ratio", "ps_ratio", "pb_ratio") == (25, Decimal("4.5"), 9)
    assert show(row, "enterprise_value", "market_cap_usd", "eps_diluted_ttm") == (1464, 1440, Decimal("3.6"))
    # 1464 / (100 x 0.8); 40 x 0.8 / 1440
    assert show(row, "ev_to_ebitda", "free_cash_flow_yield") == (Decimal("18.3"), Decimal("0.022222"))
    # through the US dollar, of the older day: 1.25 / 0.8; 1440 / 1.25
    assert show(rows["TO"], *names) == (Decimal("1.5625"), date(2025, 9, 19), "EURCAD", None)
    assert show(rows["TO"], "ps_ratio", "market_cap_usd") == (
        Decimal("2.304"),
        1152,
    )  # 1440 / (400 x 1.5625)
    assert show(rows["SAME"], *names, "pe_ratio") == (None, None, None, None, 20)
    for name in ("OLD", "MINOR"):
        assert show(rows[name], *names, "pe_ratio") == (None, None, None, "no_exchange_rate", None)
    assert show(rows["NONE"], "fundamentals_reason", "market_cap_usd") == ("currency_unknown", None)
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["exchange_rates"])
        await put_rates(connection, later, ("USDCAD", date(2025, 9, 26), "1.2"), ("USDJPY", date(2025, 9, 26), "150"))
    built = await build_all(pool, views)
    # those with Canadian dollars in the price or the statements
    assert (built["equity_metrics"].computed, built["equity_fundamentals"].computed) == (3, 0)
    rows = await read_metrics(pool)
    assert show(rows["SAME"], "market_cap_usd", "pe_ratio") == (1200, 20)
    assert show(rows["TO"], *names) == (Decimal("1.5"), date(2025, 9, 25), "EURCAD", None)


async def test_ratios_of_the_vendor_have_columns_and_a_date_of_their_own(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_listing(connection, run, "ABC", Company(quarter={"reported_currency": "CAD"}))
        year = {"symbol": "ABC", "period": "FY", "date": date(2024, 12, 31), "fiscal_year": 2024, "version": 1}
        await put_row(connection, run, "fmp_ratio", **year, price_to_earnings_ratio="31.5", price_to_book_ratio="-2")
        await put_row(connection, run, "fmp_key_metric", **year, ev_to_ebitda="12.25", free_cash_flow_yield="0.031")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.equity_page")
    assert show(row, "vendor_ratios_date", "vendor_pe_ratio", "vendor_pb_ratio") == (
        date(2024, 12, 31), Decimal("31.5"), -2,
    )  # fmt: skip
    assert show(row, "vendor_ev_to_ebitda", "vendor_free_cash_flow_yield", "vendor_ps_ratio") == (
        Decimal("12.25"), Decimal("0.031"), None,
    )  # fmt: skip
    assert [row[ratio] for ratio in RATIOS] == [None] * 5


async def test_a_maintained_ratio_enters_with_the_next_run(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    rows = await build_companies(pool, views, ABC=Company(is_adr=True), XYZ=Company())
    assert rows["ABC"]["fundamentals_reason"] == "adr_basis_unknown"
    for ratio, expected in (("5", 4), (None, None), ("1", 20)):
        async with pool.acquire() as connection:
            await connection.execute("DELETE FROM share_basis")
            if ratio is not None:
                await connection.execute(
                    "INSERT INTO share_basis VALUES ('ABC', '2020-01-01', $1, 'a form')", Decimal(ratio)
                )
            await put_run(connection, "fmp", ["quote"])
        built = await build_all(pool, views)
        assert (built["equity_metrics"].computed, built["equity_fundamentals"].computed) == (1, 0)
        assert (await read_metrics(pool))["ABC"]["pe_ratio"] == expected
