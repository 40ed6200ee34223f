"""The reader keeps every record or reports why not, for any size of batch, piece and row, in limited memory."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats import csv_lines, csv_reader, csv_scanner
from fundata_ingest.formats.batches import FileHead, Position, Reject, TextBatch
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.formats.file_heads import inspect_file
from sra_shared.kit.json_stream import ROW_LIMIT
from sra_testing.examples import examples
from sra_testing.plain_csv import PlainRecord, read_plainly

DATASET = load_catalogue().find_dataset("InstrumentIdentifier")
HEADER = ",".join(DATASET.column_names).encode() + b"\n"
COLUMNS = len(DATASET.columns)


def open_head(data: bytes) -> FileHead:
    head = inspect_file(data[: 64 * 1024], DATASET.files[0], load_catalogue())
    assert isinstance(head, FileHead), head
    return head


def read_rows(body: bytes, batch_rows: int = 50_000, start: Position | None = None) -> list[TextBatch]:
    data = HEADER + body
    return list(read_batches(io.BytesIO(data), open_head(HEADER), start=start, batch_rows=batch_rows))


def list_records(batches: list[TextBatch]) -> list[PlainRecord]:
    found = []
    for batch in batches:
        rows = batch.frame.rows()
        found += [PlainRecord(row[0], tuple(row[1:]), None, batch.raw.get(at)) for at, row in enumerate(rows)]
        found += [PlainRecord(reject.line, None, reject.reason, reject.raw) for reject in batch.rejects]
    return sorted(found, key=lambda record: record.line)


@contextmanager
def scaled_down(limit: int, piece: int) -> Iterator[None]:
    """Lower the 1 MB limit and the sizes that the reader works with, so that small inputs meet every edge."""
    with (
        patch.object(csv_lines, "ROW_LIMIT", limit),
        patch.object(csv_scanner, "ROW_LIMIT", limit),
        patch.object(csv_reader, "ROW_LIMIT", limit),
        patch.object(csv_reader, "_PIECE", piece),
        patch.object(csv_reader, "_BATCH_BYTES", 4 * piece),
    ):
        yield


FIELD = st.sampled_from(
    [
        b"",
        b"x",
        b"412003",
        b'"a,b"',
        b'"line\nbreak"',
        b'"say ""yes"""',
        b'""',
        b"Cr\xc3\xa9dit",
        b" ",
        b"\xef\xbb\xbfmark",
        b'5" pipe',
        b'"tail"s',
        b'"open',
        b"\xff\xfe",
        b"a\x00b",
        b"c\rd",
        b'"\r\n"',
        b"\\",
        b'"""',
        b"long" * 12,
    ]
)
LINE_END = st.sampled_from([b"\n", b"\n", b"\r\n", b"\n\n", b"\r\r\n"])
COUNT = st.sampled_from([COLUMNS] * 8 + [1, COLUMNS - 1, COLUMNS + 1])
ROW = st.tuples(COUNT.flatmap(lambda n: st.lists(FIELD, min_size=n, max_size=n)), LINE_END)
STRUCTURED = st.lists(ROW, max_size=12).map(lambda rows: b"".join(b",".join(fields) + end for fields, end in rows))
NOISE = st.lists(st.sampled_from([b"a", b",", b",,,,,", b'"', b"\n", b"\r", b"\0", b"\xc3", b"\xa9"]), max_size=40).map(
    b"".join
)
BODY = st.lists(STRUCTURED | NOISE, max_size=3).map(b"".join)


@examples(250)
@given(body=BODY, batch_rows=st.sampled_from([1, 2, 3, 50]), cut=st.booleans())
def test_agrees_with_plain_reader(body: bytes, batch_rows: int, cut: bool) -> None:
    body = body.rstrip(b"\n") if cut else body
    batches = read_rows(body, batch_rows)
    assert list_records(batches) == read_plainly(body, COLUMNS, ROW_LIMIT, line=2)
    assert all(batch.read == batch.frame.height + len(batch.rejects) for batch in batches)


