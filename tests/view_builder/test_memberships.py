"""Levels and members of indices, and portfolios of ETFs, against the stored rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_profile, put_row, put_run
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
EARLY, LATE = datetime(2025, 9, 1, 12, tzinfo=UTC), datetime(2025, 9, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("index_history", "index_constituents", "etf_holdings", "etf_exposures")


async def test_levels_are_as_delivered(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await build_all(pool, views)
    for view in views[1:]:
        assert await read_rows(pool, f"SELECT * FROM {view.name}") == []  # noqa: S608
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["index_prices", "profile"])
        await put_row(
            connection, run, "fmp_index_price", symbol="^GSPC", date=DAY, open="6600.1", high="6650.25", low="6590",
            close="6643.7", volume="1000",
        )  # fmt: skip
        await put_row(connection, run, "fmp_index_price", symbol="^VIX", date=DAY, close="15.29")
        await put_profile(connection, run, "XLE", is_etf=True)
        await put_row(connection, run, "fmp_index_price", symbol="XLE", date=DAY, close="90.5")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.index_history ORDER BY symbol")
    result = [(row["symbol"], row["name"], row["security_id"], row["level"]) for row in rows]
    assert result == [
        ("XLE", "XLE Inc.", "fmp:XLE", Decimal("90.5")),
        ("^GSPC", "S&P 500", None, Decimal("6643.7")),
        ("^VIX", None, None, Decimal("15.29")),
    ]
    names = ("level_open", "level_high", "level_low", "volume")
    assert [rows[1][name] for name in names] == [Decimal(value) for value in ("6600.1", "6650.25", "6590", "1000")]


async def test_members_have_the_days_of_their_memberships(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["constituents", "constituent_changes", "universe", "profile"])
        for symbol in ("AAA", "BBB", "CCC"):
            await put_profile(connection, run, symbol)
        listed = {"index_name": "sp500", "valid_from": EARLY}
        await put_row(
            connection, run, "fmp_constituent", symbol="AAA", date_first_added="1999-04-05", sector="Energy", **listed
        )
        await put_row(connection, run, "fmp_constituent", symbol="BBB", **listed)
        # no longer listed, and the vendor reports no removal
        await put_row(connection, run, "fmp_constituent", symbol="CCC", valid_to=LATE, **listed)
        # no longer listed since the removal that the vendor reports
        await put_row(connection, run, "fmp_constituent", symbol="DDD", valid_to=LATE, **listed)
        for day, added, removed in (
            (date(2010, 1, 4), "DDD", ""),
            (date(2025, 9, 19), "", "DDD"),
            (date(2012, 2, 3), "BBB", ""),
            (date(2011, 6, 7), "", "BBB"),
        ):
            await put_row(
                connection, run, "fmp_constituent_change", index_name="sp500", date=day, symbol=added,
                removed_ticker=removed, reason="Size.",
            )  # fmt: skip
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.index_constituents ORDER BY symbol, membership")
    result = [(row["symbol"], row["membership"], row["member_from"], row["member_until"]) for row in rows]
    assert result == [
        ("AAA", 1, date(1999, 4, 5), None),
        ("BBB", 1, None, date(2011, 6, 7)),
        ("BBB", 2, date(2012, 2, 3), None),
        ("CCC", 1, EARLY.date(), LATE.date()),
        ("DDD", 1, date(2010, 1, 4), date(2025, 9, 19)),
    ]
    assert [row["security_id"] for row in rows] == ["fmp:AAA", "fmp:BBB", "fmp:BBB", "fmp:CCC", None]
    assert (rows[0]["sector"], rows[4]["removal_reason"]) == ("Energy", "Size.")


async def test_every_snapshot_of_a_fund_can_be_read(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["etf_holdings", "etf_sectors", "etf_countries", "universe", "profile"])
        await put_profile(connection, run, "EEE", is_etf=True)
        position = {
            "symbol": "EEE",
            "security_cusip": "",
            "isin": "",
            "occurrence": 1,
            "source_updated_at": "2025-08-31",
        }
        for asset, weight, since, until in (
            ("AAA", "60.5", EARLY, None),
            ("BBB", "39.5", EARLY, LATE),
            ("", "-0.25", LATE, None),
        ):
            await put_row(
                connection, run, "fmp_etf_holding", asset=asset, name=f"{asset or 'Cash'} Inc.", valid_from=since,
                valid_to=until, weight_percentage=weight, shares_number="3", market_value="900", **position,
            )  # fmt: skip
        await put_row(
            connection,
            run,
            "fmp_etf_country",
            symbol="EEE",
            country="Canada",
            weight_percentage="62.5",
            valid_from=EARLY,
        )
        await put_row(
            connection, run, "fmp_etf_sector", symbol="EEE", sector="Energy", weight_percentage="100", valid_from=EARLY
        )
        await put_row(connection, run, "fmp_etf_sector", symbol="NOPE", sector="Energy", weight_percentage="1")
    await build_all(pool, views)
    snapshot = (
        "SELECT ordinal, holding_symbol, holding_name, weight FROM sra.etf_holdings WHERE security_id = 'fmp:EEE'"
        " AND known_at <= $1 AND (withdrawn_at IS NULL OR withdrawn_at > $1) ORDER BY ordinal"
    )
    before = await read_rows(pool, snapshot, datetime(2025, 9, 10, tzinfo=UTC))
    assert [tuple(row.values())[1:] for row in before] == [
        ("AAA", "AAA Inc.", Decimal("0.605")),
        ("BBB", "BBB Inc.", Decimal("0.395")),
    ]
    now = await read_rows(pool, snapshot, datetime(2025, 9, 30, tzinfo=UTC))
    assert [tuple(row.values()) for row in now] == [
        (1, "AAA", "AAA Inc.", Decimal("0.605")),
        (3, None, "Cash Inc.", Decimal("-0.0025")),
    ]
    (first, *_) = await read_rows(pool, "SELECT * FROM sra.etf_holdings ORDER BY ordinal")
    assert (first["holdings_date"], first["shares"], first["market_value"]) == (date(2025, 8, 31), 3, 900)
    rows = await read_rows(pool, "SELECT * FROM sra.etf_exposures ORDER BY ordinal")
    assert [(row["exposure_kind"], row["exposure"], row["weight"]) for row in rows] == [
        ("country", "Canada", Decimal("0.625")),
        ("sector", "Energy", Decimal(1)),
    ]
