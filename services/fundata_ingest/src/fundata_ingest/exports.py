"""Loads one export of the update API: asked for once, remembered before it is polled, fetched, loaded exactly once.

`fundata_export` holds where it stands: requesting, requested (the execution id is known), ready (the vendor prepared it),
loading (the bytes are known), loaded, repeated (the vendor named an execution that was loaded before) or failed. A restart
in any state goes on from there; what the vendor prepared but we never noted is never loaded.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import asyncpg

from fundata_ingest.batches import FileProblem, Position, TextBatch
from fundata_ingest.catalogue import Catalogue, Dataset
from fundata_ingest.chunks import Chunk, Delivery, prefetch, prepare_chunks
from fundata_ingest.commit import store_chunk
from fundata_ingest.drops import check_drops
from fundata_ingest.files import HEAD_BYTES, inspect_file
from fundata_ingest.json_stream import BrokenJsonError
from fundata_ingest.reader import read_batches
from fundata_ingest.records import read_json_batches
from fundata_ingest.streams import collect_met_keys
from fundata_ingest.targets import find_target
from fundata_ingest.tracker import StreamState, list_file_runs, read_stream, save_stream, track_file
from fundata_ingest.update_api import ExportFailedError, UpdateApi
from sra_shared.counts import Counts
from sra_shared.db import Connection
from sra_shared.errors import FatalError, RetryableError
from sra_shared.logs import get_logger
from sra_shared.runs import UnitContext

log = get_logger(__name__)

_DONE = ("loaded", "repeated")
_AWAIT_SECONDS = 2.0
_SQL_FIND_EXECUTION = """
SELECT e.export_id, e.state, e.dataset, e.language, e.requested_at,
       EXISTS (SELECT FROM task_execution_log t
               WHERE t.task_id = e.run_id AND t.status IN ('queued', 'running', 'parked')) AS is_live
FROM fundata_export e WHERE e.execution_id = $1 FOR UPDATE
"""

OpenApi = Callable[[UnitContext], AbstractAsyncContextManager[UpdateApi]]


@dataclass(frozen=True)
class Export:
    """A row of `fundata_export`."""

    export_id: int
    state: str
    execution_id: str | None
    from_date: date
    requested_at: datetime


async def load_export(
    context: UnitContext,
    catalogue: Catalogue,
    open_api: OpenApi,
    *,
    overlap_days: int,
    batch_rows: int,
    drop_limit: Decimal | None,
) -> None:
    """Do one unit of an update run, from wherever it stands; see the states above."""
    dataset, language = catalogue.find_dataset(context.unit.dataset), str(context.unit.detail.get("language", ""))
    given = context.unit.detail.get("from")
    async with context.pool.acquire() as connection:
        export = await _open_export(connection, context, dataset, language, given, overlap_days)
    if export.state in _DONE:
        return
    async with open_api(context) as api:
        export = await _request(context, api, dataset, language, export)
        if export.state in _DONE:
            return
        with tempfile.TemporaryDirectory(prefix="sra-export-") as folder:
            target = Path(folder, "export")
            try:
                if export.state == "requested":
                    await api.wait_for_export(str(export.execution_id))
                    await _note_ready(context, export)
                sha256 = await api.download(str(export.execution_id), target)
            except ExportFailedError as error:
                await _forget_execution(context, export, str(error))
                raise
            await _load_file(context, dataset, language, export, target, sha256, batch_rows, drop_limit)


async def _open_export(
    connection: Connection,
    context: UnitContext,
    dataset: Dataset,
    language: str,
    given: str | None,
    overlap_days: int,
) -> Export:
    """Return the run's export of this dataset, noted now where it is new."""
    run_id = context.task.task_id
    row = await connection.fetchrow(
        "SELECT * FROM fundata_export WHERE run_id = $1 AND dataset = $2 AND language = $3",
        run_id,
        dataset.name,
        language,
    )
    if row is None:
        from_date = date.fromisoformat(given) if given else None
        if from_date is None:
            from_date = await find_cursor(connection, dataset, language) - timedelta(days=overlap_days)
        row = await connection.fetchrow(
            "INSERT INTO fundata_export (run_id, dataset, language, from_date) VALUES ($1, $2, $3, $4) RETURNING *",
            run_id,
            dataset.name,
            language,
            from_date,
        )
    if row is None:
        raise RetryableError(f"The ledger did not take the export of {dataset.name}.", next_step="It is tried again.")
    return _read_export(row)


def _read_export(row: asyncpg.Record) -> Export:
    return Export(row["export_id"], row["state"], row["execution_id"], row["from_date"], row["requested_at"])


