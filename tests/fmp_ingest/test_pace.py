"""The limiter's promise, on a simulated clock: no 60 seconds ever see more calls than the setting."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmp_ingest.pace import WINDOW_SECONDS, Pace, SlotBook, make_pace


def count_most(arrivals: list[float]) -> int:
    """The most arrivals in any closed 60 seconds."""
    times, most, first = sorted(arrivals), 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] > WINDOW_SECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("setting", [300, 750, 3000])
def test_plans_of_the_vendor_are_used_to_98_percent(setting: int) -> None:
    pace = make_pace(setting)
    assert pace.slots_per_minute >= 0.98 * setting
    assert pace.permits <= min(50, max(4, 0.016 * setting))


@given(st.integers(1, 100_000))
def test_slots_and_permits_never_exceed_the_setting(setting: int) -> None:
    pace = make_pace(setting)
    assert pace.is_serial or pace.slots_per_minute + 1 + pace.permits <= setting
    assert pace.slots_per_minute >= 1


def make_random(seed: int) -> random.Random:
    """Chance that a failing example can be repeated with."""
    return random.Random(seed)  # noqa: S311 - no secret


@dataclass
class Simulation:
    """Processes that share slots and permits, with late starts and slow ways to the vendor."""

    pace: Pace
    processes: int
    rng: random.Random
    latest_start: float
    longest_way: float
    next_slot: float = 0.0
    arrivals: list[float] = field(default_factory=list)

    def run(self, seconds: float) -> list[float]:
        """Every process has work all the time and is looked at whenever something happens to it."""
        books = [SlotBook() for _ in range(self.processes)]
        share = max(1, self.pace.permits // self.processes)
        for book in books[: self.pace.permits]:
            book.set_permits(share, 0.0)
        order = itertools.count()
        events = [(0.0, next(order), "look", index) for index in range(self.processes)]
        while events:
            now, _, kind, index = heapq.heappop(events)
            if now > seconds:
                break
            book = books[index]
            if kind == "end":
                book.end(now)
                continue
            if book.last_slot is None or book.last_slot - now < 0.25:
                book.add_slots(self.reserve(now))
            while (start := book.next_start()) is not None and start <= now:
                book.start()
                way = self.rng.uniform(0.0, self.longest_way)
                self.arrivals.append(now + self.rng.uniform(0.0, way))
                heapq.heappush(events, (now + way, next(order), "end", index))
            pause = self.rng.uniform(0.001, self.latest_start)
            heapq.heappush(events, (now + pause, next(order), "look", index))
        return self.arrivals

    def reserve(self, now: float) -> list[float]:
        count = max(1, round(0.5 / self.pace.interval / self.processes))
        first = max(now, self.next_slot)
        self.next_slot = first + count * self.pace.interval
        return [first + number * self.pace.interval for number in range(count)]


@settings(max_examples=25, deadline=None)
@given(
    setting=st.sampled_from([60, 100, 300, 750]),
    processes=st.integers(1, 4),
    seed=st.integers(0, 10_000),
    latest_start=st.floats(0.01, 2.0),
    longest_way=st.floats(0.01, 20.0),
)
def test_no_window_is_exceeded_however_late_calls_start_or_arrive(
    setting: int, processes: int, seed: int, latest_start: float, longest_way: float
) -> None:
    simulation = Simulation(make_pace(setting), processes, make_random(seed), latest_start, longest_way)
    assert count_most(simulation.run(200.0)) <= setting


@pytest.mark.parametrize(("setting", "way"), [(300, 0.8), (750, 0.9), (3000, 0.9)])
def test_the_setting_is_used_while_there_is_work(setting: int, way: float) -> None:
    simulation = Simulation(make_pace(setting), 1, make_random(1), 0.01, way)
    arrivals = simulation.run(180.0)
    assert len([moment for moment in arrivals if 60 <= moment < 180]) >= 0.98 * setting * 2 - 1


def test_a_slot_without_a_free_permit_is_lost() -> None:
    book = SlotBook()
    book.set_permits(1, 0.0)
    book.add_slots([1.0, 2.0, 3.0])
    assert book.next_start() == 1.0
    book.start()
    assert book.next_start() is None
    book.end(2.5)
    assert book.next_start() == 3.0


def test_permits_taken_away_are_given_back_as_calls_end() -> None:
    book = SlotBook()
    book.set_permits(3, 0.0)
    book.add_slots([0.0, 1.0])
    book.start()
    book.start()
    book.set_permits(1, 1.0)
    assert book.next_start() is None
    book.end(2.0)
    assert book.in_flight == 1
    book.add_slots([4.0])
    assert book.next_start() is None
    book.end(3.0)
    assert book.next_start() == 4.0
