"""Runs a command of `./sra` inside the test's own process, since a separate one imports for two seconds first."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, TextIO

import pytest
import structlog

from sra_cli.app import run
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming


class _OfThisThread(io.TextIOBase):
    """Captures the output of the thread that created it; services' output in other threads is passed through."""

    def __init__(self, usual: TextIO) -> None:
        self._usual = usual
        self._thread = threading.get_ident()
        self._kept = io.StringIO()

    def write(self, text: str) -> int:
        """Write a text to the capture or to the original stream."""
        return (self._kept if threading.get_ident() == self._thread else self._usual).write(text)

    def get(self) -> str:
        """Return the captured output."""
        return self._kept.getvalue()


async def carry_out(
    *words: str, settings: Mapping[str, str], timing: LeaseTiming = DEFAULT_TIMING
) -> tuple[int, dict[str, Any], str]:
    """Execute a command line with --json and these settings; return its exit code, its object and its messages."""
    return await asyncio.to_thread(_carry_out, words, settings, timing)


def _carry_out(
    words: tuple[str, ...], settings: Mapping[str, str], timing: LeaseTiming
) -> tuple[int, dict[str, Any], str]:
    root = logging.getLogger()
    handlers, level, configuration = root.handlers[:], root.level, structlog.get_config()
    said, reported = _OfThisThread(sys.stdout), _OfThisThread(sys.stderr)
    try:
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(said), redirect_stderr(reported):
            for name, value in settings.items():
                patched.setenv(name, value)
            code = run([*words, "--json"], timing=timing)
    finally:
        root.handlers, root.level = handlers, level
        structlog.configure(**configuration)
    assert said.get().count("\n") == 1, (said.get(), reported.get()[-2000:])
    result: dict[str, Any] = json.loads(said.get())
    return code, result, reported.get()
