"""Metrics of the whole product on a real database: counters that continue over the archive, and current sessions and calls."""

from __future__ import annotations

from gateway.monitoring.ledger_metrics import read_ledger_metrics
from sra_shared.kit.db import Pool
from sra_testing.records import put_run


async def test_counts_continue_over_the_archive_and_builds_calls_and_sessions_are_read(pool: Pool) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["quote"])
        await connection.execute(
            "UPDATE run_unit SET read_count = 7, stored_count = 5, rejected_count = 2 WHERE task_id = $1", run
        )
        await connection.execute(
            "INSERT INTO ledger_archive (month, task_type, dataset, source, read_count, stored_count)"
            " VALUES ('2024-01-01', 'daily_quotes', 'quote', 'fmp', 100, 90), ('2024-01-01', 'daily_quotes', '', 'fmp', 1, 1)"
        )
        build = await connection.fetchval(
            "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source)"
            " VALUES (gen_random_uuid(), 'view_build', 'completed', 'b', 'views') RETURNING task_id"
        )
        await connection.execute(
            "INSERT INTO run_unit (task_id, unit, dataset, status, started_at, completed_at)"
            " VALUES ($1, 'fund_page', 'fund_page', 'completed', now() - interval '3 seconds', now())",
            build,
        )
        await connection.execute(
            "INSERT INTO fmp_call_tally (second, run_id, calls, retried, throttled) VALUES"
            " (now() - interval '40 seconds', $1, 8, 0, 0), (now() - interval '5 minutes', $1, 100, 0, 0)",
            run,
        )
        figures = await read_ledger_metrics(connection)
    (row,) = figures.rows
    assert dict(row) == {
        **{"source": "fmp", "dataset": "quote", "read": 107, "stored": 95},
        **{"unchanged": 0, "duplicate": 0, "rejected": 2, "out_of_scope": 0},
    }
    assert figures.builds == [("fund_page", 3.0)]
    assert figures.fmp_calls == 8
    assert figures.reader_sessions == 0
