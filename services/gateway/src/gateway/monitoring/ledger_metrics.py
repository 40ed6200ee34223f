"""Metrics that come from the database: rows by dataset, builds, FMP's calls, the readers' sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from sra_shared.kit.database.reader_limits import READER
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection

OUTCOMES = ("read", "stored", "unchanged", "duplicate", "rejected", "out_of_scope")
_SUMS = ", ".join(f"sum({name}_count)::bigint AS {name}" for name in OUTCOMES)
_COLUMNS = ", ".join(f"{name}_count" for name in OUTCOMES)

# archived counts are included, so that no counter ever decreases
SQL_ROWS = compose(
    """
SELECT source, dataset, {sums} FROM (
  SELECT t.source, u.dataset, {counts}
  FROM run_unit u JOIN task_execution_log t USING (task_id)
  UNION ALL
  SELECT source, dataset, {columns} FROM ledger_archive) counted
WHERE source IN ('fmp', 'fundata') AND dataset <> ''
GROUP BY source, dataset ORDER BY source, dataset
""",
    sums=_SUMS,
    counts=", ".join(f"u.{name}_count" for name in OUTCOMES),
    columns=_COLUMNS,
)
SQL_BUILDS = """
SELECT DISTINCT ON (u.unit) u.unit, extract(epoch FROM u.completed_at - u.started_at)::float8 AS seconds
FROM run_unit u JOIN task_execution_log t USING (task_id)
WHERE t.task_type = 'view_build' AND t.scheduled_at > now() - interval '10 days' AND u.status = 'completed'
ORDER BY u.unit, u.completed_at DESC
"""
SQL_CALLS = """
SELECT coalesce(sum(calls), 0)::bigint FROM fmp_call_tally
WHERE second > now() - interval '90 seconds' AND second <= now() - interval '30 seconds'
"""
SQL_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1"


@dataclass(frozen=True)
class LedgerMetrics:
    """Metrics read at one moment.

    `builds` has the seconds of each part's last build, `fmp_calls` the calls of a minute.
    """

    rows: Sequence[asyncpg.Record]
    builds: Sequence[tuple[str, float]]
    fmp_calls: int
    reader_sessions: int


async def read_ledger_metrics(connection: Connection) -> LedgerMetrics:
    """Read all metrics; raises the database's errors if it is down or not migrated."""
    builds = await connection.fetch(SQL_BUILDS)
    return LedgerMetrics(
        rows=await connection.fetch(SQL_ROWS),
        builds=[(row["unit"], row["seconds"]) for row in builds],
        # a run writes its calls to the ledger with its chunks, some time after it makes them
        fmp_calls=await connection.fetchval(SQL_CALLS),
        reader_sessions=await connection.fetchval(SQL_SESSIONS, READER),
    )
