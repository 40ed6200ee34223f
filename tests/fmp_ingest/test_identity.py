"""A security that was renamed keeps its history under the newest symbol; a symbol used twice keeps two histories apart."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from fmp_ingest.identity import refresh_aliases
from sra_shared.db import Pool
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import make_settings, run_fmp


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
        await refresh_aliases(connection, uuid4())
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
    # the symbol is another company's today, and the vendor gives one day under both names
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
