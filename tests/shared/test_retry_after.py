"""Retry-After: both forms, and any other value that a server may send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sra_shared.kit.http import read_retry_after

NOW = datetime(2026, 1, 6, tzinfo=UTC)
DAY = 86_400.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("Tue, 06 Jan 2026 00:00:30 GMT", 30.0),
        ("Tuesday, 06-Jan-26 00:00:30 GMT", 30.0),
        ("Tue Jan  6 00:00:30 2026", 30.0),
        ("Mon, 05 Jan 2026 00:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2030 00:00:00 GMT", DAY),
        ("126230400", DAY),
        ("9" * 400, DAY),
        ("0" * 400 + "7", 7.0),
        *((odd, None) for odd in ("²", "٣", "-1", "+1", "1e3", "1,5", "1.", ".5", "NaN", "inf", "", "soon", "0x10")),
        *(
            (odd, None)
            for odd in ("31 Feb 2026 25:61:61", "Tue, 06 Jan 99999999999 00:00:00 GMT", ",,,", "1" * 3 + "\0")
        ),
        (None, None),
    ],
)
def test_both_forms_are_read_and_invalid_values_count_as_absent(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=80)
    | st.from_regex(r"[0-9²³٣+\-. ]{1,40}")
    | st.from_regex(r"[A-Za-z]{3},? [0-9]{1,6} Jan [0-9]+ .*")
)
def test_any_value_is_absent_or_within_a_day(value: str) -> None:
    found = read_retry_after(value, NOW)
    assert found is None or 0 <= found <= DAY


@given(st.integers(-10_000_000, 100_000))
def test_a_date_is_as_good_as_its_seconds(seconds: int) -> None:
    text = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert read_retry_after(text, NOW) == min(max(seconds, 0), DAY)
