"""Replaced rows are kept with their times, runs and calls, and every past moment is shown as it was known."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmp_collectors.call import Call
from fmp_collectors.dataset import FmpDataset
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_collectors.records import Accepted, Batch, parse_row
from fmp_ingest.collection import collector
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.row_store import Store
from sra_shared.kit.db import Connection, Pool, open_connection, open_pool
from sra_shared.runs import TaskType
from sra_shared.runs.counts import Counts
from sra_stand_in.server import StandIn
from sra_testing.examples import examples
from sra_testing.fmp_runs import make_settings, run_fmp
from sra_testing.stand_in import SECURITIES, TEST_KEY, call_fmp

NUMBERS = itertools.count(1)
PRICE = {"symbol": "AAPL", "date": "2026-01-05", "open": 1, "high": 3, "low": 1, "close": 2, "volume": 100}
PROFILE_ROW = {
    **{"symbol": "AAPL", "companyName": "Apple", "exchange": "NASDAQ", "sector": "Technology", "price": 10},
    **{"change": 1, "changePercentage": 2, "volume": 5, "averageVolume": 6, "marketCap": 70, "beta": 1},
}
MOVED = {"price": 11, "change": 2, "changePercentage": 3, "volume": 6, "averageVolume": 7, "marketCap": 71}


def make_call(run_id: UUID, **values: Any) -> Call:
    """A call of its own."""
    call = Call(next(NUMBERS), run_id, "made/up", {"symbol": "A"}, datetime.now(UTC), 200, 10, b"d" * 32, 1)
    return replace(call, **values)


async def merge(connection: Connection, dataset: FmpDataset, rows: Sequence[Mapping[str, Any]], call: Call) -> Counts:
    """Store rows of one call in the caller's transaction."""
    parsed = [parse_row(dataset.record, row) for row in rows]
    batch = Batch([one for one in parsed if isinstance(one, Accepted)])
    assert len(batch.accepted) == len(rows)
    batch.name_call(call)
    store, delivery = Store(dataset, call.run_id), FmpBatch(batch, path=call.path)
    return (await store.merge(connection, delivery, await store.stage(connection, delivery))).check(dataset.name)


async def put(pool: Pool, name: str, *rows: Mapping[str, Any]) -> Call:
    """Store rows as a run and a call of their own; returns the call."""
    call = make_call(uuid4())
    async with pool.acquire() as connection, connection.transaction():
        await merge(connection, BY_NAME[name], rows, call)
    return call


async def read_moment(pool: Pool) -> datetime:
    """The database's time."""
    moment: datetime = await pool.fetchval("SELECT clock_timestamp()")
    return moment


async def test_a_replaced_row_moves_with_its_times_run_and_call(pool: Pool) -> None:
    other = {**PRICE, "symbol": "MSFT"}
    first = await put(pool, "eod_prices", PRICE, other)
    stored = await pool.fetchrow("SELECT * FROM fmp_eod_price WHERE symbol = 'AAPL'")
    second = await put(pool, "eod_prices", {**PRICE, "close": Decimal("2.50")}, other)
    (kept,) = await pool.fetch("SELECT * FROM fmp_row_history")
    current = await pool.fetchrow("SELECT * FROM fmp_eod_price WHERE symbol = 'AAPL'")
    assert stored is not None
    assert current is not None
    assert (kept["table_name"], kept["symbol"]) == ("fmp_eod_price", "AAPL")
    assert kept["key"] == {"symbol": "AAPL", "date": "2026-01-05"}
    assert kept["row_values"] == {"open": 1, "high": 3, "low": 1, "close": 2, "volume": 100}
    assert kept["raw_json"] == stored["raw_json"]
    assert (kept["run_id"], kept["call_id"]) == (first.run_id, first.call_id)
    assert (kept["known_from"], kept["created_at"]) == (stored["updated_at"], stored["created_at"])
    assert (kept["known_until"], kept["replaced_by"]) == (current["updated_at"], second.run_id)
    assert (current["run_id"], current["call_id"]) == (second.run_id, second.call_id)
    # unchanged rows are still those of the first call
    assert await pool.fetchval("SELECT call_id FROM fmp_eod_price WHERE symbol = 'MSFT'") == first.call_id


