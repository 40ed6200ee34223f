"""A limit on failed attempts per address, kept in the memory of one process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque


class FailureLimit:
    """Counts failed attempts per address in a moving window and returns how long to wait after too many.

    The number of addresses is limited, so that strangers cannot fill the memory; the least recent ones are forgotten first.
    """

    def __init__(self, *, failures: int = 10, seconds: float = 300, addresses: int = 10_000) -> None:
        self.failures = failures
        self.seconds = seconds
        self._addresses = addresses
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def find_wait(self, address: str) -> int:
        """Return the whole seconds until this address may try again; 0 if it may now."""
        seen = self._seen.get(address)
        if seen is None:
            return 0
        while seen and time.monotonic() - seen[0] >= self.seconds:
            seen.popleft()
        if len(seen) < self.failures:
            return 0
        return max(math.ceil(self.seconds - (time.monotonic() - seen[0])), 1)

    def record(self, address: str) -> int:
        """Count an attempt and return 0, or return the seconds to wait if there were too many already."""
        wait = self.find_wait(address)
        if not wait:
            self._seen.setdefault(address, deque()).append(time.monotonic())
            self._seen.move_to_end(address)
            if len(self._seen) > self._addresses:
                self._seen.popitem(last=False)
        return wait

    def uncount(self, address: str) -> None:
        """Uncount the newest attempt, which did not fail after all."""
        seen = self._seen.get(address)
        if seen:
            seen.pop()
