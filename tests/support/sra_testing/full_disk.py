"""A server whose disk is filled while a worker runs, and freed again: `python -m sra_testing.full_disk FOLDER`.

It mounts a small disk on the folder, so it has to run in a separate mount namespace (`unshare --mount`, for an ordinary user
with `--user --map-root-user`). It prints the run's result as JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import OUTAGE_ERRORS, Pool, open_pool
from sra_shared.migrate import upgrade_database
from sra_shared.runs import RunRequest, TaskType, request_run
from sra_shared.runs.jobs import enqueue_run
from sra_testing.job_process import PROBE_TABLE, run_worker_process
from sra_testing.waiting import wait_for

DISK = "200m"
CHUNKS = 12
_FULL_SECONDS = 25
# every chunk needs this much space
_WEIGHT = "ALTER TABLE chunk_probe ADD COLUMN weight text DEFAULT repeat(md5(random()::text), 60000);"
_OPTIONS = {"max_wal_size": "64MB", "min_wal_size": "32MB", "shared_buffers": "16MB"}


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65_536)
        except OSError:
            return


async def query_database(pool: Pool, query: str) -> Any:
    """Return the first value of the result, or None if there is none."""
    try:
        return await pool.fetchval(query)
    except (*OUTAGE_ERRORS, asyncpg.PostgresError):
        return None


async def watch_server(server: EmbeddedPostgres) -> None:
    """Restart the server when it exits, as `./sra up` does: it stops if it cannot write its log."""
    while True:
        await asyncio.sleep(0.5)
        if server.pid is None:
            try:
                await asyncio.to_thread(server.start)
            except Exception as error:  # noqa: BLE001 - as long as the disk is full
                sys.stderr.write(f"the server does not start yet: {error}\n")


async def disturb(server: EmbeddedPostgres, disk: Path) -> dict[str, Any]:
    """Fill the disk in the middle of a run, free it after a while, and return the run's result."""
    dsn = server.build_dsn()
    await upgrade_database(dsn)
    pool = await open_pool(dsn, application_name="test", max_size=2)
    await pool.execute(PROBE_TABLE)
    await pool.execute(_WEIGHT)
    async with pool.acquire() as connection, connection.transaction():
        parameters = {"chunks": CHUNKS, "pause": 0.5}
        request = RunRequest(task_type=TaskType.CSV_IMPORT, parameters=parameters, max_retries=0)
        await request_run(connection, request, source="fundata", enqueue=enqueue_run)
    watching = asyncio.create_task(watch_server(server))
    with run_worker_process(dsn):
        await wait_for(lambda: query_database(pool, "SELECT count(*) > 1 FROM chunk_probe"), what="a first chunk")
        fill(disk / "filler")
        await asyncio.sleep(_FULL_SECONDS)
        while_full = await query_database(pool, "SELECT count(*) FROM chunk_probe")
        (disk / "filler").unlink()
        query = "SELECT status FROM task_execution_log WHERE status NOT IN ('queued', 'running')"
        status = await wait_for(lambda: query_database(pool, query), what="the end of the run", seconds=240)
    watching.cancel()
    chunks = await pool.fetch("SELECT chunk, count(*) AS times FROM chunk_probe GROUP BY chunk")
    task = await pool.fetchrow("SELECT attempt, records_processed FROM task_execution_log")
    await pool.close()
    return {
        "status": status,
        "while_full": while_full,
        "chunks": {row["chunk"]: row["times"] for row in chunks},
        **dict(task or {}),
    }


def main(folder: Path) -> None:
    """Mount the disk, run the test, print the result."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    server = EmbeddedPostgres(folder / "home", options=_OPTIONS)
    server.start()
    try:
        print(json.dumps(asyncio.run(disturb(server, folder))))  # noqa: T201 - a program's output
    finally:
        server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
