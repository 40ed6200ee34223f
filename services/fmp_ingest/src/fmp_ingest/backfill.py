"""The first history of prices: a run of its own, asked for by the first daily run that finds no price stored."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from fmp_collectors.datasets.dividends import DIVIDENDS
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_collectors.datasets.splits import SPLITS
from fmp_ingest.progress import Progress
from sra_shared.db import Connection
from sra_shared.jobs import enqueue_run
from sra_shared.logs import get_logger
from sra_shared.runs import ProcessingTask, RunRequest, RunStatus, TaskType, UnitStatus, request_run

_log = get_logger(__name__)

# views adjust prices by the events of the same years
_DATASETS = (EOD_PRICES, SPLITS, DIVIDENDS)
_WORK_KEY = f"{TaskType.FMP_BACKFILL}:first"
_PRIORITY = 5
_TIMEOUT_SECONDS = 14_400
# a figure over all the years starts from the last price before them, one by full months a month earlier still
_LEAD = timedelta(days=45)


SQL_LAST = "SELECT status FROM task_execution_log WHERE work_key = $1 ORDER BY scheduled_at DESC LIMIT 1"
SQL_FORMER = """
SELECT t.status AS run, u.status, u.resume
FROM task_execution_log t LEFT JOIN run_unit u ON u.task_id = t.task_id AND u.unit = $2
WHERE t.task_id <> $1 AND t.work_key = (SELECT work_key FROM task_execution_log WHERE task_id = $1)
ORDER BY t.scheduled_at DESC LIMIT 1
"""


async def read_former(connection: Connection, task_id: UUID, unit: str) -> Progress | None:
    """Return where a backfill begins that was begun before and did not end well: only what failed is asked for again.

    None where there was none, where it ended well, or where nothing is known of this part of it.
    """
    row = await connection.fetchrow(SQL_FORMER, task_id, unit)
    if row is None or row["status"] is None or row["run"] == RunStatus.COMPLETED:
        return None
    if row["status"] == UnitStatus.COMPLETED:
        return Progress(answered=1, is_done=True)
    return Progress.read(row["resume"]).start_again() if row["resume"] else None


# the prices of some symbols that somebody asked for are no history
SQL_IS_STORED = f"""
SELECT EXISTS (SELECT FROM {EOD_PRICES.table} p WHERE NOT EXISTS (
  SELECT FROM task_execution_log t WHERE t.task_id = p.run_id AND t.parameters ? 'symbols'))
"""  # noqa: S608 - our own name


async def request_first_backfill(connection: Connection, *, today: date, years: int) -> ProcessingTask | None:
    """Ask for the history up to today where no price is stored, in the caller's transaction; None where one is.

    A worker of the service does it beside everything else, within its share of the calls. One that failed is asked for
    again, and goes on with what failed.
    """
    last = await connection.fetchval(SQL_LAST, _WORK_KEY)
    is_stored = await connection.fetchval(SQL_IS_STORED)
    is_wanted = not is_stored if last is None else last in (RunStatus.FAILED, RunStatus.PARTIAL)
    if not is_wanted or not years:
        return None
    first = date(today.year - years, today.month, min(today.day, 28)) - _LEAD
    request = RunRequest(
        task_type=TaskType.FMP_BACKFILL,
        parameters={
            "datasets": [dataset.name for dataset in _DATASETS],
            "from": first.isoformat(),
            "to": today.isoformat(),
        },
        priority=_PRIORITY,
        timeout_seconds=_TIMEOUT_SECONDS,
        work_key=_WORK_KEY,
    )
    requested = await request_run(connection, request, source="fmp", enqueue=enqueue_run)
    _log.info("first_backfill_requested", backfill=str(requested.task.task_id), first=str(first), last=str(today))
    return requested.task
