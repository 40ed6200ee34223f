"""Waiting for what another process does: by looking again, with a generous end and no guess of how long it takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")


async def wait_for(look: Callable[[], Awaitable[Value]], *, what: str, seconds: float = 90) -> Value:
    """Return the first true value that `look` gives; raises AssertionError that names `what` at the end of `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = await look()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        await asyncio.sleep(0.1)
