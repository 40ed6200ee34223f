"""A row is data only if it is recognisably a record of its endpoint; everything else is an error, or nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmp_collectors.dataset import FmpDataset, FmpEndpoint
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_collectors.record_shape import Finding, Shape, make_shape
from fmp_collectors.responses import ResponseKind, classify_response
from sra_testing.examples import examples

SOURCES = [(dataset, endpoint) for dataset in DATASETS for endpoint in dataset.endpoints]
SCORES = make_shape(BY_NAME["scores"], BY_NAME["scores"].endpoints[1])
GOOD = {"symbol": "ACME", "altmanZScore": 5.5, "piotroskiScore": 7}
each_source = pytest.mark.parametrize(("dataset", "endpoint"), SOURCES, ids=lambda one: getattr(one, "path", None))

spellings = st.sampled_from(
    ["Error Message", "error", "Error", "message", "Message", "errorMessage", "ERROR_MESSAGE", "msg"]
)
words = st.text(st.characters(categories=["L", "N"], include_characters=" .:"), min_size=1).filter(
    lambda text: text.strip().lower() not in ("", "none", "null") and not any(c in text for c in "<[{")
)
plain_errors = st.builds(lambda name, text: {name: text}, spellings, words)
nested_errors = st.recursive(
    plain_errors,
    lambda inner: st.builds(lambda one: {"status": one}, inner) | st.builds(lambda one: {"data": [one]}, inner),
    max_leaves=3,
)


def place_errors(shape: Shape) -> st.SearchStrategy[Any]:
    """Errors in any place: alone, in a list, next to the key, as a bare text or number."""
    key = dict.fromkeys(shape.key, "ACME")
    first = dict.fromkeys(shape.key[:1], "ACME")
    alone = (
        nested_errors | nested_errors.map(lambda error: {**key, **error}) | nested_errors.map(lambda e: {**first, **e})
    )
    in_list = st.builds(
        lambda one, before: [*before, one], alone | words, st.lists(st.just(make_record(shape)), max_size=2)
    )
    return alone | in_list | words | st.integers()


def make_record(shape: Shape) -> dict[str, Any]:
    """The least that proves a record."""
    return dict.fromkeys(shape.key, "2026-01-05") | {shape.values[0]: "1"}


@each_source
@examples(25)
@given(data=st.data())
def test_no_error_is_ever_data(dataset: FmpDataset, endpoint: FmpEndpoint, data: st.DataObject) -> None:
    shape = make_shape(dataset, endpoint)
    body = json.dumps(data.draw(place_errors(shape))).encode()
    verdict = classify_response(200, body, expects_csv=endpoint.is_bulk, shape=shape)
    assert not verdict.kind.is_ok
    assert verdict.rows == ()


@each_source
def test_a_key_and_one_declared_value_identify_a_record(dataset: FmpDataset, endpoint: FmpEndpoint) -> None:
    shape = make_shape(dataset, endpoint)
    row = make_record(shape)
    assert shape.classify_row(row) is Finding.RECORD
    assert shape.classify_row(row | {"aNewField": "text"}) is Finding.RECORD
    for name in shape.key:
        for nothing in (None, "", "N/A", Decimal("NaN"), {"message": "busy"}):
            assert shape.classify_row(row | {name: nothing}) is not Finding.RECORD
    bare = {name: row[name] for name in shape.key}
    assert shape.classify_row(bare) is (Finding.NOTHING if shape.may_be_bare else Finding.DAMAGED)


@each_source
@pytest.mark.parametrize("body", ["[]", "{}", "[{}]", "[{}, {}]"])
def test_an_empty_response_is_neither_data_nor_an_error(dataset: FmpDataset, endpoint: FmpEndpoint, body: str) -> None:
    verdict = classify_response(200, body.encode(), expects_csv=endpoint.is_bulk, shape=make_shape(dataset, endpoint))
    assert (verdict.kind, verdict.rows) == (ResponseKind.OK_JSON, ())


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        ({"message": "The service is busy"}, ResponseKind.ERROR_IN_200, "The service is busy"),
        ({"symbol": "ACME", "message": "The service is busy"}, ResponseKind.ERROR_IN_200, "The service is busy"),
        ({"symbol": "ACME", "reportedCurrency": "USD", "message": "Busy"}, ResponseKind.ERROR_IN_200, "Busy"),
        ([GOOD, {"message": "Limit Reach . Please upgrade"}], ResponseKind.RATE_LIMIT, "Limit Reach"),
        (
            {"status": "error", "data": {"Error Message": "Invalid API KEY."}},
            ResponseKind.INVALID_KEY,
            "Invalid API KEY.",
        ),
        ([GOOD, "Bandwidth Limit Reach"], ResponseKind.BANDWIDTH, "Bandwidth Limit Reach"),
        (
            {"symbol": "ACME", "code": 503, "reason": "busy"},
            ResponseKind.ERROR_IN_200,
            "symbol: ACME, code: 503, reason: busy",
        ),
        ({"symbol": "ACME", "historical": [{"close": 1}]}, ResponseKind.ERROR_IN_200, "symbol: ACME, close: 1"),
        ({"altmanZScore": 5.5}, ResponseKind.ERROR_IN_200, "altmanZScore: 5.5"),
        ([None], ResponseKind.ERROR_IN_200, "no message"),
        ([["busy"]], ResponseKind.ERROR_IN_200, "busy"),
    ],
)
def test_an_error_has_the_kind_in_its_message(response: Any, kind: ResponseKind, said: str) -> None:
    verdict = classify_response(200, json.dumps(response).encode(), shape=SCORES)
    assert verdict.kind is kind
    assert said in verdict.message


def test_damage_rejects_a_row_and_not_the_response() -> None:
    rows = [
        GOOD,
        {**GOOD, "symbol": None},
        {"symbol": "ZED", "altmanZScore": None},
        {**GOOD, "error": "an unknown field"},
    ]
    verdict = classify_response(200, json.dumps(rows).encode(), shape=SCORES)
    assert verdict.kind is ResponseKind.OK_JSON
    assert len(verdict.rows) == 4
    assert [SCORES.classify_row(row) for row in verdict.rows] == [
        *(Finding.RECORD, Finding.DAMAGED, Finding.DAMAGED, Finding.RECORD),
    ]


def test_a_message_in_a_deeply_nested_response_is_found() -> None:
    verdict = classify_response(200, b'{"a":' * 300 + b'"Limit Reach"' + b"}" * 300, shape=SCORES)
    assert verdict.kind is ResponseKind.RATE_LIMIT


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'"symbol","altmanZScore"\n"ACME",5.5\n', ResponseKind.OK_CSV),
        (b'"symbol","altmanZScore"\n', ResponseKind.OK_CSV),
        (b"symbol,altmanZScore\r\nACME,5.5\r\n", ResponseKind.OK_CSV),
        (b'"ticker","altmanZScore"\n"ACME",5.5\n', ResponseKind.ERROR_IN_200),
        (b'"symbol","other"\n"ACME",5.5\n', ResponseKind.ERROR_IN_200),
        (b"Sorry, the service is busy\n", ResponseKind.ERROR_IN_200),
        (b"Limit Reach. This is a bulk endpoint, wait\n", ResponseKind.BULK_THROTTLE),
        (b"\n<!DOCTYPE html><p>a, b</p>", ResponseKind.HTML),
        (b'{"message": "busy"}', ResponseKind.ERROR_IN_200),
    ],
)
def test_a_file_is_data_by_its_header(body: bytes, kind: ResponseKind) -> None:
    assert classify_response(200, body, expects_csv=True, shape=SCORES).kind is kind


def test_an_unknown_error_is_retried() -> None:
    assert ResponseKind.ERROR_IN_200.may_pass
