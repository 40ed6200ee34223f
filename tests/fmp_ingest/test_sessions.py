"""The sessions of the exchanges, from the packaged file of their holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fmp_ingest.collection.trading_sessions import FIRST_DAY, LAST_DAY, list_sessions
from sra_shared.kit.errors import ConfigError


def read_closes(market: str, first: date, last: date) -> dict[date, datetime]:
    return {day: close.astimezone(UTC) for name, day, close in list_sessions(first, last) if name == market}


def test_sessions_close_at_four_in_new_york_in_summer_and_in_winter() -> None:
    closes = read_closes("NYSE", date(2026, 3, 6), date(2026, 3, 9))
    assert closes == {
        date(2026, 3, 6): datetime(2026, 3, 6, 21, tzinfo=UTC),
        date(2026, 3, 9): datetime(2026, 3, 9, 20, tzinfo=UTC),
    }


def test_an_early_close_is_that_of_its_market_only() -> None:
    day = date(2025, 11, 28)
    assert read_closes("NYSE", day, day) == {day: datetime(2025, 11, 28, 18, tzinfo=UTC)}
    assert read_closes("TSX", day, day) == {day: datetime(2025, 11, 28, 21, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("day", "open_markets"),
    [
        (date(2025, 7, 4), {"TSX"}),
        (date(2025, 7, 1), {"NYSE"}),
        (date(2025, 1, 9), {"TSX"}),  # the day of mourning for President Carter
        (date(2001, 9, 11), set()),
        (date(2025, 12, 25), set()),
        (date(2025, 7, 5), set()),
    ],
)
def test_holidays_are_those_of_each_market(day: date, open_markets: set[str]) -> None:
    assert {market for market, _, _ in list_sessions(day, day)} == open_markets


def test_years_have_as_many_sessions_as_the_exchanges_held() -> None:
    assert len(read_closes("NYSE", date(2024, 1, 1), date(2024, 12, 31))) == 252
    assert len(read_closes("TSX", date(2024, 1, 1), date(2024, 12, 31))) == 252


def test_days_outside_the_file_are_left_out_or_refused() -> None:
    assert list_sessions(date(1900, 1, 1), date(1949, 12, 31)) == []
    assert min(day for _, day, _ in list_sessions(date(1900, 1, 1), date(1950, 1, 31))) >= FIRST_DAY
    with pytest.raises(ConfigError, match="2060-12-31"):
        list_sessions(LAST_DAY, date(2061, 1, 1))
