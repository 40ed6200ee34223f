"""Running FMP work to its end inside a test, against a stand-in and a database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fmp_ingest.gate import RetryPolicy
from fmp_ingest.work import FmpWork
from sra_shared.runs import ProcessingTask, RunRequest, TaskType, Unit, Worker, execute_run, read_units, request_run
from sra_shared.settings import FmpSettings
from sra_testing.stand_in import TEST_KEY

QUICK = RetryPolicy(base=0.01, longest=0.05, gate_base=0.02, patience=2.0)


@dataclass
class Ended:
    """A run and its units, as the ledger has them."""

    task: ProcessingTask
    units: dict[str, Unit]
    work: FmpWork

    def counts(self, dataset: str) -> dict[str, Any]:
        """The counts of one dataset."""
        found: dict[str, Any] = self.task.details["datasets"][dataset]
        return found


def make_settings(base_url: str, **values: Any) -> FmpSettings:
    """Settings for a stand-in, the environment's left aside."""
    return FmpSettings(
        **({"fmp_api_key": TEST_KEY, "fmp_base_url": base_url, "fmp_bulk_calls_per_minute": 6000} | values)
    )


async def run_fmp(
    dsn: str,
    settings: FmpSettings,
    *datasets: str,
    task_type: TaskType = TaskType.DAILY_QUOTES,
    policy: RetryPolicy = QUICK,
    **parameters: Any,
) -> Ended:
    """Do a run in this process until it ended or parked."""
    work = FmpWork(settings, policy=policy)
    if datasets:
        parameters["datasets"] = list(datasets)
    async with Worker(dsn, "test") as worker:
        pool = await worker.open_pool(max_size=5)
        try:
            async with pool.acquire() as connection, connection.transaction():
                request = RunRequest(task_type=task_type, parameters=parameters)
                task = (await request_run(connection, request, source="fmp")).task
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
