"""A renamed security keeps its history under the newest symbol; a reused symbol has two separate histories."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from fmp_ingest.store.identity import refresh_owners
from sra_shared.kit.db import Pool
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import make_settings, run_fmp
from sra_testing.plain_vendor import run_plain_vendor


async def rename(pool: Pool, old: str, new: str, day: str) -> None:
    await pool.execute(
        "INSERT INTO fmp_symbol_change (date, old_symbol, new_symbol, raw_json, run_id, content_hash)"
        " VALUES ($1, $2, $3, '{}', $4, 'x')",
        date.fromisoformat(day),
        old,
        new,
        uuid4(),
    )


async def store_price(pool: Pool, symbol: str, day: str, close: int) -> None:
    await pool.execute(
        "INSERT INTO fmp_eod_price (symbol, date, close, raw_json, run_id, content_hash)"
        " VALUES ($1, $2, $3, '{}', $4, 'x')",
        symbol,
        date.fromisoformat(day),
        close,
        uuid4(),
    )


async def list_aliases(pool: Pool) -> list[tuple[str, str, str | None, str]]:
    async with pool.acquire() as connection, connection.transaction():
        await refresh_owners(connection, uuid4())
    rows = await pool.fetch(
        "SELECT symbol, former_symbol, valid_from::text, valid_to::text FROM fmp_symbol_alias ORDER BY 1, 4"
    )
    return [tuple(row) for row in rows]


async def test_a_chain_of_renames_ends_at_the_newest_symbol(pool: Pool) -> None:
    await rename(pool, "ZED", "ZQ", "2019-03-01")
    await rename(pool, "ZQ", "ZZQ", "2022-06-09")
    assert await list_aliases(pool) == [
        ("ZZQ", "ZED", None, "2019-03-01"),
        ("ZZQ", "ZQ", "2019-03-01", "2022-06-09"),
    ]
    await rename(pool, "ZZQ", "QZ", "2025-01-02")
    assert [row[0] for row in await list_aliases(pool)] == ["QZ"] * 3


async def test_a_symbol_that_changed_hands_is_two_securities(pool: Pool) -> None:
    await rename(pool, "FIRST", "ELSE", "2020-01-02")
    await rename(pool, "OTHER", "FIRST", "2021-01-04")
    await rename(pool, "FIRST", "THIRD", "2023-01-03")
    assert await list_aliases(pool) == [
        ("ELSE", "FIRST", None, "2020-01-02"),
        ("THIRD", "OTHER", None, "2021-01-04"),
        ("THIRD", "FIRST", "2021-01-04", "2023-01-03"),
    ]


async def test_two_that_swap_their_symbols_do_not_run_in_circles(pool: Pool) -> None:
    await rename(pool, "AAA", "BBB", "2024-05-01")
    await rename(pool, "BBB", "AAA", "2024-05-01")
    assert await list_aliases(pool) == [("AAA", "BBB", None, "2024-05-01"), ("BBB", "AAA", None, "2024-05-01")]


async def test_the_history_of_the_old_symbol_is_found_under_the_new_one(pool: Pool) -> None:
    await rename(pool, "OLD", "NEW", "2024-06-03")
    for symbol, day, close in (("OLD", "2024-05-30", 10), ("OLD", "2024-05-31", 11), ("NEW", "2024-06-03", 12)):
        await store_price(pool, symbol, day, close)
    # the symbol is another company's today, and the vendor delivers one day under both names
    await store_price(pool, "OLD", "2025-01-02", 99)
    await store_price(pool, "NEW", "2024-05-31", 13)
    await list_aliases(pool)
    rows = await pool.fetch(
        "SELECT traded_as, date::text, close::int FROM fmp_price_history WHERE symbol = 'NEW' ORDER BY 2"
    )
    assert [tuple(row) for row in rows] == [
        ("OLD", "2024-05-30", 10),
        ("NEW", "2024-05-31", 13),
        ("NEW", "2024-06-03", 12),
    ]
    assert [row["close"] for row in await pool.fetch("SELECT close FROM fmp_price_history WHERE symbol = 'OLD'")] == [
        99
    ]


@pytest.mark.parametrize("predicate", ["symbol = 'NEW'", "symbol = 'NEW' AND date >= '2024-01-01'"])
async def test_one_security_is_found_by_index(pool: Pool, predicate: str) -> None:
    await rename(pool, "OLD", "NEW", "2024-06-03")
    await list_aliases(pool)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(f"EXPLAIN SELECT * FROM fmp_price_history WHERE {predicate}")  # noqa: S608
    assert not any("Seq Scan on fmp_eod_price" in row[0] for row in plan)


async def test_collecting_renames_keeps_the_aliases_up_to_date(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "symbol_changes")
    assert ended.task.status == "completed", ended.task.error_details
    known = await pool.fetchval("SELECT count(*) FROM fmp_symbol_change")
    assert known > 0
    written = await pool.fetch("SELECT * FROM fmp_symbol_alias ORDER BY symbol, valid_to")
    assert len(written) >= 1
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "symbol_changes")
    assert await pool.fetch("SELECT * FROM fmp_symbol_alias ORDER BY symbol, valid_to") == written


async def delist(pool: Pool, symbol: str, day: str, company: str = "Gone Corp.") -> None:
    await pool.execute(
        "INSERT INTO fmp_delisted (symbol, exchange, delisted_date, company_name, raw_json, run_id, content_hash)"
        " VALUES ($1, 'NYSE', $2, $3, '{}', $4, 'x')",
        *(symbol, date.fromisoformat(day), company, uuid4()),
    )


async def put_listing(pool: Pool, symbol: str, company: str) -> None:
    await pool.execute(
        "INSERT INTO fmp_universe (symbol, exchange, company_name, raw_json, run_id, content_hash)"
        " VALUES ($1, 'NASDAQ', $2, '{}', $3, 'x')",
        *(symbol, company, uuid4()),
    )


async def list_owners(pool: Pool, symbol: str) -> list[tuple[str | None, ...]]:
    """From when to when, whose: by the owner's newest symbol and the end of its listing."""
    await list_aliases(pool)
    rows = await pool.fetch(
        "SELECT valid_from::text, valid_to::text, owner_symbol, owner_until::text FROM fmp_symbol_period"
        " WHERE symbol = $1 ORDER BY place",
        symbol,
    )
    return [tuple(row) for row in rows]


