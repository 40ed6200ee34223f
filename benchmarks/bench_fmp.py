"""FMP: calls a minute at the vendor's door while symbols are collected one by one, and the daily run of 10,000 securities."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx

from fmp_ingest.pace import make_pace
from fmp_ingest.work import FmpWork
from sra_cli.commands.fmp import run_to_end
from sra_cli.postgres import find_free_port
from sra_cli.settings import build_environment
from sra_shared.logs import configure_logs
from sra_shared.migrate import upgrade_database
from sra_shared.runs import RunRequest, TaskType, Worker
from sra_shared.settings import DatabaseSettings, FmpSettings

LEAST_SHARE = 0.98
MOST_DAILY_SECONDS = 120.0
WARM_UP_SECONDS = 15.0
RESTART_SECONDS = 5.0
LATENCY_SECONDS = 0.2
REPLICA_DATASETS = ("profile", "peers")
CASES = (
    (3000, 1, False),
    (3000, 2, False),
    (3000, 2, True),
    (750, 1, False),
    (750, 2, True),
    (300, 1, False),
    (300, 2, True),
)


class Vendor:
    """A stand-in in a process of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def control(self, name: str, value: object = None) -> dict[str, Any]:
        """Change or read something; returns the answer."""
        if value is None and name == "stats":
            return dict(httpx.get(f"{self.url}/control/stats", timeout=60).raise_for_status().json())
        answer = httpx.post(f"{self.url}/control/{name}", json=value, timeout=60).raise_for_status()
        return dict(answer.json())


