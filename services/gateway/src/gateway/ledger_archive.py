"""Archiving of ledgers: old finished runs are summed up by month and deleted.

A run that stored rows leaves a small permanent record, because rows refer to their run. The calls in fmp_call are kept too.
A resolved or dismissed reject is deleted with the run that read it last.

Never deleted: the two Fundata tables, open rejects and the runs that read them first and last, active runs, the runs of
seed files, and, for every kind of work, the newest success and the newest run that stored anything, because the next run
resumes there.
"""

from __future__ import annotations

from datetime import timedelta

from sra_shared.kit.database.locks import try_lock
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection, Pool
from sra_shared.kit.logs import get_logger
from sra_shared.runs.reject_state import REJECT_IS_OPEN

KEY_LIFETIME = timedelta(days=30)
_BATCH = 200
log = get_logger(__name__)

_LAST_RUN = "coalesce(r.last_run_id, r.run_id)"
SQL_CHOOSE = compose(
    """
CREATE TEMP TABLE leaving ON COMMIT DROP AS
SELECT t.task_id FROM task_execution_log t
WHERE t.status NOT IN ('queued', 'running', 'parked') AND t.completed_at < now() - $1::interval
  AND NOT EXISTS (SELECT FROM task_execution_log c WHERE c.parent_id = t.task_id)
  AND NOT EXISTS (SELECT FROM rejected_record r WHERE r.run_id = t.task_id AND {reject_is_open})
  AND NOT EXISTS (SELECT FROM rejected_record r WHERE {last_run} = t.task_id AND {reject_is_open})
  AND NOT EXISTS (SELECT FROM run_unit u WHERE u.task_id = t.task_id AND u.detail ? 'file_id')
  AND NOT EXISTS (SELECT FROM completion_outbox o WHERE o.run_id = t.task_id AND o.delivered_at IS NULL)
  AND NOT EXISTS (SELECT FROM completion_inbox i WHERE t.task_id IN (i.run_id, i.build_id) AND i.handled_at IS NULL)
  AND t.task_id NOT IN (
    SELECT DISTINCT ON (k.task_type, u.unit) u.task_id FROM run_unit u JOIN task_execution_log k USING (task_id)
    WHERE u.status IN ('completed', 'partial', 'skipped') ORDER BY k.task_type, u.unit, u.completed_at DESC NULLS LAST)
  AND t.task_id NOT IN (
    SELECT DISTINCT ON (k.source, u.dataset) u.task_id FROM run_unit u JOIN task_execution_log k USING (task_id)
    WHERE u.stored_count > 0 ORDER BY k.source, u.dataset, u.completed_at DESC NULLS LAST)
ORDER BY t.completed_at LIMIT $2
""",
    reject_is_open=REJECT_IS_OPEN,
    last_run=_LAST_RUN,
)
_ADD = ", ".join(
    f"{name} = ledger_archive.{name} + excluded.{name}"
    for name in (
        "runs",
        "runs_not_completed",
        "read_count",
        "stored_count",
        "unchanged_count",
        "duplicate_count",
        "rejected_count",
        "out_of_scope_count",
        "rejects_deleted",
        "warnings_deleted",
        "seconds",
    )
)
# as core.dataset_ledger of view_builder
_DID = """NOT t.parameters ? 'replay'
    AND (u.status IN ('completed', 'partial') OR u.status = 'skipped' AND t.source = 'fundata')"""
