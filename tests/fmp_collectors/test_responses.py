"""Every documented response is recognised by status and body."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fmp_collectors.responses import ResponseKind, classify_response

KEY_TEXT = "Invalid API KEY. Feel free to create a Free API Key or visit https://example.com"


def error(text: str) -> bytes:
    return f'{{"Error Message": "{text}"}}'.encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, error(KEY_TEXT), ResponseKind.INVALID_KEY),
        (200, error(KEY_TEXT), ResponseKind.INVALID_KEY),
        (200, f'[{{"Error Message": "{KEY_TEXT}"}}]'.encode(), ResponseKind.INVALID_KEY),
        (200, f'{{"error": "{KEY_TEXT}"}}'.encode(), ResponseKind.INVALID_KEY),
        (403, error("Legacy Endpoint : Due to Legacy endpoints being no longer supported"), ResponseKind.LEGACY),
        (403, error("Account suspended. Please contact us"), ResponseKind.SUSPENDED),
        (403, b"", ResponseKind.FORBIDDEN),
        (
            402,
            b"Restricted Endpoint: This endpoint is not available under your current subscription",
            ResponseKind.PLAN_ENDPOINT,
        ),
        (402, error("Exclusive Endpoint : This endpoint is not available"), ResponseKind.PLAN_ENDPOINT),
        (
            402,
            b"Premium Query Parameter: 'Special Endpoint : This value set for 'symbol' is not available",
            ResponseKind.PLAN_VALUE,
        ),
        (429, error("Limit Reach . Please upgrade your plan or visit our documentation"), ResponseKind.RATE_LIMIT),
        (429, error("Bandwidth Limit Reach . Please upgrade"), ResponseKind.BANDWIDTH),
        (429, b"", ResponseKind.RATE_LIMIT),
        (429, b"<html>slow down</html>", ResponseKind.RATE_LIMIT),
        (200, error("Limit Reach . Please upgrade your plan"), ResponseKind.RATE_LIMIT),
        (200, error("Limit Reach. This is a bulk endpoint and is limited"), ResponseKind.BULK_THROTTLE),
        (400, b"Query Error: Invalid or missing query parameter - symbol", ResponseKind.BAD_REQUEST),
        (400, b"Invalid Exchange Provided.", ResponseKind.BAD_REQUEST),
        (400, b"Maxmium Query Parameter: The maximum page number is 100", ResponseKind.BAD_REQUEST),
        (404, b"[]", ResponseKind.NOT_FOUND),
        (500, b"Internal Server Error", ResponseKind.SERVER_ERROR),
        (502, b"<html><h1>502 Bad Gateway</h1></html>", ResponseKind.SERVER_ERROR),
        (503, error("Limit Reach . Please upgrade"), ResponseKind.SERVER_ERROR),
        (200, b"<!DOCTYPE html><html></html>", ResponseKind.HTML),
        (200, error("Something else went wrong"), ResponseKind.ERROR_IN_200),
        (200, b'[{"symbol":"ZZQ","price":4', ResponseKind.TRUNCATED),
        (200, b"", ResponseKind.TRUNCATED),
        (200, b'[{"price":NaN}]', ResponseKind.OK_JSON),
        (200, b"Limit Reach . Please upgrade your plan", ResponseKind.RATE_LIMIT),
        (200, b"Restricted Endpoint: not available under your current subscription", ResponseKind.PLAN_ENDPOINT),
        (200, b'"The service is busy"', ResponseKind.ERROR_IN_200),
        (200, b"42", ResponseKind.ERROR_IN_200),
        (200, b"null", ResponseKind.ERROR_IN_200),
        (200, b"[]", ResponseKind.OK_JSON),
        (302, b"", ResponseKind.BAD_REQUEST),
    ],
)
def test_documented_responses_are_distinguished(status: int, body: bytes, kind: ResponseKind) -> None:
    assert classify_response(status, body).kind is kind


def test_empty_list_is_data_and_a_plan_refusal_is_not() -> None:
    assert classify_response(200, b"[]").rows == ()
    assert classify_response(200, b"[]").kind.is_ok
    assert not ResponseKind.PLAN_ENDPOINT.is_ok


def test_only_temporary_errors_are_retried() -> None:
    never = {
        ResponseKind.BAD_REQUEST,
        ResponseKind.INVALID_KEY,
        ResponseKind.PLAN_ENDPOINT,
        ResponseKind.FORBIDDEN,
        ResponseKind.NOT_FOUND,
        ResponseKind.BANDWIDTH,
    }
    assert not any(kind.may_pass for kind in never)
    assert all(
        kind.may_pass
        for kind in (ResponseKind.RATE_LIMIT, ResponseKind.SERVER_ERROR, ResponseKind.HTML, ResponseKind.TRUNCATED)
    )


def test_numbers_keep_every_digit() -> None:
    rows = classify_response(200, b'[{"a":1250000000000.123456789012345,"b":5e-10,"c":0}]').rows
    assert rows == ({"a": Decimal("1250000000000.123456789012345"), "b": Decimal("5E-10"), "c": 0},)


def test_csv_is_distinguished_from_an_error_in_its_place() -> None:
    assert classify_response(200, b'"symbol","price"\n"ZZQ",1\n', expects_csv=True).kind is ResponseKind.OK_CSV
    throttled = error("Limit Reach. This is a bulk endpoint")
    assert classify_response(200, throttled, expects_csv=True).kind is ResponseKind.BULK_THROTTLE
    assert classify_response(200, b"<html>a, b</html>", expects_csv=True).kind is ResponseKind.HTML


def test_a_message_next_to_a_symbol_is_an_error() -> None:
    assert classify_response(200, b'[{"symbol":"ZZQ","error":"x"}]').kind is ResponseKind.ERROR_IN_200
