"""Rows of a CSV body: endless and unclosed rows are rejected, and the rows after them are read."""

from __future__ import annotations

import csv
import io
import tracemalloc
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmp_collectors import csv_rows
from fmp_collectors.csv_rows import MOST_CHARACTERS, DamagedRow, iterate_rows, measure_row, take_rows
from fmp_collectors.fetch import count_rows, read_rows
from fmp_collectors.responses import FmpResponse, ResponseKind, Verdict

VALUES = st.text(alphabet='ab,"\n\ré ', max_size=6)


def read(body: bytes) -> list[list[str] | DamagedRow]:
    return list(iterate_rows(io.BytesIO(body)))


def read_values(body: bytes) -> list[dict[str, str | None] | list[str] | DamagedRow]:
    return list(read_rows(FmpResponse(Verdict(ResponseKind.OK_CSV), io.BytesIO(body))))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(VALUES, min_size=1, max_size=4), max_size=6))
def test_good_rows_are_those_of_the_standard_reader(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    assert read(text.getvalue().encode()) == list(csv.reader(io.StringIO(text.getvalue(), newline="")))


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='a,"\n\r\0é', max_size=200).map(str.encode) | st.binary(max_size=200))
def test_any_input_is_read_to_its_end(body: bytes) -> None:
    with patch.object(csv_rows, "MOST_CHARACTERS", 20):
        rows = read(body)
    assert len(rows) <= len(body) + 1
    assert all(isinstance(row, DamagedRow) or len(row) <= 21 for row in rows)


@pytest.mark.parametrize(
    "damage",
    [
        b"x" * (3 * MOST_CHARACTERS),
        b'"' + b"x" * (3 * MOST_CHARACTERS),
        b'A,"never closed',
        b"A," + b"y" * 200_000,
    ],
    ids=["long line", "long quoted line", "open quote", "long field"],
)
def test_a_damaged_row_is_one_reject_and_the_rows_after_it_are_read(damage: bytes) -> None:
    good = b"".join(b"S%d,%d\n" % (number, number) for number in range(200_000 if b"never" in damage else 10))
    rows = read_values(b"symbol,price\nFIRST,1\n" + damage + b"\n" + good)
    assert [row for row in rows if isinstance(row, DamagedRow)] == [rows[1]]
    assert rows[0] == {"symbol": "FIRST", "price": "1"}
    assert rows[2] == {"symbol": "S0", "price": "0"}
    assert len(rows) == 2 + good.count(b"\n")


def test_an_endless_line_does_not_fill_memory() -> None:
    class Endless(io.RawIOBase):
        """A header, one line of 64 MB, a row."""

        def __init__(self) -> None:
            self.left = 64

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, _offset: int, _whence: int = 0) -> int:
            return 0

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            self.left -= 1
            piece = (
                b"symbol,price\n"
                if self.left == 63
                else b"x" * min(len(buffer), 1 << 20)
                if self.left > 0
                else b"\nA,1\n"
            )
            if self.left < 0:
                return 0
            buffer[: len(piece)] = piece
            return len(piece)

    tracemalloc.start()
    rows = list(iterate_rows(io.BufferedReader(Endless(), 1 << 20)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(row) for row in rows] == [list, DamagedRow, list]
    assert peak < 24 << 20


def test_a_cut_row_is_distinguished_from_a_damaged_one() -> None:
    assert count_rows(io.BytesIO(b"a,b\n1,2\n3")) is None
    assert count_rows(io.BytesIO(b"a,b\n1,2\n\n3,4\n")) == 2
    assert count_rows(io.BytesIO(b"a,b\n1,2\n" + b"x" * (MOST_CHARACTERS + 1) + b"\n3,4\n")) == 3
    assert count_rows(io.BytesIO(b"x" * (MOST_CHARACTERS + 1))) is None


def test_rows_are_taken_by_number_and_by_size() -> None:
    rows = iter([["a" * 10]] * 5 + [DamagedRow("b" * 30, "")] + [{"x": "c", "y": None}] * 3)
    assert [len(take_rows(rows, 3, 1000)), len(take_rows(rows, 10, 35)), len(take_rows(rows, 10, 1000))] == [3, 3, 3]
    assert measure_row({"a": "xy", "b": 1.5, "c": None}) == 2
