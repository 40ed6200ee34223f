"""The rate limiter: all processes share tokens and permits through PostgreSQL, so that restarts and replicas keep the rate."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
from aiolimiter import AsyncLimiter

from fmp_ingest.limiter.pace import CallPace, TokenBook
from fmp_ingest.limiter.token_pool import TRUST_SECONDS, Offer, TokenStore
from sra_shared.kit.db import OUTAGE_ERRORS
from sra_shared.kit.logs import get_logger

_log = get_logger(__name__)

# while calls wait, exchange tokens this often, and take them so far ahead that a slow exchange delays no call
_EVERY_SECONDS = 0.25
_LONGEST_EVERY_SECONDS = 1.0
_LEAST_AHEAD_SECONDS, _MOST_AHEAD_SECONDS = 0.05, 0.5
# an idle process keeps its tokens for this long, since more work may follow at once
_LINGER_SECONDS = 0.5
_RENEW_SECONDS = 10.0
_OUTAGE_RETRY_SECONDS = 1.0
_LAST_EXCHANGE_SECONDS = 5.0
# after a pause of the process, overdue calls follow each other at this multiple of the pace, not all at once
_CATCH_UP = 2.0
# two clocks may drift by this much per second, and readings may differ by this many seconds, without a clock having been set
_CLOCK_DRIFT = 0.0005
_CLOCK_TOLERANCE = 0.02


@dataclass
class Turn:
    """A call's turn: when it began, and what happened to the call.

    A token that was not sent with a call is usable at once by another call. The token of a call without a response rests
    longer, since the call may still be in flight.
    """

    began: float
    is_sent: bool = False
    has_response: bool = False


class ClockWatch:
    """Detects that the store's clock was set: forward, its tokens would be used too early; back, much too late.

    Each reading bounds the difference of the two clocks: the store read its clock between our request and its response. Bounds
    persist, relaxed by drift, so that a quick exchange makes up for slow ones.
    """

    def __init__(self) -> None:
        self._bounds = (float("-inf"), float("inf"))
        self._read_at = 0.0

    def is_moved(self, at: float, *, sent: float, received: float) -> bool:
        """Record that the store read `at` between two moments of ours; return whether its clock was set since the last
        reading."""
        relaxed = _CLOCK_DRIFT * max(0.0, received - self._read_at)
        least, most = self._bounds[0] - relaxed, self._bounds[1] + relaxed
        self._read_at = received
        if received - at < least - _CLOCK_TOLERANCE or sent - at > most + _CLOCK_TOLERANCE:
            self._bounds = (sent - at, received - at)
            return True
        self._bounds = (max(least, sent - at), min(most, received - at))
        return False


class Limiter:
    """Schedules calls within one budget; enter it once per process, then `async with limiter.turn():` per call."""

    def __init__(self, store: TokenStore, pace: CallPace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.pace = pace
        self._store = store
        self._clock = clock
        self._worker = uuid4().hex
        self._book = TokenBook(pace)
        self._spacing = AsyncLimiter(1, min(_EVERY_SECONDS, pace.interval / _CATCH_UP))
        self._every = max(_EVERY_SECONDS, min(_LONGEST_EVERY_SECONDS, pace.interval / 8))
        self._queue: deque[asyncio.Future[float]] = deque()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._exchange_task: asyncio.Task[None] | None = None
        self._reported = 0
        self._took = 0.0
        self._is_satisfied = True
        self._requested = 0
        self._exchanged_at = self._renewed_at = self._busy_at = float("-inf")
        self._clocks = ClockWatch()
        self._failure: Exception | None = None

    async def __aenter__(self) -> Limiter:
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._exchange_task is not None:
            # if cancelled, it would be unknown who has the tokens of the exchange
            await asyncio.wait({self._exchange_task}, timeout=_LAST_EXCHANGE_SECONDS)
            self._exchange_task.cancel()
            await asyncio.gather(self._exchange_task, return_exceptions=True)
        if self._is_known and not self._book.in_flight:
            with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
                await self._leave()

    @property
    def _is_known(self) -> bool:
        """Whether the store may hold permits or tokens of this process."""
        return self._exchanged_at > float("-inf")

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait for a token and a permit, and hold both until the end of the block, which records the outcome of the call."""
        if self._failure is not None:
            raise self._failure
        waiter: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        self._changed.set()
        try:
            turn = Turn(await waiter)
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._end_turn(Turn(waiter.result()))
            else:
                with suppress(ValueError):
                    self._queue.remove(waiter)
            raise
        try:
            yield turn
        finally:
            self._end_turn(turn)

    def _end_turn(self, turn: Turn) -> None:
        if turn.is_sent:
            self._book.end(turn.began, self._clock(), has_response=turn.has_response)
        else:
            self._book.undo(turn.began, self._clock())
        self._changed.set()

    async def _serve(self) -> None:
        """Grant turns as tokens arrive; exchange tokens while calls wait."""
        try:
            while True:
                try:
                    await self._serve_once()
                except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
                    # no process may call without the shared state
                    _log.warning("limiter_waits_for_database", error_type=type(error).__name__)
                    await asyncio.sleep(_OUTAGE_RETRY_SECONDS)
        except Exception as error:
            # nothing grants turns any longer, so no caller may wait for one
            self._failure = error
            for waiter in self._queue:
                if not waiter.done():
                    waiter.set_exception(error)
            raise

    async def _serve_once(self) -> None:
        # cleared first, so that no event during this pass is missed
        self._changed.clear()
        self._finish_exchange()
        now = self._clock()
        if self._queue or self._book.in_flight:
            self._busy_at = now
        elif self._exchange_task is None and self._is_known and now - self._busy_at >= _LINGER_SECONDS:
            self._reported = 0
            self._begin(self._leave())
        due = self._find_due()
        if self._exchange_task is None and due <= now:
            self._start_exchange(now)
        start = self._find_start(now)
        if start is not None and start <= now:
            await self._spacing.acquire()
            # callers may have left meanwhile, and an exchange may have removed permits
            now = self._clock()
            start = self._find_start(now)
            if start is not None and start <= now:
                self._book.start(now)
                self._queue.popleft().set_result(now)
            return
        next_poll = min(due if self._exchange_task is None else float("inf"), float("inf") if start is None else start)
        await self._wait(next_poll - now)

    def _find_due(self) -> float:
        """Return when the next exchange is due, by what this process has and lacks."""
        if self._queue:
            # all requested tokens are used: exchange at once; if supply is short, exchanging more often does not help
            is_used_up = self._is_satisfied and self._book.next_start() is None
            has_changed = self._book.started or not self._requested
            return self._exchanged_at + (0.0 if is_used_up and has_changed else self._every)
        if not self._book.in_flight:
            return self._busy_at + _LINGER_SECONDS if self._is_known else float("inf")
        has_spare = self._book.ready or self._book.permits > self._book.in_flight
        return self._exchanged_at + (_LINGER_SECONDS if has_spare else _RENEW_SECONDS)

    def _find_start(self, now: float) -> float | None:
        """Return the moment of the next call, None if none may start before something changes."""
        while self._queue and self._queue[0].done():
            self._queue.popleft()
        if not self._queue or now - self._renewed_at > TRUST_SECONDS:
            return None
        if self._exchange_task is not None and self._book.in_flight >= self._reported:
            return None
        return self._book.next_start()

    def _start_exchange(self, now: float) -> None:
        """Begin an exchange. Until it completes, no more calls may be in flight than it reports, because others may get the
        rest."""
        book, waiting = self._book, len(self._queue)
        spare = max(0, book.permits - book.in_flight) if waiting else 0
        self._reported = book.in_flight + (spare + 1) // 2
        ahead = self._every + min(_MOST_AHEAD_SECONDS, max(_LEAST_AHEAD_SECONDS, 2 * self._took))
        useful = min(book.count_useful(now, ahead), max(waiting, 2 * book.started)) if waiting else 0
        back = book.release(now, keep=useful)
        book.started, self._requested = 0, waiting
        offer = Offer(
            in_use=self._reported,
            wants=max(self._reported, min(self.pace.permits, book.in_flight + waiting)),
            held=book.held,
            back=back,
            tokens=max(0, useful - book.ready),
            ahead=ahead,
        )
        self._exchanged_at = now
        self._begin(self._exchange(offer, now))

    def _begin(self, step: Coroutine[Any, Any, None]) -> None:
        """Run a step with the store in the background; one at a time, and never cancelled."""
        self._exchange_task = asyncio.create_task(step)
        self._exchange_task.add_done_callback(lambda _: self._changed.set())

    async def _exchange(self, offer: Offer, sent_at: float) -> None:
        grant = await self._store.exchange_tokens(worker=self._worker, pace=self.pace, offer=offer)
        now = self._clock()
        self._took = now - sent_at
        # the store read its clock before `now`, so counting from `now` is never too early
        moments = [now + seconds for seconds in grant.tokens]
        if self._clocks.is_moved(grant.at, sent=sent_at, received=now):
            _log.warning("limiter_clock_moved", seconds=round(self.pace.rest, 2))
            await self._store.postpone(pace=self.pace)
            moments = [now + self.pace.rest + self.pace.lost] * len(moments)
        if grant.is_lost:
            self._book.drop_ready()
        self._book.add(moments)
        self._book.permits, self._book.part = grant.permits, grant.part
        self._is_satisfied = len(moments) == offer.tokens and grant.permits >= offer.wants
        self._renewed_at = sent_at

    def _finish_exchange(self) -> None:
        """Discard an exchange that is done; raises its exception."""
        if self._exchange_task is not None and self._exchange_task.done():
            done, self._exchange_task = self._exchange_task, None
            done.result()

    async def _leave(self) -> None:
        """Release everything; nothing waits and nothing is in flight."""
        back = self._book.release(self._clock(), keep=0)
        self._book.permits, self._renewed_at, self._exchanged_at = 0, float("-inf"), float("-inf")
        await self._store.leave(worker=self._worker, pace=self.pace, back=back)

    async def _wait(self, seconds: float) -> None:
        # not wait_for, which before Python 3.12 may swallow a cancellation that comes together with the event
        with suppress(TimeoutError):
            async with asyncio.timeout(None if seconds == float("inf") else max(0.0, seconds)):
                await self._changed.wait()
