"""The ledger of exports: `fundata_export` holds the state of each.

The states: requesting, requested (the execution id is known), ready (the vendor prepared it), loading (the bytes are known),
loaded, repeated (the vendor named an execution that was loaded before) or failed. A restart resumes from any state. An export
that the vendor prepared but that was never recorded is never loaded.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg

from fundata_ingest.catalogue import FundataDataset
from fundata_ingest.updates.cursor import find_cursor
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import RetryableError
from sra_shared.kit.logs import get_logger
from sra_shared.runs import UnitContext
from sra_shared.runs.counts import Counts

log = get_logger(__name__)

_DONE = ("loaded", "repeated")
_SQL_FIND_EXECUTION = """
SELECT e.export_id, e.state, e.dataset, e.language, e.requested_at,
       EXISTS (SELECT FROM task_execution_log t
               WHERE t.task_id = e.run_id AND t.status IN ('queued', 'running', 'parked')) AS is_live
FROM fundata_export e WHERE e.execution_id = $1 FOR UPDATE
"""


_SQL_KNOWS_HOST = "SELECT EXISTS (SELECT FROM run_unit WHERE progress ->> 'export_host' = $1)"


@dataclass(frozen=True)
class Export:
    """A row of `fundata_export`."""

    export_id: int
    state: str
    execution_id: str | None
    from_date: date
    requested_at: datetime

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to load."""
        return self.state in _DONE


async def open_export(
    connection: Connection,
    context: UnitContext,
    dataset: FundataDataset,
    language: str,
    given: str | None,
    overlap_days: int,
) -> Export:
    """Return the run's export of this dataset, recorded now if new; it begins at the day `given` or at the cursor.

    Raises FatalError if there is neither.
    """
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
        raise RetryableError(
            f"The export of {dataset.name} was not recorded in the ledger.", next_step="It is retried."
        )
    return _read_export(row)


def _read_export(row: asyncpg.Record) -> Export:
    return Export(row["export_id"], row["state"], row["execution_id"], row["from_date"], row["requested_at"])


async def record_execution(context: UnitContext, export: Export, execution_id: str) -> Export | None:
    """Record the execution and return the export; None while another live run is loading this execution."""
    own = context.unit
    requested_at = datetime.now(UTC)
    try:
        async with context.transaction() as connection:
            other = await connection.fetchrow(_SQL_FIND_EXECUTION, execution_id)
            if other is not None:
                if (other["dataset"], other["language"]) != (own.dataset, own.detail.get("language", "")):
                    raise RetryableError(
                        f"Fundata answered the request for {own.dataset} with export {execution_id}, which is for"
                        f" {other['dataset']}.",
                        next_step="It is requested again.",
                    )
                if other["state"] == "loaded":
                    return await _record_repeated(connection, context, export, execution_id, other["export_id"])
                if other["is_live"]:
                    return None
                # no run will load it any more; it holds the changes of its own day
                await connection.execute(
                    "UPDATE fundata_export SET state = 'failed', execution_id = NULL, error = $2 WHERE export_id = $1",
                    other["export_id"],
                    f"Its run ended before it was loaded; export {export.export_id} continues with it.",
                )
                requested_at = other["requested_at"]
            return await _record_requested(connection, context, export, execution_id, requested_at)
    except asyncpg.UniqueViolationError:
        return None


async def _record_repeated(
    connection: Connection, context: UnitContext, export: Export, execution_id: str, first: int
) -> Export:
    log.info("export_already_loaded", execution_id=execution_id, dataset=context.unit.dataset)
    await connection.execute(
        "UPDATE fundata_export SET state = 'repeated', repeats = $2, error = NULL WHERE export_id = $1",
        export.export_id,
        first,
    )
    await context.commit(connection, Counts(), progress={"repeats": execution_id})
    return replace(export, state="repeated")


async def _record_requested(
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
            f"Another worker continues the export of {context.unit.dataset}.", next_step="Its state is read again."
        )
    await context.commit(connection, Counts(), progress={"execution_id": execution_id})
    return _read_export(row)


async def record_ready(context: UnitContext, export: Export) -> None:
    """Record that the vendor prepared the export."""
    async with context.transaction() as connection:
        await connection.execute(
            "UPDATE fundata_export SET state = 'ready', ready_at = now() WHERE export_id = $1", export.export_id
        )
        await context.commit(connection, Counts())


async def record_host(context: UnitContext, export: Export, host: str | None, *, is_listed: bool) -> None:
    """Record in the run's ledger the host of an export. A host that is new and on no list is a warning of the run; None is the
    stand-in."""
    if host is None:
        return
    async with context.transaction() as connection:
        is_new = not is_listed and not await connection.fetchval(_SQL_KNOWS_HOST, host)
        counts = Counts(warnings_by=Counter(new_export_host=1)) if is_new else Counts()
        if is_new:
            log.warning("export_from_a_new_host", host=host, dataset=context.unit.dataset)
            await connection.execute(
                "INSERT INTO field_warning (run_id, source, dataset, file_path, field, value, reason)"
                " VALUES ($1, 'fundata', $2, $3, 'url', $4, 'new_export_host')",
                context.task.task_id,
                context.unit.dataset,
                export.execution_id,
                host,
            )
        await context.commit(connection, counts, progress={"export_host": host})


async def record_loading(connection: Connection, export: Export, sha256: str, size: int) -> None:
    """Record the bytes that are being loaded, in the caller's transaction."""
    await connection.execute(
        "UPDATE fundata_export SET state = 'loading', file_hash = $2, size_bytes = $3 WHERE export_id = $1",
        export.export_id,
        sha256,
        size,
    )


async def record_loaded(connection: Connection, export: Export) -> None:
    """Record that all of it is stored, in the caller's transaction."""
    await connection.execute(
        "UPDATE fundata_export SET state = 'loaded', loaded_at = now(), error = NULL WHERE export_id = $1",
        export.export_id,
    )


async def forget_execution(context: UnitContext, export: Export, error: str) -> None:
    """Return the export to its first state: the vendor will no longer deliver this execution."""
    async with context.transaction() as connection:
        await connection.execute(
            "UPDATE fundata_export SET state = 'requesting', execution_id = NULL, error = $2 WHERE export_id = $1",
            export.export_id,
            error,
        )
        await context.commit(connection, Counts())


async def end_exports(connection: Connection, run_id: UUID) -> None:
    """Mark as failed the exports of a run that ended without loading them."""
    await connection.execute(
        "UPDATE fundata_export SET state = 'failed', error = coalesce(error, 'Its run ended before it was loaded.')"
        " WHERE run_id = $1 AND state <> ALL($2::text[])",
        run_id,
        list(_DONE),
    )