SQL_SUM_RUNS = compose(
    """
INSERT INTO ledger_archive (month, task_type, dataset, source, runs, runs_not_completed, rejects_deleted,
  warnings_deleted, seconds)
SELECT date_trunc('month', t.scheduled_at)::date, t.task_type, '', max(t.source), count(*),
  count(*) FILTER (WHERE t.status <> 'completed'),
  coalesce(sum((SELECT count(*) FROM rejected_record r WHERE {last_run} = t.task_id)), 0),
  coalesce(sum((SELECT count(*) FROM field_warning w WHERE w.run_id = t.task_id)), 0),
  coalesce(sum(t.duration_seconds), 0)
FROM leaving JOIN task_execution_log t USING (task_id) GROUP BY 1, 2
ON CONFLICT (month, task_type, dataset) DO UPDATE SET {add}
""",
    last_run=_LAST_RUN,
    add=_ADD,
)
SQL_SUM_UNITS = compose(
    """
INSERT INTO ledger_archive (month, task_type, dataset, source, runs, runs_not_completed, read_count, stored_count,
  unchanged_count, duplicate_count, rejected_count, out_of_scope_count, first_success_at)
SELECT date_trunc('month', t.scheduled_at)::date, t.task_type, u.dataset, max(t.source), count(DISTINCT t.task_id),
  count(DISTINCT t.task_id) FILTER (WHERE u.status <> 'completed'), sum(u.read_count), sum(u.stored_count),
  sum(u.unchanged_count), sum(u.duplicate_count),
    -- rows that a replay rejects were rejected and counted before
  coalesce(sum(u.rejected_count) FILTER (WHERE NOT t.parameters ? 'replay'), 0), sum(u.out_of_scope_count),
  min(u.completed_at) FILTER (WHERE {did})
FROM leaving JOIN task_execution_log t USING (task_id) JOIN run_unit u USING (task_id)
WHERE u.dataset <> '' GROUP BY 1, 2, 3
ON CONFLICT (month, task_type, dataset) DO UPDATE SET {add},
  first_success_at = least(ledger_archive.first_success_at, excluded.first_success_at)
""",
    add=_ADD,
    did=_DID,
)
SQL_KEEP_RUNS = """
INSERT INTO archived_run (run_id, task_type, source, status, scheduled_at, started_at, completed_at, stored_count)
SELECT t.task_id, t.task_type, t.source, t.status, t.scheduled_at, t.started_at, t.completed_at, sum(u.stored_count)
FROM leaving JOIN task_execution_log t USING (task_id) JOIN run_unit u USING (task_id)
GROUP BY t.task_id HAVING sum(u.stored_count) > 0
"""
# A run's events are deleted before the record that views include it: a view looks for events of runs that it lacks.
SQL_DELETE = (
    compose("DELETE FROM rejected_record r USING leaving WHERE {last_run} = task_id", last_run=_LAST_RUN),
    "DELETE FROM field_warning USING leaving WHERE run_id = task_id",
    "DELETE FROM completion_inbox i USING leaving l WHERE i.run_id = l.task_id",
    "DELETE FROM completion_outbox o USING leaving l WHERE o.run_id = l.task_id",
    "DELETE FROM published_run p USING leaving l WHERE p.run_id = l.task_id",
    "DELETE FROM idempotency_key k USING leaving l WHERE k.task_id = l.task_id",
    "UPDATE schedule_slot s SET task_id = NULL FROM leaving l WHERE s.task_id = l.task_id",
    "DELETE FROM alert a USING leaving l WHERE a.task_id = l.task_id",
    "DELETE FROM run_unit u USING leaving l WHERE u.task_id = l.task_id",
    "DELETE FROM task_execution_log t USING leaving l WHERE t.task_id = l.task_id",
)
# the gateway's own small tables; the newest slot of a schedule is kept because it determines what is due
SQL_PRUNE = (
    "DELETE FROM incident WHERE ended_at < now() - $1::interval",
    "DELETE FROM alert WHERE task_id IS NULL AND created_at < now() - $1::interval",
    "DELETE FROM schedule_slot s WHERE task_id IS NULL AND slot < now() - $1::interval"
    " AND slot < (SELECT max(n.slot) FROM schedule_slot n WHERE n.schedule = s.schedule)",
    "DELETE FROM audit WHERE at < now() - $1::interval",
)
"""Sum up and delete runs older than `retention`; return how many, or 0 while another gateway is archiving."""


async def archive_ledgers(pool: Pool, *, retention: timedelta) -> int:
    """Sum up and delete runs older than `retention`; return how many were deleted, 0 if another gateway is archiving."""
    total = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            if not await try_lock(connection, "ledger archive"):
                return total
            gone = await _archive_batch(connection, retention)
            if not gone:
                await _prune(connection, retention)
                break
            total += gone
    if total:
        log.info("ledgers_archived", runs=total, older_than_days=retention.days)
    return total


async def _archive_batch(connection: Connection, retention: timedelta) -> int:
    await connection.execute(SQL_CHOOSE, retention, _BATCH)
    gone: int = await connection.fetchval("SELECT count(*) FROM leaving")
    if gone:
        await connection.execute(SQL_SUM_RUNS)
        await connection.execute(SQL_SUM_UNITS)
        await connection.execute(SQL_KEEP_RUNS)
        for statement in SQL_DELETE:
            await connection.execute(statement)
    return gone


async def _prune(connection: Connection, retention: timedelta) -> None:
    for statement in SQL_PRUNE:
        await connection.execute(statement, retention)
    await connection.execute("DELETE FROM idempotency_key WHERE created_at < now() - $1::interval", KEY_LIFETIME)
    await connection.execute("DELETE FROM ended_session WHERE expires_at < now()")
