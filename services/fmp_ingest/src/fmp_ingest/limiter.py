"""The limiter: slots and permits shared by all processes through PostgreSQL, so that restarts and replicas keep the rate."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

import asyncpg
from aiolimiter import AsyncLimiter

from fmp_ingest.pace import WINDOW_SECONDS, Pace, SlotBook, make_pace
from sra_shared.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.logs import get_logger

_log = get_logger(__name__)

# slots are reserved for this long at a time; what a process does not use of them is lost
_BLOCK_SECONDS = 1.0
_AHEAD_SECONDS = 1.5
# permits outlive their process this long, and are no longer used a little before
_PERMIT_SECONDS = WINDOW_SECONDS
_RENEW_SECONDS = 20.0
_TRUST_SECONDS = 50.0
_EMPTY_RETRY_SECONDS = 0.1
_SERIAL_RETRY_SECONDS = 1.0
_OUTAGE_RETRY_SECONDS = 1.0
# after a pause of the process, overdue slots are caught up at this multiple of the pace, not all at once
_CATCH_UP = 2.0

SQL_LOCK = """
INSERT INTO fmp_limiter (budget, next_slot_at) VALUES ($1, clock_timestamp())
ON CONFLICT (budget) DO UPDATE SET budget = excluded.budget
RETURNING next_slot_at
"""
SQL_OTHERS = """
WITH gone AS (DELETE FROM fmp_limiter_worker WHERE budget = $1 AND expires_at <= clock_timestamp() AND worker <> $2)
SELECT coalesce(sum(permits), 0) AS permits, count(*) AS workers FROM fmp_limiter_worker
WHERE budget = $1 AND worker <> $2 AND expires_at > clock_timestamp()
"""
SQL_KEEP = """
INSERT INTO fmp_limiter_worker (budget, worker, permits, expires_at)
VALUES ($1, $2, $3, clock_timestamp() + $4::interval)
ON CONFLICT (budget, worker) DO UPDATE SET permits = excluded.permits, expires_at = excluded.expires_at
"""
SQL_ADVANCE = """
UPDATE fmp_limiter SET next_slot_at = greatest(next_slot_at, now.at) + $2::interval
FROM (SELECT clock_timestamp() AS at) now
WHERE budget = $1
RETURNING extract(epoch FROM greatest(next_slot_at - $2::interval, now.at) - now.at)::float8 AS first_in
"""


@dataclass(frozen=True)
class Grant:
    """What one reservation gave: slots, in seconds from the reservation, and permits in all."""

    slots: list[float]
    permits: int


class SlotStore(Protocol):
    """Where processes share slots and permits."""

    async def reserve(self, *, worker: str, pace: Pace, in_flight: int, slots: int) -> Grant:
        """Reserve up to `slots` slots and this process's part of the permits, not fewer than are in flight."""

    async def give_back(self, *, worker: str) -> None:
        """Free this process's permits; it has no call in flight."""

    async def end_serial(self, *, pace: Pace) -> None:
        """Move the next slot of a serial budget to a share of a minute after now."""


class DatabaseSlotStore:
    """Slots and permits of one budget, kept in PostgreSQL by its own clock."""

    def __init__(self, pool: Pool, budget: str) -> None:
        self._pool = pool
        self._budget = budget

    async def reserve(self, *, worker: str, pace: Pace, in_flight: int, slots: int) -> Grant:
        """See SlotStore; raises what the database raises."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL_LOCK, self._budget)
            permits, workers = await self._share_permits(connection, worker, pace, in_flight)
            if permits <= 0 or slots <= 0:
                return Grant([], permits)
            # a serial call may last long: its slot ends with the call, or with the permit of a process that died
            step = 2 * WINDOW_SECONDS if pace.is_serial else pace.interval
            count = 1 if pace.is_serial else max(1, slots // (workers + 1))
            first = await connection.fetchval(SQL_ADVANCE, self._budget, timedelta(seconds=step * count))
        return Grant([first + step * number for number in range(count)], permits)

    async def _share_permits(self, connection: Connection, worker: str, pace: Pace, in_flight: int) -> tuple[int, int]:
        others = await connection.fetchrow(SQL_OTHERS, self._budget, worker)
        taken, workers = (int(others["permits"]), int(others["workers"])) if others else (0, 0)
        fair = max(1, pace.permits // (workers + 1))
        permits = max(in_flight, min(fair, pace.permits - taken))
        await connection.execute(SQL_KEEP, self._budget, worker, permits, timedelta(seconds=_PERMIT_SECONDS))
        return permits, workers

    async def give_back(self, *, worker: str) -> None:
        """See SlotStore."""
        await self._pool.execute(
            "DELETE FROM fmp_limiter_worker WHERE budget = $1 AND worker = $2", self._budget, worker
        )

    async def end_serial(self, *, pace: Pace) -> None:
        """See SlotStore; a hundredth is added, so that two calls are never exactly a minute's share apart."""
        await self._pool.execute(
            "UPDATE fmp_limiter SET next_slot_at = clock_timestamp() + $2::interval WHERE budget = $1",
            self._budget,
            timedelta(seconds=pace.interval * 1.01),
        )


