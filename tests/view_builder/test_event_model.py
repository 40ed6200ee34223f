"""Arbitrary splits, price factors, dividends and missing closes: returns, factors and yields against a plain Python model."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from sra_shared.kit.db import Pool, open_pool
from sra_testing.examples import examples
from sra_testing.plain_events import (
    PAYMENTS_A_YEAR,
    Payment,
    add_regular,
    count_shares,
    find_oldest_newest,
    follow_one_share,
)
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_dividend, put_profile, put_run, put_split
from view_builder.compile import CompiledView

END = date(2025, 9, 26)
STARTS = {"1w": date(2025, 9, 19), "1m": date(2025, 8, 26), "6m": date(2025, 3, 26), "1y": date(2024, 9, 26)}
STEPS = {"Monthly": 30, "Quarterly": 91, "Semi-Annual": 182, "Annual": 365}
MILLIONTH = Decimal("0.000001")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_metrics", "equity_quote_history")


@dataclass(frozen=True)
class Listing:
    """The vendor's data of a listing."""

    closes: dict[date, Decimal]
    ratios: dict[date, tuple[int, int]]
    payments: tuple[Payment, ...]


def go_back(days: int) -> date:
    return END - timedelta(days=days)


OFFSETS = st.integers(-5, 400)
AMOUNTS = st.integers(1, 300).map(lambda cents: Decimal(cents) / 100)
WORDS = st.sampled_from(["Monthly", "Quarterly", "Semi-Annual", "Annual", "Special", "Irregular", None])


@st.composite
def make_payments(draw: st.DrawFn) -> tuple[Payment, ...]:
    """A regular series that may be too old or too short, and a few other payments."""
    word = draw(st.sampled_from(sorted(STEPS)))
    # about as old as the newest one may be, or newer
    limit = (END - find_oldest_newest(END, PAYMENTS_A_YEAR[word])).days
    newest, count = draw(st.integers(0, 30) | st.integers(limit - 1, limit + 1)), draw(st.integers(0, 14))
    series = [(go_back(newest + STEPS[word] * n), word) for n in range(count)]
    others = draw(st.lists(st.tuples(OFFSETS.map(go_back), WORDS), max_size=3))
    # here the vendor delivers one payment for a day and frequency
    return tuple(Payment(day, draw(AMOUNTS), kind) for day, kind in dict.fromkeys(series + others))


@st.composite
def make_listing(draw: st.DrawFn) -> Listing:
    """Closes on some days, the starts of the horizons among them as a rule, and events on any."""
    offsets = draw(st.sets(st.integers(1, 400), max_size=25))
    days = {END, *map(go_back, offsets), *draw(st.sets(st.sampled_from(sorted(STARTS.values()))))}
    ratios = st.sampled_from([(2, 1), (3, 2), (1, 20), (21, 20), (22, 21), (1253, 1000), (1, 25), (40, 20)])
    return Listing(
        {day: draw(st.integers(100, 9000)) / Decimal(100) for day in sorted(days)},
        draw(st.dictionaries(OFFSETS.map(go_back), ratios, max_size=4)),
        draw(make_payments()),
    )


async def put_listing(pool: Pool, symbol: str, listing: Listing) -> None:
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fmp", ["universe", "profile", "eod_prices", "splits", "dividends"])
        await put_profile(connection, run, symbol)
        for day, close in listing.closes.items():
            await put_close(connection, run, symbol, day, str(close))
        for day, (new, old) in listing.ratios.items():
            await put_split(connection, run, symbol, day, new, old)
        for payment in listing.payments:
            await put_dividend(connection, run, symbol, payment.day, str(payment.amount), kind=payment.frequency)


def model_returns(listing: Listing) -> dict[str, Decimal | None]:
    """return_* and price_return_* of the horizons."""
    ratios = {day: Decimal(new) / Decimal(old) for day, (new, old) in listing.ratios.items()}
    paid: dict[date, Decimal] = {}
    for payment in listing.payments:
        paid[payment.day] = paid.get(payment.day, Decimal(0)) + payment.amount
    found: dict[str, Decimal | None] = {}
    for name, target in STARTS.items():
        starts = [day for day in listing.closes if timedelta(0) <= target - day <= timedelta(days=7)]
        for column, dividends in ((f"return_{name}", paid), (f"price_return_{name}", {})):
            end = follow_one_share(max(starts), END, listing.closes, ratios, dividends) if starts else None
            growth = None if end is None else end / listing.closes[max(starts)] - 1
            found[column] = None if growth is None else growth.quantize(MILLIONTH, ROUND_HALF_UP)
    return found


def model_yields(listing: Listing) -> dict[str, Decimal | None]:
    """Both yields; where no payment is known, the vendor's yearly 2."""
    splits = {day: Fraction(new, old) for day, (new, old) in listing.ratios.items() if day <= END}
    yearly, forward = add_regular(listing.payments, splits, END) if listing.payments else (Fraction(2), None)

    def divide(paid: Fraction | None) -> Decimal | None:
        if paid is None:
            return None
        part = paid / Fraction(listing.closes[END])
        return (Decimal(part.numerator) / Decimal(part.denominator)).quantize(MILLIONTH, ROUND_HALF_UP)

    return {"dividend_yield": divide(yearly), "dividend_yield_forward": divide(forward)}


async def check_listings(database: str, views: tuple[CompiledView, ...], listings: list[Listing]) -> None:
    pool = await open_pool(database, application_name="test", max_size=2)
    try:
        named = {f"S{next(_numbers)}": listing for listing in listings}
        for symbol, listing in named.items():
            await put_listing(pool, symbol, listing)
        await build_all(pool, views)
        for symbol, listing in named.items():
            (row,) = await read_rows(pool, "SELECT * FROM sra.equity_metrics WHERE symbol = $1", symbol)
            days = await read_rows(pool, "SELECT * FROM sra.equity_quote_history WHERE symbol = $1", symbol)
            check_listing(listing, row, days)
    finally:
        await pool.close()


def check_listing(listing: Listing, row: dict[str, Any], days: list[dict[str, Any]]) -> None:
    with localcontext(prec=60):
        expected = {**model_returns(listing), **model_yields(listing)}
        assert {name: row[name] for name in expected} == expected
        splits = {day: Fraction(new, old) for day, (new, old) in listing.ratios.items() if day <= END}
        for day in days:
            shares = count_shares(splits, day["date"])
            assert round(day["share_factor"], 20) == round(Decimal(shares.numerator) / Decimal(shares.denominator), 20)
    is_known = any(payment.day <= END for payment in listing.payments)
    assert (row["return_basis"], row["currency_basis"]) == (
        "total_return" if is_known else "price_return",
        "assumed_listing",
    )


# a build for each example: shrinking one would take minutes
@examples(
    40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(listings=st.lists(make_listing(), min_size=3, max_size=6))
def test_any_events_agree_with_a_plain_model(
    database: str, views: tuple[CompiledView, ...], listings: list[Listing]
) -> None:
    asyncio.run(check_listings(database, views, listings))
