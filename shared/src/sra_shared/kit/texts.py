"""Cleans texts from outside before they appear in an error, an alert or a log."""

from __future__ import annotations

import unicodedata

from sra_shared.kit.logs import redact_text

MOST_CHARACTERS = 120
# control, format, surrogate and private characters, and line and paragraph separators
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def excerpt(text: object, most: int = MOST_CHARACTERS) -> str:
    """Return the beginning of a text in one line, without control and format characters, lone surrogates and known secrets."""
    # reading at most four times the shown length bounds the work for any text
    start = redact_text(str(text)[: 4 * most])
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in start).split())
    return line if len(line) <= most else f"{line[:most]}..."


def escape_controls(text: str, *, kept: str = "") -> str:
    """Return the text for a terminal: characters that move its cursor, hide text or change its direction are escaped.

    Characters in `kept`, such as line ends, are not.
    """
    if text.isprintable():
        return text
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in _UNSAFE and sign not in kept else sign
        for sign in text
    )
