"""A second, slow implementation of the CSV rules, byte by byte, that the fast reader must agree with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlainRecord:
    """One record: where it starts, its fields or the reason for its rejection, its bytes (up to the limit)."""

    line: int
    fields: tuple[str, ...] | None
    reason: str | None
    raw: bytes


def read_plainly(data: bytes, expected: int, limit: int, line: int = 1) -> list[PlainRecord]:
    """Read all of `data` (without header) as records of `expected` fields, none longer than `limit` bytes."""
    records: list[PlainRecord] = []
    position = 0
    while position < len(data):
        found, end, following = _read_record(data, position, limit)
        content = data[position:end]
        if content:
            records.append(_classify(content, found, expected, limit, line))
        line += data[position:following].count(b"\n")
        position = following
    return records


def _read_record(data: bytes, start: int, limit: int) -> tuple[list[bytes] | str, int, int]:
    """Return the fields or the fault of the quotes, the end of the content and the start of the next record."""
    fields: list[bytes] = []
    current = bytearray()
    place, opened, tail, inside, fresh = start, start, start, False, True
    while True:
        if inside and (place >= start + limit or place >= len(data)):
            return ("open", *_end_line(data, opened, start))
        sign = data[place : place + 1]
        if inside:
            if data[place : place + 2] == b'""':
                current += b'"'
                place += 2
            elif sign == b'"' and _has_text(data, place + 1):
                return ("stray", *_end_line(data, start, start))
            elif sign == b'"':
                inside, place, tail = False, place + 1, place + 1
            else:
                current += sign
                place += 1
        elif sign == b'"' and fresh:
            inside, fresh, opened, place = True, False, place, place + 1
        elif sign == b",":
            fields.append(bytes(current))
            current.clear()
            place += 1
            fresh, tail = True, place
        elif sign in (b"", b"\n"):
            end, following = _end_line(data, place, tail)
            fields.append(bytes(current[: len(current) - (place - end)]))
            return fields, end, following
        else:
            current += sign
            fresh = False
            place += 1


def _has_text(data: bytes, place: int) -> bool:
    """Return whether the next byte is neither a delimiter nor the end of the line."""
    return data[place : place + 1] not in (b"", b",", b"\n") and data[place : place + 2] not in (b"\r", b"\r\n")


def _end_line(data: bytes, opened: int, start: int) -> tuple[int, int]:
    end = data.find(b"\n", opened)
    end = len(data) if end < 0 else end
    following = min(end + 1, len(data))
    return (end - 1 if end > start and data[end - 1 : end] == b"\r" else end), following


def _classify(content: bytes, found: list[bytes] | str, expected: int, limit: int, line: int) -> PlainRecord:
    reason: str | None = None
    if len(content) > limit:
        reason = "row_too_long"
    elif content.decode("utf-8", "replace").encode("utf-8") != content:
        reason = "bad_encoding"
    elif b"\0" in content:
        reason = "nul_byte"
    elif found == "stray":
        reason = "stray_quote"
    elif isinstance(found, str) or len(found) != expected:
        reason = "field_count"
    texts = None if reason or isinstance(found, str) else tuple(field.decode("utf-8") for field in found)
    return PlainRecord(line, texts, reason, content[:limit])
