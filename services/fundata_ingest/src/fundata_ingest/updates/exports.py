"""Loads one export of the update API: requested once, recorded before it is polled, downloaded, loaded exactly once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import BinaryIO

from fundata_ingest.catalogue import Catalogue, FundataDataset
from fundata_ingest.formats.batches import FileProblem, Position, TextBatch
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.formats.file_heads import HEAD_BYTES, inspect_file
from fundata_ingest.store.chunk_loader import ChunkLoader, FileStream
from fundata_ingest.store.chunks import DeliveryContext
from fundata_ingest.store.file_tracker import list_file_runs, read_stream, track_file
from fundata_ingest.transform.json_batches import read_json_batches
from fundata_ingest.updates.cursor import move_cursor
from fundata_ingest.updates.export_ledger import (
    Export,
    forget_execution,
    open_export,
    record_execution,
    record_host,
    record_loaded,
    record_loading,
    record_ready,
)
from fundata_ingest.updates.update_api import ExportFailedError, UpdateApi
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.kit.json_stream import BrokenJsonError
from sra_shared.kit.logs import get_logger
from sra_shared.runs import UnitContext
from sra_shared.runs.counts import Counts

log = get_logger(__name__)

_AWAIT_SECONDS = 2.0

OpenApi = Callable[[UnitContext], AbstractAsyncContextManager[UpdateApi]]


@dataclass(frozen=True)
class ExportJob:
    """What one unit of an update run loads, and how."""

    context: UnitContext
    dataset: FundataDataset
    language: str
    batch_rows: int
    drop_limit: Decimal | None

    def name_file(self, export: Export) -> str:
        """Return the name of the downloaded bytes in the ledger of files."""
        return f"api/{self.dataset.name}{f'.{self.language}' if self.language else ''}/{export.execution_id}"


async def load_export(
    context: UnitContext,
    catalogue: Catalogue,
    open_api: OpenApi,
    *,
    overlap_days: int,
    batch_rows: int,
    drop_limit: Decimal | None,
) -> None:
    """Process one unit of an update run from its current state; see the states of export_ledger.

    The download goes to the system's folder for temporary files, which TMPDIR names.
    """
    dataset, language = catalogue.find_dataset(context.unit.dataset), str(context.unit.detail.get("language", ""))
    job = ExportJob(context, dataset, language, batch_rows, drop_limit)
    given = context.unit.detail.get("from")
    async with context.pool.acquire() as connection:
        export = await open_export(connection, context, dataset, language, given, overlap_days)
    if export.is_done:
        return
    async with open_api(context) as api:
        export = await _request(job, api, export)
        if export.is_done:
            return
        with tempfile.TemporaryDirectory(prefix="sra-export-") as folder:
            target = Path(folder, "export")
            try:
                if export.state == "requested":
                    await api.wait_for_export(str(export.execution_id))
                    await record_ready(context, export)
                downloaded = await api.download(str(export.execution_id), target)
            except ExportFailedError as error:
                await forget_execution(context, export, str(error))
                raise
            await record_host(context, export, downloaded.host, is_listed=api.has_host_list)
            await _load_file(job, export, target, downloaded.sha256)


async def _request(job: ExportJob, api: UpdateApi, export: Export) -> Export:
    """Request the export unless the vendor already prepares it; its id is committed before anything else."""
    if export.execution_id is not None:
        return export
    execution_id = await api.request_export(str(job.dataset.endpoint), export.from_date, job.language or None)
    while (known := await record_execution(job.context, export, execution_id)) is None:
        log.info("export_in_use_by_another_run", execution_id=execution_id, dataset=job.dataset.name)
        await asyncio.sleep(_AWAIT_SECONDS)
    return known


async def _load_file(job: ExportJob, export: Export, path: Path, sha256: str) -> None:
    """Load the downloaded bytes, from the last committed chunk of the same bytes."""
    context, dataset, name = job.context, job.dataset, job.name_file(export)
    opened: BinaryIO = await asyncio.to_thread(path.open, "rb")
    with opened as stream:
        size = await asyncio.to_thread(lambda: path.stat().st_size)
        async with context.transaction() as connection:
            file_id, _ = await track_file(
                connection,
                path=name,
                file_hash=sha256,
                dataset=dataset.name,
                size=size,
                status="processing",
                run_id=context.task.task_id,
            )
            await record_loading(connection, export, sha256, size)
            await context.commit(connection, Counts())
            state = await read_stream(connection, file_id, 0)
            runs = await list_file_runs(connection, file_id)
        delivery = DeliveryContext(
            dataset=dataset,
            run_id=context.task.task_id,
            data_source="API",
            source_file=name,
            file_hash=sha256,
            execution_id=export.execution_id,
            today=datetime.now(UTC).date(),
            delivered_at=export.requested_at,
            file_runs=runs,
            drop_limit=job.drop_limit,
        )
        make, columns = await asyncio.to_thread(_find_reader, stream, name, dataset, size, export, job.batch_rows)
        async with context.transaction() as connection:
            await context.commit(connection, Counts(), progress={"file": name, "columns": columns})
        file = FileStream(file_id, name, size, ends_with_records=False)
        try:
            await ChunkLoader(context, delivery, file, conclude=partial(_record_end, job, export)).load(state, make)
        except BrokenJsonError as error:
            raise RetryableError(
                f"{name} is incomplete or damaged: {error}", next_step="It is downloaded again."
            ) from error


async def _record_end(job: ExportJob, export: Export, connection: Connection) -> None:
    """Record that all of it is loaded and move the cursor, in the transaction that ends the unit."""
    await record_loaded(connection, export)
    await move_cursor(
        connection,
        job.dataset,
        job.language,
        from_date=export.from_date,
        until=export.requested_at.astimezone(UTC).date(),
        run_id=job.context.task.task_id,
    )


def _find_reader(
    stream: BinaryIO, name: str, dataset: FundataDataset, size: int, export: Export, batch_rows: int
) -> tuple[Callable[[Position | None], Iterator[TextBatch]], list[str] | None]:
    """Return a function that reads the delivery from a position, and a CSV's columns; the first byte distinguishes JSON from CSV.

    Raises RetryableError if it is neither (an HTML page, say): the vendor may deliver it correctly next time.
    """
    head = stream.read(HEAD_BYTES)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text and size <= HEAD_BYTES:
        return (lambda _position: iter(())), None
    if text[:1] in (b"[", b"{"):
        delivered_on = export.requested_at.date()
        return (
            lambda position: read_json_batches(
                stream, dataset, delivered_on=delivered_on, start=position, batch_rows=batch_rows
            )
        ), None
    verdict = inspect_file(head, name, _NO_CATALOGUE, dataset=dataset)
    if isinstance(verdict, FileProblem):
        if verdict.kind == "header":
            raise FatalError(verdict.message, next_step="Extend the catalogue, then run the update again.")
        raise RetryableError(verdict.message, next_step="It is downloaded again.")
    found = verdict
    return (lambda position: read_batches(stream, found, start=position, batch_rows=batch_rows)), list(found.columns)


_NO_CATALOGUE = Catalogue(version=1, datasets=())
