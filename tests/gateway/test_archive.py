"""Old ledger rows are summed up by month and deleted; needed ones stay, and no count is lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from gateway.ledger_archive import archive_ledgers
from sra_shared.kit.db import Pool

YEAR = timedelta(days=365)
SQL_COUNTS = """
SELECT sum(read_count) AS read, sum(stored_count) AS stored, sum(rejected_count) AS rejected FROM (
  SELECT read_count, stored_count, rejected_count FROM run_unit
  UNION ALL SELECT read_count, stored_count, rejected_count FROM ledger_archive) AS both_ledgers
"""


async def put_run(pool: Pool, *, days: int, kind: str = "daily_quotes", dataset: str = "quote", **row: Any) -> UUID:
    """A run that ended a number of days ago, with one unit of ten records."""
    task_id = uuid4()
    values = {"status": "completed", "parent_id": None, "unit": dataset, "detail": {}, "stored": 7, **row}
    await pool.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, parent_id, scheduled_at,"
        " completed_at, duration_seconds) VALUES ($1, $2, $3, $4, 'fmp', $5, now() - make_interval(days => $6),"
        " CASE WHEN $3 <> 'running' THEN now() - make_interval(days => $6) END, 2.5)",
        task_id,
        kind,
        values["status"],
        str(task_id),
        values["parent_id"],
        days,
    )
    await pool.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status, read_count, stored_count, unchanged_count, rejected_count,"
        " detail, completed_at) VALUES ($1, $2, $3, $4, 10, $5, 9 - $5::bigint, 1, $6, now() - make_interval(days => $7))",
        task_id,
        values["unit"],
        dataset,
        values["status"],
        values["stored"],
        values["detail"],
        days,
    )
    return task_id


async def put_reject(pool: Pool, run: UUID, *, resolved: bool) -> None:
    await pool.execute(
        "INSERT INTO rejected_record (run_id, source, dataset, reason, raw, resolved_at)"
        " VALUES ($1, 'fundata', 'FundGeneral', 'field_count', '', CASE WHEN $2 THEN now() END)",
        run,
        resolved,
    )


async def list_runs(pool: Pool) -> set[UUID]:
    return {row["task_id"] for row in await pool.fetch("SELECT task_id FROM task_execution_log")}


async def test_old_entries_are_summed_up_and_needed_ones_stay(pool: Pool) -> None:
    parent = await put_run(pool, days=500, kind="unified_refresh", dataset="fmp")
    newest_refresh = await put_run(pool, days=430, kind="unified_refresh", dataset="fmp")
    old = [await put_run(pool, days=500 + n, parent_id=parent if n == 0 else None) for n in range(5)]
    failed = await put_run(pool, days=499, status="failed", stored=0)
    newest_that_stored = await put_run(pool, days=450)
    newest_success = await put_run(pool, days=440, stored=0)
    late = await put_run(pool, days=600, status="running")
    with_open_reject = await put_run(pool, days=700)
    seed = await put_run(pool, days=800, kind="csv_import", dataset="FundGeneral", detail={"file_id": 1})
    recent = await put_run(pool, days=10, dataset="eod_prices")
    await put_reject(pool, with_open_reject, resolved=False)
    await put_reject(pool, old[0], resolved=True)
    await pool.execute(
        "INSERT INTO field_warning (run_id, source, dataset, field, reason) VALUES ($1, 'fmp', 'quote', 'x', 'bad_number')",
        old[1],
    )
    await pool.execute("INSERT INTO idempotency_key (key, body_hash, task_id) VALUES ('a', '', $1)", old[1])
    await pool.execute(
        "INSERT INTO idempotency_key (key, body_hash, task_id, created_at) VALUES ('b', '', $1, now() - interval '31 days'),"
        " ('c', '', $1, now())",
        recent,
    )
    await pool.execute(
        "INSERT INTO schedule_slot (schedule, slot, task_id) VALUES ('daily', now() - interval '500 days', $1),"
        " ('daily', now() - interval '499 days', NULL)",
        old[2],
    )
    before = await pool.fetchrow(SQL_COUNTS)
    # several gateways at once
    gone = await asyncio.gather(*(archive_ledgers(pool, retention=YEAR) for _ in range(3)))
    assert sum(gone) == 7
    kept = {newest_refresh, newest_that_stored, newest_success, late, with_open_reject, seed, recent}
    assert await list_runs(pool) == kept
    assert failed not in await list_runs(pool)
    after = await pool.fetchrow(SQL_COUNTS)
    assert after == before
    whole = await pool.fetchrow(
        "SELECT sum(runs) AS runs, sum(runs_not_completed) AS bad, sum(rejects_deleted) AS rejects,"
        " sum(warnings_deleted) AS warnings, sum(seconds) AS seconds FROM ledger_archive WHERE dataset = ''"
    )
    assert whole is not None
    assert [float(value) for value in whole] == [7, 1, 1, 1, 17.5]
    assert await pool.fetchval("SELECT count(*) FROM rejected_record WHERE resolved_at IS NULL") == 1
    assert [row["key"] for row in await pool.fetch("SELECT key FROM idempotency_key")] == ["c"]
    # the newest slot shows what is due, whatever its age
    assert await pool.fetchval("SELECT count(*) FROM schedule_slot") == 1
    assert await archive_ledgers(pool, retention=YEAR) == 0


async def test_runs_and_calls_that_stored_rows_leave_a_record_for_good(pool: Pool) -> None:
    stored = await put_run(pool, days=900)
    await put_run(pool, days=890, stored=0)
    await put_run(pool, days=10)
    await pool.execute(
        "INSERT INTO fmp_call (call_id, answered_at, size_bytes, rows, status, run_id, path, parameters, digest)"
        " VALUES (1, now() - interval '900 days', 10, 1, 200, $1, 'quote', '{}', '')",
        stored,
    )
    run = await pool.fetchrow("SELECT * FROM task_execution_log WHERE task_id = $1", stored)
    assert run is not None
    assert await archive_ledgers(pool, retention=YEAR) == 2
    (kept,) = await pool.fetch("SELECT * FROM archived_run")
    assert (kept["run_id"], kept["stored_count"]) == (stored, 7)
    same = ("task_type", "source", "status", "scheduled_at", "started_at", "completed_at")
    assert [kept[name] for name in same] == [run[name] for name in same]
    assert await pool.fetchval("SELECT run_id FROM fmp_call") == stored
    for statement in ("DELETE FROM archived_run", "DELETE FROM fmp_call"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await pool.execute(statement)


async def test_the_fundata_tables_are_not_touched(pool: Pool) -> None:
    run = await put_run(pool, days=900)
    await put_run(pool, days=800)
    await pool.execute(
        "INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, record_id,"
        " data_source, content_hash, raw_json) VALUES ($1, 1, 0, 1, '1', 'FundGeneral', '1', 'CSV', '', '{}')",
        run,
    )
    assert await archive_ledgers(pool, retention=YEAR) == 1
    assert await pool.fetchval("SELECT run_id FROM fundata_data") == run


@pytest.mark.parametrize("state", ["open", "dismissed"])
async def test_a_reject_stays_while_it_is_delivered_and_open_ones_hold_their_runs(pool: Pool, state: str) -> None:
    first, last, newest = [await put_run(pool, days=days) for days in (900, 800, 1)]
    await put_reject(pool, first, resolved=False)
    await pool.execute("UPDATE rejected_record SET last_run_id = $1, seen_count = 2", last)
    if state == "dismissed":
        await pool.execute("UPDATE rejected_record SET dismissed_at = now(), dismissed_by = 'me', dismissal = 'x'")
        # a run of today read it, too
        await put_reject(pool, first, resolved=False)
        await pool.execute(
            "UPDATE rejected_record SET last_run_id = $1, dismissed_at = now() WHERE last_run_id IS NULL", newest
        )
    await archive_ledgers(pool, retention=YEAR)
    runs = {row["task_id"] for row in await pool.fetch("SELECT task_id FROM task_execution_log")}
    left = [row["last_run_id"] for row in await pool.fetch("SELECT last_run_id FROM rejected_record")]
    assert (runs, left) == (({first, last, newest}, [last]) if state == "open" else ({newest}, [newest]))
    if state == "dismissed":
        assert await pool.fetchval("SELECT sum(rejects_deleted) FROM ledger_archive") == 1


async def test_rows_left_by_a_replay_are_not_counted_as_rejected_again(pool: Pool) -> None:
    old = await put_run(pool, days=900)
    await put_run(pool, days=1)
    await pool.execute('UPDATE task_execution_log SET parameters = \'{"replay": ""}\' WHERE task_id = $1', old)
    await archive_ledgers(pool, retention=YEAR)
    sums = await pool.fetchrow("SELECT sum(read_count) AS read, sum(rejected_count) AS rejected FROM ledger_archive")
    assert tuple(sums) == (10, 0)


async def test_the_archive_keeps_when_a_dataset_was_first_collected_with_success(pool: Pool) -> None:
    for days in (890, 880, 870, 1):
        await put_run(pool, days=days)
    await pool.execute("UPDATE run_unit SET status = 'failed' WHERE completed_at < now() - interval '885 days'")
    first = await pool.fetchval("SELECT min(completed_at) FROM run_unit WHERE status = 'completed'")
    assert await archive_ledgers(pool, retention=YEAR) == 3
    assert await pool.fetchval("SELECT min(first_success_at) FROM ledger_archive") == first
    assert await pool.fetchval("SELECT count(first_success_at) FROM ledger_archive WHERE dataset = ''") == 0
