"""Ids of securities: assigned once, kept through renames, never passed to another security; ids of issuers and funds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from fmp_ingest.store.identity import refresh_owners
from sra_shared.kit.db import Connection, Pool
from sra_testing.listings import DATASETS, INCOME, put_statement
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import (
    delist,
    put_close,
    put_data,
    put_dividend,
    put_fund,
    put_price,
    put_profile,
    put_quote,
    put_row,
    put_run,
)
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
SERIES = ("price_adjustment", "equity_quote_history", "equity_fundamentals", "equity_metrics", "equity_page")


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views(
        "equity_page", "market_movers", "latest_quote", "fund_page", "fund_metrics", "fund_return_reconciliation"
    )


async def rename(connection: Connection, run: UUID, old: str, new: str, day: date) -> None:
    """Store a rename and the resulting owners."""
    await put_row(connection, run, "fmp_symbol_change", old_symbol=old, new_symbol=new, date=day)
    await refresh_owners(connection, run)


async def leave(connection: Connection, run: UUID, symbol: str) -> None:
    """Take a symbol off the universe."""
    await connection.execute(
        "UPDATE fmp_universe SET valid_to = now(), updated_at = now(), run_id = $2 WHERE symbol = $1", symbol, run
    )
    await refresh_owners(connection, run)


async def put_listing(connection: Connection, run: UUID, symbol: str, **values: Any) -> None:
    """Store a listing with a close, a dividend and a statement."""
    await put_profile(connection, run, symbol, **values)
    await put_close(connection, run, symbol, DAY, "10")
    await put_dividend(connection, run, symbol, DAY, "1")
    await put_statement(connection, run, INCOME, symbol, 2024, "FY", revenue="100")
    await refresh_owners(connection, run)


async def list_ids(pool: Pool) -> dict[str, str]:
    rows = await read_rows(pool, "SELECT identifier, security_id FROM sra.security_master WHERE source = 'fmp'")
    return {row["identifier"]: row["security_id"] for row in rows}


async def test_a_rename_leaves_the_id_in_every_view(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_listing(connection, run, "AAA")
    await build_all(pool, views)
    assert await list_ids(pool) == {"AAA": "fmp:AAA"}
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await leave(connection, run, "AAA")
        await put_listing(connection, run, "BBB")
        await rename(connection, run, "AAA", "BBB", date(2025, 9, 1))
    built = await build_all(pool, views)
    assert not any(one.full for one in built.values())
    assert await list_ids(pool) == {"AAA": "fmp:AAA", "BBB": "fmp:AAA"}
    for name in SERIES:
        rows = await read_rows(pool, f"SELECT DISTINCT security_id FROM sra.{name} WHERE symbol = 'BBB'")  # noqa: S608
        assert [row["security_id"] for row in rows] == ["fmp:AAA"], name
    (quote,) = await read_rows(pool, "SELECT security_id FROM sra.latest_quote WHERE identifier = 'BBB'")
    assert quote["security_id"] == "fmp:AAA"
    rows = await read_rows(
        pool, "SELECT identifier, valid_from, valid_to, is_active FROM sra.security_master ORDER BY identifier"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("AAA", None, date(2025, 9, 1), False),
        ("BBB", date(2025, 9, 1), None, True),
    ]


async def test_a_new_owner_of_a_delisted_symbol_has_a_different_id(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_listing(connection, run, "ABC", company_name="Old Corp.")
    await build_all(pool, views)
    assert await list_ids(pool) == {"ABC": "fmp:ABC"}
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await leave(connection, run, "ABC")
        await delist(connection, run, "ABC", date(2025, 9, 10), "Old Corp.")
    await build_all(pool, views)
    # delisted it keeps its id
    assert await list_ids(pool) == {"ABC": "fmp:ABC"}
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await connection.execute("UPDATE equity_profile SET company_name = 'New Corp.', run_id = $1", run)
        await put_row(
            connection, run, "fmp_universe", symbol="ABC", exchange="NYSE", company_name="New Corp.", is_etf=False
        )
        await refresh_owners(connection, run)
    built = await build_all(pool, views)
    assert not any(one.full for one in built.values())
    assert await list_ids(pool) == {"ABC": "fmp:ABC:2025-09-11"}
    for name in SERIES:
        rows = await read_rows(pool, f"SELECT DISTINCT security_id FROM sra.{name}")  # noqa: S608 - our own names
        assert [row["security_id"] for row in rows] == ["fmp:ABC:2025-09-11"], name
    stored = await read_rows(pool, "SELECT security_id, identifier, held_on < '2025-09-11' AS is_former FROM security")
    assert sorted(tuple(row.values()) for row in stored) == [
        ("fmp:ABC", "ABC", True),
        ("fmp:ABC:2025-09-11", "ABC", False),
    ]


async def test_a_chain_of_renames_stored_at_once_has_one_id(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        # in no order; the first symbol is another company's by now
        await rename(connection, run, "CCC", "DDD", date(2024, 3, 1))
        await rename(connection, run, "AAA", "BBB", date(2020, 3, 2))
        await rename(connection, run, "BBB", "CCC", date(2022, 3, 1))
        await put_listing(connection, run, "DDD")
        await put_listing(connection, run, "AAA", company_name="Another Inc.")
        await put_profile(connection, run, "CCC")
        await leave(connection, run, "CCC")
    await build_all(pool, views)
    assert await list_ids(pool) == {"AAA": "fmp:AAA:2020-03-02", "CCC": "fmp:DDD", "DDD": "fmp:DDD"}
    (row,) = await read_rows(pool, "SELECT first_symbol FROM security WHERE security_id = 'fmp:DDD'")
    assert row["first_symbol"] == "AAA"


async def test_a_rename_reported_late_keeps_the_older_id(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_listing(connection, run, "OLD")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await leave(connection, run, "OLD")
        await put_listing(connection, run, "AND")
    await build_all(pool, views)
    assert await list_ids(pool) == {"OLD": "fmp:OLD", "AND": "fmp:AND"}
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["symbol_changes"])
        await rename(connection, run, "OLD", "AND", date(2025, 9, 1))
    await build_all(pool, views)
    assert await list_ids(pool) == {"OLD": "fmp:OLD", "AND": "fmp:OLD"}
    for name in SERIES:
        rows = await read_rows(pool, f"SELECT DISTINCT security_id FROM sra.{name}")  # noqa: S608 - our own names
        assert [row["security_id"] for row in rows] == ["fmp:OLD"], name


async def test_an_end_reported_after_the_id_keeps_it_from_the_next_owner(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        # listed as present when the id is assigned, today
        run = await put_run(connection, "fmp", DATASETS)
        await put_listing(connection, run, "ABC", company_name="Old Corp.")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await leave(connection, run, "ABC")
        await delist(connection, run, "ABC", date(2025, 9, 10), "Old Corp.")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT held_on FROM security")
    assert row["held_on"] == date(2025, 9, 10)


async def test_an_id_that_is_taken_gets_a_number(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO security (security_id, source, identifier, first_symbol, held_on)"
            " VALUES ('fmp:ABC', 'fmp', 'XYZ', 'XYZ', '2020-01-02')"
        )
        run = await put_run(connection, "fmp", DATASETS)
        await put_listing(connection, run, "ABC")
    await build_all(pool, views)
    assert await list_ids(pool) == {"ABC": "fmp:ABC:2"}


async def test_statements_before_their_listing_get_the_id_with_it(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        await put_statement(connection, run, INCOME, "ABC", 2024, "FY", revenue="100")
        await put_close(connection, run, "ABC", DAY, "10")
        await put_dividend(connection, run, "ABC", DAY, "1")
        await put_price(connection, run, "ABC", datetime(2025, 9, 26, 20, tzinfo=UTC), "10")
    await build_all(pool, views)
    tables = ("equity_fundamentals", "equity_quote_history", "price_adjustment", "latest_quote")
    for name in tables:
        rows = await read_rows(pool, f"SELECT security_id FROM sra.{name}")  # noqa: S608 - our own names
        assert [row["security_id"] for row in rows] == [None], name
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile"])
        await put_profile(connection, run, "ABC")
    built = await build_all(pool, views)
    assert not any(one.full for one in built.values())
    for name in tables:
        rows = await read_rows(pool, f"SELECT security_id FROM sra.{name}")  # noqa: S608 - our own names
        assert [row["security_id"] for row in rows] == ["fmp:ABC"], name
    # a profile without new values recomputes no statements
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["profile"])
        await connection.execute("UPDATE equity_profile SET run_id = $1, updated_at = now()", run)
    assert (await build_all(pool, views))["equity_fundamentals"].computed == 0


async def test_shares_and_listings_of_a_company_have_one_issuer(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", DATASETS)
        for symbol, cik in (("GOOG", "0001652044"), ("GOOGL", "1652044")):
            await put_profile(connection, run, symbol, company_name=f"{symbol} Inc.", raw={"cik": cik})
        await put_profile(connection, run, "CNR.TO", company_name="Maple Rail, Co.", country="CA")
        await put_profile(connection, run, "CNR.V", company_name="MAPLE RAIL CO", country="ca")
        await put_profile(connection, run, "USRL", company_name="Maple Rail Co", country="US")
        await put_profile(connection, run, "NONE", company_name="Maple Rail Co", country=None)
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT symbol, issuer_id FROM sra.equity_page")
    assert {row["symbol"]: row["issuer_id"] for row in rows} == {
        "GOOG": "cik:1652044", "GOOGL": "cik:1652044", "CNR.TO": "name:maplerailco:CA", "CNR.V": "name:maplerailco:CA",
        "USRL": "name:maplerailco:US", "NONE": None,
    }  # fmt: skip


async def test_the_series_of_a_fund_have_its_id(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    names = {
        "1": ("Boréale Equity Fund, Series A", "Series A"),
        "2": ("Boréale Equity Fund - Series F (USD)", None),
        "3": ("Boréale Equity Fund T5", "T5"),
        "4": ("Boréale Equity Fund", None),
        "5": ("Boréale Equity Class Series A", "Series A"),
        "6": ("Boréale Equity Class", "A"),
    }
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", "FundPerformanceSummary"])
        await put_data(
            connection, run, "FundPerformanceSummary", "1", "1", month_end_date=date(2025, 8, 31), one_month_return="1"
        )
        for fund, (name, series) in names.items():
            await put_fund(connection, run, fund, name=name, series_name=series, company="Gestion Boréale inc.")
        await put_fund(connection, run, "7", name="Boréale Equity Fund", company="Another manager")
        await put_fund(connection, run, "8", name="Boréale Equity Fund", company=None)
        await put_quote(connection, run, "1", DAY, "10")
    await build_all(pool, views)
    columns = "identifier, security_id, fund_id"
    rows = await read_rows(pool, f"SELECT {columns} FROM sra.fund_page ORDER BY 1")  # noqa: S608 - our own names
    assert rows == await read_rows(pool, f"SELECT {columns} FROM sra.fund_metrics ORDER BY 1")  # noqa: S608
    assert {row["identifier"]: row["security_id"] for row in rows} == {str(n): f"fundata:{n}" for n in range(1, 9)}
    fund, corporate = "fund:gestionboréaleinc:boréaleequityfund", "fund:gestionboréaleinc:boréaleequityclass"
    assert {row["identifier"]: row["fund_id"] for row in rows} == {
        **dict.fromkeys("1234", fund), **dict.fromkeys("56", corporate), "7": "fund:anothermanager:boréaleequityfund",
        "8": None,
    }  # fmt: skip
    for name in ("fund_quote_history", "fund_value", "latest_quote", "fund_return_reconciliation"):
        rows = await read_rows(pool, f"SELECT security_id FROM sra.{name}")  # noqa: S608 - our own names
        assert [row["security_id"] for row in rows] == ["fundata:1"], name
    stored = await read_rows(pool, "SELECT security_id FROM security WHERE source = 'fundata' ORDER BY 1")
    assert [row["security_id"] for row in stored] == [f"fundata:{n}" for n in range(1, 9)]