async def test_only_calls_whose_rows_were_stored_are_recorded(pool: Pool) -> None:
    first = await put(pool, "eod_prices", PRICE)
    await put(pool, "eod_prices", PRICE)
    (kept,) = await pool.fetch("SELECT * FROM fmp_call")
    assert dict(kept) == {
        **{"call_id": first.call_id, "run_id": first.run_id, "path": "made/up", "parameters": {"symbol": "A"}},
        **{"answered_at": first.answered_at, "status": 200, "size_bytes": 10, "rows": 1, "digest": b"d" * 32},
    }
    assert await pool.fetchval("SELECT count(*) FROM fmp_row_history") == 0


async def test_quotes_are_replaced_without_a_trace(pool: Pool) -> None:
    quote = {"symbol": "AAPL", "timestamp": 1767600000, "exchange": "NASDAQ", "price": 1}
    await put(pool, "quote", quote)
    last = await put(pool, "quote", {**quote, "price": 2})
    assert await pool.fetchval("SELECT count(*) FROM fmp_row_history") == 0
    assert dict(await pool.fetchrow("SELECT price, call_id FROM fmp_quote")) == {"price": 2, "call_id": last.call_id}  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(MOVED))
async def test_a_moving_field_of_a_profile_alone_leaves_no_trace(pool: Pool, name: str) -> None:
    await put(pool, "profile", PROFILE_ROW)
    last = await put(pool, "profile", {**PROFILE_ROW, name: MOVED[name]})
    assert await pool.fetchval("SELECT call_id FROM equity_profile") == last.call_id
    assert await pool.fetchval("SELECT count(*) FROM fmp_row_history") == 0


@pytest.mark.parametrize("change", [{"sector": "Energy"}, {"beta": 2}])
async def test_a_profile_that_changed_besides_is_known_since_it_last_did(pool: Pool, change: dict[str, Any]) -> None:
    await put(pool, "profile", PROFILE_ROW)
    first = await pool.fetchval("SELECT updated_at FROM equity_profile")
    moved = await put(pool, "profile", {**PROFILE_ROW, **MOVED})
    await put(pool, "profile", {**PROFILE_ROW, **MOVED, **change})
    changed = await pool.fetchval("SELECT updated_at FROM equity_profile")
    await put(pool, "profile", {**PROFILE_ROW, **change})
    (kept,) = await pool.fetch("SELECT * FROM fmp_row_history")
    assert (kept["known_from"], kept["known_until"], kept["run_id"]) == (first, changed, moved.run_id)
    assert kept["row_values"]["current_price"] == 11
    known = "SELECT sector, raw_json->'beta' AS beta FROM fmp_rows_known_at(NULL::equity_profile, $1)"
    for moment, row in ((first, PROFILE_ROW), (changed, PROFILE_ROW | change)):
        (found,) = await pool.fetch(known, moment)
        assert dict(found) == {"sector": row["sector"], "beta": row["beta"]}


async def test_a_row_without_call_and_content_hash_is_from_an_earlier_release(pool: Pool) -> None:
    call = await put(pool, "profile", PROFILE_ROW)
    await pool.execute("UPDATE equity_profile SET call_id = NULL, lasting_hash = NULL, known_at = NULL")
    # whether only moving fields changed is not known of it
    await put(pool, "profile", {**PROFILE_ROW, **MOVED})
    (kept,) = await pool.fetch("SELECT call_id, run_id FROM fmp_row_history")
    assert (kept["call_id"], kept["run_id"]) == (None, call.run_id)


