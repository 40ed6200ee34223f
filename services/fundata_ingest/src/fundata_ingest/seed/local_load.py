"""Loads a seed tree in this process: requests the run, or adopts the one that a killed load left, and completes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from fundata_ingest.seed.plan import UNKNOWN_DATASET
from fundata_ingest.seed.tree import SeedTree, inspect_tree
from fundata_ingest.seed.work import SeedWork
from fundata_ingest.store.file_tracker import sum_streams
from sra_shared.kit.db import OUTAGE_ERRORS, Pool, open_connection
from sra_shared.kit.logs import get_logger
from sra_shared.kit.memory import measure_peak_memory
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import (
    ProcessingTask,
    RunRequest,
    RunStatus,
    TaskType,
    Unit,
    UnitStatus,
    Work,
    execute_in_process,
    read_units,
)
from sra_shared.runs.audit import Actor
from sra_shared.runs.counts import Counts

log = get_logger(__name__)

_LONGEST_ATTEMPT = 14_400
# attempts without any progress: many, since a person decides on each new one
_MOST_RETRIES = 10

Watch = Callable[[Sequence[Unit]], None]


@dataclass(frozen=True)
class LoadResult:
    """The outcome of a load: its run, its parts, and the counts of every file over all runs that worked on it.

    With `was_adopted`, the run was planned before, by a process that died or is still working.
    """

    task: ProcessingTask
    units: Sequence[Unit]
    files: Sequence[dict[str, Any]]
    missing: Sequence[str]
    seconds: float
    peak_rss_mb: float
    was_adopted: bool = False

    @property
    def errors(self) -> list[str]:
        """The errors beyond single records, in sentences."""
        return [error["message"] for error in self.task.error_details]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of SPEC section 7."""
        return {
            "status": self.task.status.value,
            "seconds": round(self.seconds, 3),
            "peak_rss_mb": round(self.peak_rss_mb, 1),
            "missing": list(self.missing),
            "files": list(self.files),
        }


async def run_in_process(
    dsn: str,
    request: RunRequest,
    work: Work,
    *,
    watch: Watch | None = None,
    watch_seconds: float = 1.0,
    timing: LeaseTiming = DEFAULT_TIMING,
    by: Actor | None = None,
) -> LoadResult:
    """Complete a run without any service; join the same live work, and take over that of a dead process.

    `watch` is called with the run's parts about every `watch_seconds`. Raises ConfigError if the database is not migrated, and
    what the database raises when it is unreachable.
    """
    done = await execute_in_process(
        dsn,
        request,
        work,
        name="load",
        connections=2 * work.concurrency + 2,
        follow=None if watch is None else partial(_watch, watch, watch_seconds),
        waits_while_parked=True,
        timing=timing,
        by=by,
    )
    connection = await open_connection(dsn, application_name="sra:load")
    try:
        file_ids = sorted({unit.detail["file_id"] for unit in done.units if "file_id" in unit.detail})
        totals = await sum_streams(connection, file_ids)
    finally:
        await connection.close()
    return LoadResult(
        task=done.task,
        units=done.units,
        files=_describe_files(done.units, totals),
        missing=[unit.detail["missing_file"] for unit in done.units if "missing_file" in unit.detail],
        seconds=done.seconds,
        peak_rss_mb=measure_peak_memory(children=True),
        was_adopted=done.was_adopted,
    )


async def load_seed_tree(
    dsn: str,
    request: RunRequest,
    tree: SeedTree,
    work: SeedWork,
    *,
    watch: Watch | None = None,
    timing: LeaseTiming = DEFAULT_TIMING,
    by: Actor | None = None,
) -> LoadResult:
    """Load a tree as it is now.

    A run that a killed load left is finished as planned. Files that were added or changed since then are loaded by another run,
    and both are reported as one. Raises as `run_in_process` does.
    """
    result = await run_in_process(dsn, request, work, watch=watch, timing=timing, by=by)
    if not result.was_adopted or result.task.status is RunStatus.CANCELLED:
        return result
    if not await asyncio.to_thread(_has_changed, tree, work, result.units):
        return result
    log.info("tree_changed_since_plan", folder=str(tree.root))
    return _join_results(result, await run_in_process(dsn, request, work, watch=watch, timing=timing, by=by))


def _has_changed(tree: SeedTree, work: SeedWork, units: Sequence[Unit]) -> bool:
    """Return whether the tree holds a file that differs from the one with which these units were planned."""
    planned = {
        unit.detail["file"]: (unit.detail.get("size"), unit.detail.get("modified_ns"))
        for unit in units
        if "file" in unit.detail
    }
    found, _ = inspect_tree(tree, work.catalogue, tables=work.tables)
    return any(planned.get(file.path) != (file.size, file.modified_ns) for file in found)


def _join_results(first: LoadResult, second: LoadResult) -> LoadResult:
    """Return the outcome of both runs; a file that the second skipped, since the first loaded it, is reported as the first left
    it."""
    loaded = {file["file"]: file for file in first.files if file["status"] == UnitStatus.COMPLETED}
    files = [loaded.get(file["file"], file) if file["status"] == UnitStatus.SKIPPED else file for file in second.files]
    return replace(
        second,
        files=files,
        seconds=first.seconds + second.seconds,
        peak_rss_mb=max(first.peak_rss_mb, second.peak_rss_mb),
    )


def make_load_request(folder: Path, *, released: bool = False) -> RunRequest:
    """Return the request for a tree; the same folder is the same work. `released` approves what was held."""
    return RunRequest(
        task_type=TaskType.CSV_IMPORT,
        parameters={"folder": str(folder)} | ({"released": True} if released else {}),
        timeout_seconds=_LONGEST_ATTEMPT,
        max_retries=_MOST_RETRIES,
    )


async def _watch(watch: Watch, seconds: float, pool: Pool, task_id: UUID) -> None:
    while True:
        with suppress(*OUTAGE_ERRORS):
            async with pool.acquire() as connection:
                watch(await read_units(connection, task_id))
        await asyncio.sleep(seconds)


def _describe_files(units: Sequence[Unit], totals: dict[int, Counts]) -> list[dict[str, Any]]:
    by_file: dict[str, list[Unit]] = {}
    for unit in units:
        if "file" in unit.detail:
            by_file.setdefault(unit.detail["file"], []).append(unit)
    files = []
    for path in sorted(by_file):
        parts = by_file[path]
        own = sum((part.counts for part in parts), Counts())
        counts = totals.get(parts[0].detail.get("file_id", -1), own)
        dataset = parts[0].dataset
        files.append(
            {
                "file": path,
                "dataset": None if dataset == UNKNOWN_DATASET else dataset,
                "status": _join_statuses([part.status for part in parts]).value,
                "error": next((part.error for part in parts if part.error), None),
                **counts.as_dict(),
            }
        )
    return files


def _join_statuses(statuses: Sequence[UnitStatus]) -> UnitStatus:
    """Return the status of a file from those of its streams: the worst."""
    worst_first = (UnitStatus.FAILED, UnitStatus.CANCELLED, UnitStatus.HELD, UnitStatus.REJECTED, UnitStatus.PARTIAL)
    return next((status for status in worst_first if status in statuses), statuses[0])
