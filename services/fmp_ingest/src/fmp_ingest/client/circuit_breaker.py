"""A circuit breaker for calls: it opens when calls fail, and then one call at a time probes the failing vendor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sra_shared.kit.errors import FatalError
from sra_shared.kit.retry import Backoff


class OutageError(FatalError):
    """The vendor, or one of its endpoints, has failed for so long that more calls would only add load."""


@dataclass(frozen=True)
class RetryPolicy:
    """How failed calls are retried, in seconds. `patience` is how long an open breaker, or a vendor that only fails, is probed
    before the dataset is abandoned. `limit_patience` is how long a call that met the limit is retried while others succeed. It is
    longer than three minutes, after which a limit without any success counts as the day's."""

    retries: int = 3
    base: float = 1.0
    longest: float = 60.0
    breaker_base: float = 5.0
    failures_to_open: int = 8
    patience: float = 120.0
    probe_every: float = 60.0
    longest_retry_after: float = 300.0
    limit_patience: float = 300.0

    def pause(self, attempt: int, *, base: float | None = None) -> float:
        """Return the pause before retry number `attempt`, from 1: doubling, with jitter."""
        return Backoff(self.base if base is None else base, self.longest).pause(attempt)


class CircuitBreaker:
    """Passes every call while it is closed. While it is open, one call at a time passes as a probe, after the pause set by the
    last failure."""

    def __init__(
        self, name: str, policy: RetryPolicy, *, failures_to_open: int = 1, patience: float | None = None
    ) -> None:
        self._name = name
        self._policy = policy
        self._failures_to_open = failures_to_open
        self._patience = patience
        self._lock = asyncio.Lock()
        self._failures = 0
        self._openings = 0
        self._open_since: float | None = None
        self._open_until = self._failed_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls pass one at a time."""
        return self._open_since is not None

    @asynccontextmanager
    async def pass_call(self) -> AsyncIterator[Callable[[], bool]]:
        """Wait until a call may start; yield a function that returns whether it still may, for callers that then wait for more.

        Raises OutageError if the breaker has been open for too long.
        """
        if self.is_open:
            async with self._lock:
                if self._open_since is not None:
                    now = time.monotonic()
                    if self._patience is not None and now - self._open_since > self._patience:
                        raise OutageError(
                            f"No call to {self._name} has succeeded for {now - self._open_since:.0f} s.",
                            next_step="It is retried once at the end of the run. If that fails, start the run again.",
                        )
                    await asyncio.sleep(max(0.0, self._open_until - now))
                    yield lambda: not self.is_open or time.monotonic() >= self._open_until
                    return
        yield lambda: not self.is_open

    def trip(self) -> None:
        """Open: one call at a time passes, from now on until one succeeds."""
        if self._open_since is None:
            self._open_since = self._open_until = self._failed_at = time.monotonic()

    def record_success(self, sent_at: float) -> None:
        """Close after a successful call, unless the call was sent before the failure that opened the breaker."""
        if self.is_open and sent_at < self._failed_at:
            return
        self._failures = self._openings = 0
        self._open_since = None

    def record_failure(self, retry_after: float | None = None, *, sent_at: float = float("inf")) -> None:
        """Record a failed call. Enough failures in a row, or a Retry-After of the vendor, open the breaker, each time for
        longer."""
        self._failures += 1
        now = time.monotonic()
        if self.is_open and (now < self._open_until or sent_at < self._failed_at):
            # calls in flight when the breaker opened do not keep it open for longer
            self._open_until = max(self._open_until, now + (retry_after or 0.0))
            return
        if self._failures < self._failures_to_open and retry_after is None:
            return
        self._openings += 1
        self._failed_at = now
        pause = (
            self._policy.pause(self._openings, base=self._policy.breaker_base) if retry_after is None else retry_after
        )
        if self._open_since is None:
            self._open_since = now
        self._open_until = now + pause


class OutageDetector:
    """Distinguishes a vendor that is down from an endpoint that is down, across all datasets of a process.

    If all calls to two or more endpoints fail for as long as `patience`, every call is refused except one probe every
    `probe_every` seconds, until a probe succeeds. A failure long after the last one starts a new period.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._paths: set[str] = set()
        self._said = ""
        self._since = self._last = self._probed_at = float("-inf")

    @property
    def is_down(self) -> bool:
        """Whether every call has failed for too long."""
        return len(self._paths) > 1 and self._last - self._since > self._policy.patience

    def check(self, *, is_sent: bool = False) -> None:
        """Raise OutageError if no call may be made now; with `is_sent` a call follows, and may be the probe."""
        now = time.monotonic()
        if now - self._last > self._policy.patience + self._policy.probe_every:
            self.record_success()
        if not self.is_down:
            return
        if now - self._probed_at < self._policy.probe_every:
            raise self.make_error()
        if is_sent:
            self._probed_at = now

    def make_error(self) -> OutageError:
        """Return the error for a vendor that is down."""
        return OutageError(
            f"Every call to FMP has failed for {self._last - self._since:.0f} s, on {len(self._paths)} endpoints;"
            f" the last failure was: {self._said}.",
            next_step="Start the run again when FMP is available.",
        )

    def record_success(self) -> None:
        """Record that the vendor answered, even with a refusal."""
        self._paths.clear()

    def record_failure(self, path: str, said: str) -> None:
        """Record that a call to an endpoint failed in a way that may pass."""
        self._said = said
        self._last = time.monotonic()
        if not self._paths:
            self._since = self._probed_at = self._last
        self._paths.add(path)