async def test_a_connection_that_dies_before_the_commit_keeps_neither(pool: Pool, database: str) -> None:
    await put(pool, "eod_prices", PRICE)
    call = make_call(uuid4())
    connection = await open_connection(database, application_name="test")
    await connection.execute("BEGIN")
    await merge(connection, BY_NAME["eod_prices"], [{**PRICE, "close": 9}], call)
    await pool.fetchval("SELECT pg_terminate_backend($1, 10000)", connection.get_server_pid())
    connection.terminate()
    counts = "SELECT (SELECT count(*) FROM fmp_row_history), (SELECT count(*) FROM fmp_call), (SELECT close FROM fmp_eod_price)"
    assert tuple(await pool.fetchrow(counts)) == (0, 1, 2)  # type: ignore[arg-type]
    async with pool.acquire() as connection, connection.transaction():
        await merge(connection, BY_NAME["eod_prices"], [{**PRICE, "close": 9}], call)
    assert tuple(await pool.fetchrow(counts)) == (1, 2, 9)  # type: ignore[arg-type]


async def test_two_runs_that_replace_one_row_leave_no_gap(pool: Pool) -> None:
    await put(pool, "eod_prices", PRICE)
    early, late = make_call(uuid4()), make_call(uuid4())
    async with pool.acquire() as one, pool.acquire() as other:
        transaction = one.transaction()
        await transaction.start()
        # the one that began first replaces what the other had not stored by then
        await one.execute("SELECT now()")
        async with other.transaction():
            await merge(other, BY_NAME["eod_prices"], [{**PRICE, "close": 5}], late)
            waiting = asyncio.create_task(merge(one, BY_NAME["eod_prices"], [{**PRICE, "close": 6}], early))
        await waiting
        await transaction.commit()
    rows = await pool.fetch("SELECT * FROM fmp_row_history ORDER BY known_from")
    current = await pool.fetchrow("SELECT * FROM fmp_eod_price")
    assert current is not None
    assert [row["row_values"]["close"] for row in rows] == [2, 5]
    assert rows[0]["known_until"] == rows[1]["known_from"] < rows[1]["known_until"] == current["updated_at"]
    assert (rows[0]["replaced_by"], rows[1]["run_id"], current["run_id"]) == (late.run_id, late.run_id, early.run_id)


@pytest.mark.parametrize("table", ["fmp_row_history", "fmp_call"])
async def test_history_and_calls_are_append_only(pool: Pool, table: str) -> None:
    await put(pool, "eod_prices", PRICE)
    await put(pool, "eod_prices", {**PRICE, "close": 3})
    tables = await pool.fetch("SELECT relid::text AS name FROM pg_partition_tree($1) WHERE isleaf", table)
    for name in {table, *(row["name"] for row in tables)}:
        for statement in (f"UPDATE {name} SET run_id = run_id", f"DELETE FROM {name}", f"TRUNCATE {name}"):  # noqa: S608
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await pool.execute(statement)


