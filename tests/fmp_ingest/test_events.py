"""Events that the vendor corrects and withdraws: which count, which end, which stay as history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fmp_collectors.datasets.dividends import DIVIDENDS
from sra_shared.kit.db import Pool
from sra_testing.fmp_runs import Ended, make_settings, run_fmp
from sra_testing.plain_vendor import PlainVendor, make_dividend, make_split, run_plain_vendor
from sra_testing.publication import build_all, read_rows
from sra_testing.records import put_close, put_profile, put_run
from view_builder.compile import compile_views
from view_builder.marts import MARTS

TODAY = datetime.now(UTC).date()
SYMBOLS = ("ACME", "MAPLE.TO", "WIDE")
LISTED = ("security_master", "price_adjustment", "equity_quote_history", "equity_fundamentals", "equity_metrics")


def days_ago(count: int) -> date:
    return TODAY - timedelta(days=count)


@pytest.fixture
def vendor() -> Iterator[PlainVendor]:
    with run_plain_vendor() as running:
        yield running


@pytest.fixture
async def market(pool: Pool) -> Pool:
    """Three listings, with a close of 10 on each of the last forty days."""
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "eod_prices"])
        for symbol in SYMBOLS:
            await put_profile(connection, run, symbol)
            for count in range(1, 41):
                await put_close(connection, run, symbol, days_ago(count), "10")
    return pool


async def collect(database: str, vendor: PlainVendor, name: str, **values: Any) -> Ended:
    parameters = {key: values.pop(key) for key in ("released", "symbols") if key in values}
    return await run_fmp(database, make_settings(vendor.base_url, **values), name, **parameters)


async def collect_well(database: str, vendor: PlainVendor, name: str, **values: Any) -> dict[str, Any]:
    ended = await collect(database, vendor, name, **values)
    assert ended.task.status == "completed", ended.task.error_details
    return ended.counts(name)


async def list_current(pool: Pool, table: str = "fmp_dividend") -> list[tuple[Any, ...]]:
    column = "dividend" if table == "fmp_dividend" else "numerator"
    rows = await pool.fetch(
        f"SELECT symbol, date, {column} FROM {table} WHERE valid_to IS NULL ORDER BY symbol, date, {column}"  # noqa: S608
    )
    return [tuple(row) for row in rows]


async def count_history(pool: Pool, table: str = "fmp_dividend") -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {table} WHERE valid_to IS NOT NULL"))  # noqa: S608


async def build(pool: Pool) -> None:
    views = {view.relation: view for view in compile_views(MARTS)}
    await build_all(pool, [views[name] for name in LISTED])


def count(counts: dict[str, Any]) -> tuple[int, ...]:
    assert counts["read"] == sum(counts[name] for name in ("stored", "unchanged", "duplicate", "rejected"))
    return tuple(counts[name] for name in ("read", "stored", "unchanged", "duplicate", "rejected"))


async def test_a_regular_and_a_special_dividend_of_one_day_both_count(
    database: str, market: Pool, vendor: PlainVendor
) -> None:
    day = days_ago(3)
    regular, special = make_dividend("ACME", day, 0.15), make_dividend("ACME", day, 0.65, "Special")
    vendor.events["dividends"] = [regular, special, dict(special)]
    assert count(await collect_well(database, vendor, "dividends")) == (3, 2, 0, 1, 0)
    await build(market)
    (row,) = await read_rows(market, "SELECT * FROM sra.price_adjustment")
    assert (row["symbol"], row["ex_date"], row["dividend"]) == ("ACME", day, Decimal("0.80"))
    assert row["total_return_factor"] == Decimal("1.08")
    (before,) = await read_rows(
        market,
        "SELECT total_return_close FROM sra.equity_quote_history WHERE symbol = 'ACME' AND date = $1",
        days_ago(4),
    )
    assert before["total_return_close"] == Decimal("9.259259259259")
    # the same again, in the other order, is nothing new
    vendor.events["dividends"] = [special, regular]
    assert count(await collect_well(database, vendor, "dividends")) == (2, 0, 2, 0, 0)
    # a corrected amount is no further payment
    vendor.events["dividends"] = [make_dividend("ACME", day, 0.6, "Special"), regular]
    assert count(await collect_well(database, vendor, "dividends")) == (2, 1, 1, 0, 0)
    assert await list_current(market) == [("ACME", day, Decimal("0.15")), ("ACME", day, Decimal("0.6"))]
    await build(market)
    (row,) = await read_rows(market, "SELECT * FROM sra.price_adjustment")
    assert row["total_return_factor"] == Decimal("1.075")


async def test_two_payments_of_one_kind_and_amount_that_differ_in_anything_are_two(
    database: str, market: Pool, vendor: PlainVendor
) -> None:
    one = make_dividend("ACME", days_ago(3), 0.15)
    vendor.events["dividends"] = [one, {**one, "paymentDate": TODAY.isoformat()}]
    assert count(await collect_well(database, vendor, "dividends")) == (2, 2, 0, 0, 0)


async def test_a_split_corrected_to_the_next_day_stays_once(database: str, market: Pool, vendor: PlainVendor) -> None:
    day = days_ago(6)
    async with market.acquire() as connection:
        run = await put_run(connection, "fmp", ["eod_prices"])
        await connection.execute("UPDATE fmp_eod_price SET close = 26.425 WHERE symbol = 'ACME' AND date > $1", day)
        await connection.execute("UPDATE fmp_eod_price SET close = 105.7 WHERE symbol = 'ACME' AND date <= $1", day)
        for back in range(366, 372):
            await put_close(connection, run, "ACME", days_ago(back), "100")
    vendor.events["splits"] = [make_split("ACME", day, 4)]
    await collect_well(database, vendor, "splits")
    vendor.events["splits"] = [make_split("ACME", day + timedelta(days=1), 4)]
    assert count(await collect_well(database, vendor, "splits")) == (1, 1, 0, 0, 0)
    assert await list_current(market, "fmp_split") == [("ACME", day + timedelta(days=1), Decimal(4))]
    assert await count_history(market, "fmp_split") == 1
    await build(market)
    (row,) = await read_rows(market, "SELECT return_1y FROM sra.equity_metrics WHERE symbol = 'ACME'")
    assert row["return_1y"] == Decimal("0.057000")


async def test_a_withdrawn_event_ends_and_one_given_again_is_new(
    database: str, market: Pool, vendor: PlainVendor
) -> None:
    split, far = make_split("WIDE", days_ago(25), 2), make_split("WIDE", TODAY + timedelta(days=80), 3)
    await market.execute("UPDATE fmp_eod_price SET close = 20 WHERE symbol = 'WIDE' AND date < $1", days_ago(25))
    vendor.events["splits"] = [split, far]
    await collect_well(database, vendor, "splits")
    vendor.events["splits"] = [far]
    ended = await collect(database, vendor, "splits")
    assert ended.task.status == "completed"
    (row,) = await read_rows(market, "SELECT * FROM fmp_split WHERE valid_to IS NOT NULL")
    assert (row["date"], row["ended_run_id"]) == (days_ago(25), ended.task.task_id)
    assert row["valid_from"] < row["valid_to"]
    vendor.events["splits"] = [split, far]
    assert count(await collect_well(database, vendor, "splits")) == (2, 1, 1, 0, 0)
    rows = await read_rows(
        market, "SELECT row_id, valid_to FROM fmp_split WHERE date = $1 ORDER BY row_id", days_ago(25)
    )
    assert [row["valid_to"] is None for row in rows] == [False, True]


async def test_one_of_two_payments_is_withdrawn(database: str, market: Pool, vendor: PlainVendor) -> None:
    day = days_ago(3)
    regular = make_dividend("ACME", day, 0.15)
    vendor.events["dividends"] = [regular, make_dividend("ACME", day, 0.65, "Special")]
    await collect_well(database, vendor, "dividends")
    vendor.events["dividends"] = [regular]
    assert count(await collect_well(database, vendor, "dividends")) == (1, 0, 1, 0, 0)
    assert await list_current(market) == [("ACME", day, Decimal("0.15"))]


INCOMPLETE: dict[str, list[Any]] = {
    "a row that cannot be read": [{"symbol": "WIDE", "date": "soon", "dividend": 1}],
    "a day that was not requested": [make_dividend("WIDE", days_ago(900), 1)],
    "the maximum number of rows of a response": [make_dividend("WIDE", TODAY, number) for number in range(3900)],
}


@pytest.mark.parametrize("rest", INCOMPLETE.values(), ids=INCOMPLETE.keys())
async def test_an_incomplete_response_ends_nothing_and_corrects_its_events(
    database: str, market: Pool, vendor: PlainVendor, rest: list[Any]
) -> None:
    day = days_ago(3)
    vendor.events["dividends"] = [
        make_dividend("ACME", day, 0.15), make_dividend("ACME", day, 0.65, "Special"), make_dividend("MAPLE.TO", day, 1),
    ]  # fmt: skip
    await collect_well(database, vendor, "dividends")
    named = [make_dividend("ACME", day, 0.16)]
    vendor.responses["dividends-calendar"] = lambda params: (
        [*named, *rest] if params["from"] <= day.isoformat() <= params["to"] else []
    )
    await collect(database, vendor, "dividends", reject_limit=Decimal(1))
    current = [row for row in await list_current(market) if row[0] != "WIDE"]
    is_cut = len(rest) > 1000
    assert current == [
        ("ACME", day, Decimal("0.15") if is_cut else Decimal("0.16")),
        ("ACME", day, Decimal("0.65")),
        ("MAPLE.TO", day, Decimal(1)),
    ]


async def put_many(vendor: PlainVendor, total: int) -> None:
    vendor.events["dividends"] = [
        make_dividend(SYMBOLS[number % 3], days_ago(number // 3 % 28), number) for number in range(1, total + 1)
    ]


async def test_more_withdrawn_events_than_drop_limit_hold_the_run_until_it_is_released(
    database: str, market: Pool, vendor: PlainVendor
) -> None:
    await put_many(vendor, 60)
    await collect_well(database, vendor, "dividends")
    del vendor.events["dividends"][::12]
    held = await collect(database, vendor, "dividends")
    assert held.task.status == "held"
    assert "5 of 60 entries would be removed, more than DROP_LIMIT" in str(held.units["dividends"].error)
    assert (len(await list_current(market)), await count_history(market)) == (60, 0)
    released = await collect(database, vendor, "dividends", released=True)
    assert released.task.status == "completed"
    assert (len(await list_current(market)), await count_history(market)) == (55, 5)


async def test_events_within_drop_limit_end(database: str, market: Pool, vendor: PlainVendor) -> None:
    await put_many(vendor, 60)
    await collect_well(database, vendor, "dividends")
    del vendor.events["dividends"][:3]
    await collect_well(database, vendor, "dividends", drop_limit=Decimal("0.05"))
    assert (len(await list_current(market)), await count_history(market)) == (57, 3)


async def test_events_of_symbols_outside_the_universe_stay(database: str, market: Pool, vendor: PlainVendor) -> None:
    vendor.events["splits"] = [make_split("ACME", days_ago(3), 2)]
    await collect_well(database, vendor, "splits")
    await market.execute("UPDATE fmp_universe SET valid_to = now() WHERE symbol = 'ACME'")
    vendor.events["splits"] = []
    await collect_well(database, vendor, "splits")
    assert len(await list_current(market, "fmp_split")) == 1


async def test_a_complete_history_of_a_symbol_replaces_its_events(
    database: str, market: Pool, vendor: PlainVendor
) -> None:
    vendor.events["dividends"] = [make_dividend("ACME", days_ago(90 * place + 2), 1 + place) for place in range(6)]
    vendor.events["dividends"].append(make_dividend("WIDE", days_ago(95), 1))
    await collect_well(database, vendor, "dividends", symbols=["ACME", "WIDE"])
    gone = vendor.events["dividends"].pop(3)
    vendor.events["dividends"][1]["dividend"] = 2.5
    await collect_well(database, vendor, "dividends", symbols=["ACME", "WIDE"])
    current = await list_current(market)
    assert date.fromisoformat(gone["date"]) not in {day for _, day, _ in current}
    assert sorted(amount for symbol, _, amount in current if symbol == "ACME") == [1, Decimal("2.5"), 3, 5, 6]
    # a symbol of which nothing is known any more may have another name
    vendor.events["dividends"] = vendor.events["dividends"][-1:]
    held = await collect(database, vendor, "dividends", symbols=["ACME", "WIDE"])
    assert str(held.units["dividends"].error).startswith("dividends: ACME shrank by more")
    assert len(await list_current(market)) == 6


async def test_a_history_as_long_as_its_limit_ends_nothing(database: str, market: Pool, vendor: PlainVendor) -> None:
    vendor.events["dividends"] = [make_dividend("ACME", days_ago(place), 1) for place in range(2, 1003)]
    await collect(database, vendor, "dividends", symbols=["ACME"])
    vendor.events["dividends"] = vendor.events["dividends"][:1000]
    limit = int(dict(DIVIDENDS.endpoints[1].params)["limit"])
    assert len(vendor.events["dividends"]) == limit
    await collect_well(database, vendor, "dividends", symbols=["ACME"])
    assert await count_history(market) == 0


async def test_a_split_without_a_price_change_is_requested_again_and_reported(
    database: str, market: Pool, vendor: PlainVendor
) -> None:
    vendor.events["splits"] = [make_split("ACME", days_ago(5), 2), make_split("WIDE", days_ago(5), 2)]
    await market.execute("UPDATE fmp_eod_price SET close = 20 WHERE symbol = 'WIDE' AND date < $1", days_ago(5))
    await market.execute("UPDATE fmp_eod_price SET close = 40 WHERE symbol = 'MAPLE.TO' AND date < $1", days_ago(8))
    ended = await collect(database, vendor, "splits")
    assert ended.task.status == "completed"
    assert vendor.list_requested_symbols("splits") == ["ACME", "MAPLE.TO"]
    assert ended.counts("splits")["warnings_by"] == {"jump_without_split": 1, "split_without_jump": 1}
    assert ended.task.details["warnings"] == [
        f"ACME: its closes do not reflect the split 2:1 of {days_ago(5)}: 10 on {days_ago(6)} and 10 on {days_ago(5)}.",
        f"MAPLE.TO: its closes moved as if by a split 4:1, but none is stored: 40 on {days_ago(9)} and 10 on {days_ago(8)}.",
    ]
    # nothing is repaired by guessing
    assert [row[0] for row in await list_current(market, "fmp_split")] == ["ACME", "WIDE"]
    # only the vendor's complete response changes data
    vendor.responses["splits"] = lambda params: (
        [] if params["symbol"] == "ACME" else [make_split("MAPLE.TO", days_ago(8), 4)]
    )
    await collect(database, vendor, "splits")
    assert await list_current(market, "fmp_split") == [
        ("MAPLE.TO", days_ago(8), Decimal(4)), ("WIDE", days_ago(5), Decimal(2)),
    ]  # fmt: skip


async def test_prices_of_any_size_are_compared(database: str, market: Pool, vendor: PlainVendor) -> None:
    tiny, huge = Decimal("1e-60"), Decimal("1e39")
    await market.execute("UPDATE fmp_eod_price SET close = $1 WHERE symbol = 'ACME' AND date < $2", huge, days_ago(5))
    await market.execute("UPDATE fmp_eod_price SET close = $1 WHERE symbol = 'ACME' AND date >= $2", tiny, days_ago(5))
    vendor.events["splits"] = [{**make_split("ACME", days_ago(5), 1), "numerator": 1e-30}, make_split("WIDE", TODAY, 2)]
    await collect_well(database, vendor, "splits")
