"""The first history of prices: a run of its own, asked for by the first daily run that finds no price stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from fmp_collectors.dataset import Scope, Source, Targets, plan_requests
from fmp_collectors.datasets.dividends import DIVIDENDS
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_collectors.datasets.splits import SPLITS
from fmp_ingest.pace import make_pace
from sra_shared.db import Connection
from sra_shared.jobs import enqueue_run
from sra_shared.logs import get_logger
from sra_shared.runs import ProcessingTask, RunRequest, TaskType, request_run
from sra_shared.settings import FmpSettings

_log = get_logger(__name__)

# views adjust prices by the events of the same years
_DATASETS = (EOD_PRICES, SPLITS, DIVIDENDS)
_WORK_KEY = f"{TaskType.FMP_BACKFILL}:first"
_PRIORITY = 5
_TIMEOUT_SECONDS = 14_400


async def request_first_backfill(connection: Connection, *, today: date, years: int) -> ProcessingTask | None:
    """Ask for the history up to today where no price is stored, in the caller's transaction; None where one is.

    A worker of the service does it beside everything else, within its share of the calls.
    """
    is_stored = await connection.fetchval(f"SELECT EXISTS (SELECT FROM {EOD_PRICES.table})")  # noqa: S608 - our own name
    if is_stored or not years:
        return None
    first = date(today.year - years, today.month, min(today.day, 28))
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


def order_sources(sources: Sequence[Source], targets: Targets, settings: FmpSettings) -> tuple[Source, ...]:
    """Return the sources with the quicker one first where one is by session and one by symbol.

    For a few days the bulk files are; for years of sessions, at two files a minute, the symbols one by one.
    """
    if {source.scope for source in sources} != {Scope.SESSION, Scope.SYMBOL}:
        return tuple(sources)
    share = max(1, int(settings.fmp_max_calls_per_minute * settings.fmp_backfill_share))

    def count_minutes(source: Source) -> Decimal:
        calls = sum(max(1, len(request.variants)) for request in plan_requests(source, targets))
        rate = settings.fmp_bulk_calls_per_minute if source.is_bulk else share
        return Decimal(calls) / make_pace(rate).slots_per_minute

    return tuple(sorted(sources, key=count_minutes))