async def test_months_ahead_have_partitions_and_later_ones_a_default(pool: Pool) -> None:
    await pool.execute("SELECT fmp_extend_row_history(24)")
    assert await pool.fetchval("SELECT fmp_extend_row_history(24)") == 0
    insert = (
        "INSERT INTO fmp_row_history (known_from, known_until, created_at, run_id, replaced_by, table_name, content_hash,"
        " key, row_values, raw_json) VALUES (now(), now() + $1::interval, now(), gen_random_uuid(), gen_random_uuid(), 't',"
        " '', '{}', '{}', '{}') RETURNING tableoid::regclass::text"
    )
    month = await pool.fetchval("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
    assert (
        await pool.fetchval(insert, (await read_moment(pool)) - (await read_moment(pool))) == f"fmp_row_history_{month}"
    )
    far = await pool.fetchval("SELECT interval '30 months'")
    assert await pool.fetchval(insert, far) == "fmp_row_history_default"
    # the month of that row stays where it is, the others are made
    assert await pool.fetchval("SELECT fmp_extend_row_history(31)") == 6


# --- as known at a moment -----------------------------------------------------------------------------------------------

ENTRIES = st.dictionaries(st.tuples(st.integers(0, 2), st.integers(1, 3)), st.integers(1, 3), max_size=5)
SECTORS = st.dictionaries(st.integers(0, 2), st.tuples(st.sampled_from("abc"), st.integers(1, 3)), max_size=3)
State = dict[Any, tuple[Any, ...]]


async def check_moments(pool: Pool, query: str, symbols: list[str], moments: list[tuple[datetime, State]]) -> None:
    for moment, expected in moments:
        rows = [tuple(row) for row in await pool.fetch(query, moment, symbols)]
        assert len(rows) == len(expected)
        assert {row[0]: row[1:] for row in rows} == expected


async def replay_prices(pool: Pool, prefix: str, deliveries: list[dict[tuple[int, int], int]]) -> None:
    """Deliver prices, and compare each moment between two deliveries with what a dictionary knew then."""
    state: State = {}
    moments = [(await read_moment(pool), {})]
    for delivery in deliveries:
        rows = [
            {"symbol": f"{prefix}{symbol}", "date": f"2026-01-0{day}", "close": close, "volume": 1}
            for (symbol, day), close in delivery.items()
        ]
        call = await put(pool, "eod_prices", *rows)
        for (symbol, day), close in delivery.items():
            key = f"{prefix}{symbol} {date(2026, 1, day)}"
            if key not in state or state[key][0] != close:
                state[key] = (close, call.run_id, call.call_id)
        moments.append((await read_moment(pool), dict(state)))
    query = (
        "SELECT symbol || ' ' || date, close, run_id, call_id FROM fmp_rows_known_at(NULL::fmp_eod_price, $1, $2)"
        " WHERE raw_json->>'close' = close::text"
    )
    await check_moments(pool, query, [f"{prefix}{n}" for n in range(3)], moments)


async def replay_profiles(pool: Pool, prefix: str, deliveries: list[dict[int, tuple[str, int]]]) -> None:
    """As `replay_prices` for profiles, whose prices move without being known."""
    state: State = {}
    changes, moments = 0, [(await read_moment(pool), {})]
    for delivery in deliveries:
        rows = [
            {**PROFILE_ROW, "symbol": f"{prefix}{n}", "sector": sector, "price": price}
            for n, (sector, price) in delivery.items()
        ]
        await put(pool, "profile", *rows)
        for n, (sector, _) in delivery.items():
            former = state.get(f"{prefix}{n}", (sector,))
            changes += former != (sector,)
            state[f"{prefix}{n}"] = (sector,)
        moments.append((await read_moment(pool), dict(state)))
    symbols = [f"{prefix}{n}" for n in range(3)]
    query = "SELECT symbol, sector FROM fmp_rows_known_at(NULL::equity_profile, $1, $2)"
    await check_moments(pool, query, symbols, moments)
    kept = "SELECT count(*) FROM fmp_row_history WHERE table_name = 'equity_profile' AND symbol = ANY($1)"
    assert await pool.fetchval(kept, symbols) == changes


@pytest.mark.examples
def test_every_moment_is_returned_as_it_was_known(database: str) -> None:
    numbers = itertools.count(1)
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database, application_name="test", max_size=2))

        @examples(20)
        @given(st.lists(ENTRIES, max_size=6))
        def check_prices(deliveries: list[dict[tuple[int, int], int]]) -> None:
            runner.run(replay_prices(pool, f"P{next(numbers)}X", deliveries))

        @examples(15)
        @given(st.lists(SECTORS, max_size=6))
        def check_profiles(deliveries: list[dict[int, tuple[str, int]]]) -> None:
            runner.run(replay_profiles(pool, f"E{next(numbers)}X", deliveries))

        try:
            check_prices()
            check_profiles()
        finally:
            runner.run(pool.close())


