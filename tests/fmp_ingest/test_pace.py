"""The arithmetic of the limiter: the meaning of a setting, the division of permits, the life of a token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmp_ingest.limiter.pace import WINDOW_SECONDS, TokenBook, divide_evenly, make_bulk_pace, make_pace


@pytest.mark.parametrize(("setting", "permits"), [(3000, 48), (750, 12), (300, 4), (10, 4), (100_000, 50)])
def test_calls_in_flight_are_a_small_part_of_the_setting(setting: int, permits: int) -> None:
    assert make_pace(setting).permits == permits


@given(st.integers(1, 100_000))
def test_a_token_is_never_in_one_minute_twice(setting: int) -> None:
    for pace in (make_pace(setting), make_bulk_pace(setting)):
        # the calls that one token permits in a minute, times all of them
        assert pace.tokens * WINDOW_SECONDS / pace.rest < setting
        assert pace.rest > WINDOW_SECONDS * pace.tokens / setting


@pytest.mark.parametrize("setting", [300, 750, 3000])
def test_plans_of_the_vendor_can_be_used_to_98_percent(setting: int) -> None:
    pace, slowest = make_pace(setting), 0.9
    assert pace.tokens * WINDOW_SECONDS / (pace.rest + slowest) > 0.98 * setting
    # four calls of more than 0.81 s each cannot make 98% of 300
    longest = min(slowest, pace.permits * WINDOW_SECONDS / (0.98 * setting))
    assert longest == slowest or (setting, round(longest, 3)) == (300, 0.816)


@given(st.integers(0, 60), st.dictionaries(st.text(max_size=3), st.integers(0, 60), max_size=6))
def test_permits_are_divided_evenly_and_used(total: int, wants: dict[str, int]) -> None:
    parts = divide_evenly(total, wants)
    assert sum(parts.values()) == min(total, sum(wants.values()))
    lacking = [name for name in wants if parts[name] < wants[name]]
    assert all(parts[name] <= wants[name] for name in wants)
    assert all(parts[other] <= parts[name] + 1 for name in lacking for other in wants)


def make_book(permits: int = 2, tokens: int = 3) -> TokenBook:
    book = TokenBook(make_pace(300))
    book.permits = permits
    book.add([10.0 + number for number in range(tokens)])
    return book


def test_a_call_needs_a_token_and_a_permit() -> None:
    book = make_book(permits=1)
    assert book.next_start() == 10.0
    book.start(10.0)
    assert (book.next_start(), book.in_flight, book.ready) == (None, 1, 2)
    book.end(10.0, 10.5, has_response=True)
    assert book.next_start() == 11.0
    assert make_book(tokens=0).next_start() is None


def test_a_token_rests_for_a_minute_after_the_response_and_longer_without_one() -> None:
    book, rest = make_book(), make_pace(300).rest
    book.start(10.0)
    book.start(11.0)
    book.end(10.0, 11.5, has_response=True)
    book.end(11.0, 11.5, has_response=False)
    assert book.release(12.0, keep=9) == pytest.approx([rest - 0.5, rest + WINDOW_SECONDS - 0.5])
    assert book.release(12.0, keep=9) == []
    assert book.release(11.0, keep=0) == [1.0]


def test_a_turn_that_was_not_used_costs_nothing() -> None:
    book = make_book(permits=1, tokens=1)
    book.start(10.0)
    book.undo(10.0, 10.2)
    assert (book.ready, book.in_flight, book.next_start()) == (1, 0, 10.2)
    assert book.release(10.2, keep=0) == [0.0]


def test_permits_taken_away_are_given_up_as_calls_end() -> None:
    book = make_book()
    book.start(10.0)
    book.start(11.0)
    book.permits = 1
    book.end(10.0, 11.0, has_response=True)
    assert book.next_start() is None
    book.end(11.0, 12.0, has_response=True)
    assert book.next_start() == 12.0


def test_a_process_takes_no_more_tokens_than_it_can_use() -> None:
    book = make_book(tokens=0)
    book.part = 0.5
    # 2.55 calls a second, one of them at once
    assert book.count_useful(10.0, 1.0) == 3
    book.add([10.0, 10.0])
    book.start(10.0)
    book.start(10.0)
    assert book.count_useful(10.0, 1.0) == 2
    # by now calls take a while, and both permits are in use
    for _ in range(50):
        book.end(10.0, 15.0, has_response=True)
        book.add([10.0])
        book.start(10.0)
    assert book.count_useful(10.0, 1.0) == 0
