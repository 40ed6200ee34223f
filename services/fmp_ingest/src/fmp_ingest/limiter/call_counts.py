"""Counts of calls: how many a run made, retried and had throttled, and the most in any minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from sra_shared.kit.db import Connection

CALLS = Counter("sra_fmp_calls", "Calls of this process to FMP, by kind.", ("kind",), registry=None)
"""`call` counts all calls including retries, `retry` the retries, and `throttled` the responses that report throttling."""

SQL_ADD = """
INSERT INTO fmp_call_tally (second, run_id, calls, retried, throttled) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (second, run_id) DO UPDATE SET calls = fmp_call_tally.calls + excluded.calls,
  retried = fmp_call_tally.retried + excluded.retried, throttled = fmp_call_tally.throttled + excluded.throttled
"""
# 61 whole seconds hold every window of sixty, so the figure is never too low; other runs' calls count too
SQL_SUMMARY = """
WITH own AS (SELECT min(second) AS first, max(second) AS last, sum(calls) AS calls, sum(retried) AS retried,
                    sum(throttled) AS throttled FROM fmp_call_tally WHERE run_id = $1),
seconds AS (SELECT t.second, sum(t.calls) AS calls FROM fmp_call_tally t, own
            WHERE t.second BETWEEN own.first - interval '60 seconds' AND own.last GROUP BY t.second)
SELECT own.calls::bigint, own.retried::bigint, own.throttled::bigint,
       (SELECT max(w.calls)::bigint FROM (SELECT sum(calls) OVER (ORDER BY second RANGE BETWEEN interval '60 seconds' PRECEDING
                                                          AND CURRENT ROW) AS calls FROM seconds) w) AS highest_minute
FROM own
"""


def _make_counts() -> dict[datetime, list[int]]:
    return defaultdict(lambda: [0, 0, 0])


@dataclass(frozen=True)
class UnwrittenCounts:
    """Counts to be written to the ledger: calls, retried and throttled by second."""

    run_id: UUID
    rows: Mapping[datetime, list[int]]

    async def write(self, connection: Connection) -> None:
        """Add them to the ledger, in the caller's transaction."""
        rows = [(second, self.run_id, *self.rows[second]) for second in sorted(self.rows)]
        await connection.executemany(SQL_ADD, rows)


class CallCounts:
    """Counts of one run in this process, written from time to time."""

    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id
        self._open = _make_counts()

    def count_call(self, *, is_retry: bool) -> None:
        """Count a call that starts."""
        counts = self._open[_this_second()]
        counts[0] += 1
        counts[1] += is_retry
        CALLS.labels("call").inc()
        CALLS.labels("retry").inc(int(is_retry))

    def count_throttled(self) -> None:
        """Count a response that reports throttling."""
        self._open[_this_second()][2] += 1
        CALLS.labels("throttled").inc()

    @asynccontextmanager
    async def hand_over(self) -> AsyncIterator[UnwrittenCounts]:
        """Pass the counts since the last time to a transaction within the block; if it fails, they are kept for the next time."""
        rows, self._open = self._open, _make_counts()
        try:
            yield UnwrittenCounts(self._run_id, rows)
        except BaseException:
            for second, counts in rows.items():
                self._open[second] = [one + other for one, other in zip(self._open[second], counts, strict=True)]
            raise


def _this_second() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


async def read_tally(connection: Connection, run_id: UUID) -> dict[str, Any]:
    """Return calls, retried, throttled and highest_minute of a run; the last includes other runs' calls at the same time."""
    row = await connection.fetchrow(SQL_SUMMARY, run_id)
    names = ("calls", "retried", "throttled", "highest_minute")
    return {name: int(row[name] or 0) if row is not None else 0 for name in names}


async def prune_tally(connection: Connection) -> None:
    """Delete counts older than 30 days, whose sums are in the ledger, and leftovers of finished runs."""
    await connection.execute("DELETE FROM fmp_call_tally WHERE second < now() - interval '30 days'")
    await connection.execute(
        "DELETE FROM fmp_vanished_entry v USING task_execution_log t"
        " WHERE t.task_id = v.run_id AND t.status NOT IN ('queued', 'running', 'parked')"
    )
