"""The four services as separate processes, as deployed, without vendor keys and seed files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from sra_cli.ports import find_free_port
from sra_shared.kit.http import load_certificates
from sra_testing.gateway_lab import SERVICE_TOKEN, VIEWER_TOKEN
from sra_testing.waiting import wait_for

NAMES = ("fmp_ingest", "fundata_ingest", "view_builder", "gateway")


@contextmanager
def run_real_services(dsn: str, folder: Path, **settings: str) -> Iterator[Mapping[str, str]]:
    """Start them with their logs as NAME.log in the folder; yield their addresses. They are killed at the end."""
    ports: dict[str, int] = {}
    while len(ports) < len(NAMES):
        port = find_free_port()
        if port not in ports.values():
            ports[NAMES[len(ports)]] = port
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    environment = {
        "PATH": os.defpath,
        "DATABASE_URL": dsn,
        "DB_POOL_MIN_SIZE": "1",
        "DB_POOL_MAX_SIZE": "6",
        "SRA_SERVICE_TOKEN": SERVICE_TOKEN,
        "SRA_VIEWER_TOKEN": VIEWER_TOKEN,
        "REFRESH_CRON": "0 0 29 2 *",
        "WEEKLY_CRON": "0 0 29 2 *",
        "FUNDATA_BASE_PATH": str(folder / "no files"),
        **{f"{name.upper()}_URL": url for name, url in urls.items() if name != "gateway"},
        **settings,
    }
    with ExitStack() as stack:
        for name, port in ports.items():
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            words = [sys.executable, "-m", name, "--host", "127.0.0.1"]
            process = subprocess.Popen(words, env={**environment, "PORT": str(port)}, stderr=log)
            stack.callback(_end, process)
        yield urls


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


async def wait_until_ready(urls: Mapping[str, str]) -> None:
    """Return when all of them report that they are ready."""
    async with httpx.AsyncClient(verify=load_certificates(), trust_env=False) as client:

        async def are_ready() -> bool:
            try:
                return all([(await client.get(f"{url}/ready")).is_success for url in urls.values()])
            except httpx.TransportError:
                return False

        await wait_for(are_ready, what="the services' start", seconds=60)