async def find_cursor(connection: Connection, dataset: Dataset, language: str) -> date:
    """Return the day up to which all changes are stored: the last success, at first the greatest stored ChangeDate.

    Raises FatalError where there is neither.
    """
    cursor: date | None = await connection.fetchval(
        "SELECT changed_until FROM fundata_cursor WHERE dataset = $1 AND language = $2", dataset.name, language
    )
    if cursor is None:
        table = find_target(dataset).table
        cursor = await connection.fetchval(
            f"SELECT max(change_date) FROM {table} WHERE dataset = $1",  # noqa: S608 - a table of ours
            dataset.name,
        )
    if cursor is None:
        raise FatalError(
            f"{dataset.name} was never seeded, so that nobody knows from when on updates are wanted.",
            next_step="Load the seed files first, or give a first day (parameter `from`).",
        )
    return cursor


async def _request(context: UnitContext, api: UpdateApi, dataset: Dataset, language: str, export: Export) -> Export:
    """Have the vendor prepare the export unless it does so already; its id is committed before anything else."""
    if export.execution_id is not None:
        return export
    execution_id = await api.request_export(str(dataset.endpoint), export.from_date, language or None)
    while (known := await _remember_execution(context, export, execution_id)) is None:
        log.info("export_is_being_loaded_by_another_run", execution_id=execution_id, dataset=dataset.name)
        await asyncio.sleep(_AWAIT_SECONDS)
    return known


async def _remember_execution(context: UnitContext, export: Export, execution_id: str) -> Export | None:
    """Note the execution and return the export; None while another live run has this execution in hand."""
    own = context.unit
    requested_at = datetime.now(UTC)
    try:
        async with context.transaction() as connection:
            other = await connection.fetchrow(_SQL_FIND_EXECUTION, execution_id)
            if other is not None:
                if (other["dataset"], other["language"]) != (own.dataset, own.detail.get("language", "")):
                    raise RetryableError(
                        f"Fundata answered the request for {own.dataset} with export {execution_id}, which is of"
                        f" {other['dataset']}.",
                        next_step="It is asked for again.",
                    )
                if other["state"] == "loaded":
                    return await _note_repeated(connection, context, export, execution_id, other["export_id"])
                if other["is_live"]:
                    return None
                # nobody will load it any more; the changes it holds are those of its own day
                await connection.execute(
                    "UPDATE fundata_export SET state = 'failed', execution_id = NULL, error = $2 WHERE export_id = $1",
                    other["export_id"],
                    f"Its run ended before it was loaded; export {export.export_id} goes on with it.",
                )
                requested_at = other["requested_at"]
            return await _note_requested(connection, context, export, execution_id, requested_at)
    except asyncpg.UniqueViolationError:
        return None


async def _note_repeated(
    connection: Connection, context: UnitContext, export: Export, execution_id: str, first: int
) -> Export:
    log.info("export_was_loaded_before", execution_id=execution_id, dataset=context.unit.dataset)
    await connection.execute(
        "UPDATE fundata_export SET state = 'repeated', repeats = $2, error = NULL WHERE export_id = $1",
        export.export_id,
        first,
    )
    await context.commit(connection, Counts(), progress={"repeats": execution_id})
    return replace(export, state="repeated")


async def _note_requested(
    connection: Connection, context: UnitContext, export: Export, execution_id: str, requested_at: datetime
) -> Export:
    row = await connection.fetchrow(
        "UPDATE fundata_export SET state = 'requested', execution_id = $2, requested_at = $3, error = NULL"
        " WHERE export_id = $1 AND state = 'requesting' RETURNING *",
        export.export_id,
        execution_id,
        requested_at,
    )
    if row is None:
        raise RetryableError(
            f"The export of {context.unit.dataset} is in other hands.", next_step="It is looked at again."
        )
    await context.commit(connection, Counts(), progress={"execution_id": execution_id})
    return _read_export(row)


async def _note_ready(context: UnitContext, export: Export) -> None:
    async with context.transaction() as connection:
        await connection.execute(
            "UPDATE fundata_export SET state = 'ready', ready_at = now() WHERE export_id = $1", export.export_id
        )
        await context.commit(connection, Counts())


async def end_exports(connection: Connection, run_id: UUID) -> None:
    """Say of the exports of a run that ended without loading them that they failed."""
    await connection.execute(
        "UPDATE fundata_export SET state = 'failed', error = coalesce(error, 'Its run ended before it was loaded.')"
        " WHERE run_id = $1 AND state <> ALL($2::text[])",
        run_id,
        list(_DONE),
    )


