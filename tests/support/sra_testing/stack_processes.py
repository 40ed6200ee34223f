"""`./sra` and the stack behind `./sra up` as real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from sra_cli.gateway_client import GatewayClient
from sra_cli.home import Home, RunningStack
from sra_shared.kit.http import load_certificates
from sra_testing.content import LIVE_RUNS, make_content_query
from sra_testing.databases import run_async

SECONDS = 240
STEP_OF = {
    "fmp_ingest": "fmp",
    "fundata_ingest": "fundata_data",
    "gateway": "fundata_data",
    "view_builder": "fundata_quotes",
}
"""The step of a refresh in which each service is needed."""


def build_environment() -> dict[str, str]:
    """Return an environment without a database or a vendor's key."""
    hidden = ("DATABASE_URL", "DB_", "FMP_", "FUNDATA_", "SRA_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}  # noqa: TID251


def start_command(*words: str, settings: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sra_cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**build_environment(), **(settings or {})},
    )


def call_command(
    *words: str, seconds: float = SECONDS, settings: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any], str]:
    with start_command(*words, "--json", settings=settings) as process:
        said, result = process.communicate(timeout=seconds)
    assert said.count("\n") == 1, (said, result)
    return process.returncode, json.loads(said), result


def list_processes(home: Path) -> list[psutil.Process]:
    """Return every living process of the home: one with the home's path or token in its arguments or environment."""
    token, found = Home(home).read_token("service"), []
    for process in psutil.process_iter():
        try:
            values = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(home) in value or value == token for value in values):
            found.append(process)
    return found


def wait_for(condition: Callable[[], bool], what: str, *, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


def fetch_value(dsn: str, query: str) -> Any:
    """Return the first value of a query's result."""

    async def fetch() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return run_async(fetch())


@contextmanager
def run_stack(home: Path) -> Iterator[RunningStack]:
    """Start `./sra up`, which starts a first refresh, and stop it with everything it started."""
    process: subprocess.Popen[str] = start_command("up", "--home", str(home), "--json")
    try:
        wait_for(lambda: Home(home).read_running() is not None, "the stack to start", seconds=120)
        stack = Home(home).read_running()
        assert stack is not None
        yield stack
    finally:
        call_command("down", "--home", str(home))
        process.communicate(timeout=60)


def read_newest_refresh(stack: RunningStack) -> Mapping[str, Any] | None:
    """Return the gateway's newest refresh; None if it does not respond."""
    try:
        response = httpx.get(
            f"{stack.gateway_url}/refresh",
            headers={"Authorization": f"Bearer {stack.service_token}"},
            timeout=5,
            verify=load_certificates(),
        )
    except httpx.TransportError:
        return None
    if response.status_code != httpx.codes.OK:
        return None
    body = response.json()
    refreshes = body["refreshes"] if isinstance(body, dict) else body
    return refreshes[0] if refreshes else None


def follow_first_refresh(stack: RunningStack) -> Mapping[str, Any]:
    """Wait for the refresh that `up` starts and return its result."""
    wait_for(lambda: read_newest_refresh(stack) is not None, "the refresh to be requested", seconds=60)
    refresh = read_newest_refresh(stack)
    assert refresh is not None
    with GatewayClient(stack.gateway_url, stack.service_token) as gateway:
        return gateway.follow_refresh(refresh["refresh_id"])


def read_settled_content(stack: RunningStack) -> str:
    """Return the content when no run is left: the first history of prices continues after the refresh."""
    wait_for(lambda: fetch_value(stack.database_url, LIVE_RUNS) == 0, "every run to end", seconds=180)
    return str(fetch_value(stack.database_url, make_content_query()))


def find_process(stack: RunningStack, module: str) -> psutil.Process:
    """Return the only process of the stack that runs the module."""
    children = psutil.Process(stack.pid).children(recursive=True)
    found = [process for process in children if f"-m {module}" in _read_command(process)]
    assert len(found) == 1, children
    return found[0]


def _read_command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return ""


def _has_step_begun(stack: RunningStack, step: str) -> bool:
    refresh = read_newest_refresh(stack)
    return refresh is not None and any(s["step"] == step and s["status"] != "queued" for s in refresh["steps"])


def kill_in_its_step(stack: RunningStack, service: str) -> int:
    """Kill a service when the refresh has reached the step that needs it; return its former process id."""
    wait_for(lambda: _has_step_begun(stack, STEP_OF[service]), f"step {STEP_OF[service]} to begin", seconds=240)
    victim = find_process(stack, service)
    victim.kill()
    victim.wait(10)
    return victim.pid
