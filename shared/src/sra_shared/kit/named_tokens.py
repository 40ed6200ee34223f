"""Tokens with a name and a role, so that each can be identified and revoked separately."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

SERVICE, VIEWER, CLI = "service", "viewer", "cli"
RESERVED_NAMES = frozenset({SERVICE, VIEWER, CLI})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,39}")


class Role(StrEnum):
    """What the holder of a token may do: a viewer reads, an operator also changes."""

    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True)
class NamedToken:
    """A token: its holder, what it allows, and its secret value."""

    name: str
    role: Role
    value: str = field(repr=False)


def parse_tokens(text: str) -> list[NamedToken]:
    """Parse `name:role:value` entries, separated by commas.

    Raises ValueError that gives the position of the invalid entry and repeats nothing of it: any part may be a secret.
    """
    found: list[NamedToken] = []
    for place, entry in enumerate(text.split(","), 1):
        token = _parse_entry(place, entry)
        if any(token.name.lower() == other.name.lower() for other in found):
            raise ValueError(f"repeats a name in entry {place}. Give each entry a different name")
        if any(token.value == other.value for other in found):
            raise ValueError(f"repeats a token in entry {place}. Give each entry a different token")
        found.append(token)
    return found


def _parse_entry(place: int, entry: str) -> NamedToken:
    name, role, value = [part.strip() for part in (*entry.split(":", 2), "", "")][:3]
    if not value:
        raise ValueError(f"has no name, role and token in entry {place}. Write name:role:token, separated by commas")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"has no usable name in entry {place}. Write at most 40 letters, digits, dots, hyphens, underscores and @"
        )
    if name.lower() in RESERVED_NAMES:
        raise ValueError(
            f"has a reserved name in entry {place}. Choose another than {', '.join(sorted(RESERVED_NAMES))}"
        )
    if role not in list(Role):
        raise ValueError(f"has an unknown role in entry {place}. It is {' or '.join(Role)}")
    return NamedToken(name, Role(role), value)


class TokenRing:
    """The tokens that are valid."""

    def __init__(self, tokens: Sequence[NamedToken]) -> None:
        # the operator's token comes last, so that it wins over a viewer's with the same value
        self.tokens = sorted(tokens, key=lambda token: token.role is Role.OPERATOR)
        self._values = [token.value.encode() for token in self.tokens]

    def find(self, presented: str) -> NamedToken | None:
        """Return the token with this value, or None if it is not one of ours."""
        shown, found = presented.strip().encode(), None
        # every token is compared in full, so that the timing reveals nothing
        for token, value in zip(self.tokens, self._values, strict=True):
            if hmac.compare_digest(value, shown):
                found = token
        return found

    def find_named(self, name: str) -> NamedToken | None:
        """Return the token with this name, or None if there is none (any more)."""
        return next((token for token in self.tokens if token.name == name), None)
