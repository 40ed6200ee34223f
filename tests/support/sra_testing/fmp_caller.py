"""A process that calls a stand-in through the limiter: `python -m sra_testing.fmp_caller DSN URL RATE SECONDS WIDTH`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

from fmp_ingest.client.fmp_client import open_client, share_account
from sra_shared.kit.db import open_pool
from sra_testing.fmp_runs import QUICK, make_settings


def start_caller(dsn: str, url: str, *, rate: int, seconds: float, width: int) -> subprocess.Popen[bytes]:
    """Start such a process; it prints the number of its calls."""
    command = [sys.executable, "-m", "sra_testing.fmp_caller", dsn, url, str(rate), str(seconds), str(width)]
    support = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": support}  # noqa: TID251 - a child's environment, no setting
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


async def call_until(dsn: str, url: str, rate: int, seconds: float, width: int) -> int:
    """Call with `width` concurrent callers until the time has passed; return the number of calls."""
    pool = await open_pool(dsn, application_name="test", min_size=1, max_size=4)
    calls, run_id = 0, uuid4()
    end = time.monotonic() + seconds
    try:
        async with open_client(
            make_settings(url, fmp_max_calls_per_minute=rate),
            share_account(pool, run_id),
            run_id,
            is_sandbox=True,
            policy=QUICK,
        ) as client:

            async def call() -> None:
                nonlocal calls
                while time.monotonic() < end:
                    await client.get("quote", {"symbol": "ZZZZ"})
                    calls += 1

            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(call())
    finally:
        await pool.close()
    return calls


if __name__ == "__main__":
    dsn_, url_, rate_, seconds_, width_ = sys.argv[1:]
    sys.stdout.write(str(asyncio.run(call_until(dsn_, url_, int(rate_), float(seconds_), int(width_)))))
