"""Cuts a JSON array into its elements as it streams by, with memory for one batch and one record at most."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import BinaryIO

from fundata_ingest.batches import ROW_LIMIT, Position
from sra_shared.errors import RetryableError

_PIECE = 1 << 20
_BETWEEN = re.compile(r"[\s,]*")
_AFTER_VALUE = frozenset(" \t\r\n,]")
_STRUCTURE = re.compile(r'["\\{}\[\],]')


class NumberText(str):
    """A JSON number as it was written, to the last digit."""

    __slots__ = ()


@dataclass(frozen=True)
class Element:
    """One element of the array: its value, None where it is longer than ROW_LIMIT, and its text (at most that much).

    `length` is its full length in characters; `number` counts from 1; `end` is the byte offset after it.
    """

    number: int
    text: str
    length: int
    value: object
    end: int


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


def dump_value(value: object) -> str:
    """Write a parsed value as compact JSON, numbers as they were delivered."""
    if isinstance(value, NumberText):
        return value if _is_json_number(value) else encode_basestring(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{encode_basestring(key)}:{dump_value(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([dump_value(item) for item in value]) + "]"
    return json.dumps(value)


def _is_json_number(text: str) -> bool:
    return text not in ("NaN", "Infinity", "-Infinity")


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
            except (ValueError, RecursionError) as error:
                if len(self._text) - self._at > ROW_LIMIT:
                    return self._skip_long()
                if self._fill():
                    continue
                raise self._fail(f"is cut or damaged in record {self._number}: {error}") from error
            if self._text[end : end + 1] not in _AFTER_VALUE:  # a number may go on in the next piece
                if len(self._text) - self._at > ROW_LIMIT:
                    return self._skip_long()
                if self._fill():
                    continue
                raise self._fail(f"is cut or damaged behind record {self._number}")
            return self._take(end, value)

    def _take(self, end: int, value: object) -> Element:
        text = self._text[self._at : end]
        self._at = end
        if len(text) > ROW_LIMIT:
            return self._make(text[:ROW_LIMIT], len(text), None)
        return self._make(text, len(text), value)

    def _make(self, text: str, length: int, value: object) -> Element:
        self._number += 1
        return Element(self._number - 1, text, length, value, self._count_bytes())

    def _skip_long(self) -> Element:
        """Go to the end of a record that passes ROW_LIMIT, keeping only its beginning."""
        kept = self._text[self._at : self._at + ROW_LIMIT]
        depth, in_string, length, skip = 0, False, 0, 0
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
                        return self._end_long(mark, depth, length, kept)
            passed = len(self._text) - self._at
            length, skip = length + passed, max(0, skip - passed)
            self._at = len(self._text)
            if not self._fill():
                raise self._fail(f"is cut in record {self._number}, which is longer than 1 MB")

    def _end_long(self, mark: re.Match[str], depth: int, length: int, kept: str) -> Element:
        """End at a bracket that closes the record, or before what stands behind a bare long value."""
        end = mark.end() if mark[0] != "," and depth == 0 else mark.start()
        length += end - self._at
        self._at = end
        if length <= ROW_LIMIT:
            raise self._fail(f"holds what is not JSON in record {self._number}")
        return self._make(kept, length, None)

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
