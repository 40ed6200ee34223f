"""Reads a file of corrected records: each line has the id of a reject, a tab or a comma, and the corrected record."""

from __future__ import annotations

import re

from fundata_ingest.formats.csv_scanner import Scan, scan_record
from sra_shared.kit.errors import ConfigError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK_LINE = re.compile(rb"[ \t\r]*(?:\n|\Z)")
_ID = re.compile(rb"[ ]*([0-9]{1,18})[ ]*[\t,]")
# a record id in braces is not JSON
_JSON_OBJECT = re.compile(rb"[ \t]*\{\s*[\"}]")
_STRUCTURE = re.compile(rb'["\\{}\[\]]')
_FORM = "Write each line as the reject's id, a tab, and the record."


def parse_corrections(data: bytes) -> dict[int, str]:
    """Return the corrected record of each reject.

    A record spans lines while a quote is open, as in a seed file, or a bracket of its JSON object. Raises ConfigError that names
    the line of anything else.
    """
    _check_text(data)
    found: dict[int, str] = {}
    at, line = len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0, 1
    while at < len(data):
        blank = _BLANK_LINE.match(data, at)
        if blank is not None:
            at, line = blank.end(), line + 1
            continue
        head = _ID.match(data, at)
        if head is None:
            raise ConfigError(f"Line {line} does not start with the id of a reject.", next_step=_FORM)
        reject_id = int(head[1])
        if reject_id in found:
            raise ConfigError(
                f"Reject {reject_id} appears a second time in line {line}.", next_step="Keep one of them."
            )
        end, record_end = _find_end(data, head.end(), line)
        found[reject_id] = data[head.end() : record_end].decode()
        at, line = end, line + max(1, data.count(b"\n", at, end))
    if not found:
        raise ConfigError("The file contains no corrected record.", next_step=_FORM)
    return found


def _check_text(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"Line {line} is not UTF-8.", next_step="Save the file as UTF-8.") from error
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise ConfigError(f"Line {line} contains a NUL.", next_step="Remove it; PostgreSQL cannot store it in a text.")


def _find_end(data: bytes, start: int, line: int) -> tuple[int, int]:
    """Return where the next line starts after the record, and where the record itself ends."""
    if _JSON_OBJECT.match(data, start) is None:
        scan = scan_record(data, start, at_end=True)
        if not isinstance(scan, Scan):
            raise AssertionError("a record in a complete file must have an end")
        return scan.end, scan.raw_end
    depth, in_string, skip = 0, False, -1
    for mark in _STRUCTURE.finditer(data, start):
        if mark.start() == skip:
            continue
        if mark[0] == b"\\":
            skip = mark.end() if in_string else -1
        elif mark[0] == b'"':
            in_string = not in_string
        elif not in_string:
            depth += 1 if mark[0] in b"{[" else -1
            if depth == 0:
                newline = data.find(b"\n", mark.end())
                end = len(data) if newline < 0 else newline + 1
                # the replay rejects trailing text after the record
                return end, mark.start() + len(data[mark.start() : end].rstrip())
    raise ConfigError(f"The JSON record that starts in line {line} is not closed.", next_step="Close its brackets.")
