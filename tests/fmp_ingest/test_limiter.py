"""The limiter with real parts: processes share a rate through PostgreSQL, and a vendor counts their calls."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence

import pytest

from fmp_ingest.limiter.pace import CallPace, make_bulk_pace, make_pace
from fmp_ingest.limiter.rate_limiter import Limiter
from fmp_ingest.limiter.token_pool import DatabaseTokenStore, Grant, Offer
from sra_shared.kit.db import Pool
from sra_stand_in.server import StandIn
from sra_testing.fmp_caller import start_caller
from sra_testing.stand_in import run_stand_in

SQL_ALL_TOKENS = """
SELECT (SELECT coalesce(sum(tickets), 0) FROM fmp_limiter_ticket WHERE budget = $1)
  + (SELECT coalesce(sum(tickets), 0) FROM fmp_limiter_worker WHERE budget = $1)
"""
PACE = make_pace(300)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with run_stand_in() as running:
        yield running


async def exchange(pool: Pool, worker: str, pace: CallPace = PACE, **offer: object) -> Grant:
    requested = Offer(**({"wants": pace.permits, "ahead": 1.0} | offer))  # type: ignore[arg-type]
    return await DatabaseTokenStore(pool, "calls").exchange_tokens(worker=worker, pace=pace, offer=requested)


async def count_tokens(pool: Pool, budget: str = "calls") -> int:
    return int(await pool.fetchval(SQL_ALL_TOKENS, budget))


@pytest.mark.parametrize(
    ("rate", "seconds", "width"),
    [
        (3000, 4.0, 60),
        pytest.param(3000, 20.0, 60, marks=pytest.mark.faults),
        # the scenario of two programs has the slow rate in short
        pytest.param(300, 20.0, 10, marks=pytest.mark.faults),
    ],
)
async def test_two_processes_keep_one_rate(
    sandbox_database: str, pool: Pool, stand_in: StandIn, rate: int, seconds: float, width: int
) -> None:
    began = time.monotonic()
    callers = [
        start_caller(sandbox_database, stand_in.fmp_base_url, rate=rate, seconds=seconds, width=width) for _ in range(2)
    ]
    made = [int(await asyncio.to_thread(lambda c=caller: c.communicate()[0])) for caller in callers]
    stats, pace = stand_in.stats()["fmp"], make_pace(rate)
    passed = time.monotonic() - began
    assert sum(made) == stats["total"]
    # both get their turn, and together about what one would: how much exactly shows on a virtual clock and in the benchmark
    assert min(made) >= width / 2
    assert stats["total"] <= 1.1 * passed / pace.interval + pace.permits
    assert stats["in_flight_peak"] <= pace.permits
    assert stats["refused"] == 0
    assert await count_tokens(pool) == rate
    assert await pool.fetchval("SELECT count(*) FROM fmp_limiter_worker") == 0


async def test_a_used_token_rests_for_a_minute_for_every_caller(pool: Pool) -> None:
    granted = await exchange(pool, "one", tokens=300)
    assert len(granted.tokens) == 300
    assert max(granted.tokens) <= 0.1
    await DatabaseTokenStore(pool, "calls").leave(worker="one", pace=PACE, back=[PACE.rest] * 200 + [0.0] * 100)
    again = await exchange(pool, "two", tokens=300)
    assert len(again.tokens) == 100
    rest = await exchange(pool, "two", held=100, tokens=300, ahead=100.0)
    assert len(rest.tokens) == 200
    assert 55.0 < min(rest.tokens) <= max(rest.tokens) <= PACE.rest + 0.1
    assert await count_tokens(pool) == 300


async def test_exchanges_at_once_neither_lose_nor_make_tokens(pool: Pool) -> None:
    rng = random.Random(3)  # noqa: S311 - no secret

    async def work(worker: str) -> list[int]:
        counts, held = [], 0
        for _ in range(12):
            back = rng.randint(0, held)
            offer = {
                "held": held - back,
                "back": [rng.uniform(0, 60) for _ in range(back)],
                "tokens": rng.randint(0, 40),
            }
            granted = await exchange(pool, worker, ahead=rng.choice([0.5, 90.0]), **offer)
            held += len(granted.tokens) - back
            counts.append(held)
        return counts

    await asyncio.gather(*(work(f"worker {number}") for number in range(4)))
    assert await count_tokens(pool) == 300
    assert await pool.fetchval("SELECT min(tickets) FROM fmp_limiter_ticket") > 0


async def test_permits_of_all_processes_stay_within_the_cap(pool: Pool) -> None:
    pace = make_pace(3000)
    assert (await exchange(pool, "one", pace)).permits == pace.permits
    assert (await exchange(pool, "two", pace)).permits == 0
    # the first releases what it does not use, and both end with their half
    assert (await exchange(pool, "one", pace, in_use=30)).permits == 24
    assert (await exchange(pool, "two", pace)).permits == pace.permits - 30
    assert (await exchange(pool, "one", pace, in_use=20)).permits == 24
    assert (await exchange(pool, "two", pace)).permits == 24
    await DatabaseTokenStore(pool, "calls").leave(worker="one", pace=pace, back=[])
    alone = await exchange(pool, "two", pace)
    assert (alone.permits, alone.part) == (pace.permits, 1.0)


async def test_a_killed_process_counts_for_a_minute_and_its_tokens_for_longer(pool: Pool) -> None:
    await exchange(pool, "killed", tokens=50)
    assert (await exchange(pool, "next")).permits == 0
    await pool.execute("UPDATE fmp_limiter_worker SET expires_at = now() - interval '1 s' WHERE worker = 'killed'")
    granted = await exchange(pool, "next", tokens=300)
    assert (granted.permits, len(granted.tokens)) == (PACE.permits, 250)
    assert await count_tokens(pool) == 300
    # its last call may have been sent until shortly before it was given up
    late = await exchange(pool, "next", held=250, tokens=50, ahead=200.0)
    assert min(late.tokens) > PACE.rest + 15
    # if it resumes, it has no tokens left and notices that
    woken = await exchange(pool, "killed", held=50, tokens=10, ahead=200.0)
    assert (woken.is_lost, woken.tokens) == (True, [])


async def test_a_dead_process_does_not_slow_the_others_down(pool: Pool) -> None:
    await exchange(pool, "one", in_use=2)
    await exchange(pool, "two", in_use=2)
    quiet = "UPDATE fmp_limiter_worker SET expires_at = expires_at - interval '5 s' WHERE worker = 'two'"
    assert (await exchange(pool, "one", in_use=2)).part == 0.5
    await pool.execute(quiet)
    granted = await exchange(pool, "one", in_use=2)
    assert (granted.part, granted.permits) == (1.0, 2)


@pytest.mark.parametrize(("before", "after"), [(300, 3000), (3000, 300)])
async def test_another_setting_holds_at_once_and_is_used_after_a_minute(pool: Pool, before: int, after: int) -> None:
    await exchange(pool, "old", make_pace(before), tokens=before)
    await DatabaseTokenStore(pool, "calls").leave(worker="old", pace=make_pace(before), back=[60.0] * before)
    granted = await exchange(pool, "new", make_pace(after), tokens=after)
    # it is unknown when the missing tokens were last used
    assert granted.tokens == []
    assert await count_tokens(pool) == after


async def test_implausible_tokens_all_rest(pool: Pool) -> None:
    store = DatabaseTokenStore(pool, "calls")
    await exchange(pool, "one", tokens=100)
    await store.leave(worker="one", pace=PACE, back=[-3.0] * 40 + [3600.0] * 60)
    await store.postpone(pace=PACE)
    granted = await exchange(pool, "two", tokens=300, ahead=100.0)
    assert len(granted.tokens) == 300
    assert 50.0 < min(granted.tokens) <= max(granted.tokens) <= PACE.rest + 0.1


async def test_a_small_budget_is_called_one_by_one(pool: Pool) -> None:
    started: list[float] = []
    ended: list[float] = []
    async with Limiter(DatabaseTokenStore(pool, "bulk"), make_bulk_pace(59)) as limiter:

        async def call() -> None:
            async with limiter.turn() as turn:
                turn.is_sent = turn.has_response = True
                started.append(time.monotonic())
                await asyncio.sleep(0.05)
                ended.append(time.monotonic())

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(call())
    pauses = [start - end for start, end in zip(started[1:], ended, strict=False)]
    assert min(pauses) >= limiter.pace.interval


@pytest.mark.parametrize("pace", [make_bulk_pace(2), make_pace(300)], ids=["bulk", "calls"])
async def test_a_turn_that_was_not_used_goes_to_the_next_at_once(pool: Pool, pace: CallPace) -> None:
    async with Limiter(DatabaseTokenStore(pool, "bulk"), pace) as limiter:
        with pytest.raises(asyncio.CancelledError):
            async with limiter.turn():
                raise asyncio.CancelledError
    async with asyncio.timeout(10), Limiter(DatabaseTokenStore(pool, "bulk"), pace) as limiter, limiter.turn():
        pass
    assert await count_tokens(pool, "bulk") == pace.tokens


async def test_a_caller_that_gives_up_takes_no_turn(pool: Pool) -> None:
    async with Limiter(DatabaseTokenStore(pool, "calls"), PACE) as limiter:

        async def call() -> str:
            async with limiter.turn():
                return "had a turn"

        waiting = [asyncio.create_task(call()) for _ in range(6)]
        for task in waiting[:5]:
            task.cancel()
        assert await asyncio.wait_for(waiting[5], 10) == "had a turn"
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_database_that_goes_away_stops_the_calls_and_comes_back(pool: Pool) -> None:
    async def call(limiter: Limiter) -> None:
        async with limiter.turn() as turn:
            turn.is_sent = turn.has_response = True

    async with Limiter(DatabaseTokenStore(pool, "calls"), PACE) as limiter:
        await asyncio.wait_for(call(limiter), 10)
        await pool.execute("ALTER TABLE fmp_limiter_ticket RENAME TO away")
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            waiting = [group.create_task(call(limiter)) for _ in range(8)]
            # what it had at hand may go, and no more
            await asyncio.wait(waiting, timeout=0.8)
            assert not all(task.done() for task in waiting)
            await pool.execute("ALTER TABLE away RENAME TO fmp_limiter_ticket")


class Broken:
    """A store with a permanent fault."""

    async def exchange_tokens(self, *, worker: str, pace: CallPace, offer: Offer) -> Grant:
        """Fail."""
        raise ZeroDivisionError

    async def leave(self, *, worker: str, pace: CallPace, back: Sequence[float]) -> None:
        """Do nothing."""

    async def postpone(self, *, pace: CallPace) -> None:
        """Do nothing."""


async def test_an_internal_error_reaches_every_waiting_caller() -> None:
    async def call(limiter: Limiter) -> None:
        async with limiter.turn():
            pass

    async with Limiter(Broken(), PACE) as limiter:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(call(limiter), 10)
