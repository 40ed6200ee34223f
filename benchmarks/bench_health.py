"""Health: the gateway's /health at 50 requests per second during a full refresh; the start of each service up to /health."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from sra_cli.home import Home, RunningStack
from sra_cli.ports import find_free_port
from sra_cli.settings import build_environment
from sra_cli.stack import SERVICES
from sra_shared.kit.db import open_connection

LIMITS = {"health_p99_ms": 100.0, "slowest_cold_start_seconds": 10.0}
AIMS = {"health_p99_ms": 10.0, "slowest_cold_start_seconds": 3.0}
_PATIENCE = 120.0


class Caller:
    """Requests /health over persistent connections, with almost no CPU use, because it shares the machine."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._request = f"GET /health HTTP/1.1\r\nHost: {self._address[0]}\r\n\r\n".encode()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.times: list[float] = []
        self.failed = 0

    async def ask(self, due: float) -> None:
        """Send one request; its time counts from the moment when it was due (perf_counter)."""
        status = None
        while status is None and self._idle:
            # the server closes connections that were idle for long
            status = await self._ask_on(*self._idle.pop())
        if status is None:
            status = await self._ask_on(*await asyncio.open_connection(*self._address))
        self.times.append((time.perf_counter() - due) * 1000)
        self.failed += status != 200

    async def _ask_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int | None:
        try:
            writer.write(self._request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(int(head.partition("content-length: ")[2].split("\r\n")[0]))
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return None
        self._idle.append((reader, writer))
        return int(head.split(maxsplit=2)[1])


async def follow_refresh(dsn: str, begun: asyncio.Event, ended: asyncio.Event) -> None:
    """Return when the first refresh began and ended; queries the database, so that the gateway has no other requests."""
    connection = await open_connection(dsn, application_name="bench")
    try:
        while not ended.is_set():
            row = await connection.fetchrow(
                "SELECT started_at, completed_at FROM task_execution_log WHERE task_type = 'unified_refresh'"
                " ORDER BY scheduled_at LIMIT 1"
            )
            if row is not None and row["started_at"] is not None:
                begun.set()
            if row is not None and row["completed_at"] is not None:
                ended.set()
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def request_at_rate(stack: RunningStack, rate: float, *, longest: float) -> dict[str, Any]:
    """Request /health at a steady rate from the start of the refresh to its end."""
    caller = Caller(stack.gateway_url)
    started, ended = asyncio.Event(), asyncio.Event()
    following = asyncio.create_task(follow_refresh(stack.database_url, started, ended))
    await asyncio.wait_for(started.wait(), _PATIENCE)
    begun = time.perf_counter()
    pending: set[asyncio.Task[None]] = set()
    number = 0
    while not ended.is_set() and time.perf_counter() - begun < longest:
        due = begun + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        pending.add(task := asyncio.create_task(caller.ask(due)))
        task.add_done_callback(pending.discard)
        number += 1
    await asyncio.gather(*pending)
    has_ended = ended.is_set()
    ended.set()
    await following
    ordered = sorted(caller.times)
    return {
        "requests": number,
        "not_answered": caller.failed,
        "refresh_ended": has_ended,
        "seconds": round(time.perf_counter() - begun, 1),
        "health_p50_ms": round(ordered[len(ordered) // 2], 2),
        "health_p99_ms": round(ordered[int(len(ordered) * 0.99)], 2),
        "health_max_ms": round(ordered[-1], 2),
    }


def wait_for_stack(home: Path, process: subprocess.Popen[bytes]) -> RunningStack:
    """Return the stack when its gateway responds."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        stack = Home(home).read_running()
        if stack is not None and is_healthy(stack.gateway_url):
            return stack
        time.sleep(0.1)
    raise SystemExit("The stack did not start; see its log.")


def is_healthy(url: str) -> bool:
    """Return whether /health returns 200."""
    try:
        return httpx.get(f"{url}/health", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def measure_cold_start(name: str, settings: dict[str, str]) -> float:
    """Return the seconds from the start of a service's process to its first response."""
    port = find_free_port()
    begun = time.perf_counter()
    environment = build_environment({**settings, "PORT": str(port), "LOG_LEVEL": "ERROR"})
    process = subprocess.Popen([sys.executable, "-m", name, "--host", "127.0.0.1"], env=environment)
    try:
        while not is_healthy(f"http://127.0.0.1:{port}"):
            if process.poll() is not None or time.perf_counter() - begun > _PATIENCE:
                raise SystemExit(f"{name} did not start.")
            time.sleep(0.02)
        return round(time.perf_counter() - begun, 2)
    finally:
        process.terminate()
        process.wait()


def measure(home: Path, *, rate: float, longest: float) -> dict[str, Any]:
    """Start a stack, send requests during its first refresh, then stop it and start each service alone on its database."""
    words = [sys.executable, "-m", "sra_cli", "up", "--home", str(home), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        stack = wait_for_stack(home, process)
        result = asyncio.run(request_at_rate(stack, rate, longest=longest))
    finally:
        process.terminate()
        process.wait()
    settings = {"DATABASE_URL": stack.database_url, "SRA_SERVICE_TOKEN": stack.service_token}
    starts = {name: measure_cold_start(name, settings) for name in SERVICES}
    return {**result, "cold_start_seconds": starts, "slowest_cold_start_seconds": max(starts.values())}


def main() -> int:
    """Measure, print, and return 1 if a limit is exceeded, a request got no response or the refresh did not finish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50, help="requests per second")
    parser.add_argument("--longest", type=float, default=300, help="maximum seconds of requests")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-health-") as folder:
        result = measure(Path(folder) / "home", rate=options.rate, longest=options.longest)
    result |= {"limits": LIMITS, "aims": AIMS}
    within = all(result[name] <= limit for name, limit in LIMITS.items())
    result["passed"] = within and result["refresh_ended"] and not result["not_answered"]
    print(json.dumps(result) if options.json else "\n".join(f"{name:28} {value}" for name, value in result.items()))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
