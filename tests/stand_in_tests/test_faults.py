"""Each kind of fault, as a caller sees it."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from sra_stand_in.faults import KINDS
from sra_stand_in.server import StandIn

QUOTE = "quote?symbol=XLK"
PLAIN = {
    "400": (400, "Query Error: "),
    "401": (401, '{"Error Message":"Invalid API KEY.'),
    "402": (402, "Restricted Endpoint: "),
    "402_symbol": (402, "Premium Query Parameter: "),
    "403_legacy": (403, '{"Error Message":"Legacy Endpoint : '),
    "403_suspended": (403, '{"Error Message":"Account suspended.'),
    "404": (404, "[]"),
    "429": (429, '{"Error Message":"Limit Reach . '),
    "day_quota": (429, '{"Error Message":"Limit Reach . '),
    "bandwidth": (429, '{"Error Message":"Bandwidth Limit Reach . '),
    "500": (500, "Internal Server Error"),
    "502": (502, "<!DOCTYPE html>"),
    "503": (503, "<!DOCTYPE html>"),
    "html": (200, "<!DOCTYPE html>"),
    "error_in_200": (200, '{"Error Message":"Invalid API KEY.'),
    "error_in_200_list": (200, '[{"Error Message":"Invalid API KEY.'),
    "limit_in_200": (200, '{"Error Message":"Limit Reach . '),
    "bulk_throttle": (200, '{"Error Message":"Limit Reach. This is a bulk endpoint'),
    "empty_list": (200, "[]"),
    "429_retry_after": (429, '{"Error Message":"Limit Reach . '),
    "429_retry_after_date": (429, '{"Error Message":"Limit Reach . '),
}
WIRE = {"slow", "hang", "cut_body", "huge_body", "reset", "truncated_json"}


def test_every_kind_is_tested() -> None:
    assert set(PLAIN) | WIRE == KINDS


@pytest.mark.parametrize(("kind", "expected"), PLAIN.items())
def test_plain_kinds(stand_in: StandIn, fmp: httpx.Client, kind: str, expected: tuple[int, str]) -> None:
    stand_in.set_faults({"match": "/stable/quote", "kind": kind, "times": 1})
    response = fmp.get(QUOTE)
    assert response.status_code == expected[0]
    assert response.text.startswith(expected[1])
    assert fmp.get(QUOTE).json()[0]["symbol"] == "XLK"
    assert stand_in.stats()["faults"] == [{"match": "/stable/quote", "kind": kind, "seen": 2, "hits": 1}]


def test_retry_after_in_both_forms(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "429_retry_after", "seconds": 7})
    assert fmp.get(QUOTE).headers["retry-after"] == "7"
    stand_in.set_faults({"match": "/stable/", "kind": "429_retry_after_date", "seconds": 7})
    assert parsedate_to_datetime(fmp.get(QUOTE).headers["retry-after"]).tzinfo is not None
    stand_in.set_faults({"match": "/stable/", "kind": "429"})
    assert "retry-after" not in fmp.get(QUOTE).headers


def test_fundata_has_its_own_errors(stand_in: StandIn) -> None:
    stand_in.set_faults({"match": "/fundata-", "kind": "403_suspended"})
    response = httpx.get(f"{stand_in.fundata_api_url}/fund/getload")
    assert response.status_code == 403
    assert response.json() == {"message": "User is not authorized to access this resource"}


def test_slow(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "slow", "seconds": 0.3})
    started = time.monotonic()
    assert fmp.get(QUOTE).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_hang_lasts_until_the_caller_gives_up(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "hang", "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        fmp.get(QUOTE, timeout=0.3)
    assert fmp.get(QUOTE).status_code == 200


def test_hang_with_an_end_is_a_lost_connection(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "hang", "seconds": 0.1})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        fmp.get(QUOTE)


def test_reset(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "reset", "times": 1})
    with pytest.raises(httpx.ReadError):
        fmp.get(QUOTE)
    assert fmp.get(QUOTE).status_code == 200


@pytest.mark.parametrize("path", [QUOTE, "peers-bulk"])
def test_cut_body_breaks_the_promised_length(stand_in: StandIn, fmp: httpx.Client, path: str) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "cut_body", "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        fmp.get(path)
    assert fmp.get(path).status_code == 200


def test_truncated_json_is_a_complete_response(stand_in: StandIn, fmp: httpx.Client) -> None:
    whole = fmp.get(QUOTE).text
    stand_in.set_faults({"match": "/stable/", "kind": "truncated_json"})
    response = fmp.get(QUOTE)
    assert response.status_code == 200
    assert whole.startswith(response.text)
    assert len(response.text) == len(whole) // 2


def test_a_huge_body_is_valid_and_has_the_requested_length(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "huge_body", "size": 5_000_000, "times": 1})
    response = fmp.get(QUOTE)
    assert 4_000_000 < len(response.content) < 6_000_000
    assert {row["symbol"] for row in response.json()} == {"HUGE"}


def test_a_huge_body_stops_when_the_caller_disconnects(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "huge_body", "times": 1})
    with fmp.stream("GET", QUOTE) as response:
        assert next(response.iter_bytes(65536)).startswith(b"[{")
    assert fmp.get(QUOTE).status_code == 200


def test_rules_match_by_prefix_or_pattern_and_spare_the_first(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_faults(
        {"match": "symbol=XL[KF]", "kind": "500", "after": 1, "times": 2}, {"match": "/stable/profile", "kind": "502"}
    )
    statuses = [fmp.get(f"quote?symbol={symbol}").status_code for symbol in ("XLK", "SPY", "XLF", "XLK", "XLK")]
    assert statuses == [200, 200, 500, 500, 200]
    assert fmp.get("profile?symbol=SPY").status_code == 502
    assert httpx.delete(f"{stand_in.url}/control/faults").json() == {"rules": 0}
    assert fmp.get("profile?symbol=SPY").status_code == 200


def test_probability_is_seeded(stand_in: StandIn, fmp: httpx.Client) -> None:
    runs = []
    for _ in range(2):
        stand_in.set_faults({"match": "/stable/", "kind": "500", "probability": 0.3})
        runs.append([fmp.get(QUOTE).status_code for _ in range(60)])
    assert runs[0] == runs[1]
    assert 5 < runs[0].count(500) < 35
