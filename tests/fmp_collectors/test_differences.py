"""Differences between responses and their declarations, by field."""

from __future__ import annotations

from typing import Any

from fmp_collectors.dataset import FmpRequest
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_collectors.datasets.etf_holdings import ETF_HOLDINGS
from fmp_collectors.datasets.peers import PEERS
from fmp_collectors.datasets.universe import UNIVERSE
from fmp_collectors.differences import find_differences

PRICE = {"symbol": "ZZQ", "date": "2026-01-05", "volume": 5}
NAMES = ("adjOpen", "adjHigh", "adjLow", "adjClose")


def make_request(dataset: Any, place: int = 0) -> FmpRequest:
    return FmpRequest(dataset.endpoints[place], "ZZQ", {}, ("ZZQ",))


def test_a_field_under_another_of_its_names_counts_as_present() -> None:
    row = {**PRICE, **dict.fromkeys(NAMES, 1)}
    found = find_differences(EOD_PRICES, make_request(EOD_PRICES, 1), [row])
    assert not found.is_other_shape
    assert find_differences(EOD_PRICES, make_request(EOD_PRICES), [PRICE]).missing == ["open", "high", "low", "close"]


def test_unusable_values_are_counted_by_field_and_kind() -> None:
    rows = [{**PRICE, **dict.fromkeys(NAMES, 1), "adjClose": value} for value in ("1.5", "n.m.", {"a": 1}, True, None)]
    found = find_differences(EOD_PRICES, make_request(EOD_PRICES, 1), rows)
    assert list(found.odd) == ["adjClose"]
    odd = found.odd["adjClose"]
    assert (odd.declared, odd.rows, dict(odd.sent)) == ("number", 3, {"text": 1, "object": 1, "flag": 1})
    assert odd.example == "n.m."


def test_fields_that_we_derive_are_not_reported_as_missing() -> None:
    peer = {"symbol": "ZZP", "companyName": "P", "price": 1, "mktCap": 2}
    assert not find_differences(PEERS, make_request(PEERS, 1), [peer]).is_other_shape
    holding = {"symbol": "ZZQ", "asset": "A", "name": "B", "isin": "", "securityCusip": "", "sharesNumber": 1}
    found = find_differences(ETF_HOLDINGS, make_request(ETF_HOLDINGS), [holding])
    assert found.missing == ["weightPercentage", "marketValue", "updatedAt"]


def test_rows_of_other_exchanges_and_empty_responses_are_ignored() -> None:
    rows = [{"symbol": "ZZQ", "exchangeShortName": "LSE", "isEtf": "perhaps", "news": 1}, "no row", []]
    found = find_differences(UNIVERSE, make_request(UNIVERSE), rows)
    assert (found.rows, found.odd, dict(found.unknown)) == (1, {}, {"news": 1})
    assert not find_differences(UNIVERSE, make_request(UNIVERSE), ["text"]).is_other_shape
