"""The service as a process: it responds, claims a run, and collects it in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from fmp_ingest.parameters import FmpParameters
from sra_cli.ports import find_free_port
from sra_shared.service.runs import check_parameters
from sra_stand_in.server import StandIn
from sra_testing.stand_in import SECURITIES

_START_SECONDS = 60


@contextmanager
def run_service(dsn: str, **settings: str) -> Iterator[httpx.Client]:
    port = find_free_port()
    environment = {
        **os.environ,  # noqa: TID251 - a child's environment, no setting
        "DATABASE_URL": dsn,
        "PORT": str(port),
        "SRA_SERVICE_TOKEN": "service-token-of-a-test",
        "SRA_VIEWER_TOKEN": "viewer-token-of-a-test",
        **settings,
    }
    process = subprocess.Popen([sys.executable, "-m", "fmp_ingest"], env=environment, stderr=subprocess.DEVNULL)
    headers = {"Authorization": "Bearer service-token-of-a-test"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
            wait_until(lambda: is_up(client))
            yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(look: Any, seconds: float = _START_SECONDS) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


def test_a_run_is_claimed_and_collected(sandbox_database: str, stand_in: StandIn) -> None:
    settings = {"FMP_API_KEY": "test-key", "FMP_BASE_URL": stand_in.fmp_base_url, "FMP_BULK_CALLS_PER_MINUTE": "600"}
    with run_service(sandbox_database, **settings) as service:
        refused = service.post("/runs", json={"task_type": "daily_quotes", "parameters": {"datasets": ["nope"]}})
        assert refused.status_code == 422
        body = {"task_type": "daily_quotes", "parameters": {"datasets": ["quote"]}}
        accepted = service.post("/runs", json=body)
        assert accepted.status_code == 202, accepted.text
        place = accepted.headers["Location"]
        ended = wait_until(lambda: run if (run := service.get(place).json())["status"] == "completed" else None)
        assert ended["details"]["datasets"]["quote"]["stored"] == SECURITIES


def test_the_days_of_a_request_are_kept_under_the_names_that_the_work_reads() -> None:
    requested = {"datasets": ["eod_prices"], "from": "2025-01-02", "to": "2025-01-03"}
    assert check_parameters(FmpParameters, requested) == requested


def test_unset_database_is_refused_with_its_name() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE", "DB_"))}  # noqa: TID251
    result = subprocess.run(
        [sys.executable, "-m", "fmp_ingest"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 5
    assert "DATABASE_URL" in result.stderr
