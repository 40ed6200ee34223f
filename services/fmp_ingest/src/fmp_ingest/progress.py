"""Where the collection of a dataset stands: the resume point of its unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self


@dataclass
class Progress:
    """Where a unit stands; it is the unit's resume point.

    `level` is the source in use, `after` the last subject done, `only` what it is asked for (None: everything),
    `refused` what the plan did not give and the next source gets, `outside` what it did not give by any source, `spent`
    what did not answer, `held` lists too short.
    `row` is how many rows of a part are done, `call_id` the call that brought the first of them.
    `total` is how many entries all lists had before, `dropped` by how many those that answered fell.
    `mistaken` are symbols without data because an answer was about others, with those.
    `first_path` is the source that was preferred at the start, by which levels count; `broken_off` says why the rest was
    not asked for; `was_throttled` that a bulk file was given up for the next source; `is_done` that an earlier run did it
    all, `is_again` that this is the second try. `is_compared` says that events were compared with prices, `warnings` what
    did not agree.
    """

    level: int = 0
    after: str = ""
    only: list[str] | None = None
    refused: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    mistaken: list[str] = field(default_factory=list)
    row: int = 0
    call_id: int | None = None
    answered: int = 0
    total: int | None = None
    dropped: int = 0
    last_error: str = ""
    first_path: str = ""
    broken_off: str = ""
    was_throttled: bool = False
    is_done: bool = False
    is_again: bool = False
    is_compared: bool = False
    warnings: list[str] = field(default_factory=list)
    newest: str = ""

    @classmethod
    def read(cls, resume: dict[str, Any]) -> Self:
        """Read a resume point; an empty one is the start."""
        return cls(**{name: value for name, value in resume.items() if name in cls.__dataclass_fields__})

    def dump(self) -> dict[str, Any]:
        """Return the resume point."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def start_again(self) -> Progress:
        """Return where a second try begins: with what did not answer, or with the rest where the first was broken off."""
        if self.broken_off or not self.spent:
            return replace(self, broken_off="", is_again=True)
        return Progress(
            level=self.level,
            # of a bulk answer in parts, those that are stored
            after=self.after if self.spent == ["all"] and self.after.isdigit() else "",
            only=self.spent,
            outside=self.outside,
            mistaken=self.mistaken,
            is_again=True,
            total=self.total,
            dropped=self.dropped,
            last_error=self.last_error,
            first_path=self.first_path,
            is_compared=self.is_compared,
            newest=self.newest,
        )

    def note_days(self, days: Iterable[date | datetime], today: date) -> None:
        """Take notice of the days that records are about; announced ones are left out."""
        passed = (day.isoformat()[:10] for day in days)
        self.newest = max((self.newest, *(day for day in passed if day <= today.isoformat())))

    def describe(self) -> dict[str, str]:
        """Return what the ledger shows of a dataset besides its counts."""
        return {"newest_record": self.newest} if self.newest else {}
