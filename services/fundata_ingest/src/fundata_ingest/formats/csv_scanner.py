"""Reads one CSV record at a time, exactly by the dialect: for records that the vectorised reader cannot read.

RFC 4180 with LF or CRLF: a quote opens only at a field's start, anywhere else in an unquoted field it is text; after a closing
quote only the delimiter or the end of the line may follow; a CR that is not before an LF is data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fundata_ingest.formats.batches import RejectReason
from sra_shared.kit.json_stream import ROW_LIMIT

_FIELD_END = re.compile(rb"[,\n]")
_AFTER_QUOTE = re.compile(rb",|\r?\n|\r?\Z")


@dataclass(frozen=True)
class Scan:
    """The record at an offset: `end` is the offset after its line end, `raw_end` the one before it.

    `fields` is None for an unreadable record, which `has_stray_quote` explains: either text follows a closing quote, and the
    record is the physical line where it starts, or a quote stays open past ROW_LIMIT or to the end of the file, and the record
    ends with the line that opened it.
    """

    end: int
    raw_end: int
    fields: tuple[bytes, ...] | None
    has_stray_quote: bool = False


# "more": the record may continue after this buffer. "oversize": over ROW_LIMIT and its last line does not end here.
Incomplete = Literal["more", "oversize"]


def scan_record(data: bytes, start: int, *, at_end: bool) -> Scan | Incomplete:
    """Read the record that starts at `start`; with `at_end` the file ends with `data`."""
    window = start + ROW_LIMIT
    # With this much data, a record without its line end is too long even if CR and LF come next.
    enough = at_end or len(data) > window + 2
    fields: list[bytes] = []
    position = start
    while True:
        quoted, tail = b"", position
        if data[position : position + 1] == b'"':
            close = _find_closing_quote(data, position + 1, window)
            if not enough and (close < 0 or close + 2 >= len(data)):
                return "more"
            if close < 0:
                return _end_line(data, start, position, enough=enough, at_end=at_end)
            quoted, tail = data[position + 1 : close].replace(b'""', b'"'), close + 1
            if _AFTER_QUOTE.match(data, tail) is None:
                return _end_line(data, start, start, enough=enough, at_end=at_end, has_stray_quote=True)
        mark = _FIELD_END.search(data, tail)
        if mark is None and not at_end:
            return "oversize" if enough else "more"
        field_end = len(data) if mark is None else mark.start()
        if mark is not None and data[field_end] == 0x2C:
            fields.append(quoted + data[tail:field_end])
            position = field_end + 1
            continue
        raw_end = _strip_carriage_return(data, tail, field_end)
        fields.append(quoted + data[tail:raw_end])
        return Scan(end=min(field_end + 1, len(data)), raw_end=raw_end, fields=tuple(fields))


def check_record(
    raw: bytes, length: int, found: int | None, expected: int, *, has_stray_quote: bool = False
) -> tuple[RejectReason, str] | None:
    """Return the first reason against a record and its detail, None for a good one.

    `length` is its full length in bytes if `raw` is cut; `found` is its number of fields, None if it has none.
    """
    if length > ROW_LIMIT:
        return "row_too_long", describe_long_row(length)
    verdict = _check_bytes(raw)
    if verdict is not None:
        return verdict
    if has_stray_quote:
        return "stray_quote", "Text follows a closing quote, or an inner quote is not doubled."
    if found is None:
        return "field_count", "This line opens a quote that is not closed within 1 MB or before the end of the file."
    return None if found == expected else ("field_count", describe_field_count(found, expected))


def _check_bytes(raw: bytes) -> tuple[RejectReason, str] | None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return "bad_encoding", f"Byte {error.start + 1} of the record is not UTF-8."
    nul = raw.find(b"\0")
    return ("nul_byte", f"Byte {nul + 1} of the record is NUL.") if nul >= 0 else None


def describe_long_row(length: int) -> str:
    return f"The record has {length:,} bytes; the first {ROW_LIMIT:,} are kept."


def describe_field_count(found: int, expected: int) -> str:
    return f"The record has {found} fields, but the header has {expected}."


def _find_closing_quote(data: bytes, start: int, window: int) -> int:
    """Return the offset of the quote that is not doubled, -1 if there is none before `window`."""
    quote = data.find(b'"', start, window)
    while quote >= 0 and data[quote + 1 : quote + 2] == b'"':
        quote = data.find(b'"', quote + 2, window)
    return quote


def _end_line(
    data: bytes, start: int, inside: int, *, enough: bool, at_end: bool, has_stray_quote: bool = False
) -> Scan | Incomplete:
    """End an unreadable record with the physical line that holds the offset `inside`."""
    line_end = data.find(b"\n", inside)
    if line_end < 0:
        if not at_end:
            return "oversize" if enough else "more"
        line_end = len(data)
    raw_end = _strip_carriage_return(data, start, line_end)
    return Scan(min(line_end + 1, len(data)), raw_end, None, has_stray_quote)


def _strip_carriage_return(data: bytes, start: int, end: int) -> int:
    return end - 1 if end > start and data[end - 1] == 0x0D else end
