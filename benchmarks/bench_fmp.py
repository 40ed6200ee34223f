"""FMP: calls per minute on arrival while symbols are collected one by one, and the daily run of 10,000 securities."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from fmp_ingest.limiter.pace import make_pace
from fmp_ingest.work import FmpWork
from sra_cli.ports import find_free_port
from sra_cli.settings import build_environment
from sra_shared.kit.db import open_connection
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.settings import DatabaseSettings, FmpSettings
from sra_shared.migrate import upgrade_database
from sra_shared.runs import RunRequest, TaskType, execute_in_process

LEAST_SHARE = 0.98
MOST_DAILY_SECONDS = 120.0
SETTLE_SECONDS = 15.0
START_SECONDS = 120.0
RESTART_SECONDS = 5.0
# each replica requests one of them, symbol by symbol
REPLICA_DATASETS = {"profile": "/stable/profile", "peers": "/stable/stock-peers"}


@dataclass(frozen=True)
class Case:
    """A setting, the number of replicas that share it, the response time, and whether one replica is killed and restarted."""

    setting: int
    replicas: int
    response_seconds: float
    is_killed: bool = False

    @property
    def least_share(self) -> float:
        """The required rate: 98% of the setting, or of the rate that the calls in flight allow at this response time."""
        possible = make_pace(self.setting).permits * 60 / self.response_seconds
        return LEAST_SHARE * min(1.0, possible / self.setting)


# a killed replica's permits count for a minute: with slow responses the others cannot reach 98%
CASES = (
    *(
        Case(setting, replicas, seconds)
        for setting in (3000, 750, 300)
        for replicas in (1, 2)
        for seconds in (0.2, 0.85)
    ),
    *(Case(setting, 2, 0.2, is_killed=True) for setting in (3000, 750, 300)),
)


class Vendor:
    """A stand-in in a separate process."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def control(self, name: str, value: object = None) -> dict[str, Any]:
        """Send a control request and return the response."""
        if value is None and name == "stats":
            return dict(httpx.get(f"{self.url}/control/stats", timeout=60).raise_for_status().json())
        response = httpx.post(f"{self.url}/control/{name}", json=value, timeout=60).raise_for_status()
        return dict(response.json())


