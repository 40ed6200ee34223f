"""Statements that are written out once, with places for names that differ."""

from __future__ import annotations

import re

_PLACE = re.compile(r"\{(\w+)\}")


def compose(template: str, /, **parts: str) -> str:
    """Put parts in the places `{name}` of a statement: names and fragments of our own declarations.

    What a vendor or a person sent is never a part; values go as parameters. Raises ValueError where a place has no part, or a
    part no place.
    """
    places = set(_PLACE.findall(template))
    if places != parts.keys():
        raise ValueError(f"places {sorted(places)} and parts {sorted(parts)} differ in: {template[:80]}")
    return _PLACE.sub(lambda place: parts[place[1]], template)
