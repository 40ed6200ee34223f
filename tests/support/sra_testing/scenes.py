"""What the steps of a feature pass to each other, and their access to the product."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from pydantic import SecretStr

from fundata_ingest.catalogue import TableName, load_catalogue
from fundata_ingest.seed.local_load import LoadResult, run_in_process
from fundata_ingest.seed.tree import SeedTree
from fundata_ingest.seed.work import SeedWork
from fundata_ingest.store.chunk_commit import store_chunk
from fundata_ingest.store.chunks import DeliveryContext, prepare_chunks
from fundata_ingest.transform.json_batches import read_json_batches
from fundata_ingest.transform.versions import KeySet
from fundata_ingest.update_steps import StepWork
from fundata_ingest.updates.update_api import FundataAccount
from sra_shared.kit.db import open_connection, open_pool
from sra_shared.runs import RunRequest, TaskType
from sra_shared.runs.counts import Counts
from sra_stand_in.server import StandIn
from sra_testing.databases import run_async
from sra_testing.fundata import load_tree, write_csv
from sra_testing.kept_logs import keep_logs
from sra_testing.publication import build_all
from sra_testing.timings import QUICK
from view_builder.compile import compile_views
from view_builder.marts import MARTS


@dataclass
class Scene:
    """One scenario: its database, its own folder, and the results of its steps."""

    dsn: str
    root: Path
    facts: dict[str, Any] = field(default_factory=dict)
    logs: list[dict[str, Any]] = field(default_factory=list)
    results: list[LoadResult] = field(default_factory=list)

    def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Return the rows of a query."""

        async def read() -> list[asyncpg.Record]:
            connection = await open_connection(self.dsn, application_name="feature")
            try:
                return await connection.fetch(sql, *arguments)
            finally:
                await connection.close()

        return run_async(read())

    def fetch_value(self, sql: str, *arguments: object) -> Any:
        """Return the only value of a query."""
        return self.fetch(sql, *arguments)[0][0]

    def load(self, root: Path | None = None, **options: Any) -> LoadResult:
        """Load a seed tree in this process and keep its logs."""
        with keep_logs() as kept:
            result = run_async(load_tree(self.dsn, root or self.root, **options))
        self.logs.extend(kept)
        self.results.append(result)
        return result

    def update(self, stand_in: StandIn, table: TableName, *, root: Path | None = None, **parameters: Any) -> LoadResult:
        """Do the data or the quote step against a stand-in."""
        step = make_step(stand_in, root or self.root, table)
        kind = TaskType.FUNDATA_DATA if table == "data" else TaskType.FUNDATA_QUOTES
        request = RunRequest(task_type=kind, parameters=parameters, timeout_seconds=120)
        result = run_async(run_in_process(self.dsn, request, step, timing=QUICK))
        self.results.append(result)
        return result

    def build_views(self) -> None:
        """Build all views from the stored data."""

        async def build() -> None:
            pool = await open_pool(self.dsn, application_name="feature", max_size=4)
            try:
                await build_all(pool, compile_views(MARTS))
            finally:
                await pool.close()

        run_async(build())

    def deliver(self, dataset: str, body: str, *, on: str = "2025-10-01") -> Counts:
        """Store the records of an update response."""

        async def store() -> Counts:
            entry = load_catalogue().find_dataset(dataset)
            delivery = DeliveryContext(
                dataset=entry,
                run_id=uuid4(),
                data_source="API",
                source_file=None,
                today=date(2026, 1, 1),
                execution_id="e1",
            )
            batches = read_json_batches(io.BytesIO(body.encode()), entry, delivered_on=date.fromisoformat(on))
            connection = await open_connection(self.dsn, application_name="feature")
            total = Counts()
            try:
                for chunk in prepare_chunks(batches, delivery):
                    async with connection.transaction():
                        total += await store_chunk(connection, delivery, chunk, KeySet())
            finally:
                await connection.close()
            return total

        return run_async(store())


def make_step(stand_in: StandIn, root: Path, table: TableName) -> StepWork:
    """The data or the quote step with the update API of a stand-in and the seed tree below `root`."""
    seed = SeedWork(
        catalogue=load_catalogue(),
        find_tree=lambda _task: SeedTree(root, root / "data", root / "quotes"),
        reject_limit=Decimal("0.001"),
        drop_limit=Decimal("0.02"),
        tables=(table,),
    )
    account = FundataAccount(
        key=SecretStr("key-of-a-test"),
        secret=SecretStr("secret-of-a-test"),
        auth_url=stand_in.fundata_auth_url,
        api_url=stand_in.fundata_api_url,
    )
    return StepWork(seed, table, account, overlap_days=7)


def read_table(rows: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Return a step's table as dictionaries by its first row."""
    header, *rest = rows
    return [dict(zip(header, row, strict=True)) for row in rest]


def write_records(root: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write seed files from rows with `dataset`, `record`, `InstrumentKey` and `values` ("Column=value; ...")."""
    by_dataset: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        pairs = [pair.split("=", 1) for pair in row["values"].split(";")]
        values = {name.strip(): value.strip() for name, value in pairs}
        record = {"RecordId": row["record"], "InstrumentKey": row["InstrumentKey"], **values}
        by_dataset.setdefault(row["dataset"], []).append(record)
    for name, records in by_dataset.items():
        write_csv(root, load_catalogue().find_dataset(name).files[0], records)