class Limiter:
    """Gives calls their turn within one budget; enter it once per process, then `async with limiter.turn():` per call."""

    def __init__(
        self,
        store: SlotStore,
        calls_per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace = make_pace(calls_per_minute)
        self._store = store
        self._clock = clock
        self._worker = uuid4().hex
        self._book = SlotBook()
        self._spacing = AsyncLimiter(1, self.pace.interval / _CATCH_UP)
        self._queue: deque[asyncio.Future[None]] = deque()
        self._changed = asyncio.Event()
        self._renewed_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._told = 0

    async def __aenter__(self) -> Limiter:
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._task, self._asking):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if not self._book.in_flight:
            with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
                await self._store.give_back(worker=self._worker)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a slot and a permit, and keep the permit to the end of the block."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._changed.set()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                await self._end_call()
            raise
        try:
            yield
        finally:
            await self._end_call()

    async def _end_call(self) -> None:
        if self.pace.is_serial:
            try:
                await asyncio.shield(self._store.end_serial(pace=self.pace))
            except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
                # the slot then ends by itself, later
                _log.warning("limiter_state_not_written", error_type=type(error).__name__)
        self._book.end(self._clock())
        self._changed.set()

    async def _serve(self) -> None:
        """Hand out turns as slots come; reserve ahead while calls wait."""
        while True:
            try:
                await self._serve_once()
            except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
                # without the shared state nobody may call
                _log.warning("limiter_waits_for_database", error_type=type(error).__name__)
                await asyncio.sleep(_OUTAGE_RETRY_SECONDS)

    async def _serve_once(self) -> None:
        # cleared first, so that nothing that happens during this pass is overlooked
        self._changed.clear()
        self._drop_cancelled()
        now = self._clock()
        self._take_answer()
        if now - self._renewed_at > _TRUST_SECONDS:
            self._book.drop_all()
        if not self._queue:
            await self._rest(now)
            return
        if self._asking is None and self._lacks_slots(now):
            self._ask(self._wanted_slots())
        elif self._asking is None and now - self._renewed_at > _RENEW_SECONDS:
            self._ask(0)
        start = self._find_start()
        now = self._clock()
        if start is None:
            await self._wait(_SERIAL_RETRY_SECONDS if self.pace.is_serial else _EMPTY_RETRY_SECONDS)
        elif start > now:
            await self._wait(min(start - now, _AHEAD_SECONDS / 4))
        else:
            if not self.pace.is_serial:
                await self._spacing.acquire()
                self._drop_cancelled()
            # meanwhile callers may have gone, and a reservation may have taken permits away
            if self._queue and self._find_start() == start:
                self._book.start()
                self._queue.popleft().set_result(None)

    def _drop_cancelled(self) -> None:
        while self._queue and self._queue[0].done():
            self._queue.popleft()

    def _lacks_slots(self, now: float) -> bool:
        if self.pace.is_serial:
            return not self._book.waiting and not self._book.in_flight
        last = self._book.last_slot
        return last is None or (self._book.waiting < len(self._queue) and last - now < _AHEAD_SECONDS)

    def _wanted_slots(self) -> int:
        if self.pace.is_serial:
            return 1
        # a single caller must not wait for the end of a block that it used one slot of
        block = max(1, round(_BLOCK_SECONDS / self.pace.interval))
        return max(1, min(block, len(self._queue) - self._book.waiting))

    def _ask(self, slots: int) -> None:
        """Reserve while the slots there are go on being used: a late one is lost once no permit was free at its moment.

        Meanwhile no more calls may be in flight than the reservation is told of, since another process may get the rest.
        """
        spare = self._book.permits - self._book.in_flight
        self._told = self._book.in_flight + (spare + 1) // 2
        self._asking = asyncio.create_task(self._reserve(slots))
        self._asking.add_done_callback(lambda _: self._changed.set())

    def _take_answer(self) -> None:
        """Forget a reservation that is done; raises what it met."""
        if self._asking is not None and self._asking.done():
            done, self._asking = self._asking, None
            done.result()

    def _find_start(self) -> float | None:
        """The moment of the next call, None where none may start before something changes."""
        if self._asking is not None and self._book.in_flight >= self._told:
            return None
        return self._book.next_start()

    async def _reserve(self, slots: int) -> None:
        asked_at = self._clock()
        grant = await self._store.reserve(worker=self._worker, pace=self.pace, in_flight=self._told, slots=slots)
        now = self._clock()
        self._renewed_at = asked_at
        self._book.set_permits(grant.permits, now)
        # the database read its clock before `now`, so counting from `now` is never too early
        self._book.add_slots([now + offset for offset in grant.slots])

    async def _rest(self, now: float) -> None:
        """Nothing waits: keep the permits of calls in flight, give the others back, and sleep until something does."""
        if self._asking is not None:
            await self._wait(None)
            return
        if self._book.in_flight:
            if now - self._renewed_at > _RENEW_SECONDS:
                self._ask(0)
            await self._wait(_RENEW_SECONDS / 4)
            return
        if self._book.permits:
            self._book.drop_all()
            await self._store.give_back(worker=self._worker)
        self._renewed_at = float("-inf")
        await self._wait(None)

    async def _wait(self, seconds: float | None) -> None:
        # not wait_for, which before Python 3.12 may swallow a cancellation that comes together with the event
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
