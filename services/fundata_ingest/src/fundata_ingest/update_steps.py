"""The data step and the quote step of a refresh: the seed files that are still missing, then the update API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from fundata_ingest.catalogue import Catalogue, TableName
from fundata_ingest.seed.tree import SeedTree
from fundata_ingest.seed.work import SeedWork, conclude_seed_run
from fundata_ingest.store.chunk_loader import CHUNK_ROWS
from fundata_ingest.store.file_tracker import list_unloaded
from fundata_ingest.store.target_tables import TARGETS
from fundata_ingest.updates.export_ledger import end_exports
from fundata_ingest.updates.exports import load_export
from fundata_ingest.updates.update_api import FundataAccount, UpdateApi, check_hosts
from sra_shared.kit.database.revision import read_sandbox_mark
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.kit.http import make_outbound_transport
from sra_shared.kit.settings import FundataSettings, OutboundSettings, SeedStorageSettings
from sra_shared.runs import ProcessingTask, RunEnd, TaskType, Unit, UnitContext, UnitPlan, Work


@dataclass(frozen=True)
class StepWork:
    """The work of `fundata_data` and `fundata_quotes`: first the seed files, from which updates reach back, then the exports.

    Several exports are requested at a time, since the vendor takes from seconds to minutes to prepare one.
    """

    seed: SeedWork
    table: TableName
    account: FundataAccount | None
    overlap_days: int
    outbound: OutboundSettings = field(default_factory=OutboundSettings.model_construct)
    batch_rows: int = CHUNK_ROWS
    source: str = "fundata"
    ordered: bool = True
    concurrency: int = 3

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the missing seed files, and an export of every dataset that the API has."""
        async with context.pool.acquire() as connection:
            is_sandbox = await read_sandbox_mark(connection)
            is_empty = await connection.fetchval(
                compose("SELECT NOT EXISTS (SELECT FROM {table})", table=TARGETS[self.table].table)
            )
        if self.account is not None:
            check_hosts(self.account, is_sandbox=is_sandbox)
        units = [replace(plan, stage=0) for plan in await self._plan_seed(context, is_first=bool(is_empty))]
        if self.account is None:
            return units
        return units + [replace(plan, stage=1) for plan in self._plan_exports(context.task.parameters)]

    async def process(self, context: UnitContext) -> None:
        """Load one stream of a seed file, or one export."""
        if "export" not in context.unit.detail:
            await self.seed.process(context)
            return
        await load_export(
            context,
            self.seed.catalogue,
            self._open_api,
            overlap_days=self.overlap_days,
            batch_rows=self.batch_rows,
            drop_limit=self.seed.find_drop_limit(context.task),
        )

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Decide the status as for a seed run; without keys and without any file the step is skipped."""
        await end_exports(connection, task.task_id)
        end = await conclude_seed_run(connection, task, units, self.seed.reject_limit)
        if self.account is None and all("missing_file" in unit.detail for unit in units):
            reason = "FUNDATA_ACCESS_KEY_ID is not set, and no seed file exists."
            return replace(end, details={"skipped": reason})
        return end

    async def _plan_seed(self, context: UnitContext, *, is_first: bool) -> Sequence[UnitPlan]:
        """Return the files still to be loaded; with the update API, newer files that replace loaded ones are not read."""
        parameters = context.task.parameters
        if parameters.get("from") or (parameters.get("datasets") and not parameters.get("released")):
            return []
        if self.account is None or is_first or self.seed.find_tree(context.task).is_sample:
            return await self.seed.plan(context)
        paths = [path for dataset in self.seed.catalogue.list_datasets(self.table) for path in dataset.files]
        async with context.pool.acquire() as connection:
            left = await list_unloaded(connection, paths)
        return await self.seed.plan_files(context, left) if left else []

    def _plan_exports(self, parameters: dict[str, Any]) -> list[UnitPlan]:
        wanted = parameters.get("datasets")
        for name in wanted or ():
            self.seed.catalogue.find_dataset(name)
        units = []
        for dataset in self.seed.catalogue.list_datasets(self.table):
            if dataset.endpoint is None or (wanted and dataset.name not in wanted):
                continue
            for language in dataset.languages or ("",):
                detail = {"export": dataset.endpoint, "language": language, "from": parameters.get("from")}
                name = f"{dataset.name}.{language}" if language else dataset.name
                units.append(UnitPlan(f"update {name}", dataset.name, detail))
        return units

    @asynccontextmanager
    async def _open_api(self, context: UnitContext) -> AsyncIterator[UpdateApi]:
        if self.account is None:
            raise AssertionError("exports are planned only with an account")
        async with context.pool.acquire() as connection:
            is_sandbox = await read_sandbox_mark(connection)
        transport = make_outbound_transport(self.outbound)
        async with httpx.AsyncClient(transport=transport, follow_redirects=False) as client:
            yield UpdateApi(client, self.account, self.outbound, is_sandbox=is_sandbox, check=context.check)


def make_account(settings: FundataSettings) -> FundataAccount | None:
    """Return the account that the settings name, or None."""
    if settings.fundata_access_key_id is None or settings.fundata_secret_access_key is None:
        return None
    return FundataAccount(
        key=settings.fundata_access_key_id,
        secret=settings.fundata_secret_access_key,
        auth_url=settings.fundata_auth_url.rstrip("/"),
        api_url=settings.fundata_api_url.rstrip("/"),
        export_hosts=settings.export_hosts,
        most_bytes=settings.download_max_mb << 20,
    )


def make_works(settings: FundataSettings, storage: SeedStorageSettings, catalogue: Catalogue) -> dict[str, Work]:
    """Return the work of each of the service's task types."""
    account = make_account(settings)
    whole = make_seed_work(settings, storage, catalogue)
    data, quotes = replace(whole, tables=("data",)), replace(whole, tables=("quotes",))
    return {
        TaskType.CSV_IMPORT: whole,
        TaskType.FUNDATA_DATA: StepWork(data, "data", account, settings.fundata_overlap_days, settings),
        TaskType.FUNDATA_QUOTES: StepWork(quotes, "quotes", account, settings.fundata_overlap_days, settings),
    }


def make_seed_work(settings: FundataSettings, storage: SeedStorageSettings, catalogue: Catalogue) -> SeedWork:
    """Return the work on the seed tree that the settings name; if the tree is absent, all files are missing."""
    root = Path(settings.fundata_base_path).absolute()

    def find_tree(_task: ProcessingTask) -> SeedTree:
        return SeedTree(
            root,
            Path(settings.fundata_data_path).absolute() if settings.fundata_data_path else root / "data",
            Path(settings.fundata_quotes_path).absolute() if settings.fundata_quotes_path else root / "quotes",
        )

    return SeedWork(
        catalogue=catalogue,
        find_tree=find_tree,
        reject_limit=settings.reject_limit,
        drop_limit=settings.drop_limit,
        storage=storage,
    )
