"""Idle: memory and CPU time of the four idle services, and of each from its start to /health."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from sra_cli.gateway_client import GatewayClient
from sra_cli.home import Home
from sra_cli.migration import migrate_database
from sra_cli.stack import SERVICES, StackPlan, plan_children, plan_stack
from sra_cli.supervisor import ChildPlan, Supervisor
from sra_shared.kit.settings import DatabaseSettings

LIMITS = {"total_rss_mb": 450.0, "slowest_start_seconds": 2.0}
AIMS = {"total_rss_mb": 350.0}
_PATIENCE = 120.0
_LOOK = 0.01
_WINDOW = 2.0
_IDLE_SHARE = 0.03
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Start:
    """The cost from the start of a process to its first response on /health."""

    seconds: float
    cpu_seconds: float


def is_healthy(url: str) -> bool:
    """Return whether /health returns 200."""
    try:
        return httpx.get(f"{url}/health", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def find_process(supervisor: Supervisor, name: str) -> psutil.Process:
    """Return a child's process; if it died, exit with the end of its log."""
    pid = supervisor.find_pid(name)
    if pid is None:
        raise SystemExit(f"{name} ended:\n{supervisor.read_log_end(name)}")
    return psutil.Process(pid)


def read_cpu(process: psutil.Process) -> float:
    """Return the CPU seconds that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def start_service(supervisor: Supervisor, child: ChildPlan, url: str) -> Start:
    """Start one service and wait for its first response."""
    begun = time.perf_counter()
    supervisor.start([child])
    while not is_healthy(url):
        find_process(supervisor, child.name)
        if time.perf_counter() - begun > _PATIENCE:
            raise SystemExit(f"{child.name} did not respond within {_PATIENCE:.0f} seconds.")
        time.sleep(_LOOK)
    return Start(time.perf_counter() - begun, read_cpu(find_process(supervisor, child.name)))


def start_stack(supervisor: Supervisor, plan: StackPlan, children: list[ChildPlan]) -> dict[str, Start]:
    """Start all processes one after the other, so that none delays the start of another; return the services' starts."""
    starts = {}
    for child in children:
        if child.name in SERVICES:
            starts[child.name] = start_service(supervisor, child, plan.build_url(child.name))
        else:
            supervisor.start([child])
            wait_until_idle(supervisor, [child.name])
    return starts


def wait_until_idle(supervisor: Supervisor, names: list[str]) -> None:
    """Return when every process has used almost no CPU for a while; exit if one never becomes idle."""
    processes = [find_process(supervisor, name) for name in names]
    end = time.monotonic() + _PATIENCE
    while max(measure_shares(processes, _WINDOW)) > _IDLE_SHARE:
        if time.monotonic() > end:
            raise SystemExit(f"{', '.join(names)}: not idle after {_PATIENCE:.0f} seconds.")


def measure_shares(processes: list[psutil.Process], seconds: float) -> list[float]:
    """Return the share of one core that each process uses within this many seconds."""
    begun, before = time.perf_counter(), [read_cpu(process) for process in processes]
    time.sleep(seconds)
    passed = time.perf_counter() - begun
    return [(read_cpu(process) - former) / passed for process, former in zip(processes, before, strict=True)]


def measure_services(supervisor: Supervisor, seconds: float) -> dict[str, dict[str, float]]:
    """Return the memory (MB) and the share of a core (percent) of each idle service."""
    names = list(SERVICES)
    wait_until_idle(supervisor, names)
    processes = [find_process(supervisor, name) for name in names]
    shares = measure_shares(processes, seconds)
    measured = {}
    for name, process, share in zip(names, processes, shares, strict=True):
        memory = process.memory_full_info()
        measured[name] = {
            "rss_mb": round(memory.rss / _MEGABYTE, 1),
            "pss_mb": round(getattr(memory, "pss", memory.uss) / _MEGABYTE, 1),
            "cpu_percent": round(share * 100, 2),
            "threads": process.num_threads(),
        }
    return measured


def run_refresh(plan: StackPlan) -> str:
    """Run one whole refresh and return its status."""
    with GatewayClient(plan.build_url("gateway"), plan.settings["SRA_SERVICE_TOKEN"]) as client:
        state = client.trigger_refresh(retry_seconds=_PATIENCE)
        return str(client.follow_refresh(str(state["refresh_id"]), on_change=lambda _: None)["status"])


def measure(folder: Path, dsn: str, *, seconds: float) -> dict[str, Any]:
    """Start the services on an empty database, measure them; then after a refresh as well."""
    home = Home(folder / "home")
    home.prepare()
    plan = plan_stack(home, gateway_port=None)
    asyncio.run(migrate_database(dsn, sandbox=plan.is_sandbox))
    children = plan_children(plan, home, dsn)
    supervisor = Supervisor(report=lambda text: print(text, file=sys.stderr))
    try:
        # the first start compiles the modules, because a new clone has no bytecode
        start_stack(supervisor, plan, children)
        supervisor.stop()
        starts = start_stack(supervisor, plan, children)
        started = measure_services(supervisor, seconds)
        status = run_refresh(plan)
        refreshed = measure_services(supervisor, seconds)
    finally:
        supervisor.stop()
    return {
        "start": {name: vars(start) for name, start in starts.items()},
        "idle": started,
        "refresh": status,
        "idle_after_refresh": refreshed,
        "total_rss_mb": add_up(started, "rss_mb"),
        "total_pss_mb": add_up(started, "pss_mb"),
        "total_rss_mb_after_refresh": add_up(refreshed, "rss_mb"),
        "total_pss_mb_after_refresh": add_up(refreshed, "pss_mb"),
        "slowest_start_seconds": round(max(start.seconds for start in starts.values()), 2),
    }


def add_up(measured: Mapping[str, Mapping[str, float]], name: str) -> float:
    """Return a figure summed over the services."""
    return round(sum(figures[name] for figures in measured.values()), 1)


def render_table(result: Mapping[str, Any]) -> str:
    """Return the figures of each service as lines."""
    head = f"{'':16}{'to /health':>12}{'CPU':>8}" + f"{'RSS':>9}{'PSS':>8}{'CPU':>8}" * 2
    lines = [f"{'':36}{'idle':>25}{'idle after a refresh':>25}", head]
    for name in SERVICES:
        start = result["start"][name]
        line = f"{name:16}{start['seconds']:>10.2f} s{start['cpu_seconds']:>6.2f} s"
        for phase in ("idle", "idle_after_refresh"):
            figures = result[phase][name]
            line += f"{figures['rss_mb']:>9.1f}{figures['pss_mb']:>8.1f}{figures['cpu_percent']:>7.2f}%"
        lines.append(line)
    totals = "".join(
        f"{result[f'total_rss_mb{after}']:>9.1f}{result[f'total_pss_mb{after}']:>8.1f}{'':8}"
        for after in ("", "_after_refresh")
    )
    return "\n".join([*lines, f"{'together (MB)':36}{totals}", f"the refresh: {result['refresh']}"])


def main() -> int:
    """Measure, print, and return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="duration of the measurement of idle services")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-idle-") as folder:
        result = measure(Path(folder), DatabaseSettings().require_dsn(), seconds=options.seconds)
    result |= {"limits": LIMITS, "aims": AIMS}
    result["passed"] = all(result[name] <= limit for name, limit in LIMITS.items())
    print(json.dumps(result) if options.json else render_table(result))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