async def _forget_execution(context: UnitContext, export: Export, error: str) -> None:
    """Go back to the beginning: the vendor will not deliver this execution any more."""
    async with context.transaction() as connection:
        await connection.execute(
            "UPDATE fundata_export SET state = 'requesting', execution_id = NULL, error = $2 WHERE export_id = $1",
            export.export_id,
            error,
        )
        await context.commit(connection, Counts())


async def _load_file(
    context: UnitContext,
    dataset: Dataset,
    language: str,
    export: Export,
    path: Path,
    sha256: str,
    batch_rows: int,
    drop_limit: Decimal | None,
) -> None:
    """Load the downloaded bytes, from the last committed chunk of the same bytes."""
    name = f"api/{dataset.name}{f'.{language}' if language else ''}/{export.execution_id}"
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
            await connection.execute(
                "UPDATE fundata_export SET state = 'loading', file_hash = $2, size_bytes = $3 WHERE export_id = $1",
                export.export_id,
                sha256,
                size,
            )
            await context.commit(connection, Counts())
            state = await read_stream(connection, file_id, 0)
            runs = await list_file_runs(connection, file_id)
        delivery = Delivery(
            dataset=dataset,
            run_id=context.task.task_id,
            data_source="API",
            source_file=name,
            file_hash=sha256,
            execution_id=export.execution_id,
            today=datetime.now(UTC).date(),
            delivered_at=export.requested_at,
            file_runs=runs,
            drop_limit=drop_limit,
        )
        make, columns = await asyncio.to_thread(_find_reader, stream, name, dataset, size, export, batch_rows)
        async with context.transaction() as connection:
            await context.commit(connection, Counts(), progress={"file": name, "columns": columns})
        met = await asyncio.to_thread(collect_met_keys, make(None), delivery, state)
        chunks = prepare_chunks(make(state.position), delivery)
        try:
            async with aclosing(prefetch(chunks)) as prepared:
                async for chunk in prepared:
                    state = await _commit_chunk(context, delivery, file_id, state, chunk, met)
        except BrokenJsonError as error:
            raise RetryableError(f"{name} is not whole: {error}", next_step="It is fetched again.") from error
        await _finish(context, dataset, language, export, file_id, state, size)


def _find_reader(
    stream: BinaryIO, name: str, dataset: Dataset, size: int, export: Export, batch_rows: int
) -> tuple[Callable[[Position | None], Iterator[TextBatch]], list[str] | None]:
    """Return what reads the delivery from a position, and a CSV's columns; the first byte tells JSON from CSV.

    Raises RetryableError where it is neither (an HTML page, say): the vendor may do better next time.
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
        raise RetryableError(verdict.message, next_step="It is fetched again.")
    found = verdict
    return (lambda position: read_batches(stream, found, start=position, batch_rows=batch_rows)), list(found.columns)


async def _commit_chunk(
    context: UnitContext, delivery: Delivery, file_id: int, state: StreamState, chunk: Chunk, met: Any
) -> StreamState:
    end = chunk.typed.end
    async with context.transaction() as connection:
        delta = await store_chunk(connection, delivery, chunk, met)
        await check_drops(connection, context, delivery, chunk)
        after = await save_stream(connection, file_id, 0, state, delta, end, done=False)
        await context.commit(connection, delta, resume={"offset": end.offset, "line": end.line})
    return after


async def _finish(
    context: UnitContext, dataset: Dataset, language: str, export: Export, file_id: int, state: StreamState, size: int
) -> None:
    """Note that all of it is loaded and move the cursor, in the transaction that ends the unit."""
    async with context.transaction() as connection:
        if not state.done:
            end = Position(max(size, state.offset + 1), state.line)
            await save_stream(connection, file_id, 0, state, Counts(), end, done=True)
        await connection.execute(
            "UPDATE fundata_export SET state = 'loaded', loaded_at = now(), error = NULL WHERE export_id = $1",
            export.export_id,
        )
        await move_cursor(
            connection, dataset, language, export.requested_at.astimezone(UTC).date(), context.task.task_id
        )
        await context.finish(connection)


async def move_cursor(connection: Connection, dataset: Dataset, language: str, day: date, run_id: UUID) -> None:
    """Remember that all changes up to a day are stored; never goes back."""
    await connection.execute(
        "INSERT INTO fundata_cursor AS c (dataset, language, changed_until, run_id) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (dataset, language) DO UPDATE SET changed_until = greatest(c.changed_until, excluded.changed_until),"
        " run_id = excluded.run_id, updated_at = now()",
        dataset.name,
        language,
        day,
        run_id,
    )


_NO_CATALOGUE = Catalogue(version=0, datasets=())
