"""Daily returns of funds against an independent computation from the delivered records, in Decimal."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise
from typing import Any

import pytest

from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_data, put_fund, put_quote, put_run
from view_builder.compile import CompiledView


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("fund_quote_history")


START = date(2024, 1, 1)
SIXTH = Decimal("0.000001")
Return = tuple[Decimal | None, Decimal | None]


async def put_made_up_series(connection: Connection, fund: str, chance: random.Random) -> None:
    """Two years with weekends, gaps, zeros, splits, and distributions in quotes and in records of their own."""
    run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "Pricing", "FundDistribution"])
    await put_fund(connection, run, fund)
    navps, record = Decimal("0.04567891"), 0
    for offset in range(240):
        day = START + timedelta(days=offset)
        navps = max(Decimal("0.01"), (navps * Decimal(str(chance.uniform(0.9, 1.11)))).quantize(Decimal("0.00000001")))
        if chance.random() < 0.08:
            record += 1
            paid = f"{chance.uniform(0, 0.004):.8f}"
            await put_data(connection, run, "FundDistribution", fund, str(record), date=day, total_distribution=paid)
        if day.weekday() >= 5 or chance.random() < 0.1 or offset in range(100, 111):
            continue
        value = "0" if chance.random() < 0.03 else str(navps)
        split = "2" if chance.random() < 0.03 else None
        paid_here = Decimal(f"{chance.uniform(0, 0.004):.2f}") if chance.random() < 0.05 else None
        await put_quote(connection, run, fund, day, value, split=split, total_distribution=paid_here)


async def compute_returns(pool: Pool, fund: str, *, from_columns: bool = False) -> dict[date, Return]:
    """Price and total return of each day by the rule, from raw_json alone, or from the two-decimal columns."""
    quotes = await read_rows(
        pool,
        "SELECT date, navps, raw_json, split, total_distribution FROM fundata_quotes WHERE identifier = $1 ORDER BY date",
        fund,
    )
    records = await read_rows(
        pool,
        "SELECT date, total_distribution, raw_json FROM fundata_data WHERE identifier = $1 AND dataset = 'FundDistribution'",
        fund,
    )
    paid: defaultdict[date, Decimal] = defaultdict(Decimal)
    for row in records:
        paid[row["date"]] += (
            row["total_distribution"] if from_columns else Decimal(row["raw_json"]["TotalDistribution"])
        )
    for row in quotes:
        if row["total_distribution"]:
            paid[row["date"]] += row["total_distribution"]
    values = {row["date"]: row["navps"] if from_columns else Decimal(row["raw_json"]["NAVPS"]) for row in quotes}
    splits = {row["date"]: Decimal(row["split"]) for row in quotes if row["split"]}
    with localcontext() as context:
        context.prec = 60
        return compute_series(values, paid, splits)


def compute_series(
    values: Mapping[date, Decimal], paid: Mapping[date, Decimal], splits: Mapping[date, Decimal]
) -> dict[date, Return]:
    found: dict[date, Return] = {}
    former: date | None = None
    for day in sorted(values):
        value = values[day]
        if value == 0:
            found[day] = (None, None)
            continue
        if former is None or (day - former).days > 7:
            found[day] = (None, None)
        else:
            between = [former + timedelta(days=n + 1) for n in range((day - former).days)]
            cash = sum((paid.get(one, Decimal(0)) for one in between), Decimal(0))
            factor = Decimal(1)
            for one in between:
                factor *= splits.get(one, Decimal(1))
            start = values[former]
            found[day] = (round_six(value / start - 1), round_six((value + cash) * factor / start - 1))
        former = day
    return found


def round_six(value: Decimal) -> Decimal:
    return value.quantize(SIXTH, rounding=ROUND_HALF_UP)


@pytest.mark.parametrize("seed", [1, 2])
async def test_returns_agree_with_an_independent_computation(
    pool: Pool, views: tuple[CompiledView, ...], seed: int
) -> None:
    async with pool.acquire() as connection:
        await put_made_up_series(connection, "7", random.Random(seed))  # noqa: S311 - a made-up series
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.fund_quote_history WHERE identifier = '7' ORDER BY date")
    result = {row["date"]: (row["price_return_1d"], row["return_1d"]) for row in rows}
    expected = await compute_returns(pool, "7")
    assert result == expected
    assert sum(one[0] != one[1] for one in expected.values()) > 10
    # two decimals of a value below a tenth are a tenth of it: returns from the columns are not returns
    rounded = await compute_returns(pool, "7", from_columns=True)
    differing = [day for day, one in expected.items() if one != rounded[day]]
    assert len(differing) > len(expected) / 2
    assert max(abs((expected[d][1] or 0) - (rounded[d][1] or 0)) for d in differing) > Decimal("0.01")
    check_adjusted(rows)


def check_adjusted(rows: list[dict[str, Any]]) -> None:
    """The ratio of two adjusted values is the total return, and the newest is the value itself."""
    valued = [row for row in rows if row["navps"] > 0]
    assert valued[-1]["adjusted_navps"] == valued[-1]["navps"]
    for former, row in pairwise(valued):
        if row["return_1d"] is not None:
            result = row["adjusted_navps"] / former["adjusted_navps"] - 1
            assert abs(result - row["return_1d"]) < Decimal("0.000002")
