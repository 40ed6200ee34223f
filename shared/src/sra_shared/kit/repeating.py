"""The loop of every background task: act, wait, and end as soon as the service stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


async def wait_for_stop(stopping: asyncio.Event, seconds: float) -> None:
    """Wait this long, but only until `stopping` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def repeat_until_stopped(
    stopping: asyncio.Event,
    act: Callable[[], Awaitable[object]],
    seconds: float | Callable[[], float],
    *,
    survives: tuple[type[Exception], ...] = (),
    report: Callable[[Exception], object] = lambda _: None,
) -> None:
    """Call `act` every few seconds until `stopping` is set; errors that the task `survives` are passed to `report`."""
    while not stopping.is_set():
        try:
            await act()
        except survives as error:
            report(error)
        await wait_for_stop(stopping, seconds() if callable(seconds) else seconds)
