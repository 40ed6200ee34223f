"""The limiter on real parts: processes that share a rate through PostgreSQL, counted where their calls arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from fmp_ingest.limiter import DatabaseSlotStore, Limiter
from fmp_ingest.pace import make_pace
from sra_shared.db import Pool
from sra_stand_in.server import StandIn
from sra_testing.fmp_caller import start_caller
from sra_testing.stand_in import run_stand_in


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with run_stand_in() as running:
        yield running


@pytest.mark.parametrize("rate", [300, 3000])
async def test_two_processes_keep_one_rate(sandbox_database: str, stand_in: StandIn, rate: int) -> None:
    seconds, width = 6.0, 10 if rate == 300 else 60
    callers = [
        start_caller(sandbox_database, stand_in.fmp_base_url, rate=rate, seconds=seconds, width=width) for _ in range(2)
    ]
    made = [int(await asyncio.to_thread(lambda c=caller: c.communicate()[0])) for caller in callers]
    stats = stand_in.stats()["fmp"]
    pace = make_pace(rate)
    # those that waited when the time was over still get their turn
    longest = seconds + (2 * width + 1) * pace.interval + 3
    assert sum(made) == stats["total"]
    assert stats["total"] <= longest / pace.interval + pace.permits + 1
    assert stats["in_flight_peak"] <= pace.permits
    assert stats["refused"] == 0


async def test_a_restart_goes_on_where_the_last_process_stopped(pool: Pool) -> None:
    pace = make_pace(600)
    store = DatabaseSlotStore(pool, "calls")
    before = time.monotonic()
    granted = await store.reserve(worker="one", pace=pace, in_flight=0, slots=20)
    await store.give_back(worker="one")
    again = await DatabaseSlotStore(pool, "calls").reserve(worker="two", pace=pace, in_flight=0, slots=2)
    passed = time.monotonic() - before
    assert again.slots[0] >= granted.slots[-1] + pace.interval - passed


async def test_permits_of_all_processes_stay_within_the_cap(pool: Pool) -> None:
    pace = make_pace(3000)
    store = DatabaseSlotStore(pool, "calls")
    first = await store.reserve(worker="one", pace=pace, in_flight=0, slots=1)
    assert first.permits == pace.permits
    second = await store.reserve(worker="two", pace=pace, in_flight=0, slots=1)
    assert second.permits == 0
    first = await store.reserve(worker="one", pace=pace, in_flight=30, slots=1)
    second = await store.reserve(worker="two", pace=pace, in_flight=0, slots=1)
    assert (first.permits, second.permits) == (30, pace.permits - 30)
    await store.give_back(worker="one")
    assert (await store.reserve(worker="two", pace=pace, in_flight=0, slots=1)).permits == pace.permits


async def test_a_killed_process_counts_for_a_minute(pool: Pool) -> None:
    pace = make_pace(300)
    store = DatabaseSlotStore(pool, "calls")
    await store.reserve(worker="killed", pace=pace, in_flight=0, slots=1)
    assert (await store.reserve(worker="next", pace=pace, in_flight=0, slots=1)).permits == 0
    await pool.execute("UPDATE fmp_limiter_worker SET expires_at = now() - interval '1 s' WHERE worker = 'killed'")
    assert (await store.reserve(worker="next", pace=pace, in_flight=0, slots=1)).permits == pace.permits


async def test_a_small_budget_is_called_one_by_one(pool: Pool) -> None:
    started: list[float] = []
    ended: list[float] = []
    async with Limiter(DatabaseSlotStore(pool, "bulk"), 59) as limiter:

        async def call() -> None:
            async with limiter.turn():
                started.append(time.monotonic())
                await asyncio.sleep(0.05)
                ended.append(time.monotonic())

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(call())
    pauses = [start - end for start, end in zip(started[1:], ended, strict=False)]
    assert min(pauses) >= limiter.pace.interval * 0.99


async def test_a_caller_that_gives_up_takes_no_turn(pool: Pool) -> None:
    async with Limiter(DatabaseSlotStore(pool, "calls"), 300) as limiter:

        async def call() -> str:
            async with limiter.turn():
                return "had a turn"

        waiting = [asyncio.create_task(call()) for _ in range(6)]
        for task in waiting[:5]:
            task.cancel()
        assert await asyncio.wait_for(waiting[5], 10) == "had a turn"
        await asyncio.gather(*waiting, return_exceptions=True)
