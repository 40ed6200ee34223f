"""A rejected row that is delivered again: one reject with a count, after restarts, repeats and in concurrent runs."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from sra_shared.kit.db import Pool
from sra_shared.runs.rejects import (
    Deliverer,
    Sighting,
    dismiss_rejects,
    keep_sightings,
    make_identity,
    reopen_rejects,
    resolve_reject,
)
from sra_testing.people import SOMEBODY


def sight(raw: str, reason: str = "field_count", key: str | None = None, **values: Any) -> Sighting:
    identity = make_identity("test", "d", key) if key else make_identity("test", "d", raw=raw.encode())
    return Sighting(identity, reason, f"why {reason}", raw.encode(), file_path="data/a.csv", **values)


async def deliver(pool: Pool, delivery: str, *sightings: Sighting) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await keep_sightings(connection, Deliverer(uuid4(), "test", "d", "CSV", delivery), list(sightings))


async def read(pool: Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch("SELECT raw, line, seen_count FROM rejected_record ORDER BY reject_id")
    return [(bytes(row["raw"]).decode(), row["line"], row["seen_count"]) for row in rows]


async def test_equal_rows_of_one_file_are_rejects_of_their_own(pool: Pool) -> None:
    await deliver(pool, "one", sight(",,", line=2), sight("x", line=3), sight(",,", line=4))
    # the next chunk of the same file
    await deliver(pool, "one", sight(",,", line=5))
    assert await read(pool) == [(",,", 2, 1), ("x", 3, 1), (",,", 4, 1), (",,", 5, 1)]
    # the next file has one of them less, and one in another line
    await deliver(pool, "two", sight(",,", line=3), sight(",,", line=9), sight("y", line=10))
    assert await read(pool) == [(",,", 3, 2), ("x", 3, 1), (",,", 9, 2), (",,", 5, 1), ("y", 10, 1)]


async def test_a_chunk_repeated_after_a_rollback_counts_once(pool: Pool) -> None:
    await deliver(pool, "one", sight("x", line=2))
    async with pool.acquire() as connection:
        killed = connection.transaction()
        await killed.start()
        by = Deliverer(uuid4(), "test", "d", "CSV", "two")
        await keep_sightings(connection, by, [sight("x", line=2), sight("y", line=3)])
        await killed.rollback()
    assert await read(pool) == [("x", 2, 1)]
    await deliver(pool, "two", sight("x", line=2), sight("y", line=3))
    assert await read(pool) == [("x", 2, 2), ("y", 3, 1)]


async def test_many_runs_at_once_make_one_reject_of_a_row(pool: Pool) -> None:
    rows = [sight(f"row {number}", line=number) for number in range(50)]
    await asyncio.gather(*(deliver(pool, f"file {n}", *(rows if n % 2 else rows[::-1])) for n in range(6)))
    found = await read(pool)
    assert len(found) == 50
    assert {row[2] for row in found} == {6}


async def test_rows_of_one_key_keep_what_was_delivered_last(pool: Pool) -> None:
    await deliver(pool, "one", sight('{"price": 0}', "bad_price", key="ACME", call_id=7, origin='{"path": "quote"}'))
    await deliver(pool, "two", sight('{"price": -1}', "bad_price", key="ACME", call_id=8, origin='{"path": "quote"}'))
    (row,) = await pool.fetch("SELECT * FROM rejected_record")
    assert (row["raw"], row["call_id"], row["seen_count"], row["delivery"]) == (b'{"price": -1}', 8, 2, "two")
    assert row["origin"] == {"path": "quote"}


async def test_a_dismissal_is_valid_until_the_reason_changes(pool: Pool) -> None:
    await deliver(pool, "one", sight("x"))
    number = await pool.fetchval("SELECT reject_id FROM rejected_record")
    async with pool.acquire() as connection:
        done = await dismiss_rejects(connection, [number, 99], why="  A test\n row. ", by=SOMEBODY)
        assert (done.changed, done.left) == ([number], {99: "Reject 99 does not exist."})
        again = await dismiss_rejects(connection, [number], why="Another reason.", by=SOMEBODY)
        assert again.left == {number: f"Reject {number} was dismissed before by me (here) (A test row.)."}
    await deliver(pool, "two", sight("x"))
    state = "SELECT dismissal, dismissed_by, dismissed_at IS NULL AS is_open, seen_count FROM rejected_record"
    assert tuple(await pool.fetchrow(state)) == ("A test row.", "me (here)", False, 2)
    await deliver(pool, "three", sight("x", "nul_byte"))
    assert tuple(await pool.fetchrow(state)) == (None, None, True, 3)
    async with pool.acquire() as connection:
        assert (await reopen_rejects(connection, [number], by=SOMEBODY)).left == {number: f"Reject {number} is open."}
        for why in ("", " ", "x" * 1001, "a\0b", "\ud800"):
            with pytest.raises(ValueError, match="printable characters"):
                await dismiss_rejects(connection, [number], why=why, by=SOMEBODY)


@pytest.mark.parametrize(("resolution", "rejects"), [("replayed", [1, 1]), ("corrected", [2])])
async def test_a_resolved_row_that_is_rejected_again_is_new_unless_a_person_corrected_it(
    pool: Pool, resolution: str, rejects: list[int]
) -> None:
    await deliver(pool, "one", sight("x"))
    number = await pool.fetchval("SELECT reject_id FROM rejected_record")
    async with pool.acquire() as connection:
        await resolve_reject(connection, number, uuid4(), resolution)
    await deliver(pool, "two", sight("x"))
    assert [row[2] for row in await read(pool)] == rejects


async def test_tens_of_thousands_of_rows_take_a_few_statements(pool: Pool) -> None:
    """In pieces of bounded size, equal rows among them, and once more."""
    rows = [sight(f"row {number // 2}", line=number) for number in range(24_000)]
    for delivery in ("one", "two"):
        await deliver(pool, delivery, *rows)
    counts = await pool.fetch("SELECT seen_count, count(*) AS rows FROM rejected_record GROUP BY 1")
    assert [tuple(row) for row in counts] == [(2, 24_000)]
    large = [sight("x" * 3_000_000 + str(number)) for number in range(6)]
    await deliver(pool, "three", *large)
    assert await pool.fetchval("SELECT count(*) FROM rejected_record WHERE octet_length(raw) > 1000000") == 6
