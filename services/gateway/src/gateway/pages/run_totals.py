"""What a run did, summed over its parts: per dataset, per file, and in total."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sra_shared.runs import Unit, UnitStatus
from sra_shared.runs.counts import Counts

# if parts have different statuses, the total has the one that needs attention most
_FIRST = (
    UnitStatus.FAILED,
    UnitStatus.REJECTED,
    UnitStatus.MISSING,
    UnitStatus.HELD,
    UnitStatus.CANCELLED,
    UnitStatus.PARKED,
    UnitStatus.RUNNING,
    UnitStatus.QUEUED,
    UnitStatus.PARTIAL,
    UnitStatus.COMPLETED,
    UnitStatus.SKIPPED,
)


@dataclass(frozen=True)
class Total:
    """Some parts of a run together: their subject, status and counts."""

    name: str
    status: UnitStatus
    parts: int
    counts: Counts


def sum_by_dataset(units: Sequence[Unit]) -> list[Total]:
    """Return one total per dataset, in the order of the parts."""
    return _sum_by(units, lambda unit: unit.dataset or None)


def sum_by_file(units: Sequence[Unit]) -> list[Total]:
    """Return one total per file, over its streams; parts without a file are left out."""
    return _sum_by(units, lambda unit: unit.detail.get("file"))


def sum_counts(parts: Iterable[Unit | Total]) -> Counts:
    """Return the sum of these counts."""
    total = Counts()
    for part in parts:
        total = total + part.counts
    return total


def _sum_by(units: Sequence[Unit], name_of: Callable[[Unit], str | None]) -> list[Total]:
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        name = name_of(unit)
        if name is not None:
            groups.setdefault(name, []).append(unit)
    return [
        Total(name, min((unit.status for unit in found), key=_FIRST.index), len(found), sum_counts(found))
        for name, found in groups.items()
    ]