@contextmanager
def run_vendor(securities: int, plan: str) -> Iterator[Vendor]:
    """Start a stand-in, and stop it at the end of the block."""
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
    """Reset the database to one that contains only the universe, for the next case."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "TRUNCATE run_unit, task_execution_log, fmp_limiter, fmp_limiter_ticket, fmp_limiter_worker, equity_profile,"
            " fmp_peer CASCADE"
        )
    finally:
        await connection.close()


def wait_for_calls(vendor: Vendor, datasets: Sequence[str]) -> None:
    """Wait until every replica makes calls, and a little longer, so that the start is not measured."""
    end = time.monotonic() + START_SECONDS
    while not all(vendor.control("stats")["fmp"]["by_path"].get(REPLICA_DATASETS[name]) for name in datasets):
        if time.monotonic() > end:
            raise SystemExit(f"A replica made no call within {START_SECONDS:.0f} s.")
        time.sleep(0.2)
    time.sleep(SETTLE_SECONDS)


def measure_case(dsn: str, vendor: Vendor, case: Case, *, seconds: float) -> dict[str, Any]:
    """Collect for a while and count the calls on arrival; with `is_killed` one replica is killed and restarted meanwhile."""
    asyncio.run(forget(dsn))
    vendor.control("reset")
    vendor.control("fmp", {"limit": case.setting, "plan": "premium"})
    vendor.control("faults", [{"match": "/stable/", "kind": "slow", "seconds": case.response_seconds}])
    datasets = list(REPLICA_DATASETS)[: case.replicas]
    running = [start_replica(dsn, vendor, dataset, case.setting) for dataset in datasets]
    try:
        wait_for_calls(vendor, datasets)
        before, started = vendor.control("stats")["fmp"]["total"], time.monotonic()
        if case.is_killed:
            time.sleep(seconds / 3)
            running[-1].kill()
            running[-1].wait()
            time.sleep(RESTART_SECONDS)
            running[-1] = start_replica(dsn, vendor, datasets[-1], case.setting)
        time.sleep(max(0.0, started + seconds - time.monotonic()))
        door, passed = vendor.control("stats")["fmp"], time.monotonic() - started
        ran_out = any(process.poll() is not None for process in running)
    finally:
        for process in running:
            process.kill()
            process.wait()
    share = (door["total"] - before) / (passed * case.setting / 60)
    is_kept = door["highest_in_window"] <= case.setting and not door["refused"]
    in_flight = make_pace(case.setting).permits
    return {
        "setting": case.setting,
        "replicas": case.replicas,
        "answer_seconds": case.response_seconds,
        "killed_and_restarted": case.is_killed,
        "seconds": round(passed, 1),
        "highest_in_60s": door["highest_in_window"],
        "refused": door["refused"],
        "share": round(share, 4),
        "least_share": round(case.least_share, 4),
        "in_flight_peak": door["in_flight_peak"],
        "in_flight_cap": in_flight,
        "ran_out_of_work": ran_out,
        "passed": is_kept and share >= case.least_share and door["in_flight_peak"] <= in_flight and not ran_out,
    }


async def run_work(dsn: str, vendor: Vendor, task_type: TaskType, datasets: list[str] | None) -> dict[str, Any]:
    """Execute one run in this process; return its seconds, calls and rows."""
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
    request = RunRequest(task_type=task_type, parameters={} if datasets is None else {"datasets": datasets})
    done = await execute_in_process(dsn, request, work, name="bench", connections=6)
    connection = await open_connection(dsn, application_name="bench")
    try:
        rows = await connection.fetch(
            "SELECT dataset, extract(epoch FROM completed_at - started_at)::float8 AS seconds, stored_count AS stored,"
            " read_count AS read FROM run_unit WHERE task_id = $1 AND repeats IS NULL ORDER BY ordinal",
            done.task.task_id,
        )
    finally:
        await connection.close()
    assert done.task.status == "completed", done.task.error_details
    return {
        "seconds": round(done.seconds, 1),
        **done.task.details["fmp"],
        "datasets": {
            row["dataset"]: {"seconds": round(row["seconds"] or 0.0, 1), "read": row["read"], "stored": row["stored"]}
            for row in rows
        },
    }


def measure_daily(dsn: str, securities: int) -> dict[str, Any]:
    """Measure a first daily run, and the next one on the stored data; bulk calls do not wait."""
    with run_vendor(securities, "ultimate") as vendor:
        first = asyncio.run(run_work(dsn, vendor, TaskType.DAILY_QUOTES, None))
        again = asyncio.run(run_work(dsn, vendor, TaskType.DAILY_QUOTES, None))
    slowest = max(first["seconds"], again["seconds"])
    return {"securities": securities, "first": first, "again": again, "passed": slowest <= MOST_DAILY_SECONDS}


def measure_limiter(dsn: str, securities: int, seconds: float, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Measure the cases, one after the other."""
    results = []
    with run_vendor(securities, "ultimate") as vendor:
        asyncio.run(run_work(dsn, vendor, TaskType.DAILY_QUOTES, ["universe"]))
        for case in cases:
            result = measure_case(dsn, vendor, case, seconds=seconds)
            results.append(result)
            print(json.dumps(result), file=sys.stderr, flush=True)
    return results


def choose_cases(settings: str, responses: str, killed: str) -> list[Case]:
    """Return the cases that the options select."""
    wanted_settings, wanted_seconds = (
        {int(one) for one in settings.split(",")},
        {float(one) for one in responses.split(",")},
    )
    return [
        case
        for case in CASES
        if case.setting in wanted_settings
        and case.response_seconds in wanted_seconds
        and killed in ("also", "only" if case.is_killed else "not")
    ]


def main() -> int:
    """Measure, print, and return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("limiter", "daily"), help="one of the two; by default both")
    parser.add_argument("--seconds", type=float, default=180.0, help="duration of each case of the limiter")
    parser.add_argument("--settings", default="3000,750,300", help="settings, separated by commas")
    parser.add_argument("--answers", default="0.2,0.85", help="response times in seconds, separated by commas")
    parser.add_argument("--killed", choices=("also", "only", "not"), default="also", help="cases with a killed replica")
    parser.add_argument(
        "--securities", type=int, default=10_000, help="number for the daily run; the limiter has a fifth more"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    configure_logs(service="bench", level="ERROR")
    dsn = DatabaseSettings().require_dsn()
    asyncio.run(upgrade_database(dsn, sandbox=True))
    result: dict[str, Any] = {}
    if options.part != "limiter":
        result["daily"] = measure_daily(dsn, options.securities)
    if options.part != "daily":
        # one replica must not run out of symbols before the time has passed
        securities = options.securities * 6 // 5
        chosen = choose_cases(options.settings, options.answers, options.killed)
        result["limiter"] = measure_limiter(dsn, securities, options.seconds, chosen)
    parts = [result["daily"]] if "daily" in result else []
    result["passed"] = all(part["passed"] for part in [*parts, *result.get("limiter", [])])
    print(json.dumps(result) if options.json else json.dumps(result, indent=2))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
