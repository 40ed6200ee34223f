"""Rows of a CSV body: read within a bound, so that one endless line or open quote costs itself and nothing after it."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

MOST_CHARACTERS = 1 << 20
"""Characters of a row at most, as in Fundata's files."""
_KEPT_CHARACTERS = 1 << 16


class Body(Protocol):
    """A binary file with the whole answer, at its start."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True)
class DamagedRow:
    """A line that cannot be read as a row: its beginning, and why."""

    text: str
    detail: str


class _OverlongError(Exception):
    """The row at hand has more than MOST_CHARACTERS."""


class _Lines:
    """Physical lines for csv.reader, which asks for as many as a row has; those of a row that cannot be read come again."""

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
        """What is asked for next belongs to a new row."""
        self._row, self._size = [], 0

    def give_up_row(self) -> str:
        """Leave the first line of the row out and return its beginning; reading resumes at the next line."""
        first, *others = self._row
        self._again.extendleft(reversed(others))
        last = first
        while len(last) > MOST_CHARACTERS and not last.endswith(("\n", "\r")):
            last = self._stream.readline(MOST_CHARACTERS + 1)
        return first[:_KEPT_CHARACTERS]


def iterate_rows(body: Body) -> Iterator[list[str] | DamagedRow]:
    """Yield the rows of a CSV body from its start, the header among them, blank lines as empty rows.

    Bytes that are not UTF-8 come as lone surrogates. The body stays open.
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
                detail = (
                    f"the row has more than {MOST_CHARACTERS:,} characters, or a quote that it opens is never closed"
                )
                yield DamagedRow(lines.give_up_row(), detail)
                reader = csv.reader(lines)
            except csv.Error as error:
                yield DamagedRow(lines.give_up_row(), f"the row cannot be read: {error}")
                reader = csv.reader(lines)
    finally:
        # a reader that failed may have closed the file before this is collected
        if not text.closed:
            text.detach()


def take_rows(rows: Iterator[Any], most: int, characters: int) -> list[Any]:
    """Return the next rows: `most` of them, or fewer whose texts come to so many characters."""
    taken: list[Any] = []
    size = 0
    for row in rows:
        taken.append(row)
        size += measure_row(row)
        if len(taken) >= most or size >= characters:
            break
    return taken


def measure_row(row: Any) -> int:
    """Return how many characters the texts of a row have."""
    if isinstance(row, DamagedRow):
        return len(row.text)
    values = row.values() if isinstance(row, Mapping) else row if isinstance(row, list) else ()
    return sum([len(value) for value in values if type(value) is str])
