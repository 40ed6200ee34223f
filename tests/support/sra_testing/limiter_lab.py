"""The real limiter in several processes on a virtual clock: an in-memory store, callers, and a counting vendor."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from fmp_ingest.limiter.pace import WINDOW_SECONDS, CallPace, make_pace
from fmp_ingest.limiter.rate_limiter import Limiter
from fmp_ingest.limiter.token_pool import (
    PERMIT_SECONDS,
    QUIET_SECONDS,
    Grant,
    Member,
    Offer,
    decide_token_exchange,
    round_up,
)
from sra_testing.virtual_time import VirtualLoop, run_virtual

Delay = Callable[[random.Random], float]


def count_most(arrivals: Sequence[float]) -> int:
    """The most arrivals in any 60 seconds."""
    times, most, first = sorted(arrivals), 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] >= WINDOW_SECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most


@dataclass
class Shared:
    """The database's state of one budget; `ahead` is how far its clock is ahead of the processes' clock."""

    pool: Counter[float] = field(default_factory=Counter)
    members: dict[str, tuple[Member, float]] = field(default_factory=dict)
    is_used: bool = False
    ahead: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class MemoryStore:
    """A process's access to the shared state; each step is preceded and followed by `way` seconds. `is_dead`: it was killed."""

    def __init__(self, shared: Shared, way: Callable[[], float]) -> None:
        self.shared = shared
        self.is_dead = False
        self._way = way

    def _read_clock(self) -> float:
        return asyncio.get_running_loop().time() + self.shared.ahead

    async def exchange_tokens(self, *, worker: str, pace: CallPace, offer: Offer) -> Grant:
        """As `DatabaseTicketStore.exchange`."""
        await self._travel()
        shared = self.shared
        async with shared.lock:
            now = self._read_clock()
            for name, (_, expires_at) in list(shared.members.items()):
                if name != worker and not now <= expires_at <= now + PERMIT_SECONDS + 1:
                    del shared.members[name]
            outcome = decide_token_exchange(
                pace,
                worker,
                offer,
                [
                    replace(member, is_quiet=expires_at < now + PERMIT_SECONDS - QUIET_SECONDS)
                    for member, expires_at in shared.members.values()
                ],
                sorted(shared.pool.items()),
                pooled=shared.pool.total(),
                now=now,
                is_first=not shared.is_used,
            )
            shared.is_used = True
            shared.pool = shared.pool + outcome.put - outcome.taken
            shared.members[worker] = (outcome.member, now + PERMIT_SECONDS)
            await asyncio.sleep(self._way())
        await asyncio.sleep(self._way())
        return outcome.grant

    async def leave(self, *, worker: str, pace: CallPace, back: Sequence[float]) -> None:
        """As `DatabaseTicketStore.leave`."""
        await self._travel()
        now = self._read_clock()
        if self.shared.members.pop(worker, None) is not None:
            self.shared.pool += Counter(round_up(now + seconds) for seconds in back)

    async def postpone(self, *, pace: CallPace) -> None:
        """As `DatabaseTicketStore.postpone`."""
        await self._travel()
        self.shared.pool = Counter({round_up(self._read_clock() + pace.rest): self.shared.pool.total()})

    async def _travel(self) -> None:
        await asyncio.sleep(self._way())
        if self.is_dead:
            raise ConnectionResetError("the process was killed")


@dataclass
class Lab:
    """One simulation of the limiter: its setting, processes that always have work, and disturbances.

    `answer` and `way` are the seconds of a response and of a step of the store. `kills` gives the moments at which a process
    is killed, by its number; its calls still arrive, and it restarts a second later. `pauses` stop everything for some
    seconds; `steps` set the store's clock. `widths` are the callers of each process, the last one that of all further ones.
    """

    setting: int
    processes: int = 1
    response: Delay = field(default=lambda _: 0.2)
    way: Delay = field(default=lambda rng: rng.uniform(0.0005, 0.003))
    sending: Delay = field(default=lambda rng: rng.uniform(0.0002, 0.002))
    widths: Sequence[int] = (100,)
    seed: int = 1
    kills: Sequence[tuple[float, int]] = ()
    pauses: Sequence[tuple[float, float]] = ()
    steps: Sequence[tuple[float, float]] = ()
    arrivals: list[float] = field(default_factory=list)
    made: Counter[int] = field(default_factory=Counter)
    """Calls by process."""
    most_in_flight: int = 0
    _in_flight: int = 0
    _going: set[asyncio.Task[None]] = field(default_factory=set)

    def run(self, seconds: float) -> list[float]:
        """Return when calls arrived, in seconds from the start."""
        loop = VirtualLoop()
        run_virtual(self._run(loop, seconds), loop)
        return self.arrivals

    async def _run(self, loop: VirtualLoop, seconds: float) -> None:
        rng = random.Random(self.seed)  # noqa: S311 - no secret
        shared, began = Shared(), loop.time()
        for at, length in self.pauses:
            loop.call_at(began + at, loop.pause, length)
        for at, length in self.steps:
            loop.call_at(began + at, self._set_clock, shared, length)

        async def live(number: int) -> None:
            start = 0.0
            for at in [*sorted(at for at, killed in self.kills if killed == number), seconds]:
                store = MemoryStore(shared, lambda: self.way(rng))
                life = asyncio.create_task(self._live(number, store, rng, began, began + seconds))
                await asyncio.wait({life}, timeout=max(0.0, at - start))
                store.is_dead = at < seconds
                if store.is_dead:
                    life.cancel()
                await asyncio.gather(life, return_exceptions=True)
                await asyncio.sleep(1.0)
                start = loop.time() - began

        async with asyncio.TaskGroup() as group:
            for number in range(self.processes):
                group.create_task(live(number))
        for task in self._going:
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)

    @staticmethod
    def _set_clock(shared: Shared, seconds: float) -> None:
        shared.ahead += seconds

    async def _live(self, number: int, store: MemoryStore, rng: random.Random, began: float, end: float) -> None:
        loop = asyncio.get_running_loop()
        limiter = Limiter(store, make_pace(self.setting), clock=loop.time)
        entered = await limiter.__aenter__()

        async def call() -> None:
            while loop.time() < end:
                async with entered.turn() as turn:
                    turn.is_sent = True
                    self.made[number] += 1
                    self._in_flight += 1
                    self.most_in_flight = max(self.most_in_flight, self._in_flight)
                    # a call that was sent arrives, even if its sender dies
                    sent = asyncio.create_task(self._arrive(self.sending(rng), began))
                    self._going.add(sent)
                    sent.add_done_callback(self._going.discard)
                    try:
                        await asyncio.shield(sent)
                        turn.has_response = True
                        await asyncio.sleep(self.response(rng))
                    finally:
                        self._in_flight -= 1

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.widths[min(number, len(self.widths) - 1)]):
                    group.create_task(call())
        finally:
            # the store of a dead process accepts no more
            await limiter.__aexit__(None, None, None)

    async def _arrive(self, seconds: float, began: float) -> None:
        await asyncio.sleep(seconds)
        self.arrivals.append(asyncio.get_running_loop().time() - began)

    def measure_share(self, first: float, last: float) -> float:
        """The part of the setting that arrived between two moments."""
        return len([at for at in self.arrivals if first <= at < last]) / (
            (last - first) * self.setting / WINDOW_SECONDS
        )
