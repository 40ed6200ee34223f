"""Distributions in both Fundata datasets count once: by hand, and against a plain Python model."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from sra_shared.kit.db import Connection, Pool, open_pool
from sra_testing.examples import examples
from sra_testing.plain_distributions import StatedDistribution, add_distributions
from sra_testing.publication import build_all, choose_views, dump_view, read_rows
from sra_testing.records import put_data, put_fund, put_quote, put_run
from view_builder.compile import CompiledView

HISTORY = "fund_quote_history"
DATASETS = ["FundGeneral", "FundDailyNAVPS", "Pricing", "FundDistribution"]
# a Monday
MONDAY = date(2025, 9, 1)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views(HISTORY)


def on(day: int, total: str, *parts: str | None) -> StatedDistribution:
    """What a dataset names on a day of September 2025."""
    amounts = [None if part is None else Decimal(part) for part in parts]
    return StatedDistribution(date(2025, 9, day), Decimal(total), (*amounts, *[None] * (5 - len(amounts))))


async def put_values(
    connection: Connection, fund: str, quotes: Sequence[StatedDistribution], *, until: int = 30
) -> None:
    """A value of 10 on each day of September, with what the quotes name."""
    run = await put_run(connection, "fundata", DATASETS)
    named = {quote.day: quote for quote in quotes}
    for offset in range(until):
        day = MONDAY + timedelta(days=offset)
        quote = named.get(day)
        paid = {} if quote is None else {"total_distribution": quote.total, **quote.named_parts("_distribution")}
        await put_quote(connection, run, fund, day, "10", dataset="Pricing", **paid)


async def put_record(
    connection: Connection, fund: str, name: str, result: StatedDistribution, *, state: str = "Active"
) -> None:
    run = await put_run(connection, "fundata", DATASETS)
    parts = {column: str(amount) for column, amount in result.named_parts().items()}
    await put_data(
        connection, run, "FundDistribution", fund, name, date=result.day, total_distribution=str(result.total),
        record_state=state, **parts,
    )  # fmt: skip


async def put_fund_of(
    pool: Pool, fund: str, quotes: Sequence[StatedDistribution], records: Mapping[str, StatedDistribution]
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await put_values(connection, fund, quotes)
        for name, result in records.items():
            await put_record(connection, fund, name, result)


async def read_paid(pool: Pool, fund: str = "1") -> dict[date, Decimal]:
    rows = await read_rows(
        pool, "SELECT date, distribution FROM sra.fund_quote_history WHERE identifier = $1 AND distribution <> 0", fund
    )
    return {row["date"]: row["distribution"] for row in rows}


CASES = {
    # in both on one day, counted once
    "one day": ([on(3, "0.2")], {"a": on(3, "0.2")}, {3: "0.2"}),
    # five sessions later, over a weekend: the quote's day counts
    "five sessions later": ([on(5, "0.2")], {"a": on(12, "0.2")}, {5: "0.2"}),
    "five sessions earlier": ([on(12, "0.2")], {"a": on(5, "0.2")}, {12: "0.2"}),
    # a Sunday is its Friday: the Friday after it is five sessions away, the Monday after that six
    "a Sunday": ([on(12, "0.2")], {"a": on(7, "0.2")}, {12: "0.2"}),
    "six sessions": ([on(15, "0.2")], {"a": on(7, "0.2")}, {7: "0.2", 15: "0.2"}),
    # another amount is another distribution, be it of the same day
    "another amount": ([on(3, "0.2")], {"a": on(3, "0.25")}, {3: "0.45"}),
    "another part": (
        [on(3, "0.2", "0.2", None, "0")], {"a": on(3, "0.2", "0.1", None, "0.1")}, {3: "0.4"}
    ),
    # a part that one dataset does not name contradicts nothing
    "a part unnamed": ([on(3, "0.2", "0.1")], {"a": on(3, "0.2", None, None, "0.1")}, {3: "0.2"}),
    # one to one: of two equal records the nearer one is the quote's
    "two records": ([on(10, "0.2")], {"a": on(8, "0.2"), "b": on(11, "0.2")}, {8: "0.2", 10: "0.2"}),
    # as near on both sides: the earlier
    "a tie": ([on(10, "0.2")], {"a": on(9, "0.2"), "b": on(11, "0.2")}, {10: "0.2", 11: "0.2"}),
    # the record of the 10th is of the quote of that day; the quote of the 8th takes the one that is left
    "two quotes": ([on(8, "0.2"), on(10, "0.2")], {"a": on(10, "0.2"), "b": on(12, "0.2")}, {8: "0.2", 10: "0.2"}),
    # the records of one day are the sum that the quote names
    "a sum": ([on(3, "0.5")], {"a": on(3, "0.2"), "b": on(3, "0.3")}, {3: "0.5"}),
    "part of a day": ([on(3, "0.2")], {"a": on(3, "0.2"), "b": on(3, "0.3")}, {3: "0.5"}),
    "unmatched": ([on(3, "0.2")], {"a": on(24, "0.2")}, {3: "0.2", 24: "0.2"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_a_distribution_of_both_datasets_counts_once(
    pool: Pool, views: tuple[CompiledView, ...], name: str
) -> None:
    quotes, records, paid = CASES[name]
    await put_fund_of(pool, "1", quotes, records)
    await build_all(pool, views)
    expected = {date(2025, 9, day): Decimal(total) for day, total in paid.items()}
    assert await read_paid(pool) == expected == add_distributions(quotes, records)


async def test_returns_of_a_distribution_that_both_name(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", DATASETS)
        await put_fund(connection, run, "1")
        for day, value, paid in ((1, "10", None), (2, "9.8", "0.2"), (3, "9.9", None), (4, "9.9", None)):
            total = None if paid is None else Decimal(paid)
            await put_quote(
                connection, run, "1", date(2025, 9, day), value, dataset="Pricing", total_distribution=total
            )
        await put_record(connection, "1", "a", on(4, "0.2"))
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT date, return_1d, adjustment_factor FROM sra.fund_quote_history ORDER BY 1")
    # (9.8 + 0.2) / 10 - 1 = 0; 9.9 / 9.8 - 1 = 0.010204; nothing was paid on the 4th
    assert [row["return_1d"] for row in rows] == [None, Decimal(0), Decimal("0.010204"), Decimal(0)]
    assert round(rows[-1]["adjustment_factor"], 6) == Decimal("1.020408")  # 1 + 0.2 / 9.8


# 10 with 0.5 reinvested is 10 / 9.5 shares at 9.5, consolidated to one share at 10
@pytest.mark.parametrize(
    ("split", "total"),
    [
        ("0.95", "0"),  # 1 - 0.5 / 10
        ("0.952381", "0"),  # 1 / (1 + 0.5 / 10)
        ("0.9499", "0"),  # a rounded factor
        ("0.9498", "-0.002710"),  # (10 + 0.5) x 0.9498 / 10 - 1: another split with a cash distribution
        ("0.9525", "0.000125"),  # 10.5 x 0.9525 / 10 - 1
        (None, "0.050000"),  # nothing says that it was consolidated: cash
    ],
)
async def test_a_distribution_that_is_consolidated_does_not_raise_the_return(
    pool: Pool, views: tuple[CompiledView, ...], split: str | None, total: str
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", DATASETS)
        await put_quote(connection, run, "1", date(2025, 9, 1), "10", dataset="Pricing")
        await put_quote(connection, run, "1", date(2025, 9, 2), "10", dataset="Pricing", split=split)
        await put_record(connection, "1", "a", on(2, "0.5"))
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.fund_quote_history WHERE previous_date IS NOT NULL")
    assert (row["distribution"], row["split_ratio"]) == (Decimal("0.5"), split and Decimal(split))
    assert row["return_1d"] == Decimal(total)
    assert abs(row["adjustment_factor"] - 1 - row["return_1d"]) < Decimal("0.000001")


async def require_like_a_full_build(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    found = await dump_view(pool, HISTORY)
    assert (await build_all(pool, views, full=True))[HISTORY].changed == 0
    assert await dump_view(pool, HISTORY) == found


async def test_a_later_record_changes_the_days_of_a_chain_of_matches(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    # each record is four sessions after a quote: the chain of the month goes back to its beginning
    quotes = [on(day, "0.2") for day in (2, 9, 16, 23)]
    records = {"b": on(15, "0.2"), "c": on(22, "0.2"), "d": on(29, "0.2")}
    await put_fund_of(pool, "1", quotes, records)
    await build_all(pool, views)
    assert await read_paid(pool) == add_distributions(quotes, records)
    for name, result in (("a", on(8, "0.2")), ("d", on(29, "0.25")), ("c", on(24, "0.2"))):
        async with pool.acquire() as connection:
            await put_record(connection, "1", name, result)
        records[name] = result
        assert not (await build_all(pool, views))[HISTORY].full
        assert await read_paid(pool) == add_distributions(quotes, records)
    async with pool.acquire() as connection:
        # the quote of the 9th no longer names it: the record of the 8th counts
        run = await put_run(connection, "fundata", DATASETS)
        await put_quote(connection, run, "1", date(2025, 9, 9), "10", dataset="Pricing")
        # and one that is withdrawn does not
        await put_record(connection, "1", "d", on(29, "0.25"), state="Deleted")
    del records["d"]
    await build_all(pool, views)
    assert await read_paid(pool) == add_distributions([quotes[0], *quotes[2:]], records)
    await require_like_a_full_build(pool, views)


async def test_a_day_of_values_after_a_match_keeps_it(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_values(connection, "1", [on(9, "0.2")], until=10)
        # of a day that has no value yet
        await put_record(connection, "1", "a", on(11, "0.2"))
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", DATASETS)
        await put_quote(connection, run, "1", date(2025, 9, 12), "10", dataset="Pricing")
    built = (await build_all(pool, views))[HISTORY]
    assert (built.full, built.computed) == (False, 1)
    assert await read_paid(pool) == {date(2025, 9, 9): Decimal("0.2")}
    await require_like_a_full_build(pool, views)


async def change_fund(
    connection: Connection,
    chance: random.Random,
    quotes: dict[date, StatedDistribution],
    records: dict[str, StatedDistribution],
) -> None:
    """What one run does: it corrects, moves or withdraws a few distributions of fund 1."""
    run = await put_run(connection, "fundata", DATASETS)
    for _ in range(chance.randint(1, 3)):
        result = on(chance.randint(1, 30), chance.choice(["0", "0.1", "0.1", "0.2", "0.3"]))
        name = f"r{chance.randint(1, 6)}"
        if chance.random() < 0.4:
            await put_quote(connection, run, "1", result.day, "10", dataset="Pricing", total_distribution=result.total)
            quotes[result.day] = result
        elif chance.random() < 0.2:
            await put_record(connection, "1", name, result, state="Deleted")
            records.pop(name, None)
        else:
            await put_record(connection, "1", name, result)
            records[name] = result


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 12))])
async def test_any_changes_built_by_increments_agree_with_the_model(
    pool: Pool, views: tuple[CompiledView, ...], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - made-up changes
    quotes: dict[date, StatedDistribution] = {}
    records: dict[str, StatedDistribution] = {}
    async with pool.acquire() as connection:
        await put_values(connection, "1", [])
    await build_all(pool, views)
    for _ in range(15):
        async with pool.acquire() as connection:
            await change_fund(connection, chance, quotes, records)
        assert not (await build_all(pool, views))[HISTORY].full
        paid = {day: total for day, total in add_distributions([*quotes.values()], records).items() if total}
        assert await read_paid(pool) == paid
    await require_like_a_full_build(pool, views)


AMOUNTS = st.sampled_from(["0.1", "0.2", "0.3", "0.5"])
SPLITS = st.sampled_from([(), (), ("0.1",), ("0", None, "0.1"), (None, None, "0.1"), ("0.1", "0.1")])
STATED = st.builds(lambda day, total, parts: on(day, total, *parts), st.integers(1, 25), AMOUNTS, SPLITS)
QUOTES = st.lists(STATED, max_size=6, unique_by=lambda result: result.day)
RECORDS = st.lists(STATED, max_size=6).map(lambda result: {f"r{number}": one for number, one in enumerate(result)})
Case = tuple[list[StatedDistribution], dict[str, StatedDistribution]]


async def check_cases(database: str, views: tuple[CompiledView, ...], cases: list[Case]) -> None:
    pool = await open_pool(database, application_name="test", max_size=2)
    try:
        named = {f"F{next(_numbers)}": case for case in cases}
        for fund, (quotes, records) in named.items():
            await put_fund_of(pool, fund, quotes, records)
        await build_all(pool, views)
        for fund, (quotes, records) in named.items():
            assert await read_paid(pool, fund) == add_distributions(quotes, records), (quotes, records)
    finally:
        await pool.close()


# a build for each example: shrinking one would take minutes
@examples(
    40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(cases=st.lists(st.tuples(QUOTES, RECORDS), min_size=3, max_size=6))
def test_any_distributions_agree_with_a_plain_model(
    database: str, views: tuple[CompiledView, ...], cases: list[Case]
) -> None:
    asyncio.run(check_cases(database, views, cases))
