"""Runs a program in the foreground: it gets our terminal and our signals, and we return its exit code."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sra_cli.settings import build_environment

STOPPED = (0, 128 + signal.SIGINT, 128 + signal.SIGTERM)
"""Exit codes of a program that ended on request."""


def run_foreground(
    command: Sequence[str],
    *,
    settings: Mapping[str, str] | None = None,
    folder: Path | None = None,
    to_stderr: bool = False,
) -> int:
    """Wait for the program and return its exit code, or 128 plus the signal that killed it.

    `to_stderr` keeps stdout free for our own JSON object.
    """
    process = subprocess.Popen(  # noqa: S603
        list(command),
        env=build_environment(settings or {}),
        cwd=folder,
        stdout=sys.stderr if to_stderr else None,
    )
    former = {
        # Ctrl-C reaches the child directly; we wait for its reaction
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, _frame: process.send_signal(number)),
    }
    try:
        code = process.wait()
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
