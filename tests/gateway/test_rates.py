"""The target rates of a refresh."""

from __future__ import annotations

import pytest

from gateway.refresh.work import check_rate


@pytest.mark.parametrize(
    ("rate", "records", "met"), [(1000, 10, True), (999.9, 60, None), (999.9, 999, None), (999.9, 1000, False)]
)
def test_too_few_records_to_fill_a_minute_miss_no_target(rate: float, records: int, met: bool | None) -> None:
    assert check_rate(rate, records, 1000) is met
