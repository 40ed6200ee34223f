"""An update run in a separate process, which a test kills: `python -m sra_testing.update_process JSON`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.seed.local_load import run_in_process
from fundata_ingest.seed.tree import SeedTree
from fundata_ingest.seed.work import SeedWork
from fundata_ingest.update_steps import StepWork
from fundata_ingest.updates.update_api import FundataAccount
from sra_shared.kit.logs import configure_logs
from sra_shared.runs import RunRequest, TaskType
from sra_stand_in.server import StandIn
from sra_testing.timings import QUICK
from sra_testing.updates import QUICK_API


@contextmanager
def run_update_process(dsn: str, stand_in: StandIn, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the quote step's update; it is always killed at the end."""
    requested = {"dsn": dsn, "root": str(root), "auth": stand_in.fundata_auth_url, "api": stand_in.fundata_api_url}
    process = subprocess.Popen(
        [sys.executable, "-m", "sra_testing.update_process", json.dumps(requested)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},  # noqa: TID251 - a child's environment
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def update(requested: dict[str, str]) -> dict[str, object]:
    """Execute the run, or take over one that a killed process left; return its status and what it read."""
    root = Path(requested["root"])
    seed = SeedWork(
        catalogue=load_catalogue(),
        find_tree=lambda _task: SeedTree(root, root / "data", root / "quotes"),
        reject_limit=Decimal("0.001"),
        drop_limit=Decimal("0.02"),
        tables=("quotes",),
    )
    account = FundataAccount(
        SecretStr("key-of-a-test"), SecretStr("secret-of-a-test"), requested["auth"], requested["api"], QUICK_API
    )
    step = StepWork(seed, "quotes", account, overlap_days=7, batch_rows=200)
    request = RunRequest(
        task_type=TaskType.FUNDATA_QUOTES, parameters={"from": "2025-01-01"}, max_retries=3, timeout_seconds=120
    )
    result = await run_in_process(requested["dsn"], request, step, timing=QUICK)
    return {"status": result.task.status.value, "read": sum(unit.counts.read for unit in result.units)}


if __name__ == "__main__":
    configure_logs(service="update_process")
    sys.stdout.write(json.dumps(asyncio.run(update(json.loads(sys.argv[1])))))
