"""Every documented answer is recognised by status and body."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fmp_collectors.answers import Kind, classify_answer

KEY_TEXT = "Invalid API KEY. Feel free to create a Free API Key or visit https://example.com"


def error(text: str) -> bytes:
    return f'{{"Error Message": "{text}"}}'.encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, error(KEY_TEXT), Kind.INVALID_KEY),
        (200, error(KEY_TEXT), Kind.INVALID_KEY),
        (200, f'[{{"Error Message": "{KEY_TEXT}"}}]'.encode(), Kind.INVALID_KEY),
        (200, f'{{"error": "{KEY_TEXT}"}}'.encode(), Kind.INVALID_KEY),
        (403, error("Legacy Endpoint : Due to Legacy endpoints being no longer supported"), Kind.LEGACY),
        (403, error("Account suspended. Please contact us"), Kind.SUSPENDED),
        (403, b"", Kind.FORBIDDEN),
        (
            402,
            b"Restricted Endpoint: This endpoint is not available under your current subscription",
            Kind.PLAN_ENDPOINT,
        ),
        (402, error("Exclusive Endpoint : This endpoint is not available"), Kind.PLAN_ENDPOINT),
        (
            402,
            b"Premium Query Parameter: 'Special Endpoint : This value set for 'symbol' is not available",
            Kind.PLAN_VALUE,
        ),
        (429, error("Limit Reach . Please upgrade your plan or visit our documentation"), Kind.RATE_LIMIT),
        (429, error("Bandwidth Limit Reach . Please upgrade"), Kind.BANDWIDTH),
        (429, b"", Kind.RATE_LIMIT),
        (429, b"<html>slow down</html>", Kind.RATE_LIMIT),
        (200, error("Limit Reach . Please upgrade your plan"), Kind.RATE_LIMIT),
        (200, error("Limit Reach. This is a bulk endpoint and is limited"), Kind.BULK_THROTTLE),
        (400, b"Query Error: Invalid or missing query parameter - symbol", Kind.BAD_REQUEST),
        (400, b"Invalid Exchange Provided.", Kind.BAD_REQUEST),
        (400, b"Maxmium Query Parameter: The maximum page number is 100", Kind.BAD_REQUEST),
        (404, b"[]", Kind.NOT_FOUND),
        (500, b"Internal Server Error", Kind.SERVER_ERROR),
        (502, b"<html><h1>502 Bad Gateway</h1></html>", Kind.SERVER_ERROR),
        (503, error("Limit Reach . Please upgrade"), Kind.SERVER_ERROR),
        (200, b"<!DOCTYPE html><html></html>", Kind.HTML),
        (200, error("Something else went wrong"), Kind.ERROR_IN_200),
        (200, b'[{"symbol":"ZZQ","price":4', Kind.TRUNCATED),
        (200, b"", Kind.TRUNCATED),
        (200, b'[{"price":NaN}]', Kind.OK_JSON),
        (200, b"Limit Reach . Please upgrade your plan", Kind.RATE_LIMIT),
        (200, b"Restricted Endpoint: not available under your current subscription", Kind.PLAN_ENDPOINT),
        (200, b'"The service is busy"', Kind.ERROR_IN_200),
        (200, b"42", Kind.ERROR_IN_200),
        (200, b"null", Kind.ERROR_IN_200),
        (200, b"[]", Kind.OK_JSON),
        (302, b"", Kind.BAD_REQUEST),
    ],
)
def test_documented_answers_are_told_apart(status: int, body: bytes, kind: Kind) -> None:
    assert classify_answer(status, body).kind is kind


def test_empty_list_is_data_and_a_plan_refusal_is_not() -> None:
    assert classify_answer(200, b"[]").rows == ()
    assert classify_answer(200, b"[]").kind.is_ok
    assert not Kind.PLAN_ENDPOINT.is_ok


def test_only_what_can_pass_is_asked_again() -> None:
    never = {Kind.BAD_REQUEST, Kind.INVALID_KEY, Kind.PLAN_ENDPOINT, Kind.FORBIDDEN, Kind.NOT_FOUND, Kind.BANDWIDTH}
    assert not any(kind.may_pass for kind in never)
    assert all(kind.may_pass for kind in (Kind.RATE_LIMIT, Kind.SERVER_ERROR, Kind.HTML, Kind.TRUNCATED))


def test_numbers_keep_every_digit() -> None:
    rows = classify_answer(200, b'[{"a":1250000000000.123456789012345,"b":5e-10,"c":0}]').rows
    assert rows == ({"a": Decimal("1250000000000.123456789012345"), "b": Decimal("5E-10"), "c": 0},)


def test_csv_is_told_from_an_error_in_its_place() -> None:
    assert classify_answer(200, b'"symbol","price"\n"ZZQ",1\n', expects_csv=True).kind is Kind.OK_CSV
    throttled = error("Limit Reach. This is a bulk endpoint")
    assert classify_answer(200, throttled, expects_csv=True).kind is Kind.BULK_THROTTLE
    assert classify_answer(200, b"<html>a, b</html>", expects_csv=True).kind is Kind.HTML


def test_a_message_beside_a_symbol_is_an_error() -> None:
    assert classify_answer(200, b'[{"symbol":"ZZQ","error":"x"}]').kind is Kind.ERROR_IN_200
