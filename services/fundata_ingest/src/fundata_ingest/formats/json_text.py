"""JSON values as text in one canonical form, the same before a record is stored as jsonb and after it is read back.

PostgreSQL's jsonb reorders the keys of objects and writes numbers without exponent. Values derived from a record, such as the
text of its list elements and its content hash, must not depend on whether it comes from the vendor or from the table.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final

MOST_DEPTH: Final = 200
"""The deepest nesting of objects and lists; anything deeper is not a record, and beyond some thousands every parser fails."""

_NUMBER = re.compile(r"-?([0-9]+)(?:[.]([0-9]+))?(?:[eE]([+-]?[0-9]{1,6}))?\Z")
# numeric, and with it jsonb, holds this many digits before and after the point
_MOST_WHOLE, _MOST_DECIMALS = 131_072, 16_383
# a short text must not become a very long one: a number with a greater exponent stays as delivered, as a text
_MOST_EXPONENT = 40


class NumberText(str):
    """A JSON number as it was written, to the last digit."""

    __slots__ = ()


class TooDeepError(ValueError):
    """A value is nested deeper than MOST_DEPTH."""


def dump_value(value: object, depth: int = 0) -> str:
    """Write a parsed value as compact JSON: keys sorted, numbers plain with the digits delivered.

    A number that jsonb cannot hold (NaN, 1e400000) becomes a text. Raises TooDeepError.
    """
    if depth > MOST_DEPTH:
        raise TooDeepError(f"The record is nested deeper than {MOST_DEPTH} levels.")
    if isinstance(value, NumberText):
        number = write_number(value)
        return encode_basestring(value) if number is None else number
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        members = [f"{encode_basestring(key)}:{dump_value(item, depth + 1)}" for key, item in sorted(value.items())]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join([dump_value(item, depth + 1) for item in value]) + "]"
    return json.dumps(value)


def write_number(text: str) -> str | None:
    """Return a JSON number as jsonb writes it: `1.50e1` becomes 15.0, `-0.0` becomes 0.0; None if jsonb cannot hold it."""
    match = _NUMBER.match(text)
    if match is None:
        return None
    whole, fraction, exponent = len(match[1]), len(match[2] or ""), int(match[3] or "0")
    if abs(exponent) > _MOST_EXPONENT or whole + exponent > _MOST_WHOLE or fraction - exponent > _MOST_DECIMALS:
        return None
    plain = format(Decimal(text), "f") if exponent else text.lower().partition("e")[0]
    return plain[1:] if plain.startswith("-0") and not plain.strip("-0.") else plain


def write_element(value: object) -> str | None:
    """Return a list element as text: objects and lists as JSON, numbers plain, null as None. Raises TooDeepError."""
    if value is None:
        return None
    if isinstance(value, str) and not isinstance(value, NumberText):
        return value
    if isinstance(value, NumberText):
        return write_number(value) or str(value)
    return dump_value(value)
