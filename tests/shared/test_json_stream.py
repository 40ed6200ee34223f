"""JSON arrays read in pieces: the same values as in one parse, within the memory limit."""

from __future__ import annotations

import io
import json
import tracemalloc
from contextlib import suppress
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sra_shared.kit import json_stream
from sra_shared.kit.json_stream import BrokenJsonError, LargeJsonError, estimate_parsed_size, load_array

COUNT = 2000
DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=Decimal)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([1.5, -2e-7]) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["symbol", "date", "a},{b", 'q"']), VALUES, max_size=4) | VALUES, max_size=8
)


def load(body: bytes, most: int = 1 << 30) -> list[Any]:
    return load_array(io.BytesIO(body), "a test", DECODER, most_parsed=most)


@settings(max_examples=60, deadline=None)
@given(
    rows=ROWS,
    piece=st.sampled_from([3, 40, 5000]),
    slab=st.sampled_from([1, 30, 1000]),
    indent=st.sampled_from([None, 1]),
)
def test_it_reads_what_one_parse_reads(rows: list[Any], piece: int, slab: int, indent: int | None) -> None:
    body = json.dumps(rows, indent=indent, ensure_ascii=piece == 3).encode("utf-8", "surrogatepass")
    with patch.object(json_stream, "_PIECE", piece), patch.object(json_stream, "_SLAB", slab):
        assert load(body) == DECODER.decode(body.decode("utf-8", "surrogateescape"))


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=60) | st.text(alphabet='[]{},":\\u0 1e-', max_size=60).map(str.encode))
def test_any_input_is_a_list_or_an_error(body: bytes) -> None:
    # numbers that no decimal holds are the caller's
    with patch.object(json_stream, "_SLAB", 4), suppress(BrokenJsonError, ArithmeticError):
        assert isinstance(load(body), list)


SHAPES = {
    "empty objects": "{}",
    "empty lists": "[]",
    "decimals": "1.5",
    "long decimals": "1." + "7" * 60,
    "integers": "123456789012345678901234567890",
    "one member": '{"a":1.5}',
    "nested": '{"a":{"b":[{}]}}',
    "wide texts": json.dumps("é" * 20 + "😀", ensure_ascii=False),
    "escaped texts": '"\\ud83d\\ude00aaaaaaaaaaaaaaaaaaaa"',
    "short texts": '"ab"',
    "rows": '{"symbol":"AAPL","date":"2026-01-05","close":12.34,"volume":1000}',
}


def write_array(kind: str, count: int = COUNT) -> bytes:
    if kind == "other names":
        return ("[" + ",".join(f'{{"k{place}":{place}.5}}' for place in range(count)) + "]").encode()
    return ("[" + ",".join([SHAPES[kind]] * count) + "]").encode()


@pytest.mark.parametrize("kind", [*SHAPES, "other names"])
def test_the_estimate_is_never_below_the_actual_size(kind: str) -> None:
    body = write_array(kind)
    tracemalloc.start()
    values = DECODER.decode(body.decode())
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(values) == COUNT
    assert taken <= estimate_parsed_size(body)
    assert estimate_parsed_size(body) <= estimate_parsed_size(body.decode()) * 2


def test_the_estimate_of_valid_rows_is_close() -> None:
    assert estimate_parsed_size(write_array("rows")) < 3_000 * COUNT


@pytest.mark.parametrize("kind", [*SHAPES, "other names"])
def test_an_array_that_is_too_large_is_abandoned_early(kind: str) -> None:
    body = write_array(kind, 30_000)
    tracemalloc.start()
    with pytest.raises(LargeJsonError, match="more than 2 MB of memory"):
        load(body, 2 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # the pieces at hand, as bytes and as text, come to it
    assert peak < 24 << 20


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'[{"a":"' + b"x" * (3 << 20) + b'"}]', "more than 1,048,576 characters"),
        (b"[" + b"[" * 200_000, "cut|deep"),
        (b'[{"a":' + b"[" * 2000 + b"]" * 2000 + b"}]", "nested too deeply"),
    ],
)
def test_a_value_without_end_or_bottom_is_an_error(body: bytes, words: str) -> None:
    with pytest.raises(BrokenJsonError, match=words):
        load(body)


def test_a_false_boundary_only_costs_a_second_scan() -> None:
    rows = [{"texts": ["a},{b", {"x": [{}, {}]}], "n": n} for n in range(300)]
    with patch.object(json_stream, "_SLAB", 20):
        assert load(json.dumps(rows).encode()) == rows
