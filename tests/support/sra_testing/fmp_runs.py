"""Runs FMP work to its end inside a test, against a stand-in and a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fmp_collectors.dataset import Cadence
from fmp_collectors.datasets import BY_NAME
from fmp_ingest.client.circuit_breaker import RetryPolicy
from fmp_ingest.collection.backfill import request_history
from fmp_ingest.limiter.pace import WINDOW_SECONDS
from fmp_ingest.work import FmpWork
from sra_shared.kit.db import Connection
from sra_shared.kit.settings import FmpSettings
from sra_shared.runs import (
    ProcessingTask,
    RunRequest,
    TaskType,
    Unit,
    Worker,
    execute_run,
    read_run,
    read_units,
    request_run,
)
from sra_testing.stand_in import TEST_KEY
from sra_testing.timings import QUICK as QUICK_LEASES

QUICK = RetryPolicy(base=0.01, longest=0.05, breaker_base=0.02, patience=2.0)


@dataclass
class Ended:
    """A run and its units, from the ledger."""

    task: ProcessingTask
    units: dict[str, Unit]
    work: FmpWork

    def counts(self, dataset: str) -> dict[str, Any]:
        """The counts of one dataset."""
        found: dict[str, Any] = self.task.details["datasets"][dataset]
        return found


def make_settings(base_url: str, **values: Any) -> FmpSettings:
    """Settings for a stand-in; the environment is ignored."""
    return FmpSettings(
        **({"fmp_api_key": TEST_KEY, "fmp_base_url": base_url, "fmp_bulk_calls_per_minute": 6000} | values)
    )


async def run_fmp(
    dsn: str,
    settings: FmpSettings,
    *datasets: str,
    task_type: TaskType = TaskType.DAILY_QUOTES,
    policy: RetryPolicy = QUICK,
    window: float = WINDOW_SECONDS,
    **parameters: Any,
) -> Ended:
    """Execute a run in this process until it finishes or is parked."""
    if datasets:
        parameters["datasets"] = list(datasets)

    async def request(connection: Connection) -> ProcessingTask:
        requested = RunRequest(task_type=task_type, parameters=parameters)
        return (await request_run(connection, requested, source="fmp")).task

    ended = await _carry_out(dsn, FmpWork(settings, policy=policy, window=window), request)
    assert ended is not None
    return ended


async def run_history(dsn: str, settings: FmpSettings, *, policy: RetryPolicy = QUICK) -> Ended | None:
    """Collect the missing part of the first history, or continue a started backfill; None if nothing is missing."""

    async def request(connection: Connection) -> ProcessingTask | None:
        live = await connection.fetchval(
            "SELECT task_id FROM task_execution_log WHERE work_key = 'fmp_backfill:first'"
            " AND status IN ('queued', 'running', 'parked')"
        )
        if live is not None:
            return await read_run(connection, live)
        return await request_history(connection, settings, today=datetime.now(UTC).date())

    return await _carry_out(dsn, FmpWork(settings, policy=policy), request)


async def _carry_out(
    dsn: str, work: FmpWork, request: Callable[[Connection], Awaitable[ProcessingTask | None]]
) -> Ended | None:
    async with Worker(dsn, "test", timing=QUICK_LEASES) as worker:
        pool = await worker.open_pool(max_size=5)
        try:
            async with pool.acquire() as connection, connection.transaction():
                requested = await request(connection)
            if requested is None:
                return None
            task = requested
            while True:
                left = await execute_run(pool, task.task_id, work, worker)
                task = left.task
                if not task.status.is_live or task.status == "parked":
                    break
                if left.resume_at is not None:
                    await asyncio.sleep(max(0.0, min(5.0, (left.resume_at - datetime.now(UTC)).total_seconds())))
            async with pool.acquire() as connection:
                units = await read_units(connection, task.task_id)
        finally:
            await pool.close()
    return Ended(task, {unit.unit: unit for unit in units}, work)


async def run_balanced(dsn: str, base_url: str, name: str, **parameters: Any) -> Ended:
    """Collect one dataset in the run that it belongs to, whatever is rejected; fails unless its counts add up."""
    is_weekly = BY_NAME[name].cadence is Cadence.WEEKLY
    task_type = TaskType.WEEKLY_FUNDAMENTALS if is_weekly else TaskType.DAILY_QUOTES
    settings = make_settings(base_url, reject_limit=Decimal(1))
    ended = await run_fmp(dsn, settings, name, task_type=task_type, **parameters)
    counts = ended.counts(name)
    assert counts["read"] == counts["stored"] + counts["unchanged"] + counts["duplicate"] + counts["rejected"]
    assert counts["rejected"] == sum(counts["rejected_by"].values())
    return ended
