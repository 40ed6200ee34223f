"""A worker in a separate process, which tests kill, stop and resume: `python -m sra_testing.job_process DSN UNITS TIMING`.

UNITS is how many units of a run it does at a time, TIMING how long it waits (`sra_testing.timings`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sra_shared.kit.db import Connection
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.timing import LeaseTiming
from sra_shared.runs import ProcessingTask, RunEnd, Unit, UnitContext, UnitPlan, Worker
from sra_shared.runs.counts import Counts
from sra_shared.runs.worker import JobWorker
from sra_testing.nursery import Helper, start_helper
from sra_testing.timings import QUICK, read_timing, write_timing
from sra_testing.waiting import wait_for

PROBE_TABLE = "CREATE TABLE chunk_probe (task_id uuid, unit text, chunk int, owner text)"
HOLD_TABLE = "CREATE TABLE probe_hold AS SELECT 1 AS row"


class ProbeWork:
    """Stores `chunks` rows in each of `units` units, one transaction each, `pause` seconds apart.

    With `poison` the process dies in the middle of the first chunk; with `open_pause` a chunk's transaction stays open
    that long before its commit; with `hold` all but the first do so while `probe_hold` has a row; with `together` no worker
    continues after its first chunk before that many workers have stored one.
    """

    source = "fundata"
    ordered = False

    def __init__(self, concurrency: int = 1) -> None:
        self.concurrency = concurrency

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        count = int(context.task.parameters.get("units", 1))
        return [UnitPlan(f"part {number}", "probe") for number in range(count)]

    async def process(self, context: UnitContext) -> None:
        parameters = context.task.parameters
        chunks = int(parameters.get("chunks", 3))
        for chunk in range(int(context.unit.resume.get("chunk", 0)), chunks):
            async with context.transaction() as connection:
                await connection.execute(
                    "INSERT INTO chunk_probe VALUES ($1, $2, $3, $4)",
                    context.task.task_id,
                    context.unit.unit,
                    chunk,
                    context.worker.owner,
                )
                if parameters.get("poison"):
                    os._exit(9)
                await asyncio.sleep(float(parameters.get("open_pause", 0)))
                if parameters.get("hold") and chunk:
                    await self._wait_for_release(context)
                await context.commit(connection, Counts(read=1, stored=1), resume={"chunk": chunk + 1})
            await self._wait_for_others(context, int(parameters.get("together", 0)))
            await asyncio.sleep(float(parameters.get("pause", 0)))

    async def _wait_for_release(self, context: UnitContext) -> None:
        async def is_released() -> bool:
            return not await context.pool.fetchval("SELECT EXISTS (SELECT FROM probe_hold)")

        await wait_for(is_released, what="the release of the chunk", seconds=300)

    async def _wait_for_others(self, context: UnitContext, together: int) -> None:
        async def are_there() -> bool:
            query = "SELECT count(DISTINCT owner) FROM chunk_probe WHERE task_id = $1"
            return bool(await context.pool.fetchval(query, context.task.task_id) >= together)

        await wait_for(are_there, what=f"a chunk of each of {together} workers")

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        return RunEnd()


@contextmanager
def run_worker_process(
    dsn: str, *, concurrency: int = 1, timing: LeaseTiming = QUICK
) -> Iterator[Helper | subprocess.Popen[bytes]]:
    """Start a worker process; it is always killed at the end."""
    process = start_helper("sra_testing.job_process", dsn, str(concurrency), write_timing(timing))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()


async def serve(dsn: str, concurrency: int, timing: LeaseTiming) -> None:
    """Work until SIGTERM."""
    configure_logs(service="probe")
    async with Worker(dsn, "probe", wait_seconds=0, timing=timing) as worker:
        pool = await worker.open_pool(min_size=0, max_size=6)
        jobs = JobWorker(dsn=dsn, pool=pool, worker=worker, works={"csv_import": ProbeWork(concurrency)})
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, jobs.stop)
        await jobs.run()
        await pool.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), read_timing(sys.argv[3])))
