"""Arbitrary shares, splits and maintained ratios: the basis of a listing's ratios against a plain Python model."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import cache

from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from sra_shared.kit.db import Pool, open_pool
from sra_testing.examples import examples
from sra_testing.plain_shares import Period, Stock, value_stock
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_price, put_profile, put_row, put_run, put_split
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
ENDS = (date(2024, 9, 30), date(2024, 12, 31), date(2025, 3, 31), date(2025, 6, 30))
DATASETS = ("universe", "profile", "quote", "splits", "income_statement")
MILLIONTH = Decimal("0.000001")
_numbers = itertools.count()


@cache
def find_views() -> tuple[CompiledView, ...]:
    """Return the views to build; as an argument of the test they would be in the report of a failure, which they fill."""
    return choose_views("equity_metrics")


RATIOS = st.sampled_from([Fraction(2), Fraction(3), Fraction(3, 2), Fraction(20), Fraction(1, 10)])
# about the limits, and about what splits and receipts make of the shares
TIMES = st.sampled_from(
    [Fraction(n, 1000) for n in (799, 800, 1000, 1250, 1251, 2000, 500, 480, 475, 5000, 3000, 333, 10000, 20000, 50)]
)


@st.composite
def make_stock(draw: st.DrawFn) -> Stock:
    """A listing of a thousand shares or so, and quarters whose shares are about a multiple of them, restated or not."""
    days = st.integers(-3, 500).map(lambda days: DAY - timedelta(days=days))
    splits = draw(st.dictionaries(days, RATIOS, max_size=3))
    shares = draw(st.sampled_from([Fraction(1000), Fraction(1234), None]))
    times, periods = draw(TIMES), []
    for end in ENDS:
        filed = end + timedelta(days=draw(st.integers(0, 60)))
        since = [splits[day] for day in sorted(splits) if filed < day <= DAY]
        count = (shares or Fraction(1000)) * times
        for split in since[draw(st.integers(0, len(since))) :]:
            count /= split
        counted = None if draw(st.integers(0, 15)) == 0 else round(count, 6)
        eps = draw(st.none() | st.integers(-50, 400).map(lambda cents: Fraction(cents, 100)))
        periods.append(Period(filed, counted or None, eps, Fraction(draw(st.integers(-5, 90))), Fraction(100)))
    ratio = draw(st.sampled_from([None, None, None, Fraction(1), Fraction(5), Fraction(1, 2)]))
    price = Fraction(draw(st.integers(100, 90000)), 100)
    return Stock(DAY, price, shares, draw(st.booleans()), ratio, splits, periods)


def to_decimal(value: Fraction) -> Decimal:
    with localcontext(prec=60):
        return Decimal(value.numerator) / Decimal(value.denominator)


def to_text(value: Fraction | None) -> str | None:
    return None if value is None else str(to_decimal(value))


async def put_stock(pool: Pool, symbol: str, stock: Stock) -> None:
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fmp", DATASETS)
        await put_profile(connection, run, symbol, raw={"isAdr": stock.is_adr})
        cap = None if stock.shares is None else to_text(stock.price * stock.shares)
        price, moment = str(to_decimal(stock.price)), datetime(2025, 9, 26, 20, tzinfo=UTC)
        await put_price(connection, run, symbol, moment, price, market_cap=cap)
        for day, split in stock.splits.items():
            await put_split(connection, run, symbol, day, split.numerator, split.denominator)
        for place, (end, period) in enumerate(zip(ENDS, stock.periods, strict=True)):
            await put_row(
                connection, run, "fmp_income_statement", symbol=symbol, fiscal_year=2000 + place, period="Q1", version=1,
                date=end, filing_date=period.filed, reported_currency="USD", revenue=to_text(period.revenue),
                net_income=to_text(period.income), eps=to_text(period.eps), eps_diluted=to_text(period.eps),
                weighted_average_shs_out_dil=to_text(period.shares),
            )  # fmt: skip
        if stock.ratio is not None:
            await connection.execute(
                "INSERT INTO share_basis VALUES ($1, '2020-01-01', $2, 'a form')", symbol, to_decimal(stock.ratio)
            )


async def check_stocks(database: str, stocks: list[Stock]) -> None:
    pool = await open_pool(database, application_name="test", max_size=2)
    try:
        named = {f"S{next(_numbers)}": stock for stock in stocks}
        for symbol, stock in named.items():
            await put_stock(pool, symbol, stock)
        await build_all(pool, find_views())
        for symbol, stock in named.items():
            (row,) = await read_rows(pool, "SELECT * FROM sra.equity_metrics WHERE symbol = $1", symbol)
            expected = value_stock(stock)
            result = (row["valuation_basis"], row["market_cap_scope"], row["fundamentals_reason"])
            assert result == (expected.basis, expected.scope, expected.reason), stock
            for name, figure in (("pe_ratio", expected.pe), ("ps_ratio", expected.price_to_sales)):
                rounded = None if figure is None else to_decimal(figure).quantize(MILLIONTH, ROUND_HALF_UP)
                assert row[name] == rounded, (name, stock)
    finally:
        await pool.close()


# a build for each example: shrinking one would take minutes
@examples(
    60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(stocks=st.lists(make_stock(), min_size=6, max_size=12))
def test_any_shares_agree_with_a_plain_model(database: str, stocks: list[Stock]) -> None:
    asyncio.run(check_stocks(database, stocks))
