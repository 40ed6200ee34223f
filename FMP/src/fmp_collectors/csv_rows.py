"""Bounded reading of CSV rows: an endless line or an unclosed quote is rejected alone, and reading resumes after it."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

MOST_CHARACTERS = 1 << 20
"""Maximum number of characters of a row, as in Fundata's files."""
_KEPT_CHARACTERS = 1 << 16


class Body(Protocol):
    """A binary file with the whole response, positioned at its start."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True)
class DamagedRow:
    """A line that cannot be read as a row: its beginning, and the reason."""

    text: str
    detail: str


class _OverlongError(Exception):
    """The current row has more than MOST_CHARACTERS."""


class _Lines:
    """Physical lines for csv.reader, which reads as many as a row has; the later lines of an unreadable row are read again."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._stream.readline(MOST_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self._row.append(line)
        self._size += len(line)
        if self._size > MOST_CHARACTERS:
            raise _OverlongError
        return line

    def begin_row(self) -> None:
        """Start a new row with the next line."""
        self._row, self._size = [], 0

    def discard_row(self) -> str:
        """Drop the first line of the row and return its beginning; reading resumes at the next line."""
        first, *others = self._row
        self._again.extendleft(reversed(others))
        last = first
        while len(last) > MOST_CHARACTERS and not last.endswith(("\n", "\r")):
            last = self._stream.readline(MOST_CHARACTERS + 1)
        return first[:_KEPT_CHARACTERS]


def iterate_rows(body: Body) -> Iterator[list[str] | DamagedRow]:
    """Yield the rows of a CSV body from its start, including the header, with blank lines as empty rows.

    Bytes that are not UTF-8 become lone surrogates. The body stays open.
    """
    body.seek(0)
    text = io.TextIOWrapper(cast("io.BytesIO", body), encoding="utf-8-sig", errors="surrogateescape", newline="")
    lines = _Lines(text)
    reader = csv.reader(lines)
    try:
        while True:
            lines.begin_row()
            try:
                yield next(reader)
            except StopIteration:
                return
            except _OverlongError:
                detail = f"the row has more than {MOST_CHARACTERS:,} characters, or opens a quote that is never closed"
                yield DamagedRow(lines.discard_row(), detail)
                reader = csv.reader(lines)
            except csv.Error as error:
                yield DamagedRow(lines.discard_row(), f"the row cannot be read: {error}")
                reader = csv.reader(lines)
    finally:
        # a reader that failed may close the file before this generator is collected
        if not text.closed:
            text.detach()


def take_rows(rows: Iterator[Any], most: int, characters: int) -> list[Any]:
    """Return the next `most` rows, or fewer once their texts reach `characters`."""
    taken: list[Any] = []
    size = 0
    for row in rows:
        taken.append(row)
        size += measure_row(row)
        if len(taken) >= most or size >= characters:
            break
    return taken


def measure_row(row: Any) -> int:
    """Return the number of characters in the texts of a row."""
    if isinstance(row, DamagedRow):
        return len(row.text)
    values = row.values() if isinstance(row, Mapping) else row if isinstance(row, list) else ()
    return sum([len(value) for value in values if type(value) is str])
