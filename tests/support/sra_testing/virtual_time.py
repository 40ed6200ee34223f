"""An event loop whose clock advances only while nothing is ready: minutes of the limiter take a second, reproducibly."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
_STEP_SECONDS = 20e-6
"""The duration of one pass of the loop."""


class _Selector(selectors.SelectSelector):
    """Never waits: the time that it would wait passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("nothing is left that could happen")
        self.now += _STEP_SECONDS + (0.0 if ready or timeout is None else max(0.0, timeout))
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with such a clock; `pause` simulates a stopped process or a busy machine."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds of the virtual clock."""
        return self._virtual.now

    def pause(self, seconds: float) -> None:
        """Let time pass in which nothing in this loop runs."""
        self._virtual.now += seconds


def run_virtual(work: Coroutine[Any, Any, Result], loop: VirtualLoop | None = None) -> Result:
    """Run a coroutine to its end on a virtual clock."""
    with asyncio.Runner(loop_factory=lambda: loop or VirtualLoop()) as runner:
        return runner.run(work)
