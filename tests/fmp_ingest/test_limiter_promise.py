"""The limiter's promise, on a virtual clock: never more calls in 60 seconds than the setting, and 98% of it while there is
work. The limiter is the real one; the store is kept in memory by the same rules as the tables."""

from __future__ import annotations

import asyncio
import random

import pytest

from fmp_ingest.limiter.pace import make_pace
from fmp_ingest.limiter.rate_limiter import ClockWatch, Limiter
from sra_testing.limiter_lab import Lab, MemoryStore, Shared, count_most
from sra_testing.virtual_time import run_virtual

FEW, MANY = range(8), range(8, 300)


def make_scene(seed: int) -> Lab:
    """Processes with slow databases, networks and responses, killed, stopped, and with a changed database clock."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    processes = rng.choice([1, 2, 2, 3, 4])
    response, way = rng.choice([0.003, 0.05, 0.3, 0.85, 3.0, 20.0]), rng.choice([0.003, 0.03, 0.3, 1.0, 5.0])
    sending = rng.choice([0.002, 0.1, 2.0, 15.0])
    return Lab(
        setting=rng.choice([10, 60, 120, 300, 300]),
        processes=processes,
        response=lambda chance: chance.uniform(0, response),
        way=lambda chance: chance.uniform(0.0005, way),
        sending=lambda chance: chance.uniform(0, sending),
        kills=[(rng.uniform(2, 120), rng.randrange(processes)) for _ in range(rng.choice([0, 0, 1, 3]))],
        pauses=[(rng.uniform(1, 120), rng.choice([0.3, 1, 5, 20, 45, 70])) for _ in range(rng.choice([0, 0, 1, 4]))],
        steps=[
            (rng.uniform(1, 120), rng.choice([-3600, -5, -0.5, 0.3, 1, 5, 30, 61, 3600]))
            for _ in range(rng.choice([0, 0, 1, 3]))
        ],
        widths=[rng.choice([1, 20, 60])],
        seed=seed,
    )


@pytest.mark.parametrize("seed", [*FEW, *(pytest.param(seed, marks=pytest.mark.faults) for seed in MANY)])
def test_no_minute_sees_more_calls_than_the_setting(seed: int) -> None:
    scene = make_scene(seed)
    arrivals = scene.run(190.0)
    assert arrivals
    assert count_most(arrivals) <= scene.setting
    if not (scene.pauses or scene.steps):
        # a process that stood still for longer than a minute counts as dead
        assert scene.most_in_flight <= make_pace(scene.setting).permits


HEAVY = pytest.mark.faults


@pytest.mark.parametrize(
    ("setting", "processes", "response"),
    [
        (300, 1, 0.8),
        (300, 2, 0.75),
        (300, 4, 0.2),
        (750, 2, 0.85),
        pytest.param(3000, 1, 0.89, marks=HEAVY),
        (3000, 2, 0.85),
        *(
            pytest.param(setting, processes, response, marks=HEAVY)
            for setting in (300, 750, 3000)
            for processes in (1, 2, 3, 4)
            for response in ((0.01, 0.2, 0.75) if setting == 300 else (0.01, 0.2, 0.75, 0.85, 0.89))
        ),
    ],
)
def test_98_percent_of_the_setting_is_used_while_there_is_work(setting: int, processes: int, response: float) -> None:
    lab = Lab(setting, processes, response=lambda rng: response * rng.uniform(0.97, 1.0))
    arrivals = lab.run(76.0)
    assert lab.measure_share(10.0, 70.0) >= 0.98
    assert count_most(arrivals) <= setting
    assert lab.most_in_flight <= make_pace(setting).permits


def test_four_calls_of_a_second_are_all_that_a_setting_of_300_allows() -> None:
    lab = Lab(300, response=lambda _: 1.0)
    lab.run(76.0)
    assert lab.most_in_flight == 4
    assert lab.measure_share(10.0, 70.0) == pytest.approx(4 * 60 / 300, abs=0.02)


def test_a_killed_process_costs_its_permits_and_few_tokens() -> None:
    lab = Lab(750, 2, kills=[(20.0, 1)])
    arrivals = lab.run(140.0)
    assert count_most(arrivals) <= 750
    assert lab.measure_share(10.0, 130.0) >= 0.97
    assert lab.most_in_flight <= make_pace(750).permits


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_database_clock_that_is_set_costs_a_minute_and_no_violation(step: float) -> None:
    lab = Lab(120, 2, steps=[(30.0, step)])
    arrivals = lab.run(200.0)
    assert count_most(arrivals) <= 120
    assert lab.measure_share(150.0, 200.0) >= 0.95


def test_calls_follow_each_other_at_an_even_pace() -> None:
    lab = Lab(300, 2)
    arrivals = sorted(lab.run(30.0))
    for first in range(0, len(arrivals) - 12):
        # ten a second would be twice the pace
        assert arrivals[first + 12] - arrivals[first] >= 1.2


def test_one_that_calls_one_by_one_is_not_starved_by_a_busy_one() -> None:
    lab = Lab(300, 2, widths=[1, 100], response=lambda _: 0.1)
    lab.run(30.0)
    # it may have half, which is 2.5 a second
    assert lab.made[0] >= 0.9 * 2.5 * 30
    assert lab.made.total() >= 0.98 * 150


def test_callers_that_give_up_at_any_moment_affect_no_other() -> None:
    async def work() -> tuple[int, int]:
        loop, rng = asyncio.get_running_loop(), random.Random(5)  # noqa: S311 - no secret
        shared, served = Shared(), 0

        async def call(limiter: Limiter) -> None:
            nonlocal served
            async with limiter.turn() as turn:
                turn.is_sent = turn.has_response = True
                await asyncio.sleep(0.01)
                served += 1

        store = MemoryStore(shared, lambda: rng.uniform(0.0005, 0.003))
        async with Limiter(store, make_pace(3000), clock=loop.time) as limiter:
            for _ in range(300):
                tasks = [asyncio.create_task(call(limiter)) for _ in range(4)]
                # some in the very moment in which they would have had their turn
                await asyncio.sleep(rng.uniform(0.0, 0.06))
                for task in tasks[1:]:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        tokens = shared.pool.total() + sum(member.tokens for member, _ in shared.members.values())
        return served, tokens

    served, tokens = run_virtual(work())
    assert served >= 300
    assert tokens == 3000


@pytest.mark.parametrize(("step", "is_seen"), [(0.0, False), (0.2, True), (3600.0, True), (-0.2, True), (0.01, False)])
def test_a_clock_change_is_detected_despite_slow_responses(step: float, is_seen: bool) -> None:
    watch, rng = ClockWatch(), random.Random(7)  # noqa: S311 - no secret
    seen = False
    for number in range(40):
        sent = 10.0 + number * 0.25
        # most responses are slow, and some are quick
        way = 0.001 if number % 8 == 0 else rng.uniform(0.01, 0.4)
        at = 5_000.0 + sent + way / 2 + (step if number >= 20 else 0.0)
        moved = watch.is_moved(at, sent=sent, received=sent + way)
        seen = seen or moved
        assert not (moved and number < 20)
    assert seen == is_seen
