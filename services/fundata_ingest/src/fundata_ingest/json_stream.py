"""Cuts a JSON array into its elements as it streams by, with memory for one batch and one record at most."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fundata_ingest.batches import ROW_LIMIT, Position
from fundata_ingest.json_text import NumberText
from sra_shared.errors import RetryableError

_PIECE = 1 << 20
_BETWEEN = re.compile(r"[\s,]*")
_AFTER_VALUE = frozenset(" \t\r\n,]")
_STRUCTURE = re.compile(r'["\\{}\[\],]')


@dataclass(frozen=True)
class Element:
    """One element of the array: its value, and its text (at most ROW_LIMIT characters).

    `length` is its full length in characters; `number` counts from 1; `end` is the byte offset after it. `is_deep`: it is
    nested too deeply for any parser. Where it is, or longer than ROW_LIMIT, its value is None.
    """

    number: int
    text: str
    length: int
    value: object
    end: int
    is_deep: bool = False


class BrokenJsonError(RetryableError):
    """The answer is not a whole JSON array of records; what was read before is not affected."""


_DECODER = json.JSONDecoder(parse_float=NumberText, parse_int=NumberText, parse_constant=NumberText, strict=False)


def looks_like_json(head: bytes) -> bool:
    """Tell by its first byte whether a download is JSON and not a CSV."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{")


def decode_value(text: str) -> object:
    """Parse one JSON text with numbers as NumberText; raises BrokenJsonError."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise BrokenJsonError(f"A stored record is not valid JSON: {error}.") from error


def iterate_elements(stream: BinaryIO, what: str, start: Position | None = None) -> Iterator[Element]:
    """Yield the elements of the array in `stream`, from the `end` of a former element on where `start` is given.

    Raises BrokenJsonError, naming `what`, where the bytes are no array, are cut, or hold what is not JSON. Bytes that
    are not UTF-8 come as lone surrogates.
    """
    reader = _Reader(stream, what, start or Position(0, 1))
    if start is None:
        reader.open_array()
    while (element := reader.read_element()) is not None:
        yield element


class _Reader:
    """The text still to be read, and how many bytes of the stream lie before it."""

    def __init__(self, stream: BinaryIO, what: str, start: Position) -> None:
        stream.seek(start.offset)
        self._stream, self._what = stream, what
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._bytes, self._counted = "", 0, start.offset, 0
        self._number = start.line
        self._ended = False

    def open_array(self) -> None:
        self._skip(re.compile(r"\ufeff?\s*"))
        if self._text[self._at : self._at + 1] != "[":
            begin = self._text[self._at : self._at + 200]
            raise self._fail(f"is not a JSON array of records; it begins with {begin!r}")
        self._at += 1

    def read_element(self) -> Element | None:
        self._skip(_BETWEEN)
        if self._at >= len(self._text):
            raise self._fail(f"is cut: it ends after record {self._number - 1} without closing the array")
        if self._text[self._at] == "]":
            self._close()
            return None
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if self._text[end : end + 1] in _AFTER_VALUE:
                    return self._take(end, value)
                # a number may go on in the next piece
                problem = f"is cut or damaged behind record {self._number}"
            except RecursionError:
                return self._skip_record(is_deep=True)
            except ValueError as error:
                problem = f"is cut or damaged in record {self._number}: {error}"
            if len(self._text) - self._at > ROW_LIMIT:
                return self._skip_record()
            if not self._fill():
                raise self._fail(problem)

    def _take(self, end: int, value: object) -> Element:
        text = self._text[self._at : end]
        self._at = end
        if len(text) > ROW_LIMIT:
            return self._make(text[:ROW_LIMIT], len(text), None)
        return self._make(text, len(text), value)

    def _make(self, text: str, length: int, value: object, *, is_deep: bool = False) -> Element:
        self._number += 1
        return Element(self._number - 1, text, length, value, self._count_bytes(), is_deep)

    def _skip_record(self, *, is_deep: bool = False) -> Element:
        """Go to the end of a record that passes ROW_LIMIT, or is nested too deeply, keeping only its beginning."""
        kept, depth, in_string, length, skip = "", 0, False, 0, 0
        while True:
            for mark in _STRUCTURE.finditer(self._text, self._at):
                sign = mark[0]
                if mark.start() < self._at + skip:
                    continue
                skip = 0
                if sign == "\\" and in_string:
                    skip = mark.end() + 1 - self._at
                elif sign == '"':
                    in_string = not in_string
                elif not in_string and sign in "{[":
                    depth += 1
                elif not in_string and sign in "}],":
                    depth -= sign != ","
                    if depth <= 0 and (sign != "," or depth == 0):
                        return self._end_record(mark, depth, length, kept, is_deep=is_deep)
            passed = len(self._text) - self._at
            kept += self._text[self._at : self._at + ROW_LIMIT - len(kept)]
            length, skip = length + passed, max(0, skip - passed)
            self._at = len(self._text)
            if not self._fill():
                raise self._fail(
                    f"is cut in record {self._number}, which is {'deep' if is_deep else 'longer than 1 MB'}"
                )

    def _end_record(self, mark: re.Match[str], depth: int, length: int, kept: str, *, is_deep: bool) -> Element:
        """End at a bracket that closes the record, or before what stands behind a bare long value."""
        end = mark.end() if mark[0] != "," and depth == 0 else mark.start()
        length += end - self._at
        kept += self._text[self._at : end][: ROW_LIMIT - len(kept)]
        self._at = end
        if length <= ROW_LIMIT and not is_deep:
            raise self._fail(f"holds what is not JSON in record {self._number}")
        return self._make(kept, length, None, is_deep=is_deep and length <= ROW_LIMIT)

    def _close(self) -> None:
        self._at += 1
        self._skip(re.compile(r"\s*"))
        if self._at < len(self._text):
            raise self._fail(f"goes on after its array: {self._text[self._at : self._at + 60]!r}")

    def _skip(self, pattern: re.Pattern[str]) -> None:
        while True:
            match = pattern.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._fill():
                return

    def _fill(self) -> bool:
        """Read on; False at the end of the stream."""
        if self._ended:
            return False
        self._count_bytes()
        piece = self._stream.read(_PIECE)
        self._ended = not piece
        self._text = self._text[self._at :] + self._decoder.decode(piece, final=not piece)
        self._at = self._counted = 0
        return not self._ended or bool(self._text)

    def _count_bytes(self) -> int:
        """Return the byte offset of the place where reading stands."""
        self._bytes += len(self._text[self._counted : self._at].encode("utf-8", "surrogateescape"))
        self._counted = self._at
        return self._bytes

    def _fail(self, text: str) -> BrokenJsonError:
        return BrokenJsonError(f"The answer for {self._what} {text}.", next_step="Ask the source for it again.")