@examples(200)
@given(
    body=BODY,
    batch_rows=st.sampled_from([1, 3, 50]),
    limit=st.sampled_from([16, 40, 100]),
    piece=st.sampled_from([1, 7, 64]),
)
def test_agrees_with_plain_reader_where_rows_pass_the_limit(
    body: bytes, batch_rows: int, limit: int, piece: int
) -> None:
    head = open_head(HEADER)
    with scaled_down(limit, piece):
        batches = list(read_batches(io.BytesIO(HEADER + body), head, batch_rows=batch_rows))
    assert list_records(batches) == read_plainly(body, COLUMNS, limit, line=2)


@pytest.mark.parametrize("response", [pl.exceptions.ComputeError("no"), pl.DataFrame({"RecordId": ["1"]})])
def test_the_scanner_decides_if_polars_reads_other_rows(response: Exception | pl.DataFrame) -> None:
    body = b"".join(make_row(n, f'"{n},""x"""') for n in range(50)) + b"too,few\n" + make_row(51)
    given_up = {"side_effect": response} if isinstance(response, Exception) else {"return_value": response}
    with patch.object(pl, "read_csv", **given_up):
        batches = read_rows(body)
    assert list_records(batches) == read_plainly(body, COLUMNS, ROW_LIMIT, line=2)


@examples(80)
@given(body=BODY)
def test_continues_at_every_batch_boundary(body: bytes) -> None:
    whole = read_rows(body, 2)
    for done, batch in enumerate(whole):
        rest = read_rows(body, 2, start=batch.end)
        assert list_records(rest) == list_records(whole[done + 1 :])


@examples(150)
@given(data=st.binary(max_size=300))
def test_never_raises_for_any_bytes(data: bytes) -> None:
    assert list_records(read_rows(data)) == read_plainly(data, COLUMNS, ROW_LIMIT, line=2)


def make_row(number: int, value: str = "x") -> bytes:
    return f"{number},412003,CUSIP,{value},Active,2026-11-20\n".encode()


def read_one_reject(body: bytes) -> Reject:
    rejects = [reject for batch in read_rows(body) for reject in batch.rejects]
    assert len(rejects) == 1
    return rejects[0]


def test_line_of_a_record_is_the_physical_one_where_it_starts() -> None:
    body = b'1,412003,CUSIP,"two\nlines",Active,2026-11-20\r\n\r\n' + make_row(2)
    assert [record.line for record in list_records(read_rows(body))] == [2, 5]


def test_columns_may_come_in_any_order_and_spelling_behind_a_byte_order_mark() -> None:
    data = b"\xef\xbb\xbfchange_date,RECORDSTATE,IdentifierValue,identifier_type,Instrument_Key,recordid\r\n"
    data += b"2026-11-20,Active,NLM1,FundServ,412003,7\r\n"
    batch = next(read_batches(io.BytesIO(data), open_head(data)))
    assert batch.frame.columns == ["source_line", *DATASET.column_names]
    assert batch.frame.row(0) == (2, "7", "412003", "FundServ", "NLM1", "Active", "2026-11-20")


def test_an_open_quote_rejects_only_its_own_line() -> None:
    rows = b"".join(make_row(n) for n in range(3, 40_000))
    body = make_row(1) + b'2,412003,CUSIP,"never closed,Active,2026-11-20\n' + rows
    batches = read_rows(body)
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert len(rows) > ROW_LIMIT
    assert [(r.line, r.reason) for r in rejects] == [(3, "field_count")]
    assert sum(batch.frame.height for batch in batches) == 1 + 39_997


@pytest.mark.parametrize(
    "value",
    [
        b'"The "North" Bank"',
        b'"Pipe 12" Ltd"',
        b'"Mid "Class A, B" Corp"',
        b'"a" ',
        b'""x',
        b'"a"\r\r',
        b'"a""" b',
    ],
)
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_text_after_a_closing_quote_rejects_its_line_unchanged(value: bytes, ending: bytes) -> None:
    row = b"2,412003,CUSIP," + value + b",Active,2026-11-20"
    body = make_row(1) + row + ending + make_row(3, '"Say ""no"" Inc"') + make_row(4)
    records = list_records(read_rows(body))
    assert [(record.line, record.reason) for record in records] == [(2, None), (3, "stray_quote"), (4, None), (5, None)]
    assert records[1].raw == row
    assert records[2].fields == ("3", "412003", "CUSIP", 'Say "no" Inc', "Active", "2026-11-20")


