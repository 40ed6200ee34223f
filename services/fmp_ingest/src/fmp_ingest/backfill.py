"""The first history of prices: a run of its own, asked for by the first daily run that finds no price stored."""

from __future__ import annotations

from datetime import date, timedelta

from fmp_collectors.datasets.dividends import DIVIDENDS
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_collectors.datasets.splits import SPLITS
from sra_shared.db import Connection
from sra_shared.jobs import enqueue_run
from sra_shared.logs import get_logger
from sra_shared.runs import ProcessingTask, RunRequest, TaskType, request_run

_log = get_logger(__name__)

# views adjust prices by the events of the same years
_DATASETS = (EOD_PRICES, SPLITS, DIVIDENDS)
_WORK_KEY = f"{TaskType.FMP_BACKFILL}:first"
_PRIORITY = 5
_TIMEOUT_SECONDS = 14_400
# a figure over all the years starts from the last price before them, one by full months a month earlier still
_LEAD = timedelta(days=45)


async def request_first_backfill(connection: Connection, *, today: date, years: int) -> ProcessingTask | None:
    """Ask for the history up to today where no price is stored, in the caller's transaction; None where one is.

    A worker of the service does it beside everything else, within its share of the calls.
    """
    is_stored = await connection.fetchval(f"SELECT EXISTS (SELECT FROM {EOD_PRICES.table})")  # noqa: S608 - our own name
    if is_stored or not years:
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
