"""`./sra` and the stack behind `./sra up` as real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from sra_cli.home import Home

SECONDS = 240


def build_environment() -> dict[str, str]:
    """Return an environment without a database or a vendor's key."""
    hidden = ("DATABASE_URL", "DB_", "FMP_", "FUNDATA_", "SRA_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}  # noqa: TID251


def start_command(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sra_cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=build_environment(),
    )


def call_command(*words: str) -> tuple[int, dict[str, Any], str]:
    with start_command(*words, "--json") as process:
        said, told = process.communicate(timeout=SECONDS)
    assert said.count("\n") == 1, (said, told)
    return process.returncode, json.loads(said), told


def list_processes(home: Path) -> list[psutil.Process]:
    """Return every living process that has to do with the home: its path or its token stands in what it was given."""
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
