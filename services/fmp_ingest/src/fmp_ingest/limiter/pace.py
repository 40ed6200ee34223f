"""The arithmetic of the limiter: the tokens of a setting, and how one process uses its own. No clock, no database.

A setting of N calls a minute has N tokens. A call takes a token, which is usable again `rest` seconds, a little more
than a minute, after the response to that call. Two arrivals of one token are therefore more than 60 seconds apart: any
60 seconds contain each token at most once, and at most N calls. This holds whenever calls start and however long they
are in flight; the even pace only avoids bursts. docs/decisions/0005-fmp-limiter.md has the proof.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WINDOW_SECONDS = 60.0
# covers clocks of two machines that run at different speeds, and slewing of the database's: 500 ppm of a minute are 30 ms
MARGIN_SECONDS = 0.05
_MOST_PERMITS = 50
_FEWEST_PERMITS = 4
_PERMIT_SHARE = 0.016
# calls start this much faster than the setting, to catch up after a pause; the tokens keep the limit
_SPEED_UP = 1.02
# late calls go together as far as they fit into this time
_SLACK_SECONDS = 0.1
# weight of the newest call in the usual duration of a call
_NEWEST_WEIGHT = 0.1


@dataclass(frozen=True)
class CallPace:
    """The meaning of a setting: calls in a window of seconds, tokens, the seconds that each rests after a call, and calls in
    flight over all processes."""

    calls: int
    tokens: int
    rest: float
    permits: int
    window: float = WINDOW_SECONDS

    @property
    def lost(self) -> float:
        """Seconds for which a call without a response may still be in flight after it is given up."""
        return self.window

    @property
    def interval(self) -> float:
        """Seconds between two calls at an even pace."""
        return self.window / self.calls


def make_pace(calls: int, *, window: float = WINDOW_SECONDS) -> CallPace:
    """Return the pace of a setting: calls a minute, or in another window of the vendor."""
    permits = max(_FEWEST_PERMITS, min(_MOST_PERMITS, int(calls * _PERMIT_SHARE)))
    return CallPace(calls, calls, window + MARGIN_SECONDS, permits, window)


def make_bulk_pace(calls_per_minute: int) -> CallPace:
    """Return the pace of bulk files: below one a second, each begins its share of a minute after the previous one ended.

    The vendor refuses a second file moments after the first (reference of its API, section 5), so there is one token.
    """
    if calls_per_minute >= WINDOW_SECONDS:
        return make_pace(calls_per_minute)
    return CallPace(calls_per_minute, 1, WINDOW_SECONDS / calls_per_minute + MARGIN_SECONDS, 1)


def divide_evenly(total: int, wants: Mapping[str, int]) -> dict[str, int]:
    """Divide `total` evenly among `wants`, giving none more than it wants.

    The remainder goes to those that come first.
    """
    parts, left = dict.fromkeys(wants, 0), total
    while left and (lacking := [name for name in wants if parts[name] < wants[name]]):
        each = max(1, left // len(lacking))
        for name in lacking:
            more = min(each, wants[name] - parts[name], left)
            parts[name] += more
            left -= more
    return parts


class TokenBook:
    """One process's tokens and permits, in seconds of one monotonic clock.

    A token is ready (usable from its moment on), in flight with a call, or resting until it is released.
    """

    def __init__(self, pace: CallPace) -> None:
        self._pace = pace
        self._ready: list[float] = []
        self._resting: list[float] = []
        self._under_way: list[float] = []
        self._usual_seconds = 0.0
        self._paced_to = float("-inf")
        self.permits = 0
        self.part = 1.0
        """This process's share of the calls, which sets its pace."""
        self.started = 0
        """Calls started since a caller set this to 0."""

    @property
    def in_flight(self) -> int:
        """The number of calls in flight."""
        return len(self._under_way)

    @property
    def ready(self) -> int:
        """The number of tokens at hand."""
        return len(self._ready)

    @property
    def held(self) -> int:
        """The number of tokens that this process accounts for, without those that rest."""
        return len(self._ready) + self.in_flight

    @property
    def spacing(self) -> float:
        """Seconds between two calls of this process."""
        return self._pace.interval / (self.part * _SPEED_UP)

    def count_useful(self, now: float, seconds: float) -> int:
        """Return how many calls this process will start in the next `seconds`, by its pace and its future permits."""
        first = max(0.0, self._paced_to - self._slack - now)
        paced = math.floor((seconds - first) / self.spacing) + 1 if first <= seconds else 0
        free = max(0, (self.permits or self._pace.permits) - self.in_flight)
        ends = [max(0.0, began + self._usual_seconds - now) for began in self._under_way]
        # a permit serves one call after the other
        longest = max(self._usual_seconds, self.spacing)
        served = sum(1 + int((seconds - end) / longest) for end in (*ends, *[0.0] * free) if end <= seconds)
        return min(paced, served)

    @property
    def _slack(self) -> float:
        return max(_SLACK_SECONDS, self.spacing)

    def add(self, moments: Iterable[float]) -> None:
        """Add tokens that are usable from these moments on."""
        for moment in moments:
            heapq.heappush(self._ready, moment)

    def drop_ready(self) -> None:
        """Drop the tokens at hand; other processes may have them now."""
        self._ready.clear()

    def next_start(self) -> float | None:
        """Return the moment from which the next call may start; None without a token or a permit."""
        if not self._ready or self.in_flight >= self.permits:
            return None
        return max(self._ready[0], self._paced_to - self._slack)

    def start(self, now: float) -> None:
        """Begin a call at `now`, with the token that has been ready for longest."""
        heapq.heappop(self._ready)
        self._paced_to = max(self._paced_to, now) + self.spacing
        self._under_way.append(now)
        self.started += 1

    def end(self, began: float, now: float, *, has_response: bool) -> None:
        """End the call that began at `began`; its token rests."""
        self._under_way.remove(began)
        self._usual_seconds += (now - began - self._usual_seconds) * _NEWEST_WEIGHT
        self._resting.append(now + self._pace.rest + (0.0 if has_response else self._pace.lost))

    def undo(self, began: float, now: float) -> None:
        """Undo the turn that began at `began`: its call was not sent."""
        self._under_way.remove(began)
        self._paced_to -= self.spacing
        heapq.heappush(self._ready, now)

    def release(self, now: float, *, keep: int) -> list[float]:
        """Release the resting tokens and all but `keep` of those at hand; return the seconds until each is usable."""
        self._ready.sort()
        given = [*self._resting, *self._ready[keep:]]
        self._resting = []
        del self._ready[keep:]
        return [max(0.0, moment - now) for moment in given]
