"""Reads JSON arrays as streams, in constant memory or with a limit on the memory of the parsed values.

A small text may become a large value: the three bytes `{},` take seventy in memory.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from sra_shared.kit.errors import RetryableError
from sra_shared.kit.texts import excerpt

ROW_LIMIT = 1 << 20
"""The longest record of any vendor in bytes; longer ones are kept up to this length."""

_PIECE = 1 << 20
# one parse call blocks every other thread
_SLAB = 1 << 16
# upper bounds in bytes of memory: an object or array with its first value, each further value, each member name
_OBJECT_BYTES, _ARRAY_BYTES, _VALUE_BYTES, _MEMBER_BYTES = 320, 240, 128, 150
_WIDE_CHARACTER = 4
_BETWEEN = re.compile(r"[\s,]*")
_AFTER_VALUE = frozenset(" \t\r\n,]")
_STRUCTURE = re.compile(r'["\\{}\[\],]')
_ROW_BORDER = re.compile(r"\}\s{0,64},\s{0,64}\{")


@dataclass(frozen=True)
class Element:
    """One element of the array: its value, and its text (at most ROW_LIMIT characters).

    `length` is its full length in characters; `number` counts from 1; `end` is the byte offset after it. `is_deep` means
    that it is nested too deeply for any parser. Then, or if it is longer than ROW_LIMIT, its value is None.
    """

    number: int
    text: str
    length: int
    value: object
    end: int
    is_deep: bool = False


class BrokenJsonError(RetryableError):
    """The response is not a complete JSON array of records; records read before are not affected."""


class LargeJsonError(BrokenJsonError):
    """The array would take more memory than allowed."""


def looks_like_json(head: bytes) -> bool:
    """Return whether a download is JSON and not CSV, by its first byte."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{")


def estimate_parsed_size(text: str | bytes | bytearray) -> int:
    """Return an upper bound of the memory in bytes that a JSON text takes when parsed; counts its marks without parsing."""
    if isinstance(text, str):
        marks = [text.count(sign) for sign in "{[,:"]
        is_narrow = text.isascii() and "\\u" not in text
    else:
        marks = [text.count(sign) for sign in (b"{", b"[", b",", b":")]
        is_narrow = text.isascii() and b"\\u" not in text
    weights = (_OBJECT_BYTES, _ARRAY_BYTES, _VALUE_BYTES, _MEMBER_BYTES)
    structure = sum(count * weight for count, weight in zip(marks, weights, strict=True))
    return structure + len(text) * (1 if is_narrow else _WIDE_CHARACTER)


def iterate_elements(
    stream: IO[bytes], what: str, decoder: json.JSONDecoder, start: tuple[int, int] | None = None
) -> Iterator[Element]:
    """Yield the elements of the array in `stream`; `start` is the `end` of an earlier element and the number of the next one.

    Raises BrokenJsonError, naming `what`, if the bytes are not an array, are cut off, or contain invalid JSON. Bytes that
    are not UTF-8 become lone surrogates.
    """
    reader = _Reader(stream, what, decoder, start or (0, 1))
    if start is None:
        reader.open_array()
    while (element := reader.read_element()) is not None:
        yield element


def load_array(stream: IO[bytes], what: str, decoder: json.JSONDecoder, *, most_parsed: int) -> list[Any]:
    """Return the values of the array in `stream`, which may take at most `most_parsed` bytes of memory together.

    It is parsed in pieces, so that other threads can run in between. Raises LargeJsonError if it would take more memory or
    a value has more than ROW_LIMIT characters, BrokenJsonError as `iterate_elements`.
    """
    reader = _Reader(stream, what, decoder, (0, 1))
    reader.open_array()
    values: list[Any] = []
    taken = 0
    while True:
        slab, text = reader.read_slab()
        if slab is None:
            element = reader.read_element()
            if element is None:
                return values
            if element.is_deep or element.length > ROW_LIMIT:
                fault = "is nested too deeply" if element.is_deep else f"has more than {ROW_LIMIT:,} characters"
                raise LargeJsonError(f"Value {element.number} of the response for {what} {fault}.")
            slab, text = [element.value], element.text
        values += slab
        taken += estimate_parsed_size(text) + _OBJECT_BYTES
        if taken > most_parsed:
            raise LargeJsonError(f"The response for {what} would take more than {most_parsed >> 20} MB of memory.")