@contextmanager
def run_vendor(securities: int, plan: str) -> Iterator[Vendor]:
    """Start a stand-in and end it."""
    port = find_free_port()
    command = [
        sys.executable,
        "-m",
        "sra_stand_in",
        "--port",
        str(port),
        "--securities",
        str(securities),
        "--plan",
        plan,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    vendor = Vendor(port)
    try:
        for _ in range(300):
            try:
                vendor.control("stats")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield vendor
    finally:
        process.terminate()
        process.wait(30)


def start_replica(dsn: str, vendor: Vendor, dataset: str, setting: int) -> subprocess.Popen[bytes]:
    """Start `./sra fmp DATASET` as a replica."""
    settings = {
        "DATABASE_URL": dsn,
        "FMP_API_KEY": "benchmark",
        "FMP_BASE_URL": f"{vendor.url}/stable",
        "FMP_MAX_CALLS_PER_MINUTE": str(setting),
        "FMP_BULK_CALLS_PER_MINUTE": "600",
        "LOG_LEVEL": "ERROR",
    }
    words = [sys.executable, "-m", "sra_cli", "fmp", dataset, "--json"]
    return subprocess.Popen(words, env=build_environment(settings), stdout=subprocess.DEVNULL)


async def forget(dsn: str) -> None:
    """Let the next case begin as on a new database that knows the universe."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "TRUNCATE run_unit, task_execution_log, fmp_limiter, fmp_limiter_worker, equity_profile, fmp_peer CASCADE"
        )
    finally:
        await connection.close()


def measure_case(
    dsn: str, vendor: Vendor, setting: int, replicas: int, *, is_killed: bool, seconds: float
) -> dict[str, Any]:
    """Collect for a while and count at the door; with `is_killed` one replica is killed and started again meanwhile."""
    asyncio.run(forget(dsn))
    vendor.control("reset")
    vendor.control("fmp", {"limit": setting, "plan": "premium"})
    vendor.control("faults", [{"match": "/stable/", "kind": "slow", "seconds": LATENCY_SECONDS}])
    datasets = REPLICA_DATASETS[:replicas]
    running = [start_replica(dsn, vendor, dataset, setting) for dataset in datasets]
    try:
        time.sleep(WARM_UP_SECONDS)
        before, started = vendor.control("stats")["fmp"]["total"], time.monotonic()
        if is_killed:
            time.sleep(seconds / 3)
            running[-1].kill()
            running[-1].wait()
            time.sleep(RESTART_SECONDS)
            running[-1] = start_replica(dsn, vendor, datasets[-1], setting)
        time.sleep(max(0.0, started + seconds - time.monotonic()))
        door, passed = vendor.control("stats")["fmp"], time.monotonic() - started
    finally:
        for process in running:
            process.kill()
            process.wait()
    share = (door["total"] - before) / (passed * setting / 60)
    return {
        "setting": setting,
        "replicas": replicas,
        "killed_and_restarted": is_killed,
        "seconds": round(passed, 1),
        "highest_in_60s": door["highest_in_60s"],
        "refused": door["refused"],
        "share": round(share, 4),
        "in_flight_peak": door["in_flight_peak"],
        "in_flight_cap": make_pace(setting).permits,
        "passed": door["highest_in_60s"] <= setting and not door["refused"] and share >= LEAST_SHARE,
    }


async def run_work(dsn: str, vendor: Vendor, task_type: TaskType, datasets: list[str] | None) -> dict[str, Any]:
    """Do one run in this process; returns its seconds, calls and rows."""
    work = FmpWork(
        FmpSettings.model_validate(
            {
                "fmp_api_key": "benchmark",
                "fmp_base_url": f"{vendor.url}/stable",
                "fmp_bulk_calls_per_minute": 6000,
                "fmp_history_years": 0,
            }
        )
    )
    async with Worker(dsn, "bench") as worker:
        pool = await worker.open_pool(max_size=6)
        try:
            request = RunRequest(task_type=task_type, parameters={} if datasets is None else {"datasets": datasets})
            started = time.monotonic()
            task = await run_to_end(pool, worker, work, request)
            seconds = time.monotonic() - started
            rows = await pool.fetch(
                "SELECT dataset, extract(epoch FROM completed_at - started_at)::float8 AS seconds, stored_count AS stored,"
                " read_count AS read FROM run_unit WHERE task_id = $1 AND unit NOT LIKE '%: again' ORDER BY ordinal",
                task.task_id,
            )
        finally:
            await pool.close()
    assert task.status == "completed", task.error_details
    return {
        "seconds": round(seconds, 1),
        **task.details["fmp"],
        "datasets": {
            row["dataset"]: {"seconds": round(row["seconds"] or 0.0, 1), "read": row["read"], "stored": row["stored"]}
            for row in rows
        },
    }


def measure_daily(dsn: str, securities: int) -> dict[str, Any]:
    """A first daily run, and the next one on the stored data; bulk calls are not made to wait."""
    with run_vendor(securities, "ultimate") as vendor:
        first = asyncio.run(run_work(dsn, vendor, TaskType.DAILY_QUOTES, None))
        again = asyncio.run(run_work(dsn, vendor, TaskType.DAILY_QUOTES, None))
    slowest = max(first["seconds"], again["seconds"])
    return {"securities": securities, "first": first, "again": again, "passed": slowest <= MOST_DAILY_SECONDS}


def measure_limiter(dsn: str, securities: int, seconds: float, settings: list[int]) -> list[dict[str, Any]]:
    """All cases, one after the other."""
    results = []
    with run_vendor(securities, "ultimate") as vendor:
        asyncio.run(run_work(dsn, vendor, TaskType.DAILY_QUOTES, ["universe"]))
        for setting, replicas, is_killed in CASES:
            if setting in settings:
                result = measure_case(dsn, vendor, setting, replicas, is_killed=is_killed, seconds=seconds)
                results.append(result)
                print(json.dumps(result), file=sys.stderr)
    return results


def main() -> int:
    """Measure, print, and return 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("limiter", "daily"), help="one of the two; both without it")
    parser.add_argument("--seconds", type=float, default=180.0, help="how long each case of the limiter is measured")
    parser.add_argument("--settings", default="3000,750,300", help="which settings, separated by commas")
    parser.add_argument("--securities", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    configure_logs(service="bench", level="ERROR")
    dsn = DatabaseSettings().require_dsn()
    asyncio.run(upgrade_database(dsn, sandbox=True))
    result: dict[str, Any] = {}
    if asked.part != "limiter":
        result["daily"] = measure_daily(dsn, asked.securities)
    if asked.part != "daily":
        chosen = [int(setting) for setting in asked.settings.split(",")]
        result["limiter"] = measure_limiter(dsn, asked.securities, asked.seconds, chosen)
    parts = [result["daily"]] if "daily" in result else []
    result["passed"] = all(part["passed"] for part in [*parts, *result.get("limiter", [])])
    print(json.dumps(result) if asked.json else json.dumps(result, indent=2))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
