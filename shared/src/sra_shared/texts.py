"""Texts of others, before they stand in an error, an alert or a log."""

from __future__ import annotations

import unicodedata

from sra_shared.logs import redact_text

MOST_CHARACTERS = 120
# control, format, surrogate and private characters, and the two that end lines and paragraphs
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def excerpt(text: object, most: int = MOST_CHARACTERS) -> str:
    """Return the beginning of a text on one line: no control or format characters, no lone surrogates, no known secrets."""
    # four times what is shown bounds the work on a text of any length
    start = redact_text(str(text)[: 4 * most])
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in start).split())
    return line if len(line) <= most else f"{line[:most]}..."


def escape_controls(text: str, *, kept: str = "") -> str:
    """Return the text for a terminal: what could move its cursor, hide or turn text round stands as an escape.

    Characters of `kept`, as the end of a line, stay.
    """
    if text.isprintable():
        return text
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in _UNSAFE and sign not in kept else sign
        for sign in text
    )
