"""The normal form of keys, in which one instrument has one identifier however a file spells it."""

from __future__ import annotations

from typing import Final

import polars as pl

_RANGES: Final = (
    (0x01, 0x20),  # control characters, the blank
    (0x7F, 0xA0),  # more of them, the no-break space
    (0xAD, 0xAD),  # soft hyphen
    (0x061C, 0x061C),
    (0x1680, 0x1680),
    (0x180E, 0x180E),
    (0x2000, 0x200F),  # spaces of all widths, zero width included, marks of direction
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),  # byte order mark
)
# our own list, because Unicode's classes change with Python's version and keys must not
INVISIBLE: Final = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))

# matches nearly every key
_PLAIN = r"^[0-9]+$"
_WHOLE_NUMBER = r"^([0-9]+)\.0*$"
_NO_VALUE = r"^(?i:null|none|n/a)$"


def normalise_keys(column: pl.Series) -> pl.Series:
    """Return keys without invisible characters around them, `412000.0` as `412000`, "" for none."""
    odd = ~column.str.contains(_PLAIN)
    if not odd.any():
        return column
    bare = column.str.strip_chars(INVISIBLE)
    whole = bare.str.replace(_WHOLE_NUMBER, "${1}")
    return whole.set(whole.str.contains(_NO_VALUE), "")


def find_respelled(column: pl.Series) -> pl.Series:
    """Return which keys are whole numbers that were delivered with a decimal point (`412000.0`)."""
    return column.str.strip_chars(INVISIBLE).str.contains(_WHOLE_NUMBER)
