"""Returns of listings against an independent computation from the delivered records."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest

from sra_shared.kit.db import Pool
from sra_testing.plain_events import Days, follow_one_share
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_dividend, put_profile, put_run, put_split
from view_builder.compile import CompiledView


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page")


END = date(2025, 9, 26)
TARGETS = {
    "1w": date(2025, 9, 19),
    "1m": date(2025, 8, 26),
    "3m": date(2025, 6, 26),
    "6m": date(2025, 3, 26),
    "ytd": date(2024, 12, 31),
    "1y": date(2024, 9, 26),
    "3y": date(2022, 9, 26),
    "5y": date(2020, 9, 26),
}
MILLIONTH = Decimal("0.000001")


def compute(name: str, closes: Days, splits: Days, dividends: Days) -> Decimal | None:
    """The rule of the specification, section 5, with Python's decimals."""
    starts = [day for day in closes if timedelta(0) <= TARGETS[name] - day <= timedelta(days=7)]
    if not starts:
        return None
    with localcontext(prec=60):
        end = follow_one_share(max(starts), END, closes, splits, dividends)
        if end is None:
            return None
        ratio = end / closes[max(starts)]
        if name in ("3y", "5y"):
            ratio = ratio ** (Decimal("365.25") / (END - max(starts)).days)
        return (ratio - 1).quantize(MILLIONTH, ROUND_HALF_UP)


def round_prices(days: Days) -> Days:
    """Prices as columns of two decimals would keep them."""
    return {day: max(value.quantize(Decimal("0.01")), Decimal("0.01")) for day, value in days.items()}


@pytest.mark.parametrize("seed", range(3))
async def test_returns_agree_to_the_sixth_decimal(pool: Pool, views: tuple[CompiledView, ...], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a made-up history
    closes = {
        END - timedelta(days=days): Decimal(f"{chance.uniform(1, 3):.6f}") for days in range(1840) if days % 7 < 5
    }
    closes = {day: price for day, price in closes.items() if day == END or chance.random() > 0.3}
    events = chance.sample(range(1830), 26)
    splits = {
        END - timedelta(days=days): Decimal(chance.choice([2, 3])) / chance.choice([1, 2, 7]) for days in events[:4]
    }
    dividends = {END - timedelta(days=days): Decimal(f"{chance.uniform(0, 0.2):.6f}") for days in events[2:]}
    ratios = {day: (6 * value * 7).as_integer_ratio() for day, value in splits.items()}
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fmp", ["universe", "profile", "eod_prices", "splits", "dividends"])
        await put_profile(connection, run, "ABC")
        for day, close in closes.items():
            await put_close(connection, run, "ABC", day, str(close))
        for day in splits:
            new, old = ratios[day]
            await put_split(connection, run, "ABC", day, new, old * 42)
        for day, dividend in dividends.items():
            await put_dividend(connection, run, "ABC", day, str(dividend))
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.equity_page")
    assert row["return_basis"] == "total_return"
    exact = {day: Decimal(new) / (old * 42) for day, (new, old) in ratios.items()}
    result = {name: (row[f"return_{name}"], row[f"price_return_{name}"]) for name in TARGETS}
    assert result == {
        name: (compute(name, closes, exact, dividends), compute(name, closes, exact, {})) for name in TARGETS
    }
    assert sum(total is not None for total, _ in result.values()) >= 6
    # why it matters that no price passes through two decimals
    coarse = {name: compute(name, round_prices(closes), exact, round_prices(dividends)) for name in TARGETS}
    assert all(total != coarse[name] for name, (total, _) in result.items() if total is not None)
