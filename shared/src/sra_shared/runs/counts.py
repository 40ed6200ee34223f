"""The five counts of source records that every chunk, file and run must balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sra_shared.kit.errors import FatalError


@dataclass(frozen=True)
class Counts:
    """Source records by outcome, with reasons; `read` is the sum of the next four counts.

    A record that was exploded into five rows counts once.
    """

    read: int = 0
    stored: int = 0
    unchanged: int = 0
    duplicate: int = 0
    rejected: int = 0
    rejected_by: Mapping[str, int] = field(default_factory=dict)
    warnings_by: Mapping[str, int] = field(default_factory=dict)
    out_of_scope: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            read=self.read + other.read,
            stored=self.stored + other.stored,
            unchanged=self.unchanged + other.unchanged,
            duplicate=self.duplicate + other.duplicate,
            rejected=self.rejected + other.rejected,
            rejected_by=_add_reasons(self.rejected_by, other.rejected_by),
            warnings_by=_add_reasons(self.warnings_by, other.warnings_by),
            out_of_scope=self.out_of_scope + other.out_of_scope,
        )

    def check(self, what: str) -> Counts:
        """Return self if the counts balance; raises FatalError naming `what` if a record was lost or counted twice."""
        if self.read != self.stored + self.unchanged + self.duplicate + self.rejected:
            raise FatalError(
                f"The counts of {what} do not balance: {self}.",
                next_step="Nothing was committed; report this as a bug.",
            )
        if self.rejected != sum(self.rejected_by.values()):
            raise FatalError(
                f"The rejects of {what} do not add up by reason: {self}.",
                next_step="Nothing was committed; report this as a bug.",
            )
        return self

    def as_dict(self) -> dict[str, Any]:
        """The JSON form of SPEC section 7: five counts and two maps, without reasons of count 0."""
        return {
            "read": self.read,
            "stored": self.stored,
            "unchanged": self.unchanged,
            "duplicate": self.duplicate,
            "rejected": self.rejected,
            "rejected_by": {reason: n for reason, n in sorted(self.rejected_by.items()) if n},
            "warnings_by": {reason: n for reason, n in sorted(self.warnings_by.items()) if n},
        }


def _add_reasons(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))
