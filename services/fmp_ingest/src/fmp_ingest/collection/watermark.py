"""The watermark of a dataset: how far it has been collected for all symbols, according to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fmp_collectors.dataset import FmpDataset
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.runs import TaskType

SQL_LAST_SUCCESS = """
SELECT max(u.started_at AT TIME ZONE 'UTC')::date FROM run_unit u JOIN task_execution_log t USING (task_id)
WHERE u.unit = $1 AND u.status = 'completed' AND t.task_type = ANY($2::text[])
  AND NOT t.parameters ?| ARRAY['symbols', 'from', 'to']
"""
# of ordinary work, the last session that had closed when it began; of a backfill, its days as far as they had closed
SQL_COVERED = """
SELECT (t.parameters->>'from')::date AS first, (
    SELECT max(m.session_date) FROM market_session m
    WHERE m.close_at <= u.started_at AND m.session_date <= coalesce((t.parameters->>'to')::date, 'infinity')) AS last
FROM run_unit u JOIN task_execution_log t USING (task_id)
WHERE u.unit = $1 AND u.status = 'completed' AND t.source = 'fmp' AND NOT t.parameters ? 'symbols'
"""
_ORDINARY = (TaskType.DAILY_QUOTES.value, TaskType.WEEKLY_FUNDAMENTALS.value)


async def read_last_success(connection: Connection, dataset: FmpDataset) -> date | None:
    """Return the day on which ordinary work for all symbols last succeeded; None if it never did."""
    day: date | None = await connection.fetchval(SQL_LAST_SUCCESS, dataset.name, list(_ORDINARY))
    return day


async def read_frontier(connection: Connection, dataset: FmpDataset, sessions: Sequence[date]) -> date | None:
    """Return the last session up to which the dataset is complete, for all symbols and without a gap; None if there is none.

    It is never later than the newest row, in case rows are missing that the ledger has recorded.
    """
    newest: date | None = await connection.fetchval(compose("SELECT max(date) FROM {table}", table=dataset.table))
    rows = await connection.fetch(SQL_COVERED, dataset.name)
    reached = join_spans([(row["first"], row["last"]) for row in rows if row["last"] is not None], sessions)
    return newest if reached is None or newest is None else min(newest, reached)


def join_spans(spans: Sequence[tuple[date | None, date]], sessions: Sequence[date]) -> date | None:
    """Return the day that spans reach from the earliest on without skipping a session; a span without a first day covers all
    before."""
    reached: date | None = None
    for first, last in sorted(spans, key=lambda span: (span[0] or date.min, span[1])):
        if reached is None:
            reached = last
        elif first is None or not any(reached < day < first for day in sessions):
            reached = max(reached, last)
    return reached
