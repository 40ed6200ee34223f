"""Rows become records, or rejects with a reason; nothing is invented or lost."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmp_collectors.dataset import FmpRequest, Targets, plan_requests
from fmp_collectors.datasets.etf_holdings import ETF_HOLDINGS
from fmp_collectors.datasets.etf_weights import ETF_COUNTRIES
from fmp_collectors.datasets.index_prices import INDEX_PRICES
from fmp_collectors.datasets.profile import PROFILE, EquityProfile
from fmp_collectors.datasets.quote import QUOTE
from fmp_collectors.datasets.symbol_changes import SYMBOL_CHANGES
from fmp_collectors.fetch import count_rows, find_repeated, parse_rows, read_rows
from fmp_collectors.record_shape import make_shape
from fmp_collectors.records import Accepted, Rejected, dump_exact, hash_content, parse_row
from fmp_collectors.repeats import settle_repeats
from fmp_collectors.responses import FmpResponse, ResponseError, ResponseKind, Verdict

GOOD: dict[str, Any] = {
    "symbol": " zzq ",
    "companyName": "Zed Quartz Inc.",
    "exchange": "NASDAQ",
    "marketCap": Decimal("2100000000.5"),
    "price": Decimal("41.5"),
    "volume": Decimal("10250.25"),
    "fullTimeEmployees": "120",
    "isEtf": False,
}


def reject(**changes: Any) -> Rejected:
    parsed = parse_row(EquityProfile, GOOD | changes)
    assert isinstance(parsed, Rejected)
    return parsed


def accept(row: dict[str, Any]) -> Accepted:
    parsed = parse_row(EquityProfile, row)
    assert isinstance(parsed, Accepted)
    return parsed


def test_good_profile_is_typed() -> None:
    record = accept(GOOD).record
    assert isinstance(record, EquityProfile)
    assert (record.symbol, record.market_cap, record.employees) == ("ZZQ", Decimal("2100000000.5"), Decimal(120))
    assert (record.country, record.currency) == (None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": ""}, "missing_symbol"),
        ({"symbol": None}, "missing_symbol"),
        ({"symbol": "A" * 33}, "symbol_too_long"),
        ({"symbol": True}, "bad_symbol"),
        ({"companyName": " "}, "missing_company_name"),
        ({"exchange": "new york"}, "unknown_exchange"),
        ({"exchange": None}, "missing_exchange"),
        ({"marketCap": -1}, "market_cap_range"),
        ({"marketCap": Decimal("1e14") + 1}, "market_cap_range"),
        ({"volume": -1}, "negative_volume"),
        ({"price": "abc"}, "bad_current_price"),
        ({"price": True}, "bad_number"),
        ({"price": Decimal("1e400")}, "number_out_of_range"),
        ({"sector": "a\x00b"}, "nul_byte"),
        ({"sector": "\ud800"}, "bad_encoding"),
    ],
)
def test_bad_profile_is_rejected_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    assert reject(**changes).reason == reason


def test_a_reject_states_field_and_value() -> None:
    assert "marketCap is '-1'" in reject(marketCap=-1).detail


@pytest.mark.parametrize("nothing", [None, "", "  ", "N/A", "NULL", "None", "n/a"])
def test_absence_is_none_and_zero_is_a_value(nothing: object) -> None:
    record = accept(GOOD | {"sector": nothing, "marketCap": 0, "changePercentage": Decimal(0)}).record
    assert isinstance(record, EquityProfile)
    assert record.sector is None
    assert (record.market_cap, record.change_percentage) == (0, 0)


def test_rows_that_are_not_objects_are_rejected() -> None:
    assert parse_row(EquityProfile, ["a", 1]).reason == "not_an_object"  # type: ignore[union-attr]


def test_unknown_fields_stay_in_raw_and_count_as_content() -> None:
    more = accept(GOOD | {"newField": Decimal("1.10")})
    assert more.raw["newField"] == Decimal("1.10")
    assert hash_content(more) != hash_content(accept(GOOD))


def test_same_content_in_csv_and_json_hashes_alike() -> None:
    as_text = {"symbol": "ZZQ", "companyName": "Zed Quartz Inc.", "exchange": "NASDAQ", "marketCap": "2100000000.50",
        "price": "41.5", "volume": "10250.25", "fullTimeEmployees": "120", "isEtf": "false"}  # fmt: skip
    assert hash_content(accept(as_text)) == hash_content(accept(GOOD))


def make_request(dataset: Any, endpoint: int = 0, symbol: str = "ZZE") -> FmpRequest:
    return FmpRequest(dataset.endpoints[endpoint], symbol, {}, (symbol,))


def test_rows_of_other_exchanges_are_out_of_scope_and_not_rejected() -> None:
    rows = [GOOD, GOOD | {"exchange": "LSE"}, GOOD | {"exchange": "???"}]
    batch = parse_rows(PROFILE, rows, make_request(PROFILE))
    assert (len(batch.accepted), batch.out_of_scope, [r.reason for r in batch.rejected]) == (1, 1, ["unknown_exchange"])
    assert batch.read == 2


def test_renames_are_kept_outside_the_universe_too() -> None:
    rows = [
        {"date": "2026-01-02", "oldSymbol": "OLD", "newSymbol": "ZZQ", "companyName": "Zed"},
        {"date": "2026-01-02", "oldSymbol": "AAA.L", "newSymbol": "BBB.L", "companyName": "Elsewhere"},
    ]
    batch = parse_rows(SYMBOL_CHANGES, rows, make_request(SYMBOL_CHANGES), known_symbols={"ZZQ"})
    assert (len(batch.accepted), batch.out_of_scope) == (2, 0)
    requested = parse_rows(SYMBOL_CHANGES, rows, make_request(SYMBOL_CHANGES), known_symbols={"ZZQ"}, only={"ZZQ"})
    assert (len(requested.accepted), requested.out_of_scope) == (1, 1)


def test_identical_holdings_are_all_kept() -> None:
    row = {"symbol": "ZZE", "asset": "", "name": "CASH", "isin": "", "securityCusip": "", "marketValue": 1}
    batch = parse_rows(ETF_HOLDINGS, [row] * 10, make_request(ETF_HOLDINGS))
    settle_repeats(ETF_HOLDINGS, batch)
    keys = {tuple(getattr(one.record, name) for name in ETF_HOLDINGS.key) for one in batch.accepted}
    assert len(keys) == 10


def test_rows_without_a_symbol_get_the_requested_one() -> None:
    batch = parse_rows(ETF_COUNTRIES, [{"country": "Canada", "weightPercentage": "5%"}], make_request(ETF_COUNTRIES))
    assert batch.accepted[0].record.model_dump()["symbol"] == "ZZE"


@pytest.mark.parametrize(
    ("named", "is_ours"), [("^GSPC", True), (" ^gspc", True), ("^SPX", True), ("^DJI", False), (None, True)]
)
def test_rows_belong_to_the_requested_symbol_or_an_alias(named: str | None, is_ours: bool) -> None:
    targets = Targets({}, date(2026, 1, 2), date(2026, 1, 5), only=frozenset({"^GSPC"}))
    (request,) = plan_requests(INDEX_PRICES.endpoints[0], targets)
    rows = [{"symbol": named, "date": "2026-01-05", "close": 10}]
    batch = parse_rows(INDEX_PRICES, rows, request, aliases={"^GSPC": frozenset({"^SPX"})})
    assert (batch.out_of_scope, len(batch.accepted)) == ((0, 1 if named else 0) if is_ours else (1, 0))
    assert batch.strangers == (set() if is_ours else {named})
    # a row that names nothing is no record of ours either
    assert [one.reason for one in batch.rejected] == ([] if named else ["missing_symbol"])


def test_a_file_with_too_many_repeated_keys_is_refused() -> None:
    shape = make_shape(PROFILE, PROFILE.endpoints[0])
    rows = [{"symbol": f"S{number % 100}", "exchange": "NYSE"} for number in range(10_100)]
    assert len(find_repeated(shape, rows, path="profile-bulk")) == 100
    with pytest.raises(ResponseError, match="too_large"):
        find_repeated(shape, [*rows, rows[0]], path="profile-bulk")


def test_quote_time_is_read_in_seconds_and_milliseconds() -> None:
    rows = [
        {"symbol": "ZZQ", "exchange": "NYSE", "price": 1, "timestamp": stamp} for stamp in (1767646800, 1767646800000)
    ]
    times = {
        one.record.model_dump()["quoted_at"].isoformat()
        for one in parse_rows(QUOTE, rows, make_request(QUOTE)).accepted
    }
    assert times == {"2026-01-05T21:00:00+00:00"}


def test_csv_rows_are_read_with_quotes_commas_and_blanks() -> None:
    body = io.BytesIO(b'"symbol","companyName","price"\n"ZZQ","Zed, ""Q""",1.50\n"ZZR",,\n"cut"\n')
    response = FmpResponse(Verdict(ResponseKind.OK_CSV), body)
    assert list(read_rows(response)) == [
        {"symbol": "ZZQ", "companyName": 'Zed, "Q"', "price": "1.50"},
        {"symbol": "ZZR", "companyName": None, "price": None},
        ["cut"],
    ]
    assert count_rows(body) is None


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False, places=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=12,
))  # fmt: skip
def test_dumped_json_reads_back_to_the_last_digit(value: Any) -> None:
    assert json.loads(dump_exact(value), parse_float=Decimal) == value
