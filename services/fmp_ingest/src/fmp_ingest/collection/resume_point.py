"""The progress of a dataset's collection: the resume point of its unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self


@dataclass
class ResumePoint:
    """The progress of a unit, which is its resume point.

    `level` is the source in use, `after` the last subject done, and `only` the subjects requested from it (None: all).
    `refused` are subjects that the plan refused and that the next source gets, `outside` those that it refused from
    every source, `spent` those without a response, and `held` lists that shrank too far.

    `row` is the number of rows of a part that are done, `call_id` the call that returned the first of them. `total` is the number
    of entries that all lists had before, `dropped` by how many the answered ones shrank. `mistaken` are symbols without data
    because a response was about others, with those others.

    `first_path` is the source that was preferred at the start, from which levels count. `broken_off` is the reason why
    the rest was not requested, `was_throttled` whether a bulk file was abandoned for the next source. `is_done` is
    whether an earlier run completed the dataset, `is_again` whether this is the second try. `is_compared` is whether
    events were compared with prices, `warnings` the disagreements.
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

    def start_again(self) -> ResumePoint:
        """Return where a second try starts: with the subjects without a response, or with the rest if the first try was
        interrupted."""
        if self.broken_off or not self.spent:
            return replace(self, broken_off="", is_again=True)
        return ResumePoint(
            level=self.level,
            # of a bulk response in parts, those that are stored
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

    def record_days(self, days: Iterable[date | datetime], today: date) -> None:
        """Record the newest day of the records; announced days are skipped."""
        passed = (day.isoformat()[:10] for day in days)
        self.newest = max((self.newest, *(day for day in passed if day <= today.isoformat())))

    def describe(self) -> dict[str, str]:
        """Return what the ledger records about a dataset besides its counts."""
        return {"newest_record": self.newest} if self.newest else {}
