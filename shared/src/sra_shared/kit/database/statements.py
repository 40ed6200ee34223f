"""Statements that are written once, with placeholders for names that differ.

A part is a name, a number or a fragment of our declarations, never a value that a vendor or a person sent: values are parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACE = re.compile(r"\{(\w+)\}")


def compose(template: str, /, **parts: str | int) -> str:
    """Replace the placeholders `{name}` of a statement; raises ValueError if placeholders and parts do not match."""
    places = set(_PLACE.findall(template))
    if places != parts.keys():
        raise ValueError(f"placeholders {sorted(places)} and parts {sorted(parts)} differ in: {template[:80]}")
    return compose_from(template, parts)


def compose_from(template: str, parts: Mapping[str, str | int]) -> str:
    """The same for one of several statements that share parts; raises KeyError if a placeholder has no part."""
    return _PLACE.sub(lambda place: str(parts[place[1]]), template)
