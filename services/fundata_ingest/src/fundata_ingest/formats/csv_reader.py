"""Streams a seed CSV as batches of text records, in memory that does not grow with the file.

Regular lines are found with numpy and split by Polars. Records over several lines, with odd quotes or stray CRs go through the
scanner, one by one. Both return the same fields (tested against each other), merged in line order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from fundata_ingest.formats.batches import FileHead, Position, Reject, TextBatch
from fundata_ingest.formats.csv_lines import LineTable, classify_lines
from fundata_ingest.formats.csv_scanner import (
    Incomplete,
    Scan,
    check_record,
    describe_field_count,
    describe_long_row,
    scan_record,
)
from sra_shared.kit.json_stream import ROW_LIMIT

BATCH_ROWS = 50_000
_PIECE = 1 << 20
_LF = 10
# A batch holds at most this many bytes (and one record), however long its rows are.
_BATCH_BYTES = 8 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CsvRows:
    """Raw bytes of the good records of a CSV batch."""

    data: bytes
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    def get(self, row: int) -> bytes:
        return self.data[int(self.starts[row]) : int(self.ends[row])]


@dataclass
class _Slow:
    """Records that the scanner read: rows as (line index, start, raw end, fields), and rejects."""

    rows: list[tuple[int, int, int, tuple[bytes, ...]]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def read_batches(
    stream: BinaryIO, head: FileHead, *, start: Position | None = None, batch_rows: int = BATCH_ROWS
) -> Iterator[TextBatch]:
    """Yield the records from `start` (default: the first one; else the `end` of an earlier batch) to the end of `stream`.

    Batches hold at most `batch_rows` physical lines and at least one record. No content of the bytes raises.
    """
    position = start or head.start
    stream.seek(position.offset)
    data, at_end = b"", False
    while not at_end or data:
        if not at_end:
            data, at_end = _fill(stream, data, batch_rows)
        if not data:
            return
        cut = _cut_batch(data, head, position, batch_rows, at_end=at_end)
        if cut == "more":
            continue
        if cut == "oversize":
            batch, data = _skip_long_record(stream, data, head, position)
        else:
            batch, data = cut, data[cut.end.offset - position.offset :]
        position = batch.end
        if batch.read:
            yield batch
        del batch, cut  # a caller that drops a batch can free it before the next one is created


def _fill(stream: BinaryIO, carry: bytes, batch_rows: int) -> tuple[bytes, bool]:
    """Return `carry` with what follows it, enough for a batch, and whether the stream is at its end."""
    pieces, size, lines = [carry], len(carry), carry.count(b"\n")
    while True:
        piece = stream.read(_PIECE)
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
        size += len(piece)
        lines += piece.count(b"\n")
        if lines > batch_rows or size >= _BATCH_BYTES:
            return b"".join(pieces), False


def _cut_batch(
    data: bytes, head: FileHead, position: Position, batch_rows: int, *, at_end: bool
) -> TextBatch | Incomplete:
    """Make a batch of the first lines of `data`; return "more" or "oversize" if not even one record ends in it."""
    table = classify_lines(data, batch_rows, len(head.columns), at_end=at_end)
    if not table.count:
        return "more" if len(data) <= ROW_LIMIT + 2 else "oversize"
    slow = _Slow()
    used, offset, end_line, stop = 0, table.end, table.count, None
    for index in table.hard.tolist():
        if index < used:
            continue
        begin = int(table.starts[index])
        scan = scan_record(data, begin, at_end=at_end)
        if not isinstance(scan, Scan):
            if index == 0:
                return scan
            offset, end_line, stop = begin, index, index
            break
        lines = data.count(b"\n", begin, scan.end) + (data[scan.end - 1] != _LF)
        _take_scanned(data, begin, scan, index, position, head, slow)
        used = index + lines
        table.plain[index:used] = False
        if used >= table.count:
            offset, end_line = scan.end, used
            break
    if stop is not None:
        table.plain[stop:] = False
    return _build_batch(data, table, slow, head, position, Position(position.offset + offset, position.line + end_line))


def _take_scanned(
    data: bytes, begin: int, scan: Scan, index: int, position: Position, head: FileHead, slow: _Slow
) -> None:
    length = scan.raw_end - begin
    raw = data[begin : min(scan.raw_end, begin + ROW_LIMIT)]
    found = None if scan.fields is None else len(scan.fields)
    verdict = check_record(raw, length, found, len(head.columns), has_stray_quote=scan.has_stray_quote)
    if verdict is not None:
        slow.rejects.append(Reject(position.line + index, verdict[0], raw, verdict[1]))
    elif scan.fields is not None:
        slow.rows.append((index, begin, scan.raw_end, scan.fields))


def _build_batch(
    data: bytes, table: LineTable, slow: _Slow, head: FileHead, position: Position, end: Position
) -> TextBatch:
    lines = np.flatnonzero(table.plain & table.sound)
    frame = _split_lines(data, table, lines, head)
    if frame is None:  # Polars split the rows differently than we did: the scanner decides
        for index in lines.tolist():
            begin, end_of_line = int(table.starts[index]), int(table.ends[index])
            scan = scan_record(data[begin:end_of_line], 0, at_end=True)
            if not isinstance(scan, Scan):
                raise AssertionError("a single line must have an end")
            moved = replace(scan, end=end_of_line, raw_end=end_of_line)
            _take_scanned(data, begin, moved, index, position, head, slow)
        lines = lines[:0]
        frame = _frame_of_fields([], head)
    starts, ends = table.starts[lines], table.ends[lines]
    if slow.rows:
        frame = pl.concat([frame, _frame_of_fields([row[3] for row in slow.rows], head)])
        lines = np.concatenate([lines, np.array([row[0] for row in slow.rows], dtype=np.int64)])
        starts = np.concatenate([starts, np.array([row[1] for row in slow.rows], dtype=np.int64)])
        ends = np.concatenate([ends, np.array([row[2] for row in slow.rows], dtype=np.int64)])
        order = np.argsort(lines)
        frame, lines, starts, ends = frame[order], lines[order], starts[order], ends[order]
    rejects = slow.rejects + _reject_lines(data, table, position)
    rejects.sort(key=lambda reject: reject.line)
    source_line = pl.Series("source_line", lines + position.line, dtype=pl.Int64)
    return TextBatch(
        dataset=head.dataset,
        frame=frame.select(source_line, *[name for name in head.dataset.column_names if name in head.columns]),
        rejects=tuple(rejects),
        start=position,
        end=end,
        raw=CsvRows(data, starts, ends),
        needs_escape=table.needs_escape or bool(slow.rows),
    )


def _reject_lines(data: bytes, table: LineTable, position: Position) -> list[Reject]:
    """Return the single lines that are not valid records, each with the first reason."""
    rejects = []
    for index in np.flatnonzero(table.plain & ~table.sound & ~table.blank).tolist():
        begin, end = int(table.starts[index]), int(table.ends[index])
        raw = data[begin : min(end, begin + ROW_LIMIT)]
        verdict = check_record(raw, end - begin, int(table.fields[index]), table.expected)
        reason, detail = verdict or ("field_count", describe_field_count(int(table.fields[index]), table.expected))
        rejects.append(Reject(position.line + index, reason, raw, detail))
    return rejects


def _split_lines(data: bytes, table: LineTable, lines: npt.NDArray[np.int64], head: FileHead) -> pl.DataFrame | None:
    """Return the fields of the good single-line records, None if Polars does not see exactly those."""
    if not lines.size:
        return _frame_of_fields([], head)
    payload = _join_runs(data, table, lines)
    if table.has_carriage_return:
        payload = payload.replace(b"\r\n", b"\n")
    if payload.startswith(_BYTE_ORDER_MARK):
        payload = _BYTE_ORDER_MARK + payload  # Polars drops one from the start of whatever it reads
    try:
        frame = pl.read_csv(
            payload,
            has_header=False,
            schema=dict.fromkeys(head.columns, pl.String),
            quote_char='"' if table.has_quote else None,
            empty_string_is_null=False,
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == lines.size else None


def _join_runs(data: bytes, table: LineTable, lines: npt.NDArray[np.int64]) -> bytes:
    breaks = np.flatnonzero(np.diff(lines) != 1)
    firsts = lines[np.concatenate([[0], breaks + 1])]
    lasts = lines[np.concatenate([breaks, [lines.size - 1]])]
    begins = table.starts[firsts].tolist()
    ends = table.line_ends[lasts].tolist()
    view = memoryview(data)
    return b"".join([view[begin:end] for begin, end in zip(begins, ends, strict=True)])


def _frame_of_fields(rows: Sequence[Sequence[bytes]], head: FileHead) -> pl.DataFrame:
    columns = [[row[place].decode("utf-8") for row in rows] for place in range(len(head.columns))]
    return pl.DataFrame(
        [pl.Series(name, values, dtype=pl.String) for name, values in zip(head.columns, columns, strict=True)]
    )


def _skip_long_record(stream: BinaryIO, data: bytes, head: FileHead, position: Position) -> tuple[TextBatch, bytes]:
    """Skip the record that fills `data` and continues, keeping ROW_LIMIT bytes; return it and what follows."""
    raw, length, lines, rest = data[:ROW_LIMIT], len(data), data.count(b"\n"), b""
    ended = 0
    while piece := stream.read(_PIECE):
        mark = piece.find(b"\n")
        if mark >= 0:
            length, rest, ended = length + mark, piece[mark + 1 :], 1
            break
        length += len(piece)
    reject = Reject(position.line, "row_too_long", raw, describe_long_row(length))
    end = Position(position.offset + length + ended, position.line + lines + 1)
    nothing = np.zeros(0, dtype=np.int64)
    columns = [name for name in head.dataset.column_names if name in head.columns]
    frame = pl.DataFrame(schema={"source_line": pl.Int64, **dict.fromkeys(columns, pl.String)})
    batch = TextBatch(head.dataset, frame, (reject,), position, end, CsvRows(b"", nothing, nothing))
    return batch, rest
