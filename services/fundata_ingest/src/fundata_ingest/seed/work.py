"""Seed runs: plan every file of a folder, then load stream by stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from fundata_ingest.catalogue import Catalogue, TableName
from fundata_ingest.seed.plan import SeedPlanner, report_progress
from fundata_ingest.seed.sources import WantedFile
from fundata_ingest.seed.storage import fetch_again
from fundata_ingest.seed.streams import FileJob, load_stream
from fundata_ingest.seed.tree import SeedTree
from fundata_ingest.store.chunk_loader import CHUNK_ROWS
from fundata_ingest.store.file_tracker import count_settled, settle_files, sum_streams
from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger
from sra_shared.kit.settings import SeedStorageSettings
from sra_shared.runs import ProcessingTask, RunEnd, RunStatus, Unit, UnitContext, UnitPlan, UnitStatus
from sra_shared.runs.counts import Counts

log = get_logger(__name__)


@dataclass(frozen=True)
class SeedWork:
    """The work of `csv_import`, and of the data and quote steps without the update API.

    `find_tree` returns where the files of a run are; it raises ConfigError if there is no such folder.
    """

    catalogue: Catalogue
    find_tree: Callable[[ProcessingTask], SeedTree]
    reject_limit: Decimal
    drop_limit: Decimal
    tables: tuple[TableName, ...] = ("data", "quotes")
    storage: SeedStorageSettings | None = None
    batch_rows: int = CHUNK_ROWS
    streams: int | None = None

    source: str = "fundata"
    ordered: bool = False
    concurrency: int = 2

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return what to do with every file of the tree."""
        return await self.plan_files(context, None)

    async def plan_files(self, context: UnitContext, only: frozenset[str] | None) -> Sequence[UnitPlan]:
        """Like `plan`, for the catalogued paths `only`, or all."""
        planner = SeedPlanner(
            context=context,
            catalogue=self.catalogue,
            tree=self.find_tree(context.task),
            tables=self.tables,
            storage=self.storage,
            streams=self.streams,
            only=only,
        )
        return await planner.plan()

    async def process(self, context: UnitContext) -> None:
        """Load one stream of one file; download the planned file if it is not on this machine's disk."""

        async def find_file(job: FileJob) -> Path:
            return await self._find_file(context, job)

        await load_stream(
            context,
            self.catalogue,
            find_file,
            batch_rows=self.batch_rows,
            drop_limit=self.find_drop_limit(context.task),
        )

    async def _find_file(self, context: UnitContext, job: FileJob) -> Path:
        # the plan may come from another machine, or from this one before a deploy emptied its disk
        location = self.find_tree(context.task).locate(job.file)
        if self.storage is not None and self.storage.is_set and not location.exists():
            log.info("seed_file_downloaded_again", file=job.file, bytes_total=job.size)
            wanted = WantedFile(job.file, location, job.sha256, job.size, exact=True)
            await fetch_again(self.storage, wanted, on_progress=report_progress(context))
        return location

    def find_drop_limit(self, task: ProcessingTask) -> Decimal | None:
        """Return the limit of drops; None in a run that releases a held one."""
        return None if task.parameters.get("released") else self.drop_limit

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Fail the run if its share of rejects is too high; a file rejected as a whole makes it partial."""
        return await conclude_seed_run(connection, task, units, self.reject_limit)


async def conclude_seed_run(
    connection: Connection, task: ProcessingTask, units: Sequence[Unit], reject_limit: Decimal
) -> RunEnd:
    """Return the end of a run of seed files or exports, and record whether its files count as loaded.

    The outcome depends on the counts of the files over all runs that worked on them, and on the number of their open rejects. A
    tree that failed by REJECT_LIMIT is therefore not read again, and fails again until enough rejects are resolved or dismissed,
    or the limit is raised.
    """
    if task.cancel_requested_at is not None:
        return RunEnd(datasets=_list_datasets(units))
    file_ids = sorted(
        {unit.detail[name] for unit in units for name in ("file_id", "judged_file_id") if name in unit.detail}
    )
    files = await sum_streams(connection, file_ids)
    others = (unit.counts for unit in units if "file_id" not in unit.detail)
    total = sum((*files.values(), *others), Counts())
    error = None
    if total.rejected > reject_limit * total.read:
        still = total.rejected - await count_settled(connection, file_ids)
        if still > reject_limit * total.read:
            error = (
                f"{still} of {total.read} records were rejected ({Decimal(still) / total.read:.2%}), more than REJECT_LIMIT"
                f" ({reject_limit:.2%}) allows. The valid ones are stored; see `./sra rejects`."
            )
    await settle_files(connection, file_ids, error)
    return RunEnd(
        status=RunStatus.FAILED if error else _find_partial(units), error=error, datasets=_list_datasets(units)
    )


def _list_datasets(units: Sequence[Unit]) -> list[str]:
    return sorted({unit.dataset for unit in units if unit.counts.read})


def _find_partial(units: Sequence[Unit]) -> RunStatus | None:
    """Return PARTIAL if a file was rejected as a whole and nothing worse happened."""
    statuses = {unit.status for unit in units}
    bad = {UnitStatus.FAILED, UnitStatus.HELD, UnitStatus.CANCELLED}
    return RunStatus.PARTIAL if UnitStatus.REJECTED in statuses and not statuses & bad else None
