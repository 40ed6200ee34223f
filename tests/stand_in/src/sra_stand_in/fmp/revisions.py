"""Corrections and withdrawals of events on request: the made-up vendor's new values for a symbol and day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from sra_stand_in.fmp.world import Row

DATASETS = ("splits", "dividends")
_FIELDS = {
    "splits": ("numerator", "denominator"),
    "dividends": ("recordDate", "paymentDate", "declarationDate", "adjDividend", "dividend", "yield", "frequency"),
}


class RevisionError(ValueError):
    """A revision cannot be read; the text says why."""


@dataclass(slots=True)
class Revisions:
    """By dataset, the rows that a symbol has on a day instead of those of the made-up world."""

    rows: dict[str, dict[tuple[str, str], list[Row]]] = field(default_factory=lambda: {name: {} for name in DATASETS})

    def change(self, value: object) -> None:
        """Take `[{"dataset", "symbol", "date", "rows"}]`; no rows withdraw what the world has, several are a set.

        Raises RevisionError, with nothing changed, where one of them cannot be read.
        """
        if not isinstance(value, list):
            raise RevisionError("a list of revisions is expected")
        read = [_read_revision(one, place) for place, one in enumerate(value)]
        for name, key, rows in read:
            self.rows[name][key] = rows

    def clear(self) -> None:
        """Name again what the world has."""
        for changed in self.rows.values():
            changed.clear()

    def apply(
        self, name: str, rows: Iterable[Row], *, symbol: str | None, first: str = "", last: str = "9"
    ) -> list[Row]:
        """Return the rows of a symbol, or of all, from a first to a last day as they are now, newest first."""
        changed = self.rows[name]
        kept = [row for row in rows if (row["symbol"], row["date"]) not in changed]
        for (other, day), added in changed.items():
            if symbol in (None, other) and first <= day <= last:
                kept += added
        return sorted(kept, key=lambda row: (str(row["date"]), str(row["symbol"])), reverse=True)


def _read_revision(one: object, place: int) -> tuple[str, tuple[str, str], list[Row]]:
    if not isinstance(one, dict) or set(one) != {"dataset", "symbol", "date", "rows"}:
        raise RevisionError(f"revision {place} is not an object of dataset, symbol, date and rows")
    name, symbol, day, rows = one["dataset"], one["symbol"], one["date"], one["rows"]
    if name not in DATASETS or not isinstance(symbol, str) or not isinstance(day, str) or not isinstance(rows, list):
        raise RevisionError(f"revision {place}: the dataset is one of {', '.join(DATASETS)}, rows are a list")
    dt.date.fromisoformat(day)
    return name, (symbol, day), [_read_row(name, symbol, day, row, place) for row in rows]


def _read_row(name: str, symbol: str, day: str, row: object, place: int) -> Row:
    if not isinstance(row, dict) or set(row) - set(_FIELDS[name]):
        raise RevisionError(f"revision {place}: a row of {name} has some of {', '.join(_FIELDS[name])}")
    return {"symbol": symbol, "date": day, **row}
