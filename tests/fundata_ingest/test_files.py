"""Problems of a whole file are reported once; problems of rows do not reject the file."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats.batches import FileHead, FileProblem, Position
from fundata_ingest.formats.file_heads import HEAD_BYTES, inspect_file, report_missing
from sra_testing.examples import examples

CATALOGUE = load_catalogue()
PATH = "data/InstrumentIdentifierSeed.csv"
DATASET = CATALOGUE.find_dataset("InstrumentIdentifier")
NAMES = DATASET.column_names
HEADER = ",".join(NAMES).encode()
OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n".encode()


def zip_csv() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", HEADER)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", "empty_file", "is empty"),
        (b"\xef\xbb\xbf\r\n \n", "empty_file", "is empty"),
        (POINTER, "lfs_pointer", OID),
        (POINTER.replace(b"\n", b"\r\n"), "lfs_pointer", OID),
        (b"<!DOCTYPE html><html><body>403</body></html>", "html", "HTML"),
        (b"\n  <HTML>", "html", "HTML"),
        (b'<?xml version="1.0"?><Error>AccessDenied</Error>', "html", "XML"),
        (zip_csv(), "compressed", "zip archive"),
        (gzip.compress(HEADER, mtime=0), "compressed", "gzip"),
        (HEADER.decode().encode("utf-16"), "utf16", "UTF-16"),
        (HEADER.decode().encode("utf-16-le"), "utf16", "UTF-16"),
        (bytes(range(256)) * 8, "not_text", "not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "not_text", "not UTF-8 text"),
        (HEADER + b"\n" + b"1,412003,T,\xe9t\xe9,Active,2026-01-01\n" * 40, "not_text", "40 of its first 40 lines"),
        (b"x" * HEAD_BYTES, "header", "no header line"),
        (b'"never closed', "header", "no header line"),
        (b"just some words\n", "header", "missing: RecordId"),
        (b'"Record"Id,' + HEADER + b"\n", "header", "after a closing quote"),
        (HEADER + b"\r1,412003,CUSIP,X,Active,2026-01-01\r", "line_ends", "CR line endings"),
        (b"\xef\xbb\xbf" + HEADER + b'\r1,412003,CUSIP,"two\nlines",Active,\r', "line_ends", "CR line endings"),
        (b"other,columns\r1,2\r", "line_ends", "CR line endings"),
    ],
)
def test_foreign_content_is_named(content: bytes, kind: str, words: str) -> None:
    problem = inspect_file(content[:HEAD_BYTES], PATH, CATALOGUE)
    assert isinstance(problem, FileProblem)
    assert (problem.kind, problem.status, problem.dataset) == (kind, "rejected", "InstrumentIdentifier")
    assert words in problem.message
    assert problem.message.startswith(f"{PATH} (InstrumentIdentifier): ")
    assert "\n" not in problem.message


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\r", b"\r\n1,412003,CUSIP,a\rb,Active,2026-01-01\r\n"])
def test_other_line_ends_are_read(ending: bytes) -> None:
    assert isinstance(inspect_file(HEADER + ending, PATH, CATALOGUE), FileHead)


def test_a_pointer_contains_what_a_download_needs() -> None:
    problem = inspect_file(POINTER, PATH, CATALOGUE)
    assert isinstance(problem, FileProblem)
    assert problem.details == {"oid": OID, "size": 12345}


def test_unknown_file_is_not_guessed() -> None:
    problem = inspect_file(HEADER + b"\n", "data/instrumentidentifierseed.csv", CATALOGUE)
    assert isinstance(problem, FileProblem)
    assert (problem.kind, problem.dataset) == ("unknown_file", None)


def test_a_download_is_checked_against_its_dataset() -> None:
    head = inspect_file(HEADER + b"\n", "download of InstrumentIdentifier", CATALOGUE, dataset=DATASET)
    assert isinstance(head, FileHead)


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ([*NAMES, "Colour"], ["added: Colour"]),
        ([*NAMES[:-1]], ["missing: ChangeDate"]),
        (["RecordId", "InstrumentKey", "IdentifierType", "IdentifierVal", "RecordState", "ChangeDate"],
         ["probably renamed: IdentifierValue -> IdentifierVal"]),
        ([*NAMES, "record_id"], ["twice: RecordId"]),
        ([*NAMES, ""], ["added: (no name)"]),
        (["Colour", *NAMES[1:-1]], ["added: Colour", "missing: RecordId, ChangeDate"]),
    ],
)  # fmt: skip
def test_changed_header_lists_what_changed(names: list[str], listed: list[str]) -> None:
    problem = inspect_file(",".join(names).encode() + b"\n", PATH, CATALOGUE)
    assert isinstance(problem, FileProblem)
    assert problem.kind == "header"
    assert all(words in problem.message for words in listed)


@pytest.mark.parametrize(
    ("content", "start"),
    [
        (HEADER, Position(len(HEADER), 2)),
        (HEADER + b"\r\n1", Position(len(HEADER) + 2, 2)),
        (b"\xef\xbb\xbf\n\r\n" + HEADER + b"\n", Position(len(HEADER) + 7, 4)),
        (HEADER.replace(b"RecordId", b'"RecordId"') + b"\n", Position(len(HEADER) + 3, 2)),
        (HEADER + b"\n\xff,damaged\n\0\n" + b"1,2,3,4,5,6\n" * 50, Position(len(HEADER) + 1, 2)),
    ],
)
def test_good_file_reports_where_its_records_start(content: bytes, start: Position) -> None:
    head = inspect_file(content, PATH, CATALOGUE)
    assert isinstance(head, FileHead)
    assert (head.start, head.columns) == (start, NAMES)


def test_message_about_a_header_of_thousands_of_names_stays_short() -> None:
    names = [*NAMES, *[f"Extra{number}" for number in range(3000)], "y" * 20_000]
    problem = inspect_file((",".join(names) + "\n").encode(), PATH, CATALOGUE)
    assert isinstance(problem, FileProblem)
    assert "Extra0" in problem.message
    assert "more" in problem.message
    assert len(problem.message) < 2000


def test_missing_file_is_a_warning_by_name() -> None:
    problem = report_missing(PATH, DATASET)
    assert (problem.status, problem.kind) == ("missing", "missing")
    assert PATH in problem.message


@examples(300)
@given(
    content=st.binary(max_size=400)
    | st.tuples(st.sampled_from([HEADER, POINTER]), st.binary(max_size=60)).map(b"".join)
)
def test_no_content_raises_an_error(content: bytes) -> None:
    found = inspect_file(content, PATH, CATALOGUE)
    assert isinstance(found, FileHead) or found.message
