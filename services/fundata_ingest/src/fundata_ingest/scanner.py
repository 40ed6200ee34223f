"""One CSV record at a time, to the letter of the dialect: the path for records that the vectorised reader leaves.

RFC 4180 with LF or CRLF; a quote opens only at a field's start; what follows a closing quote up to the comma belongs
to the field; a CR that is not before an LF is data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fundata_ingest.batches import ROW_LIMIT, RejectReason

_FIELD_END = re.compile(rb"[,\n]")


@dataclass(frozen=True)
class Scan:
    """What stands at a record's start: `end` is the offset after its line end, `raw_end` the one before it.

    `fields` is None where a quote stays open past ROW_LIMIT or to the end of the file; the record then ends with the
    line that opened the quote.
    """

    end: int
    raw_end: int
    fields: tuple[bytes, ...] | None


# "more": the record may go on after this buffer. "oversize": over ROW_LIMIT and its last line does not end here.
Incomplete = Literal["more", "oversize"]


def scan_record(data: bytes, start: int, *, at_end: bool) -> Scan | Incomplete:
    """Read the record that starts at `start`; `at_end` says that the file ends with `data`."""
    window = start + ROW_LIMIT
    # With this much at hand, a record without its line end is too long even if CR and LF come next.
    enough = at_end or len(data) > window + 2
    fields: list[bytes] = []
    position = start
    while True:
        value, tail = b"", position
        if data[position : position + 1] == b'"':
            close = _find_closing_quote(data, position + 1, window)
            if close < 0 or (close + 1 == len(data) and not at_end):
                if not enough:
                    return "more"
                if close < 0:
                    return _end_open_record(data, start, position, at_end=at_end)
            value, tail = data[position + 1 : close].replace(b'""', b'"'), close + 1
        mark = _FIELD_END.search(data, tail)
        if mark is None and not at_end:
            return "oversize" if enough else "more"
        field_end = len(data) if mark is None else mark.start()
        if mark is not None and data[field_end] == 0x2C:
            fields.append(value + data[tail:field_end])
            position = field_end + 1
            continue
        raw_end = _strip_carriage_return(data, tail, field_end)
        fields.append(value + data[tail:raw_end])
        return Scan(end=min(field_end + 1, len(data)), raw_end=raw_end, fields=tuple(fields))


def judge_record(raw: bytes, length: int, found: int | None, expected: int) -> tuple[RejectReason, str] | None:
    """Return the first reason against a record and its detail, None for a good one.

    `length` is its full length in bytes where `raw` is cut; `found` is its number of fields, None for an open quote.
    """
    if length > ROW_LIMIT:
        return "row_too_long", describe_long_row(length)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return "bad_encoding", f"Byte {error.start + 1} of the record is not UTF-8."
    nul = raw.find(b"\0")
    if nul >= 0:
        return "nul_byte", f"Byte {nul + 1} of the record is NUL."
    if found is None:
        return "field_count", "A quote that this line opens is not closed within 1 MB or the file."
    if found != expected:
        return "field_count", describe_field_count(found, expected)
    return None


def describe_long_row(length: int) -> str:
    return f"The record has {length:,} bytes; the first {ROW_LIMIT:,} are kept."


def describe_field_count(found: int, expected: int) -> str:
    return f"The record has {found} fields, the header {expected}."


def _find_closing_quote(data: bytes, start: int, window: int) -> int:
    """Return the offset of the quote that is not doubled, -1 where there is none before `window`."""
    quote = data.find(b'"', start, window)
    while quote >= 0 and data[quote + 1 : quote + 2] == b'"':
        quote = data.find(b'"', quote + 2, window)
    return quote


def _end_open_record(data: bytes, start: int, opened: int, *, at_end: bool) -> Scan | Incomplete:
    line_end = data.find(b"\n", opened)
    if line_end < 0:
        if not at_end:
            return "oversize"
        line_end = len(data)
    raw_end = _strip_carriage_return(data, start, line_end)
    return Scan(end=min(line_end + 1, len(data)), raw_end=raw_end, fields=None)


def _strip_carriage_return(data: bytes, start: int, end: int) -> int:
    return end - 1 if end > start and data[end - 1] == 0x0D else end