class _Reader:
    """The text still to be read, and the number of bytes of the stream before it."""

    def __init__(self, stream: IO[bytes], what: str, decoder: json.JSONDecoder, start: tuple[int, int]) -> None:
        offset, self._number = start
        stream.seek(offset)
        self._stream, self._what, self._json = stream, what, decoder
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._bytes, self._counted = "", 0, offset, 0
        self._ended = False
        self._singly = 0

    def open_array(self) -> None:
        self._skip(re.compile(r"\ufeff?\s*"))
        if self._text[self._at : self._at + 1] != "[":
            begin = excerpt(self._text[self._at : self._at + 200], 60)
            raise self._fail(f"is not a JSON array of records; it begins with {begin!r}")
        self._at += 1

    def read_slab(self) -> tuple[list[Any] | None, str]:
        """Return many objects at once, and their text, if the available text contains such a slab; else None and an empty text.

        The boundary is a guess: inside a string or a nested array the slab is not valid JSON.
        """
        if len(self._text) - self._at < 2 * _SLAB:
            self._fill()
        self._skip(_BETWEEN)
        if self._singly > 0 or self._text[self._at : self._at + 1] != "{":
            return None, ""
        border = _ROW_BORDER.search(self._text, self._at + _SLAB)
        if border is None:
            return None, ""
        text = self._text[self._at : border.start() + 1]
        try:
            values = self._json.decode(f"[{text}]")
        except (ValueError, RecursionError):
            # read one by one up to here, or each of them would cost another slab
            self._singly = len(text)
            return None, ""
        self._at += len(text)
        self._number += len(values)
        return values, text

    def read_element(self) -> Element | None:
        self._skip(_BETWEEN)
        if self._at >= len(self._text):
            raise self._fail(f"is cut off: it ends after record {self._number - 1} without closing the array")
        if self._text[self._at] == "]":
            self._close()
            return None
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
                if self._text[end : end + 1] in _AFTER_VALUE:
                    return self._take(end, value)
                # a number may continue in the next piece
                problem = f"is cut off or damaged after record {self._number}"
            except RecursionError:
                return self._skip_record(is_deep=True)
            except ValueError as error:
                problem = f"is cut off or damaged in record {self._number}: {error}"
            if len(self._text) - self._at > ROW_LIMIT:
                return self._skip_record()
            if not self._fill():
                raise self._fail(problem)

    def _take(self, end: int, value: object) -> Element:
        text = self._text[self._at : end]
        self._at = end
        self._singly -= len(text)
        if len(text) > ROW_LIMIT:
            return self._make(text[:ROW_LIMIT], len(text), None)
        return self._make(text, len(text), value)

    def _make(self, text: str, length: int, value: object, *, is_deep: bool = False) -> Element:
        self._number += 1
        return Element(self._number - 1, text, length, value, self._count_bytes(), is_deep)

    def _skip_record(self, *, is_deep: bool = False) -> Element:
        """Skip to the end of a record that exceeds ROW_LIMIT or is nested too deeply, keeping only its beginning."""
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
                    f"is cut off in record {self._number}, which is {'deep' if is_deep else 'longer than 1 MB'}"
                )

    def _end_record(self, mark: re.Match[str], depth: int, length: int, kept: str, *, is_deep: bool) -> Element:
        """End at the bracket that closes the record, or before what follows a long scalar value."""
        end = mark.end() if mark[0] != "," and depth == 0 else mark.start()
        length += end - self._at
        kept += self._text[self._at : end][: ROW_LIMIT - len(kept)]
        self._at = end
        if length <= ROW_LIMIT and not is_deep:
            raise self._fail(f"contains invalid JSON in record {self._number}")
        return self._make(kept, length, None, is_deep=is_deep and length <= ROW_LIMIT)

    def _close(self) -> None:
        self._at += 1
        self._skip(re.compile(r"\s*"))
        if self._at < len(self._text):
            raise self._fail(f"continues after its array: {excerpt(self._text[self._at : self._at + 60])!r}")

    def _skip(self, pattern: re.Pattern[str]) -> None:
        while True:
            match = pattern.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._fill():
                return

    def _fill(self) -> bool:
        """Read more text; return False at the end of the stream."""
        if self._ended:
            return False
        self._count_bytes()
        piece = self._stream.read(_PIECE)
        self._ended = not piece
        self._text = self._text[self._at :] + self._decoder.decode(piece, final=not piece)
        self._at = self._counted = 0
        return not self._ended or bool(self._text)

    def _count_bytes(self) -> int:
        """Return the byte offset of the current position."""
        self._bytes += len(self._text[self._counted : self._at].encode("utf-8", "surrogateescape"))
        self._counted = self._at
        return self._bytes

    def _fail(self, text: str) -> BrokenJsonError:
        return BrokenJsonError(f"The response for {self._what} {text}.", next_step="Request it from the source again.")
