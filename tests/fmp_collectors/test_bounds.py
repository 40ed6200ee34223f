"""Impossible values are dropped with a warning, or their row is rejected if it is worthless without them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fmp_collectors.bounds import check_values
from fmp_collectors.datasets import BY_NAME
from fmp_collectors.records import Accepted, Rejected
from fmp_collectors.responses import classify_response

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ROWS: dict[str, dict[str, Any]] = {
    "eod_prices": {"symbol": "ACME", "date": "2026-11-27", "open": 10, "high": 11, "low": 9, "close": 10, "volume": 0},
    "index_prices": {"symbol": "^GSPC", "date": "2026-11-27", "open": 10, "high": 11, "low": 9, "close": 10},
    "quote": {"symbol": "ACME", "exchange": "NYSE", "price": 10, "open": 10, "dayLow": 9, "timestamp": 1795773600},
    "movers": {"symbol": "ACME", "exchange": "NYSE", "price": 10, "sessionDate": "2026-11-27", "direction": "gainers"},
    "profile": {"symbol": "ACME", "exchange": "NYSE", "companyName": "Acme", "price": 10},
    "etf_info": {"symbol": "WIDE", "name": "Wide", "nav": 10, "inceptionDate": "2010-01-04"},
    "dividends": {"symbol": "ACME", "date": "2026-12-04", "dividend": 1, "paymentDate": "2026-12-20"},
    "income_statement": {"symbol": "ACME", "fiscalYear": "2025", "period": "FY", "date": "2025-12-31", "revenue": 1},
    "splits": {"symbol": "ACME", "date": "2026-12-04", "numerator": 2, "denominator": 1},
    "delisted": {"symbol": "ACME", "exchange": "NYSE", "delistedDate": "2026-12-31", "companyName": "Acme"},
    "treasury_rates": {"date": "2026-11-27", "month1": 0},
}


def check_row(name: str, **changes: Any) -> Accepted | Rejected:
    return check_values(BY_NAME[name], ROWS[name] | changes, now=NOW)


@pytest.mark.parametrize("name", list(ROWS))
def test_good_rows_are_kept_as_they_are(name: str) -> None:
    checked = check_row(name)
    assert isinstance(checked, Accepted)
    assert (checked.warnings, checked.raw) == ((), ROWS[name])


@pytest.mark.parametrize(
    ("name", "field"), [("eod_prices", "close"), ("index_prices", "close"), ("quote", "price"), ("movers", "price"),
                        ("profile", "price")],
)  # fmt: skip
@pytest.mark.parametrize("price", [0, Decimal("0.00"), "0", Decimal("-0.01")])
def test_a_row_without_a_real_price_is_rejected(name: str, field: str, price: Any) -> None:
    checked = check_row(name, **{field: price})
    assert isinstance(checked, Rejected)
    assert (checked.reason, checked.symbol) == ("bad_price", ROWS[name]["symbol"])


@pytest.mark.parametrize(
    ("name", "sent", "field"),
    [
        *(("eod_prices", "open", "open"), ("eod_prices", "high", "high"), ("eod_prices", "low", "low")),
        *(("index_prices", "open", "open"), ("quote", "open", "open"), ("quote", "dayLow", "day_low")),
        *(("quote", "previousClose", "previous_close"), ("etf_info", "nav", "nav")),
    ],
)
def test_an_invalid_side_price_is_dropped_with_a_warning(name: str, sent: str, field: str) -> None:
    for price in (0, -1):
        checked = check_row(name, **{sent: price})
        assert isinstance(checked, Accepted)
        assert getattr(checked.record, field) is None
        assert checked.warnings == ("bad_price",)
        assert checked.raw[sent] == price


@pytest.mark.parametrize(
    ("stamp", "is_good"),
    [
        (NOW.timestamp() + 86_400, True),
        (NOW.timestamp() + 86_401, False),
        ((NOW.timestamp() + 86_401) * 1000, False),
        (4_070_908_800, False),
        (0, False),
        (-1, False),
        ("never", False),
    ],
)
def test_a_quote_from_the_future_is_rejected(stamp: Any, is_good: bool) -> None:
    checked = check_row("quote", timestamp=stamp)
    assert isinstance(checked, Accepted) == is_good
    assert is_good or checked.reason == "bad_timestamp"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["eod_prices", "index_prices", "treasury_rates"])
def test_an_observation_from_the_future_is_rejected(name: str) -> None:
    assert isinstance(check_row(name, date=NOW.date() + timedelta(days=1)), Accepted)
    checked = check_row(name, date="2099-01-05")
    assert isinstance(checked, Rejected)
    assert checked.reason == "bad_date"


IMPLAUSIBLE = ["0000-00-00", "1799-12-31", "2127-01-01", "2026-02-30", "9999-12-31", "soon", 20261204, "1795773600"]


@pytest.mark.parametrize("day", IMPLAUSIBLE)
@pytest.mark.parametrize(
    ("name", "sent", "field"),
    [
        ("dividends", "paymentDate", "payment_date"),
        ("income_statement", "filingDate", "filing_date"),
        ("etf_info", "inceptionDate", "inception_date"),
        ("delisted", "ipoDate", "ipo_date"),
    ],
)
def test_an_implausible_date_outside_the_key_is_dropped(name: str, sent: str, field: str, day: Any) -> None:
    checked = check_row(name, **{sent: day})
    assert isinstance(checked, Accepted), checked
    assert getattr(checked.record, field) is None
    assert checked.warnings == ("bad_date",)


@pytest.mark.parametrize("day", ["0000-00-00", "1799-12-31", "2127-01-01", "2026-02-30"])
def test_an_implausible_date_in_the_key_rejects_the_row(day: str) -> None:
    checked = check_row("dividends", date=day)
    assert isinstance(checked, Rejected)
    assert checked.reason == "bad_date"


def test_plausible_and_missing_dates_cause_no_warning() -> None:
    for day, kept in (("1800-01-01", date(1800, 1, 1)), ("2126-12-31 00:00:00", date(2126, 12, 31)), ("N/A", None)):
        checked = check_row("dividends", paymentDate=day)
        assert isinstance(checked, Accepted)
        assert checked.record.model_dump()["payment_date"] == kept
        assert checked.warnings == ()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_bare_constant_drops_its_field_or_rejects_its_row(text: str) -> None:
    body = f'[{{"symbol": "ACME", "date": "2026-11-27", "close": 10, "volume": {text}, "unknown": {text}}}]'
    (row,) = classify_response(200, body.encode()).rows
    checked = check_values(BY_NAME["eod_prices"], row, now=NOW)
    assert isinstance(checked, Accepted)
    assert checked.record.model_dump()["volume"] is None
    assert checked.warnings == ("bad_number",)
    assert isinstance(check_row("splits", numerator=Decimal(text)), Rejected)
    assert isinstance(check_row("profile", companyName=Decimal(text)), Rejected)
    for written in (text, text.lower(), f" {text} "):
        assert check_row("eod_prices", volume=written).warnings == ("bad_number",)  # type: ignore[union-attr]
