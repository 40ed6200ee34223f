"""Dividends, splits, reports, renames and delistings as delivered, under their securities."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import (
    delist,
    end_events,
    put_dividend,
    put_profile,
    put_rename,
    put_row,
    put_run,
    put_split,
)
from view_builder.compile import CompiledView

DAY = date(2025, 3, 3)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views(
        "dividends", "dividends_history", "splits", "splits_history", "earnings", "listing_events", "universe_history"
    )


async def test_nothing_is_shown_of_an_empty_database(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await build_all(pool, views)
    for view in views:
        assert await read_rows(pool, f"SELECT * FROM {view.name}") == []  # noqa: S608


async def test_a_payment_is_shown_as_delivered_with_all_its_dates(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "dividends"])
        await put_profile(connection, run, "ABC", currency="CAD")
        await put_row(
            connection, run, "fmp_dividend", symbol="ABC", date=DAY, dividend="0.123456789012", adj_dividend="0.0617",
            dividend_yield="2.345", frequency="Quarterly", declaration_date=date(2025, 2, 1),
            record_date=date(2025, 3, 4), payment_date=date(2025, 3, 31),
        )  # fmt: skip
        await put_dividend(connection, run, "ABC", DAY, "1.5", kind="Special")
        # announced
        await put_dividend(connection, run, "ABC", date(2039, 3, 3), "0.2")
        await put_dividend(connection, run, "NOPE", DAY, "9")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.dividends ORDER BY security_id, ex_date, ordinal")
    assert [(row["security_id"], row["ex_date"], row["ordinal"], row["amount"]) for row in rows] == [
        ("fmp:ABC", DAY, 1, Decimal("1.5")),
        ("fmp:ABC", DAY, 2, Decimal("0.123456789012")),
        ("fmp:ABC", date(2039, 3, 3), 1, Decimal("0.2")),
    ]
    special, regular, _ = rows
    assert (special["is_special"], special["frequency"]) == (True, "Special")
    assert (regular["is_special"], regular["frequency"], regular["currency"]) == (False, "Quarterly", "CAD")
    assert (regular["vendor_adjusted_amount"], regular["vendor_payment_yield"]) == (
        Decimal("0.0617"),
        Decimal("0.02345"),
    )
    dates = ("declaration_date", "record_date", "payment_date")
    assert [regular[name] for name in dates] == [date(2025, 2, 1), date(2025, 3, 4), date(2025, 3, 31)]
    assert (regular["last_run_id"], regular["delivered_symbol"]) == (run, "ABC")
    assert await read_rows(pool, "SELECT * FROM sra.dividends WHERE symbol = 'XYZ'") == []


async def test_a_withdrawn_event_leaves_the_view_and_stays_in_its_history(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "dividends", "splits"])
        await put_profile(connection, run, "ABC")
        await put_dividend(connection, run, "ABC", DAY, "0.5")
        await put_split(connection, run, "ABC", DAY, 1253, 1000)
        await put_split(connection, run, "ABC", date(2025, 4, 4), 2, 1)
        ended = await put_run(connection, "fmp", ["dividends", "splits"])
        await end_events(connection, ended, "fmp_dividend", "ABC", DAY)
        await end_events(connection, ended, "fmp_split", "ABC", date(2025, 4, 4))
        # the payment comes again with another amount
        await put_dividend(connection, ended, "ABC", DAY, "0.6")
    await build_all(pool, views)
    assert await read_rows(pool, "SELECT amount FROM sra.dividends") == [{"amount": Decimal("0.6")}]
    history = await read_rows(pool, "SELECT * FROM sra.dividends_history ORDER BY ordinal")
    assert [(row["ordinal"], row["amount"], row["withdrawn_at"] is None) for row in history] == [
        (1, Decimal("0.5"), False),
        (2, Decimal("0.6"), True),
    ]
    assert history[0]["last_run_id"] == ended
    assert history[0]["known_at"] < history[0]["withdrawn_at"]
    (split,) = await read_rows(pool, "SELECT * FROM sra.splits")
    assert (split["split_numerator"], split["split_denominator"], split["kind"]) == (1253, 1000, "price_factor")
    splits = await read_rows(
        pool, "SELECT date, kind, withdrawn_at IS NULL AS holds FROM sra.splits_history ORDER BY date"
    )
    assert [(row["kind"], row["holds"]) for row in splits] == [("price_factor", True), ("split", False)]


async def test_events_follow_the_security_through_a_rename(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "dividends", "symbol_changes"])
        await put_profile(connection, run, "NEW")
        await put_rename(connection, run, "OLD", "NEW", date(2025, 6, 2))
        await put_dividend(connection, run, "OLD", date(2024, 3, 3), "0.4")
        # the vendor delivers this day under both symbols
        await put_dividend(connection, run, "OLD", DAY, "0.5")
        await put_dividend(connection, run, "NEW", DAY, "0.51")
        await put_row(connection, run, "fmp_earning", symbol="OLD", date=DAY, eps_actual="1.2", eps_estimated="-1.6")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.dividends ORDER BY ex_date")
    result = [(row["symbol"], row["ex_date"], row["ordinal"], row["amount"], row["delivered_symbol"]) for row in rows]
    assert result == [
        ("NEW", date(2024, 3, 3), 1, Decimal("0.4"), "OLD"),
        ("NEW", DAY, 1, Decimal("0.51"), "NEW"),
    ]
    assert len({row["security_id"] for row in rows}) == 1
    by_id = "SELECT amount FROM sra.dividends WHERE security_id = $1 ORDER BY ex_date"
    assert len(await read_rows(pool, by_id, rows[0]["security_id"])) == 2
    (report,) = await read_rows(pool, "SELECT * FROM sra.earnings")
    assert (report["symbol"], report["security_id"]) == ("NEW", rows[0]["security_id"])
    # 1.2 - (-1.6) = 2.8; 2.8 / 1.6 = 1.75
    assert (report["eps_surprise"], report["eps_surprise_ratio"]) == (Decimal("2.8"), Decimal("1.75"))
    assert report["revenue_surprise_ratio"] is None
    (renamed,) = await read_rows(pool, "SELECT * FROM sra.listing_events")
    assert (renamed["event"], renamed["symbol"], renamed["new_symbol"]) == ("rename", "OLD", "NEW")
    assert (renamed["date"], renamed["security_id"]) == (date(2025, 6, 2), rows[0]["security_id"])


async def test_events_of_a_former_owner_are_not_those_of_the_next_one(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fmp", ["universe", "profile", "dividends"])
        await put_profile(connection, first, "ABC", company_name="First Corp.")
        await put_dividend(connection, first, "ABC", date(2020, 3, 3), "0.5")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "dividends", "delisted"])
        await delist(connection, run, "ABC", date(2022, 5, 6), "Former Corp.")
        await put_dividend(connection, run, "ABC", DAY, "0.7")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT security_id, amount FROM sra.dividends ORDER BY ex_date")
    assert [row["amount"] for row in rows if row["security_id"] == "fmp:ABC"] == [Decimal("0.7")]
    (gone,) = await read_rows(pool, "SELECT * FROM sra.listing_events WHERE event = 'delisting'")
    assert (gone["symbol"], gone["date"], gone["exchange"]) == ("ABC", date(2022, 5, 6), "NYSE")


async def test_the_universe_is_known_from_its_lists_and_from_delistings(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "delisted"])
        await put_profile(connection, run, "ABC")
        await connection.execute(
            "UPDATE fmp_universe SET valid_from = $1, valid_to = $2",
            datetime(2025, 1, 2, 12, tzinfo=UTC),
            datetime(2025, 2, 3, 12, tzinfo=UTC),
        )
        later = await put_run(connection, "fmp", ["universe"])
        await put_row(
            connection,
            later,
            "fmp_universe",
            symbol="ABC",
            exchange="NASDAQ",
            valid_from=datetime(2025, 2, 3, 12, tzinfo=UTC),
        )
        await put_row(
            connection, run, "fmp_delisted", symbol="GONE", exchange="AMEX", delisted_date=date(2011, 5, 6),
            ipo_date=date(1999, 1, 4),
        )  # fmt: skip
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.universe_history ORDER BY symbol, listed_from")
    result = [
        (row["symbol"], row["exchange"], row["listed_from"], row["listed_until"], row["evidence"]) for row in rows
    ]
    assert result == [
        ("ABC", "NYSE", date(2025, 1, 2), date(2025, 2, 3), "universe"),
        ("ABC", "NASDAQ", date(2025, 2, 3), None, "universe"),
        ("GONE", "AMEX", date(1999, 1, 4), date(2011, 5, 7), "delisting"),
    ]
    assert [row["security_id"] for row in rows] == ["fmp:ABC", "fmp:ABC", None]
    (moved,) = await read_rows(pool, "SELECT * FROM sra.listing_events WHERE event = 'move'")
    assert (moved["symbol"], moved["exchange"], moved["new_exchange"], moved["date"]) == (
        *("ABC", "NYSE", "NASDAQ"),
        date(2025, 2, 3),
    )
    assert moved["last_run_id"] == later