@pytest.mark.parametrize("value", ['12" Tube Ltd', 'The "North" Bank', 'x"', ' "a"', 'a""b'])
def test_quote_inside_an_unquoted_field_is_text(value: str) -> None:
    (record,) = list_records(read_rows(make_row(1, value)))
    assert record.fields == ("1", "412003", "CUSIP", value, "Active", "2026-11-20")


def test_reading_resumes_behind_the_first_line_of_a_record_with_a_stray_quote() -> None:
    """A quote that is never closed does not cost the lines up to the next quote."""
    body = make_row(1) + b'2,412003,CUSIP,"no end,Active,2026-11-20\n' + make_row(3) + make_row(4, '"b"') + make_row(5)
    records = list_records(read_rows(body))
    assert [(r.line, r.reason) for r in records] == [(2, None), (3, "stray_quote"), (4, None), (5, None), (6, None)]


@pytest.mark.parametrize("opening", [b"", b'"', b'"a"b'])
def test_long_line_is_rejected_with_its_beginning_and_its_length(opening: bytes) -> None:
    body = make_row(1) + b"2," + opening + b"y" * (5 << 20) + b"\n" + make_row(3)
    reject = read_one_reject(body)
    assert (reject.line, reject.reason, len(reject.raw)) == (3, "row_too_long", ROW_LIMIT)
    assert f"{2 + len(opening) + (5 << 20):,} bytes" in reject.detail
    assert [record.line for record in list_records(read_rows(body))] == [2, 3, 4]


def test_row_of_one_megabyte_is_kept_and_one_more_byte_is_not() -> None:
    room = ROW_LIMIT - len(make_row(1, "").rstrip(b"\n"))
    assert read_rows(make_row(1, "z" * room))[0].frame.height == 1
    assert read_one_reject(make_row(1, "z" * (room + 1))).reason == "row_too_long"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"\xff\0,one field more,,,,,,\n", "bad_encoding"),
        (b"\0,one field more,,,,,,\n", "nul_byte"),
        (b"1,412003\n", "field_count"),
        (b'1,412003,CUSIP,"open and \xff,Active,2026-11-20\n', "bad_encoding"),
        (b'1,412003,CUSIP,"a"\0b,one field more,,,,,\n', "nul_byte"),
        (b'1,412003,CUSIP,"a"b,one field more,,,,,\n', "stray_quote"),
    ],
)
def test_first_reason_in_order_names_the_row(row: bytes, reason: str) -> None:
    reject = read_one_reject(make_row(1) + row + make_row(2))
    assert (reject.reason, reject.line, reject.raw) == (reason, 3, row.rstrip(b"\n"))
    assert reject.detail


_MEASURE = """
import sys
from fundata_ingest.formats.batches import FileHead
from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats.file_heads import inspect_file
from fundata_ingest.formats.csv_reader import read_batches
from sra_shared.kit.memory import measure_peak_memory
path = sys.argv[1]
with open(path, "rb") as stream:
    head = inspect_file(stream.read(65536), "data/InstrumentIdentifierSeed.csv", load_catalogue())
    before = measure_peak_memory()
    good = bad = 0
    for batch in read_batches(stream, head):
        good, bad = good + batch.frame.height, bad + len(batch.rejects)
print(good, bad, measure_peak_memory() - before)
"""


def test_line_of_a_hundred_megabytes_does_not_fill_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as out:
        out.write(HEADER + make_row(1) + b'2,"')
        for _ in range(100):
            out.write(b"y" * (1 << 20))
        out.write(b"\n" + make_row(3))
    done = subprocess.run([sys.executable, "-c", _MEASURE, str(path)], check=True, capture_output=True, text=True)
    good, bad, grown = map(float, done.stdout.split())
    assert (good, bad) == (2, 1)
    assert grown < 80