async def test_lists_are_known_by_their_validity_and_other_types_refused(pool: Pool) -> None:
    insert = (
        "INSERT INTO fmp_peer (symbol, peer_symbol, place, raw_json, run_id, content_hash, valid_from, valid_to)"
        " VALUES ('A', $1, 1, '{}', gen_random_uuid(), '', now() - interval '2 days', now() + $2::interval)"
    )
    day = await pool.fetchval("SELECT interval '1 day'")
    await pool.execute(insert, "GONE", -day)
    await pool.execute(insert, "HERE", None)
    query = "SELECT peer_symbol FROM fmp_rows_known_at(NULL::fmp_peer, now() - $1::interval) ORDER BY 1"
    assert [row[0] for row in await pool.fetch(query, day * 1.5)] == ["GONE", "HERE"]
    assert [row[0] for row in await pool.fetch(query, day * 0.5)] == ["HERE"]
    with pytest.raises(asyncpg.WrongObjectTypeError, match="no FMP table"):
        await pool.fetch("SELECT * FROM fmp_rows_known_at(1, now())")


# --- through the product ------------------------------------------------------------------------------------------------


async def test_every_stored_row_names_a_recorded_call(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    options = make_settings(stand_in.fmp_base_url, fmp_history_years=0)
    for task_type in (TaskType.DAILY_QUOTES, TaskType.WEEKLY_FUNDAMENTALS):
        ended = await run_fmp(sandbox_database, options, task_type=task_type)
        assert ended.task.status == "completed", ended.task.error_details
    calls = {row["call_id"]: row["run_id"] for row in await pool.fetch("SELECT call_id, run_id FROM fmp_call")}
    named: set[int] = set()
    for table in sorted({dataset.table for dataset in DATASETS}):
        rows = await pool.fetch(f"SELECT DISTINCT call_id, run_id FROM {table}")  # noqa: S608 - our own name
        assert all(calls.get(row["call_id"]) == row["run_id"] for row in rows), table
        named |= {row["call_id"] for row in rows}
    kept = await pool.fetch("SELECT * FROM fmp_call")
    assert {row["call_id"] for row in kept} == named
    # most datasets have rows of such days
    assert len({row["path"] for row in kept}) > 20
    assert not any(TEST_KEY in f"{row['path']} {row['parameters']}" for row in kept)
    with call_fmp(stand_in) as client:
        for path in ("etf/holdings", "peers-bulk", "profile-bulk"):
            row = next(row for row in kept if row["path"] == path)
            response = client.get(path, params=row["parameters"])
            assert row["size_bytes"] == len(response.content)
            assert row["digest"] == hashlib.blake2b(response.content, digest_size=32).digest()
            assert row["status"] == 200
            assert row["rows"] == (response.text.count("\n") - 1 if path.endswith("-bulk") else len(response.json()))


async def test_a_part_that_is_resumed_names_one_call(
    sandbox_database: str, pool: Pool, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "_CHUNK_ROWS", 10)
    await pool.execute("CREATE SEQUENCE dying")
    await pool.execute(
        "CREATE FUNCTION die_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('dying') = 3 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$"
    )
    await pool.execute(
        "CREATE TRIGGER die_once AFTER INSERT ON equity_profile FOR EACH STATEMENT EXECUTE FUNCTION die_once()"
    )
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "profile")
    assert ended.task.status == "completed", ended.task.error_details
    requested = [path for path in stand_in.stats()["fmp"]["by_path"] if path.endswith("/profile-bulk")]
    assert requested
    parts = await pool.fetch(
        "SELECT parameters->>'part' AS part, count(*) AS calls FROM fmp_call WHERE path = 'profile-bulk' GROUP BY 1"
    )
    assert {row["calls"] for row in parts} == {1}
    assert await pool.fetchval("SELECT count(*) FROM equity_profile") == ended.counts("profile")["stored"] == SECURITIES
    assert await pool.fetchval("SELECT count(*) FROM equity_profile WHERE call_id IS NULL") == 0
    assert await pool.fetchval("SELECT last_value FROM dying") > 3
