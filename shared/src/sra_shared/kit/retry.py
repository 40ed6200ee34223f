"""Retry policies: one kind of policy and one table of them, executed by tenacity."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_never

_MOST_DOUBLINGS = 30


@dataclass(frozen=True)
class Backoff:
    """Pauses in seconds: `first` after the first failure, multiplied by `factor` after each further one, at most `longest`.

    Each pause is multiplied by a random number within `jitter`, so that processes that failed together do not retry together.
    Without `attempts`, an attempt is repeated until it succeeds.
    """

    first: float
    longest: float
    factor: float = 2.0
    jitter: tuple[float, float] = (0.75, 1.25)
    attempts: int | None = None

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after this many failures in a row, from 1."""
        seconds = min(self.longest, self.first * self.factor ** min(max(failures - 1, 0), _MOST_DOUBLINGS))
        return seconds * random.uniform(*self.jitter)  # noqa: S311 - jitter is not a secret

    def retrying(
        self,
        may_repeat: Callable[[BaseException], bool],
        *,
        requested: Callable[[BaseException], float | None] = lambda _: None,
        report: Callable[[BaseException, float], object] | None = None,
    ) -> AsyncRetrying:
        """Return a caller that repeats a function after errors that `may_repeat`; the last error is raised unchanged.

        `requested` returns the pause in seconds that the other side requested instead of the usual one. `report` is called
        before each pause.
        """

        def choose_pause(state: RetryCallState) -> float:
            seconds = requested(_find_error(state))
            return self.pause(state.attempt_number) if seconds is None else seconds

        def report_pause(state: RetryCallState) -> None:
            if report is not None:
                report(_find_error(state), state.upcoming_sleep)

        return AsyncRetrying(
            retry=retry_if_exception(may_repeat),
            stop=stop_never if self.attempts is None else stop_after_attempt(self.attempts),
            wait=choose_pause,
            before_sleep=report_pause,
            reraise=True,
        )


def _find_error(state: RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    if error is None:
        raise AssertionError("only failed attempts are repeated")
    return error


# The table. Policies that a composition root may shorten are properties of its timing: LeaseTiming for units, helpers and
# completions, ApiTiming for Fundata's update API, RetryPolicy for FMP.
QUEUE_CONNECTION = Backoff(0.1, 5.0, jitter=(0.7, 1.3))
ALERT = Backoff(15.0, 3600.0, jitter=(1.0, 1.0))
SERVICE_RESTART = Backoff(0.5, 30.0, jitter=(1.0, 1.0))
BUILD_REQUEST = Backoff(60.0, 3600.0)
LAKE_REQUEST = Backoff(60.0, 3600.0)
# the first pauses are short, and random from zero: many streams start at once
SEED_FILE = Backoff(0.5, 20.0, jitter=(0.0, 1.0), attempts=5)
SEED_MANIFEST = Backoff(0.2, 5.0, jitter=(0.0, 1.0), attempts=5)
# between attempts, queries that queued behind this one proceed
LOCKED_VIEW = Backoff(0.25, 0.25, jitter=(0.4, 1.6))
