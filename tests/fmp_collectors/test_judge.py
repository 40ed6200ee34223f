"""A row is data only where it proves to be a record of its endpoint; everything else is an error, or nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmp_collectors.answers import Kind, classify_answer
from fmp_collectors.dataset import Dataset, Source
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_collectors.judge import Finding, Shape, make_shape
from sra_testing.examples import examples

SOURCES = [(dataset, source) for dataset in DATASETS for source in dataset.sources]
SCORES = make_shape(BY_NAME["scores"], BY_NAME["scores"].sources[1])
GOOD = {"symbol": "ACME", "altmanZScore": 5.5, "piotroskiScore": 7}
each_source = pytest.mark.parametrize(("dataset", "source"), SOURCES, ids=lambda one: getattr(one, "path", None))

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
    """Errors wherever a vendor may put them: alone, in a list, beside the key, as a bare text or number."""
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
def test_no_error_is_ever_data(dataset: Dataset, source: Source, data: st.DataObject) -> None:
    shape = make_shape(dataset, source)
    body = json.dumps(data.draw(place_errors(shape))).encode()
    verdict = classify_answer(200, body, expects_csv=source.is_bulk, shape=shape)
    assert not verdict.kind.is_ok
    assert verdict.rows == ()


@each_source
def test_key_and_one_declared_value_prove_a_record(dataset: Dataset, source: Source) -> None:
    shape = make_shape(dataset, source)
    row = make_record(shape)
    assert shape.judge_row(row) is Finding.RECORD
    assert shape.judge_row(row | {"aNewField": "text"}) is Finding.RECORD
    for name in shape.key:
        for nothing in (None, "", "N/A", Decimal("NaN"), {"message": "busy"}):
            assert shape.judge_row(row | {name: nothing}) is not Finding.RECORD
    bare = {name: row[name] for name in shape.key}
    assert shape.judge_row(bare) is (Finding.NOTHING if shape.may_be_bare else Finding.DAMAGED)


@each_source
@pytest.mark.parametrize("body", ["[]", "{}", "[{}]", "[{}, {}]"])
def test_nothing_is_no_data_and_no_error(dataset: Dataset, source: Source, body: str) -> None:
    verdict = classify_answer(200, body.encode(), expects_csv=source.is_bulk, shape=make_shape(dataset, source))
    assert (verdict.kind, verdict.rows) == (Kind.OK_JSON, ())


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ({"message": "The service is busy"}, Kind.ERROR_IN_200, "The service is busy"),
        ({"symbol": "ACME", "message": "The service is busy"}, Kind.ERROR_IN_200, "The service is busy"),
        ({"symbol": "ACME", "reportedCurrency": "USD", "message": "Busy"}, Kind.ERROR_IN_200, "Busy"),
        ([GOOD, {"message": "Limit Reach . Please upgrade"}], Kind.RATE_LIMIT, "Limit Reach"),
        ({"status": "error", "data": {"Error Message": "Invalid API KEY."}}, Kind.INVALID_KEY, "Invalid API KEY."),
        ([GOOD, "Bandwidth Limit Reach"], Kind.BANDWIDTH, "Bandwidth Limit Reach"),
        ({"symbol": "ACME", "code": 503, "reason": "busy"}, Kind.ERROR_IN_200, "symbol: ACME, code: 503, reason: busy"),
        ({"symbol": "ACME", "historical": [{"close": 1}]}, Kind.ERROR_IN_200, "symbol: ACME, close: 1"),
        ({"altmanZScore": 5.5}, Kind.ERROR_IN_200, "altmanZScore: 5.5"),
        ([None], Kind.ERROR_IN_200, "no message"),
        ([["busy"]], Kind.ERROR_IN_200, "busy"),
    ],
)
def test_an_error_has_the_kind_that_its_words_name(answer: Any, kind: Kind, said: str) -> None:
    verdict = classify_answer(200, json.dumps(answer).encode(), shape=SCORES)
    assert verdict.kind is kind
    assert said in verdict.message


def test_what_is_damaged_costs_a_row_and_not_the_answer() -> None:
    rows = [
        GOOD,
        {**GOOD, "symbol": None},
        {"symbol": "ZED", "altmanZScore": None},
        {**GOOD, "error": "an unknown field"},
    ]
    verdict = classify_answer(200, json.dumps(rows).encode(), shape=SCORES)
    assert verdict.kind is Kind.OK_JSON
    assert len(verdict.rows) == 4
    assert [SCORES.judge_row(row) for row in verdict.rows] == [
        *(Finding.RECORD, Finding.DAMAGED, Finding.DAMAGED, Finding.RECORD),
    ]


def test_a_deep_answer_has_words_too() -> None:
    verdict = classify_answer(200, b'{"a":' * 300 + b'"Limit Reach"' + b"}" * 300, shape=SCORES)
    assert verdict.kind is Kind.RATE_LIMIT


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'"symbol","altmanZScore"\n"ACME",5.5\n', Kind.OK_CSV),
        (b'"symbol","altmanZScore"\n', Kind.OK_CSV),
        (b"symbol,altmanZScore\r\nACME,5.5\r\n", Kind.OK_CSV),
        (b'"ticker","altmanZScore"\n"ACME",5.5\n', Kind.ERROR_IN_200),
        (b'"symbol","other"\n"ACME",5.5\n', Kind.ERROR_IN_200),
        (b"Sorry, the service is busy\n", Kind.ERROR_IN_200),
        (b"Limit Reach. This is a bulk endpoint, wait\n", Kind.BULK_THROTTLE),
        (b"\n<!DOCTYPE html><p>a, b</p>", Kind.HTML),
        (b'{"message": "busy"}', Kind.ERROR_IN_200),
    ],
)
def test_a_file_is_data_by_its_header(body: bytes, kind: Kind) -> None:
    assert classify_answer(200, body, expects_csv=True, shape=SCORES).kind is kind


def test_an_error_of_no_known_kind_is_asked_again() -> None:
    assert Kind.ERROR_IN_200.may_pass
