"""The plan for each file of a seed tree: load it, skip it, reject it, report it as missing; download it if possible."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fundata_ingest.catalogue import Catalogue, TableName
from fundata_ingest.formats.batches import FileProblem
from fundata_ingest.seed.sources import WantedFile
from fundata_ingest.seed.storage import Progress, SeedStore, open_store
from fundata_ingest.seed.streams import FileJob
from fundata_ingest.seed.tree import FoundFile, SeedTree, hash_file, inspect_tree
from fundata_ingest.store.file_tracker import find_finished, track_file
from sra_shared.kit.database.revision import read_sandbox_mark
from sra_shared.kit.logs import get_logger
from sra_shared.kit.settings import SeedStorageSettings
from sra_shared.runs import UnitContext, UnitPlan, UnitStatus

log = get_logger(__name__)

UNKNOWN_DATASET = "(unknown)"
# below this a second stream costs more than it gains
_BYTES_PER_STREAM = 12 << 20
_MOST_STREAMS = 2
_REPORT_SECONDS = 10.0


@dataclass(frozen=True)
class SeedPlanner:
    """Plans one run over one tree; `only` are the wanted catalogued paths, None for all that the tree holds."""

    context: UnitContext
    catalogue: Catalogue
    tree: SeedTree
    tables: tuple[TableName, ...]
    storage: SeedStorageSettings | None
    streams: int | None
    only: frozenset[str] | None = None
    # files that need no download, since their content was loaded before: path to SHA-256
    _known: dict[str, str] = field(default_factory=dict)

    async def plan(self) -> list[UnitPlan]:
        """Inspect and hash every file, and return what to do with it; missing files are downloaded if possible."""
        async with self.context.pool.acquire() as connection:
            self.tree.check_mark(is_sandbox=await read_sandbox_mark(connection))
        found, missing = await self._inspect_tree()
        if self.storage is not None and self.storage.is_set:
            await self._fetch(self.storage, found, missing)
            found, missing = await self._inspect_tree()
        plans = []
        for file in found:
            self.context.check()
            plans += await self._plan_file(file)
        for problem in missing:
            plans += await self._plan_missing(problem)
        return plans

    async def _inspect_tree(self) -> tuple[list[FoundFile], list[FileProblem]]:
        return await asyncio.to_thread(inspect_tree, self.tree, self.catalogue, tables=self.tables, only=self.only)

    async def _fetch(
        self, storage: SeedStorageSettings, found: Sequence[FoundFile], missing: Sequence[FileProblem]
    ) -> None:
        wanted = [WantedFile(problem.path, self.tree.locate(problem.path)) for problem in missing]
        if not storage.has_bucket:
            # an LFS server finds nothing without a pointer
            wanted = []
        wanted += [_read_pointer(file) for file in found if _is_pointer(file)]
        if not wanted:
            return
        async with open_store(storage) as store:
            for one in wanted:
                self.context.check()
                if not await self._was_loaded(store, one):
                    fetched = await store.fetch(one, report_progress(self.context))
                    if fetched.problem is not None:
                        log.warning("seed_file_unavailable", file=fetched.path, problem=fetched.problem)

    async def _was_loaded(self, store: SeedStore, wanted: WantedFile) -> bool:
        """Return whether the content that storage has for a file was loaded before, so that a download would be wasted."""
        dataset = self.catalogue.find_file(wanted.path)
        entry = await store.find_file(wanted)
        if dataset is None or entry is None:
            return False
        async with self.context.pool.acquire() as connection:
            is_known = await find_finished(connection, dataset.name, entry.sha256) is not None
        if is_known:
            self._known[wanted.path] = entry.sha256
        return is_known

    async def _plan_file(self, file: FoundFile) -> list[UnitPlan]:
        if isinstance(file.verdict, FileProblem):
            known = await self._plan_known(file.path) if _is_pointer(file) else []
            return known or [await self._plan_refused(file, file.verdict)]
        dataset = file.verdict.dataset.name
        try:
            sha256 = await asyncio.to_thread(hash_file, file)
        except OSError as error:
            message = f"{file.path}: the file cannot be read ({error.strerror}); the other files are loaded."
            problem = FileProblem(file.path, "unreadable", "rejected", message, dataset)
            return [await self._plan_refused(file, problem)]
        skipped = await self._skip_finished(file.path, dataset, sha256, file)
        if skipped is not None:
            return [skipped]
        async with self.context.pool.acquire() as connection, connection.transaction():
            file_id, streams = await track_file(
                connection,
                path=file.path,
                file_hash=sha256,
                dataset=dataset,
                size=file.size,
                status="processing",
                run_id=self.context.task.task_id,
                streams=self._choose_streams(file.size),
            )
        today = datetime.now(UTC).date().isoformat()
        return [UnitPlan(job.unit, dataset, job.detail) for job in _split_file(file, sha256, file_id, streams, today)]

    async def _skip_finished(
        self, path: str, dataset: str, sha256: str, file: FoundFile | None = None
    ) -> UnitPlan | None:
        """Return the plan of a file whose content was read to its end before; None for any other.

        If the run that read it failed by REJECT_LIMIT, this run checks the file's counts again, without reading it.
        """
        async with self.context.pool.acquire() as connection, connection.transaction():
            finished = await find_finished(connection, dataset, sha256)
            if finished is None:
                return None
            await track_file(
                connection,
                path=path,
                file_hash=sha256,
                dataset=dataset,
                size=file.size if file is not None else finished.size,
                status="skipped" if finished.is_loaded else "failed",
                run_id=self.context.task.task_id,
                error=finished.error,
            )
        detail = {"file": path} | (_describe_place(file) if file is not None else {})
        if not finished.is_loaded:
            detail["judged_file_id"] = finished.file_id
        return UnitPlan(path, dataset, detail, UnitStatus.SKIPPED)

    def _choose_streams(self, size: int) -> int:
        if self.streams is not None:
            return self.streams
        return _MOST_STREAMS if size >= _BYTES_PER_STREAM * _MOST_STREAMS and (os.cpu_count() or 1) > 1 else 1

    async def _plan_refused(self, file: FoundFile, problem: FileProblem) -> UnitPlan:
        log.warning("seed_file_rejected", file=file.path, reason=problem.kind, message=problem.message)
        await self._track_problem(problem, file.size)
        detail = {"file": file.path, "problem": problem.kind, "details": dict(problem.details), **_describe_place(file)}
        return UnitPlan(file.path, problem.dataset or UNKNOWN_DATASET, detail, UnitStatus.REJECTED, problem.message)

    async def _plan_missing(self, problem: FileProblem) -> list[UnitPlan]:
        known = await self._plan_known(problem.path)
        if known:
            return known
        log.warning("seed_file_missing", file=problem.path, message=problem.message)
        await self._track_problem(problem, None)
        # if object storage should have the file, its absence is an error and not only a warning
        has_bucket = self.storage is not None and self.storage.has_bucket
        status = UnitStatus.FAILED if has_bucket else UnitStatus.MISSING
        detail = {"missing_file": problem.path}
        return [UnitPlan(problem.path, problem.dataset or UNKNOWN_DATASET, detail, status, problem.message)]

    async def _plan_known(self, path: str) -> list[UnitPlan]:
        """Return the plan of a file that is not on this disk and was loaded before; nothing for any other."""
        dataset, sha256 = self.catalogue.find_file(path), self._known.get(path)
        if dataset is None or sha256 is None:
            return []
        skipped = await self._skip_finished(path, dataset.name, sha256)
        return [] if skipped is None else [skipped]

    async def _track_problem(self, problem: FileProblem, size: int | None) -> None:
        async with self.context.pool.acquire() as connection:
            await track_file(
                connection,
                path=problem.path,
                file_hash="",
                dataset=problem.dataset,
                size=size,
                status=problem.status,
                run_id=self.context.task.task_id,
                error=problem.message,
            )


def report_progress(context: UnitContext) -> Progress:
    """Return a callback for download progress: it logs every ten seconds, and raises if the work must stop."""
    logged_at = time.monotonic()

    def report(path: str, done: int, total: int) -> None:
        nonlocal logged_at
        context.check()
        if time.monotonic() - logged_at >= _REPORT_SECONDS:
            logged_at = time.monotonic()
            log.info("seed_file_download_progress", file=path, bytes_done=done, bytes_total=total)

    return report


def _is_pointer(file: FoundFile) -> bool:
    return isinstance(file.verdict, FileProblem) and file.verdict.kind == "lfs_pointer"


def _read_pointer(file: FoundFile) -> WantedFile:
    details = file.verdict.details if isinstance(file.verdict, FileProblem) else {}
    oid, size = details.get("oid"), details.get("size")
    return WantedFile(
        file.path,
        file.location,
        oid if isinstance(oid, str) else None,
        size if isinstance(size, int) else None,
    )


def _describe_place(file: FoundFile) -> dict[str, int]:
    """Return the values by which a later check recognises that the file is unchanged."""
    return {"size": file.size, "modified_ns": file.modified_ns}


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