async def test_a_symbol_of_a_delisted_company_that_another_one_has_is_two_securities(pool: Pool) -> None:
    await delist(pool, "ABC", "2019-05-01")
    assert await list_owners(pool, "ABC") == [(None, "2019-05-02", "ABC", "2019-05-02")]
    await put_listing(pool, "ABC", "Another Inc.")
    assert await list_owners(pool, "ABC") == [
        (None, "2019-05-02", "ABC", "2019-05-02"),
        ("2019-05-02", None, "ABC", None),
    ]


async def test_a_rename_after_a_delisting_takes_none_of_the_former_owners_history(pool: Pool) -> None:
    await delist(pool, "ABC", "2015-06-30")
    await rename(pool, "OLDER", "ABC", "2018-02-01")
    await rename(pool, "ABC", "NEW", "2022-03-01")
    assert await list_owners(pool, "ABC") == [
        (None, "2015-07-01", "ABC", "2015-07-01"),
        ("2015-07-01", "2022-03-01", "NEW", None),
    ]
    assert await list_aliases(pool) == [
        ("NEW", "OLDER", None, "2018-02-01"),
        ("NEW", "ABC", "2018-02-01", "2022-03-01"),
    ]


async def test_a_listing_that_ended_under_its_new_symbol_keeps_the_former_one_until_that_is_anothers(
    pool: Pool,
) -> None:
    await rename(pool, "WAS", "IS", "2016-01-04")
    await delist(pool, "IS", "2020-09-30")
    assert await list_owners(pool, "WAS") == [(None, "2016-01-04", "IS", "2020-10-01")]
    assert await list_aliases(pool) == [("IS", "WAS", None, "2016-01-04")]
    await put_listing(pool, "IS", "Another Inc.")
    assert await list_owners(pool, "IS") == [(None, "2020-10-01", "IS", "2020-10-01"), ("2020-10-01", None, "IS", None)]
    assert await list_aliases(pool) == []


async def test_what_is_no_end_of_a_listing_ends_nothing(pool: Pool) -> None:
    # moved to another exchange
    await put_listing(pool, "MOVED", "Moved, Inc.")
    await delist(pool, "MOVED", "2024-03-01", "MOVED INC")
    # the vendor calls a rename a delisting too
    await rename(pool, "FB", "META", "2022-06-09")
    await delist(pool, "FB", "2022-06-08")
    # announced
    await delist(pool, "SOON", "2999-01-01")
    assert await list_owners(pool, "MOVED") == []
    assert await list_owners(pool, "SOON") == []
    assert await list_owners(pool, "FB") == [(None, "2022-06-09", "META", None)]


async def test_a_symbol_taken_back_is_one_security(pool: Pool) -> None:
    await rename(pool, "AAA", "BBB", "2020-01-02")
    await rename(pool, "BBB", "AAA", "2021-01-04")
    owners = await list_owners(pool, "AAA")
    assert owners == [(None, "2020-01-02", "AAA", None), ("2020-01-02", None, "AAA", None)]


async def test_owners_are_not_written_again_and_follow_what_is_learnt_later(pool: Pool) -> None:
    await rename(pool, "OLD", "NEW", "2022-06-09")
    await delist(pool, "NEW", "2024-01-02", "New Corp.")
    await list_aliases(pool)
    written = await pool.fetch("SELECT * FROM fmp_symbol_period ORDER BY symbol, place")
    await list_aliases(pool)
    assert await pool.fetch("SELECT * FROM fmp_symbol_period ORDER BY symbol, place") == written
    # it only moved: the row of the symbol names the run that learnt of it
    await put_listing(pool, "NEW", "New Corp")
    assert await list_owners(pool, "NEW") == [(None, None, "NEW", None)]
    assert {row["run_id"] for row in await pool.fetch("SELECT run_id FROM fmp_symbol_period")} != {
        row["run_id"] for row in written
    }


async def test_links_between_symbols_outside_the_universe_are_kept(database: str, pool: Pool) -> None:
    with run_plain_vendor() as vendor:
        chain = [("FIRST.L", "SECOND.L", "2019-01-02"), ("SECOND.L", "HERE", "2021-01-04")]
        vendor.responses["symbol-change"] = lambda _: [
            {"date": day, "companyName": "Zed", "oldSymbol": old, "newSymbol": new} for old, new, day in chain
        ]
        await put_listing(pool, "HERE", "Zed")
        ended = await run_fmp(database, make_settings(vendor.base_url), "symbol_changes")
    assert (ended.counts("symbol_changes")["read"], ended.counts("symbol_changes")["stored"]) == (2, 2)
    rows = await pool.fetch("SELECT symbol, former_symbol FROM fmp_symbol_alias ORDER BY valid_to")
    assert [tuple(row) for row in rows] == [("HERE", "FIRST.L"), ("HERE", "SECOND.L")]
