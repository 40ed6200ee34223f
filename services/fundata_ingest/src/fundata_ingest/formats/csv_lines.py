"""Classifies a buffer of CSV lines with numpy: where each starts, how many fields it has, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sra_shared.kit.json_stream import ROW_LIMIT

_LF, _CR, _COMMA, _SPACE, _ASCII_END = 10, 13, 44, 32, 128

Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LineTable:
    """The whole physical lines at the start of a buffer; every array has one entry per line.

    `starts`, `ends`: offsets of its content (without CR and LF); `line_ends`: offset after its LF. `hard`: indexes of the lines
    that only the scanner can read. `plain`: a record by itself, if outside quotes; `sound`: a good one.
    """

    starts: Offsets
    ends: Offsets
    line_ends: Offsets
    fields: npt.NDArray[np.int64]
    hard: npt.NDArray[np.int64]
    plain: Mask
    sound: Mask
    blank: Mask
    expected: int
    has_quote: bool
    has_carriage_return: bool
    needs_escape: bool

    @property
    def count(self) -> int:
        return self.starts.size

    @property
    def end(self) -> int:
        """Offset after the last line."""
        return int(self.line_ends[-1])


def classify_lines(data: bytes, limit: int, expected: int, *, at_end: bool) -> LineTable:
    """Classify the first `limit` lines of `data`; a last line without LF counts only `at_end` of the file."""
    view = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(view == _LF)[:limit].astype(np.int64, copy=False)
    line_ends = ends + 1
    newlines = ends.size
    done = int(line_ends[-1]) if ends.size else 0
    if at_end and ends.size < limit and done < len(data):
        ends, line_ends = np.append(ends, len(data)), np.append(line_ends, len(data))
        done = len(data)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), line_ends[:-1]])[: ends.size]
    view = view[:done]
    stray_cr = np.zeros(ends.size, dtype=np.bool_)
    carriage_returns = np.flatnonzero(view == _CR) if data.find(b"\r", 0, done) >= 0 else np.zeros(0, dtype=np.int64)
    if carriage_returns.size:
        before = (ends > starts) & (view[np.maximum(ends - 1, 0)] == _CR)
        stray_cr = _count_per_line(carriage_returns, line_ends) > before
        ends = ends - before
    fields = _count_per_line(np.flatnonzero(view == _COMMA), line_ends) + 1
    has_quote = data.find(b'"', 0, done) >= 0
    hard = stray_cr
    if has_quote:
        odd, quoted_commas = _inspect_quotes(view, starts, ends, line_ends)
        hard, fields = hard | odd, fields - quoted_commas
    blank = ends == starts
    long = (ends - starts) > ROW_LIMIT
    sound = (fields == expected) & ~blank & ~long & ~_find_bad_bytes(data, view, starts, ends, line_ends)
    controls = int(np.count_nonzero(view < _SPACE)) - newlines - carriage_returns.size
    return LineTable(
        starts=starts,
        ends=ends,
        line_ends=line_ends,
        fields=fields,
        hard=np.flatnonzero(hard),
        plain=np.ones(ends.size, dtype=np.bool_),
        sound=sound,
        blank=blank,
        expected=expected,
        has_quote=has_quote,
        has_carriage_return=bool(carriage_returns.size),
        needs_escape=has_quote or controls > 0 or data.find(b"\\", 0, done) >= 0,
    )


def _count_per_line(positions: Offsets, line_ends: Offsets) -> npt.NDArray[np.int64]:
    """Return how many of the sorted `positions` are in each line."""
    return np.diff(np.searchsorted(positions, line_ends), prepend=0)


def _inspect_quotes(
    view: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets, line_ends: Offsets
) -> tuple[Mask, npt.NDArray[np.int64]]:
    """Return the lines whose quotes are not well formed by themselves, and per line the commas inside quotes.

    Well formed means that quotes alternate between an opening one, at a field's start or directly after a closing one (a doubled
    quote), and a closing one, at a field's end or directly before an opening one.
    """
    quotes = np.flatnonzero(view == 34)
    line = np.searchsorted(line_ends, quotes, side="right")
    before = np.concatenate([[0], np.searchsorted(quotes, line_ends)[:-1]])  # quotes in earlier lines
    opens = (np.arange(quotes.size) - before[line]) % 2 == 0
    same_line = line[1:] == line[:-1]
    adjacent = same_line & (quotes[1:] == quotes[:-1] + 1)
    follows = np.concatenate([[False], adjacent])
    precedes = np.concatenate([adjacent, [False]])
    field_start = (quotes == starts[line]) | (view[np.maximum(quotes - 1, 0)] == _COMMA)
    field_end = (quotes + 1 == ends[line]) | (view[np.minimum(quotes + 1, view.size - 1)] == _COMMA)
    wrong = np.where(opens, ~(field_start | follows), ~(field_end | precedes))
    odd = _count_per_line(quotes, line_ends) % 2 == 1
    odd[line[wrong]] = True
    commas = np.flatnonzero(view == _COMMA)
    comma_line = np.searchsorted(line_ends, commas, side="right")
    inside = (np.searchsorted(quotes, commas) - before[comma_line]) % 2 == 1
    return odd, np.bincount(comma_line[inside], minlength=line_ends.size)


def _find_bad_bytes(
    data: bytes, view: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets, line_ends: Offsets
) -> Mask:
    """Return the lines that hold a NUL or are not UTF-8."""
    bad = np.zeros(ends.size, dtype=np.bool_)
    if data.find(b"\0", 0, view.size) >= 0:
        bad |= _count_per_line(np.flatnonzero(view == 0), line_ends) > 0
    high = np.flatnonzero(view >= _ASCII_END)
    if not high.size or _is_utf8(data, 0, view.size):
        return bad
    for index in np.flatnonzero(_count_per_line(high, line_ends)).tolist():
        if not _is_utf8(data, int(starts[index]), int(ends[index])):
            bad[index] = True
    return bad


def _is_utf8(data: bytes, start: int, end: int) -> bool:
    try:
        data[start:end].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
