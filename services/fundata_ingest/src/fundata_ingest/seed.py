"""Seed runs: everything that a folder holds, planned file by file, then loaded stream by stream."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from fundata_ingest.batches import FileProblem
from fundata_ingest.catalogue import Catalogue, TableName
from fundata_ingest.storage import Wanted, fetch_files
from fundata_ingest.streams import CHUNK_ROWS, FileJob, load_stream
from fundata_ingest.tracker import count_resolved, is_loaded, settle_files, sum_streams, track_file
from fundata_ingest.tree import FoundFile, SeedTree, hash_file, survey_tree
from sra_shared.counts import Counts
from sra_shared.db import Connection
from sra_shared.logs import get_logger
from sra_shared.migrate import read_sandbox_mark
from sra_shared.runs import ProcessingTask, RunEnd, RunStatus, Unit, UnitContext, UnitPlan, UnitStatus
from sra_shared.settings import SeedStorageSettings

log = get_logger(__name__)

UNKNOWN_DATASET = "(unknown)"
# below this a second stream costs more than it brings
_BYTES_PER_STREAM = 12 << 20
_MOST_STREAMS = 2


@dataclass(frozen=True)
class SeedWork:
    """What `csv_import`, and the data and quote steps without the update API, do.

    `find_tree` tells where the files of a run lie; it raises ConfigError where there is no such folder.
    """

    catalogue: Catalogue
    find_tree: Callable[[ProcessingTask], SeedTree]
    reject_limit: Decimal
    drop_limit: Decimal = Decimal("0.02")
    tables: tuple[TableName, ...] = ("data", "quotes")
    storage: SeedStorageSettings | None = None
    batch_rows: int = CHUNK_ROWS
    streams: int | None = None

    source: str = "fundata"
    ordered: bool = False
    concurrency: int = 2

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Look at every file, hash it, and say what is to be done with it; missing ones are fetched where they can be."""
        tree = self.find_tree(context.task)
        async with context.pool.acquire() as connection:
            tree.check_mark(is_sandbox=await read_sandbox_mark(connection))
        found, missing = await asyncio.to_thread(survey_tree, tree, self.catalogue, tables=self.tables)
        if self._can_fetch:
            await self._fetch(tree, found, missing)
            found, missing = await asyncio.to_thread(survey_tree, tree, self.catalogue, tables=self.tables)
        plans = []
        for file in found:
            context.check()
            plans += await self._plan_file(context, file)
        return plans + [await self._plan_missing(context, problem) for problem in missing]

    async def process(self, context: UnitContext) -> None:
        """Load one stream of one file."""
        drop_limit = self.find_drop_limit(context.task)
        await load_stream(context, self.catalogue, batch_rows=self.batch_rows, drop_limit=drop_limit)

    def find_drop_limit(self, task: ProcessingTask) -> Decimal | None:
        """Return the limit of drops; None in a run by which a person lets a held one through."""
        return None if task.parameters.get("released") else self.drop_limit

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Fail the run whose share of rejects is too great; a file rejected whole makes it partial."""
        return await conclude_seed_run(connection, task, units, self.reject_limit)

    @property
    def _can_fetch(self) -> bool:
        storage = self.storage
        return storage is not None and any((storage.seed_base_url, storage.seed_bucket, storage.lfs_url))

    async def _fetch(self, tree: SeedTree, found: Sequence[FoundFile], missing: Sequence[FileProblem]) -> None:
        wanted = [Wanted(problem.path, tree.locate(problem.path)) for problem in missing]
        for file in found:
            if isinstance(file.verdict, FileProblem) and file.verdict.kind == "lfs_pointer":
                oid, size = file.verdict.details.get("oid"), file.verdict.details.get("size")
                wanted.append(
                    Wanted(
                        file.path,
                        file.location,
                        oid if isinstance(oid, str) else None,
                        size if isinstance(size, int) else None,
                    )
                )
        if wanted and self.storage is not None:
            for fetched in await fetch_files(self.storage, wanted):
                if fetched.problem is not None:
                    log.warning("seed_file_not_to_be_had", file=fetched.path, problem=fetched.problem)

    async def _plan_file(self, context: UnitContext, file: FoundFile) -> list[UnitPlan]:
        run_id = context.task.task_id
        if isinstance(file.verdict, FileProblem):
            return [await self._plan_refused(context, file, file.verdict)]
        dataset = file.verdict.dataset.name
        try:
            sha256 = await asyncio.to_thread(hash_file, file)
        except OSError as error:
            message = f"{file.path}: the file cannot be read ({error.strerror}); the others are loaded."
            problem = FileProblem(file.path, "unreadable", "rejected", message, dataset)
            return [await self._plan_refused(context, file, problem)]
        async with context.pool.acquire() as connection, connection.transaction():
            skip = await is_loaded(connection, dataset, sha256)
            file_id, streams = await track_file(
                connection,
                path=file.path,
                file_hash=sha256,
                dataset=dataset,
                size=file.size,
                status="skipped" if skip else "processing",
                run_id=run_id,
                streams=self._choose_streams(file.size),
            )
        if skip:
            return [UnitPlan(file.path, dataset, {"file": file.path}, UnitStatus.SKIPPED)]
        return [
            UnitPlan(job.unit, dataset, job.detail)
            for job in _split_file(file, sha256, file_id, streams, datetime.now(UTC).date().isoformat())
        ]

    def _choose_streams(self, size: int) -> int:
        if self.streams is not None:
            return self.streams
        return _MOST_STREAMS if size >= _BYTES_PER_STREAM * _MOST_STREAMS and (os.cpu_count() or 1) > 1 else 1

    async def _plan_refused(self, context: UnitContext, file: FoundFile, problem: FileProblem) -> UnitPlan:
        log.warning("seed_file_rejected", file=file.path, reason=problem.kind, message=problem.message)
        await self._track_problem(context, problem, file.size)
        detail = {"file": file.path, "problem": problem.kind, "details": dict(problem.details)}
        return UnitPlan(file.path, problem.dataset or UNKNOWN_DATASET, detail, UnitStatus.REJECTED, problem.message)

    async def _plan_missing(self, context: UnitContext, problem: FileProblem) -> UnitPlan:
        log.warning("seed_file_missing", file=problem.path, message=problem.message)
        await self._track_problem(context, problem, None)
        # where the files should be had from storage, one that is not there is no mere warning
        status = UnitStatus.FAILED if self._can_fetch else UnitStatus.MISSING
        return UnitPlan(
            problem.path, problem.dataset or UNKNOWN_DATASET, {"missing_file": problem.path}, status, problem.message
        )

    async def _track_problem(self, context: UnitContext, problem: FileProblem, size: int | None) -> None:
        async with context.pool.acquire() as connection:
            await track_file(
                connection,
                path=problem.path,
                file_hash="",
                dataset=problem.dataset,
                size=size,
                status=problem.status,
                run_id=context.task.task_id,
                error=problem.message,
            )


def _split_file(file: FoundFile, sha256: str, file_id: int, streams: int, today: str) -> list[FileJob]:
    if isinstance(file.verdict, FileProblem):
        return []
    return [
        FileJob(
            file=file.path,
            location=str(file.location),
            size=file.size,
            modified_ns=file.modified_ns,
            sha256=sha256,
            file_id=file_id,
            stream=stream,
            streams=streams,
            columns=list(file.verdict.columns),
            start_offset=file.verdict.start.offset,
            start_line=file.verdict.start.line,
            today=today,
        )
        for stream in range(streams)
    ]


async def conclude_seed_run(
    connection: Connection, task: ProcessingTask, units: Sequence[Unit], reject_limit: Decimal
) -> RunEnd:
    """Return the end of a run of seed files or exports, and note whether its files count as loaded.

    Files are judged by what became of them over all runs that worked on them, so that loading the same tree again after
    too many rejects reports the same, until they are replayed or REJECT_LIMIT is raised.
    """
    if task.cancel_requested_at is not None:
        return RunEnd(datasets=_list_datasets(units))
    file_ids = sorted({unit.detail["file_id"] for unit in units if "file_id" in unit.detail})
    files = await sum_streams(connection, file_ids)
    others = (unit.counts for unit in units if "file_id" not in unit.detail)
    total = sum((*files.values(), *others), Counts())
    error = None
    if total.rejected > reject_limit * total.read:
        still = total.rejected - await count_resolved(connection, file_ids)
        if still > reject_limit * total.read:
            error = (
                f"{still} of {total.read} records were rejected ({Decimal(still) / total.read:.2%}), more than REJECT_LIMIT"
                f" ({reject_limit:.2%}) allows. The good ones are stored; see `./sra rejects`."
            )
    await settle_files(connection, file_ids, error)
    return RunEnd(
        status=RunStatus.FAILED if error else _find_partial(units), error=error, datasets=_list_datasets(units)
    )


def _list_datasets(units: Sequence[Unit]) -> list[str]:
    return sorted({unit.dataset for unit in units if unit.counts.read})


def _find_partial(units: Sequence[Unit]) -> RunStatus | None:
    """A file rejected whole makes a run partial where nothing worse happened."""
    statuses = {unit.status for unit in units}
    bad = {UnitStatus.FAILED, UnitStatus.HELD, UnitStatus.CANCELLED}
    return RunStatus.PARTIAL if UnitStatus.REJECTED in statuses and not statuses & bad else None
