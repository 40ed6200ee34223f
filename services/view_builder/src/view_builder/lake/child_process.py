"""Runs the process that reads and writes the files of the lake, and ends it with the unit."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from sra_shared.kit.errors import ConfigError, FatalError, RetryableError, SraError
from view_builder.lake.exchange import Failure

MODULE = "view_builder.lake.process"
_LOOK_SECONDS = 0.5
# from the report to the end of the process
_END_SECONDS = 10.0
_KINDS: dict[str, type[SraError]] = {"config": ConfigError, "retryable": RetryableError, "fatal": FatalError}
_LARGEST_REPORT = 256 << 20
Report = TypeVar("Report", bound=BaseModel)


def require_libraries() -> None:
    """Raise ConfigError if the extra that writes the lake is not installed."""
    if any(importlib.util.find_spec(name) is None for name in ("pyarrow", "pyiceberg")):
        raise ConfigError(
            "LAKE_URL is set, and pyarrow and PyIceberg are not installed.",
            next_step="Start ./sra with LAKE_URL set, or build the image of view_builder with LAKE_URL set.",
        )


async def run_process(name: str, order: BaseModel, kind: type[Report], *, check: Callable[[], None]) -> Report:
    """Send the order to a new process and return its report; `check` raises if the work must stop.

    Raises the process's error, and RetryableError if it was killed.
    """
    require_libraries()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, name),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LARGEST_REPORT,
    )
    try:
        text = await _exchange(process, order, check)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _END_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return _read_report(text, kind, process.returncode or 0)


async def _exchange(process: asyncio.subprocess.Process, order: BaseModel, check: Callable[[], None]) -> bytes:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise RetryableError("The process that writes the lake has no pipes.")
    try:
        stdin.write(order.model_dump_json().encode() + b"\n")
        await stdin.drain()
    except ConnectionError:
        # it died, which the missing report shows
        return b""
    reading = asyncio.create_task(stdout.readline())
    try:
        while not (await asyncio.wait([reading], timeout=_LOOK_SECONDS))[0]:
            check()
        return reading.result()
    finally:
        reading.cancel()


def _read_report(text: bytes, kind: type[Report], code: int) -> Report:
    try:
        if code == 0:
            return kind.model_validate_json(text)
        failure = Failure.model_validate_json(text)
    except ValidationError:
        raise RetryableError(
            f"The process that writes the lake ended without a report (exit code {code}).",
            next_step="The service's log has its last words. It is tried again.",
        ) from None
    raise _KINDS[failure.kind](failure.message, next_step=failure.next_step)
