"""Statements that are written out once, with places for names that differ.

A part is a name, a number or a fragment of our own declarations. What a vendor or a person sent is never one; values go as
parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACE = re.compile(r"\{(\w+)\}")


def compose(template: str, /, **parts: str | int) -> str:
    """Put parts in the places `{name}` of a statement; raises ValueError where a place has no part, or a part no place."""
    places = set(_PLACE.findall(template))
    if places != parts.keys():
        raise ValueError(f"places {sorted(places)} and parts {sorted(parts)} differ in: {template[:80]}")
    return compose_from(template, parts)


def compose_from(template: str, parts: Mapping[str, str | int]) -> str:
    """The same for one of several statements with parts in common; raises KeyError where a place has no part."""
    return _PLACE.sub(lambda place: str(parts[place[1]]), template)
