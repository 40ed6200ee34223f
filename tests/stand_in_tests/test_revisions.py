"""Events that the made-up vendor corrects and withdraws on request, in calendars and by symbol alike."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError

import httpx
import pytest

from sra_stand_in.server import StandIn

SPAN = "from=2025-12-01&to=2026-01-06"


def list_rows(fmp: httpx.Client, call: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = fmp.get(call).json()
    return rows


def test_a_withdrawn_dividend_is_missing_in_the_calendar_and_for_its_symbol(
    fmp: httpx.Client, stand_in: StandIn
) -> None:
    before = list_rows(fmp, f"dividends-calendar?{SPAN}")
    symbol, day = before[3]["symbol"], before[3]["date"]
    stand_in.set_events("dividends", symbol, day)
    after = list_rows(fmp, f"dividends-calendar?{SPAN}")
    assert after == [row for row in before if (row["symbol"], row["date"]) != (symbol, day)]
    assert day not in {row["date"] for row in list_rows(fmp, f"dividends?symbol={symbol}")}
    stand_in.reset()
    assert list_rows(fmp, f"dividends-calendar?{SPAN}") == before


def test_a_day_may_have_two_payments(fmp: httpx.Client, stand_in: StandIn) -> None:
    symbol = list_rows(fmp, f"dividends-calendar?{SPAN}")[0]["symbol"]
    rows = [{"dividend": 0.15, "frequency": "Quarterly"}, {"dividend": 0.65, "frequency": "Special"}]
    stand_in.set_events("dividends", symbol, "2025-12-15", *rows)
    named = [row for row in list_rows(fmp, f"dividends-calendar?{SPAN}") if row["date"] == "2025-12-15"]
    assert [row["dividend"] for row in named if row["symbol"] == symbol] == [0.15, 0.65]
    assert list_rows(fmp, "dividends-calendar?from=2025-12-16&to=2025-12-16&x=1") == [
        row for row in list_rows(fmp, f"dividends-calendar?{SPAN}") if row["date"] == "2025-12-16"
    ]


def test_a_split_moves_to_another_day_and_its_prices_stay(fmp: httpx.Client, stand_in: StandIn) -> None:
    calendar = "splits-calendar?from=2025-10-10&to=2026-01-06"
    (split, *_) = list_rows(fmp, calendar)
    prices = list_rows(fmp, f"historical-price-eod/non-split-adjusted?symbol={split['symbol']}&from=2025-10-01")
    stand_in.set_events("splits", split["symbol"], split["date"])
    stand_in.set_events("splits", split["symbol"], "2025-11-11", {"numerator": 2, "denominator": 1})
    moved = [row for row in list_rows(fmp, calendar) if row["symbol"] == split["symbol"]]
    assert moved == [{"symbol": split["symbol"], "date": "2025-11-11", "numerator": 2, "denominator": 1}]
    again = list_rows(fmp, f"historical-price-eod/non-split-adjusted?symbol={split['symbol']}&from=2025-10-01")
    assert again == prices


def test_faults_apply_to_revised_responses(fmp: httpx.Client, stand_in: StandIn) -> None:
    stand_in.set_events("splits", "AAA", "2025-12-15", {"numerator": 2, "denominator": 1})
    stand_in.set_faults({"match": "/stable/splits-calendar", "kind": "empty_list", "times": 1})
    assert list_rows(fmp, f"splits-calendar?{SPAN}") == []
    assert "AAA" in {row["symbol"] for row in list_rows(fmp, f"splits-calendar?{SPAN}")}


@pytest.mark.parametrize("day_and_rows", [("soon", []), ("2025-12-15", [{"ratio": 2}]), ("2025-12-15", ["2:1"])])
def test_a_revision_that_cannot_be_read_changes_nothing(
    fmp: httpx.Client, stand_in: StandIn, day_and_rows: tuple[str, list[Any]]
) -> None:
    before = list_rows(fmp, f"splits-calendar?{SPAN}")
    day, rows = day_and_rows
    with pytest.raises(HTTPError, match="422"):
        stand_in.set_events("splits", "AAA", day, *rows)
    assert list_rows(fmp, f"splits-calendar?{SPAN}") == before
