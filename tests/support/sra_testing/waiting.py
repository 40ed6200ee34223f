"""Waits for other processes by polling, with a generous time-out and no assumption about durations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")


async def wait_for(look: Callable[[], Awaitable[Value]], *, what: str, seconds: float = 90) -> Value:
    """Return the first true value that `look` returns; raises AssertionError that names `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = await look()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        await asyncio.sleep(0.1)
