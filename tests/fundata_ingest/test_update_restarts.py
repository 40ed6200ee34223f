"""A process is killed with an export in each state; the next one resumes and loads it exactly once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from sra_shared.kit.db import Pool
from sra_stand_in.server import StandIn
from sra_testing.fundata import find_broken_keys
from sra_testing.stand_in import run_stand_in
from sra_testing.update_process import run_update_process
from sra_testing.waiting import wait_for

LOCK = 20251127
# each state in which the export is durable, and the write that is kept waiting so that nothing follows it
STATES = {
    "requesting": ("fundata_export", "NEW.state = 'requested'"),
    "requested": ("fundata_export", "NEW.state = 'ready'"),
    "ready": ("fundata_export", "NEW.state = 'loading'"),
    "loading, first chunk": ("file_stream", "OLD.read_count = 0 AND NEW.read_count > 0"),
    "loading, second chunk": ("file_stream", "OLD.read_count > 0 AND NEW.read_count > OLD.read_count"),
    "loading, all chunks": ("fundata_export", "NEW.state = 'loaded'"),
    "loading, end of the run": ("completion_outbox", "true"),
}


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with run_stand_in(funds=8) as running:
        yield running


@asynccontextmanager
async def hold_back(dsn: str, table: str, condition: str) -> AsyncIterator[None]:
    """Block the transaction that makes this write."""
    event = "INSERT" if table == "completion_outbox" else "UPDATE"
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            f"""CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NEW; END $$;
            CREATE TRIGGER hold_back BEFORE {event} ON {table} FOR EACH ROW WHEN ({condition})
              EXECUTE FUNCTION hold_back();
            SELECT pg_advisory_lock({LOCK})"""
        )
        yield
    finally:
        await connection.close()
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"DROP TRIGGER hold_back ON {table}; DROP FUNCTION hold_back()")
    finally:
        await connection.close()


async def is_waiting(pool: Pool) -> bool:
    return bool(
        await pool.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted", LOCK
        )
    )


@pytest.mark.parametrize(
    "state",
    [pytest.param(state, marks=[] if state == "loading, second chunk" else [pytest.mark.faults]) for state in STATES],
)
async def test_process_killed_in_any_state_ends_in_one_load(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path, state: str
) -> None:
    table, condition = STATES[state]
    async with hold_back(sandbox_database, table, condition):
        with run_update_process(sandbox_database, stand_in, tmp_path) as first:
            await wait_for(lambda: is_waiting(pool), what=f"the write that follows {state}")
            assert first.poll() is None
            durable = await pool.fetchval("SELECT state FROM fundata_export")
            assert durable == state.split(",", maxsplit=1)[0]
            first.kill()
            first.wait()
    read_before = await pool.fetchval("SELECT coalesce(sum(read_count), 0) FROM file_stream")
    assert (read_before > 0) == (state.startswith("loading") and state != "loading, first chunk")
    with run_update_process(sandbox_database, stand_in, tmp_path) as second:
        output, log = await asyncio.to_thread(second.communicate, timeout=120)
        assert second.returncode == 0, log.decode()[-3000:]
    result = json.loads(output)
    assert result == {"status": "completed", "read": await pool.fetchval("SELECT count(*) FROM fundata_quotes")}
    # an export that was prepared but not recorded is requested once more, and never loaded
    assert stand_in.stats()["fundata"]["exports"] == (2 if state == "requesting" else 1)
    await check_one_load(pool)


@pytest.mark.faults
async def test_process_killed_once_it_is_loaded_leaves_nothing_to_load(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.set_fundata(same_execution=True)
    with run_update_process(sandbox_database, stand_in, tmp_path) as first:
        await wait_for(lambda: pool.fetchval("SELECT state = 'loaded' FROM fundata_export"), what="the load")
        first.kill()
        first.wait()
    with run_update_process(sandbox_database, stand_in, tmp_path) as second:
        output, log = await asyncio.to_thread(second.communicate, timeout=120)
        assert second.returncode == 0, log.decode()[-3000:]
    assert json.loads(output) == {"status": "completed", "read": 0}
    await check_one_load(pool)


async def check_one_load(pool: Pool) -> None:
    (export,) = await pool.fetch("SELECT * FROM fundata_export WHERE state <> 'repeated'")
    assert export["state"] == "loaded"
    (file,) = await pool.fetch(
        "SELECT t.*, s.read_count, s.stored_count, s.done FROM file_processing_tracker t JOIN file_stream s USING (file_id)"
    )
    assert file["file_path"].endswith(export["execution_id"])
    assert (file["status"], file["done"], file["file_hash"]) == ("completed", True, export["file_hash"])
    stored = await pool.fetchval("SELECT count(*) FROM fundata_quotes")
    assert file["read_count"] == file["stored_count"] == stored > 400
    assert await pool.fetchval("SELECT count(DISTINCT execution_id) FROM fundata_quotes") == 1
    # the run's end is reported once
    result = await pool.fetchval("SELECT count(*) FROM completion_outbox WHERE run_id = $1", export["run_id"])
    assert result == 1
    assert not await find_broken_keys(pool)
