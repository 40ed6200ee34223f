"""Writes a build of the lake: reads all views in one snapshot, writes files and metadata, returns the new pointers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from resource import RUSAGE_SELF, getrusage

from sra_shared.kit.db import Connection, open_connection
from sra_shared.kit.errors import RetryableError
from view_builder.contract_versions import read_contract
from view_builder.lake.copying import COPY_SECONDS
from view_builder.lake.exchange import Publication, PublishOrder, StagedTable, TableState
from view_builder.lake.iceberg import CurrentTable, create_table, load_table, stage_table
from view_builder.lake.storage import LakeFiles
from view_builder.lake.table_writer import TableWriter, WrittenFiles
from view_builder.lake.tables import LakeTable

SQL_READ_SNAPSHOT = "SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS snapshot_at"
SQL_READ_STATES = "SELECT relation, filled, builds FROM public.published_view WHERE filled IS NOT NULL"


async def write_build(order: PublishOrder, tables: Sequence[LakeTable]) -> Publication:
    """Write everything that differs from the build before.

    Raises ConfigError if the lake is another database's, RetryableError if the views are not built from this code's models,
    MisfitError for a value that no column can hold, and the errors of storage and database.
    """
    files = LakeFiles(order.storage)
    files.require_mark(order.mark, is_new=order.is_new)
    connection = await open_connection(order.dsn, application_name="sra:lake", command_timeout=COPY_SECONDS)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'")
            row = await connection.fetchrow(SQL_READ_SNAPSHOT)
            staged = await _write_tables(connection, files, order, tables)
    finally:
        await connection.close()
    if row is None:
        raise RetryableError("The database returned no snapshot.")
    peak = getrusage(RUSAGE_SELF).ru_maxrss // 1024
    return Publication(snapshot=row["snapshot"], snapshot_at=row["snapshot_at"], tables=staged, peak_memory_mb=peak)


async def _write_tables(
    connection: Connection, files: LakeFiles, order: PublishOrder, tables: Sequence[LakeTable]
) -> list[StagedTable]:
    contract = await read_contract(connection)
    states = {row["relation"]: row for row in await connection.fetch(SQL_READ_STATES)}
    built = [table for table in tables if table.relation in states]
    other = [table.relation for table in built if states[table.relation]["filled"] != table.view_digest]
    if other or contract.version != order.contract_version:
        raise RetryableError(
            f"The views are built from other models than those of this code: {', '.join(other) or 'all of them'}.",
            next_step="The lake is published after the next build of the views.",
        )
    return [
        await _write_table(
            *(connection, files, table),
            base=order.base.get(table.relation),
            base_at=order.base_at,
            builds=states[table.relation]["builds"],
        )
        for table in built
    ]


async def _write_table(
    connection: Connection,
    files: LakeFiles,
    table: LakeTable,
    *,
    base: TableState | None,
    base_at: datetime | None,
    builds: int,
) -> StagedTable:
    if base is not None and base.columns_digest != table.columns_digest:
        base = None
    if base is not None and not table.is_series and (base.view_digest, base.view_builds) == (table.view_digest, builds):
        return StagedTable(state=base)
    location = base.metadata_location if base is not None else None
    current = create_table(files, table) if location is None else load_table(files, table.relation, location)
    since = base_at if base is not None else None
    written = await _write_files(TableWriter(connection, files, table, current), table, since)
    if base is not None and (written is None or (base.content_hash and written.content_hash == base.content_hash)):
        for file in written.added if written is not None else ():
            files.delete(file.file_path)
        return StagedTable(state=base.model_copy(update={"view_digest": table.view_digest, "view_builds": builds}))
    written = written or WrittenFiles((), ())
    staged = stage_table(current, written.removed, written.added)
    return _describe(staged, table, written, builds)


async def _write_files(writer: TableWriter, table: LakeTable, since: datetime | None) -> WrittenFiles | None:
    if not table.is_series:
        return await writer.write_whole()
    return await writer.write_series() if since is None else await writer.write_changes(since)


def _describe(staged: CurrentTable, table: LakeTable, written: WrittenFiles, builds: int) -> StagedTable:
    state = TableState(
        relation=table.relation,
        metadata_location=staged.table.metadata_location,
        columns_digest=table.columns_digest,
        view_digest=table.view_digest,
        view_builds=builds,
        content_hash=written.content_hash,
        row_count=sum(file.record_count for file in staged.files),
        file_count=len(staged.files),
        byte_count=sum(file.file_size_in_bytes for file in staged.files),
    )
    return StagedTable(
        state=state,
        metadata=staged.metadata.model_dump_json(),
        written_files=len(written.added),
        written_bytes=sum(file.file_size_in_bytes for file in written.added),
    )
