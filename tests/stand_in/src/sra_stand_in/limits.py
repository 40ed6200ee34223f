"""Counting of calls where they arrive."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0


class SlidingCount:
    """Arrivals of the last window of seconds, and the most that any window has seen.

    A window is half open: two arrivals exactly its length apart are never in one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, window: float = WINDOW_SECONDS) -> None:
        self._clock = clock
        self._window = window
        self._arrivals: deque[float] = deque()
        self.highest = 0
        self.total = 0

    def add(self) -> int:
        """Count one arrival; returns how many the window that ends now holds."""
        now = self._clock()
        self._drop_old(now)
        self._arrivals.append(now)
        self.total += 1
        self.highest = max(self.highest, len(self._arrivals))
        return len(self._arrivals)

    def now(self) -> int:
        """Arrivals of the last window."""
        self._drop_old(self._clock())
        return len(self._arrivals)

    def _drop_old(self, now: float) -> None:
        arrivals, bound = self._arrivals, now - self._window
        while arrivals and arrivals[0] <= bound:
            arrivals.popleft()

    def reset(self) -> None:
        """Forget everything."""
        self._arrivals.clear()
        self.highest = 0
        self.total = 0


class Door:
    """What passed the door of one vendor: every call that arrived, whatever became of it.

    `limit` calls in any `window` seconds are let in, 0 for no limit; a refused call counts as arrived, not as let in.
    """

    def __init__(
        self,
        *,
        limit: int = 0,
        bulk_limit: int = 0,
        window: float = WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        self.bulk_limit = bulk_limit
        self.arrived = SlidingCount(clock, window=window)
        self._let_in = SlidingCount(clock, window=window)
        self._bulk = SlidingCount(clock, window=window)
        self._bulk_let_in = SlidingCount(clock, window=window)
        self.by_path: Counter[str] = Counter()
        self.by_status: Counter[int] = Counter()
        self.refused = 0
        self.bulk_refused = 0
        self.in_flight = 0
        self.in_flight_peak = 0

    def enter(self, path: str) -> None:
        """Count an arrival."""
        self.arrived.add()
        self.by_path[path] += 1
        self.in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self.in_flight)

    def leave(self) -> None:
        """The response was sent, or the caller has disconnected."""
        self.in_flight -= 1

    def admits(self) -> bool:
        """Whether the minute limit lets this call in."""
        if self.limit and self._let_in.now() >= self.limit:
            self.refused += 1
            return False
        self._let_in.add()
        return True

    def admits_bulk(self) -> bool:
        """Whether the bulk throttle lets this bulk call in."""
        self._bulk.add()
        if self.bulk_limit and self._bulk_let_in.now() >= self.bulk_limit:
            self.bulk_refused += 1
            return False
        self._bulk_let_in.add()
        return True

    def report(self) -> dict[str, object]:
        """Figures since the start or the last reset."""
        return {
            "total": self.arrived.total,
            "highest_in_window": self.arrived.highest,
            "last_window": self.arrived.now(),
            "refused": self.refused,
            "limit": self.limit,
            "bulk_total": self._bulk.total,
            "bulk_highest_in_window": self._bulk.highest,
            "bulk_refused": self.bulk_refused,
            "bulk_limit": self.bulk_limit,
            "in_flight": self.in_flight,
            "in_flight_peak": self.in_flight_peak,
            "by_path": dict(sorted(self.by_path.items())),
            "by_status": {str(status): count for status, count in sorted(self.by_status.items())},
        }

    def reset(self) -> None:
        """Forget the figures; the limits and the calls in flight stay."""
        for counter in (self.arrived, self._let_in, self._bulk, self._bulk_let_in):
            counter.reset()
        self.by_path.clear()
        self.by_status.clear()
        self.refused = self.bulk_refused = 0
        self.in_flight_peak = self.in_flight
