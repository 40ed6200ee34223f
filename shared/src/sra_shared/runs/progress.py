"""How much of its input a run has read, and how fast, from the progress of its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sra_shared.runs.model import Unit, UnitStatus

_READ_NOTHING = (UnitStatus.SKIPPED, UnitStatus.MISSING, UnitStatus.REJECTED)


@dataclass(frozen=True)
class RunProgress:
    """Bytes and source records over all files of a run; rates are those of the files being read now.

    `eta_seconds` is None while nothing is read, and if the total size is unknown.
    """

    bytes_done: int
    bytes_total: int
    rows: int
    rows_per_second: int
    eta_seconds: int | None


@dataclass
class _File:
    total: int = 0
    done: int = 0
    rows_per_second: int = 0
    bytes_per_second: int = 0
    is_live: bool = False


def summarise_progress(units: Sequence[Unit]) -> RunProgress | None:
    """Return the progress of a run from its units; None if none of them reads a file.

    Units that are streams of one file report the file as a whole, so that it counts once. A unit's `detail` has the `file`
    and its `size` in bytes; its `progress` has `file`, `bytes_done`, `bytes_total`, `rows_per_second` and
    `bytes_per_second`.
    """
    files: dict[str, _File] = {}
    for unit in units:
        name = unit.progress.get("file") or unit.detail.get("file")
        total = int(unit.progress.get("bytes_total") or unit.detail.get("size") or 0)
        if name is None or not total or unit.status in _READ_NOTHING:
            continue
        file = files.setdefault(name, _File())
        file.total = max(file.total, total)
        file.done = max(file.done, int(unit.progress.get("bytes_done", 0)))
        file.is_live = file.is_live or unit.status.is_live
        if unit.status is UnitStatus.RUNNING:
            file.rows_per_second = max(file.rows_per_second, int(unit.progress.get("rows_per_second") or 0))
            file.bytes_per_second = max(file.bytes_per_second, int(unit.progress.get("bytes_per_second") or 0))
    if not files:
        return None
    done = sum(file.done if file.is_live else file.total for file in files.values())
    total = sum(file.total for file in files.values())
    speed = sum(file.bytes_per_second for file in files.values())
    return RunProgress(
        bytes_done=done,
        bytes_total=total,
        rows=sum(unit.counts.read for unit in units),
        rows_per_second=sum(file.rows_per_second for file in files.values()),
        eta_seconds=0 if done == total else round((total - done) / speed) if speed else None,
    )
