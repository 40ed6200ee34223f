"""A process that is stopped does not wait for a vendor that does not respond."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fmp_ingest.collection.fetching import check_stop
from sra_shared.runs.error_kinds import HandoverError


class Arrivals:
    """Numbers that arrive one by one, then silence."""

    def __init__(self, *numbers: int, is_silent_then: bool) -> None:
        self.numbers = numbers
        self.is_silent_then = is_silent_then
        self.is_closed = False

    async def arrive(self) -> AsyncIterator[int]:
        try:
            for number in self.numbers:
                await asyncio.sleep(0)
                yield number
            if self.is_silent_then:
                await asyncio.Event().wait()
        finally:
            self.is_closed = True


async def test_values_are_passed_on_in_order() -> None:
    arrivals = Arrivals(3, 1, 2, is_silent_then=False)
    assert [number async for number in check_stop(arrivals.arrive(), lambda: None, stop_check=0.01)] == [3, 1, 2]


async def test_a_stop_ends_the_wait_and_its_task() -> None:
    arrivals, stopping = Arrivals(3, is_silent_then=True), asyncio.Event()

    def check() -> None:
        if stopping.is_set():
            raise HandoverError("This process is stopping.", next_step="Another worker continues.")

    heeded = check_stop(arrivals.arrive(), check, stop_check=0.01)
    assert await anext(heeded) == 3
    stopping.set()
    with pytest.raises(HandoverError):
        await anext(heeded)
    assert arrivals.is_closed
