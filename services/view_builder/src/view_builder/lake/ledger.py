"""The builds of the lake in the database: pointers, names, recorded changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from pydantic import BaseModel

from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.database.revision import read_sandbox_mark
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError, RetryableError
from view_builder.apply import take_build_lock
from view_builder.compile import CompiledView
from view_builder.lake.exchange import LakeMark, Publication, TableState

LOCK = "lake"
SQL_READ_ROOT = "SELECT lake_id FROM lake_root WHERE root = $1"
SQL_ADD_ROOT = "INSERT INTO lake_root (root, lake_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
SQL_NEWEST = """
SELECT build_id, contract_version, snapshot_at FROM lake_build WHERE root = $1 ORDER BY build_id DESC LIMIT 1
"""
SQL_TABLES = """
SELECT relation, metadata_location, columns_digest, view_digest, view_builds, content_hash, row_count, file_count, byte_count
FROM lake_table WHERE build_id = $1 ORDER BY relation
"""
SQL_ADD_BUILD = """
INSERT INTO lake_build (build_id, root, run_id, contract_version, snapshot_at, changed_tables, written_files, written_bytes,
                        peak_memory_mb, published_at)
SELECT coalesce(max(build_id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() FROM lake_build
RETURNING build_id
"""
SQL_ADD_TABLE = """
INSERT INTO lake_table (build_id, relation, metadata_location, columns_digest, view_digest, view_builds, content_hash,
                        row_count, file_count, byte_count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
SQL_ADD_METADATA = "INSERT INTO lake_metadata (metadata_location, metadata) VALUES ($1, $2) ON CONFLICT DO NOTHING"
SQL_DELETE_CHANGES = """
DELETE FROM lake_change WHERE pg_visible_in_snapshot(transaction_id::text::xid8, $1::text::pg_snapshot)
"""
SQL_LIST_EXPIRED = """
SELECT build_id FROM lake_build WHERE name IS NULL AND published_at < clock_timestamp() - $2::interval
  AND build_id NOT IN (SELECT build_id FROM lake_build WHERE name IS NULL ORDER BY build_id DESC LIMIT $1)
"""
SQL_DELETE_TABLES = "DELETE FROM lake_table WHERE build_id = ANY($1::bigint[])"
SQL_DELETE_BUILDS = "DELETE FROM lake_build WHERE build_id = ANY($1::bigint[])"
SQL_DELETE_METADATA = """
DELETE FROM lake_metadata m WHERE NOT EXISTS (SELECT FROM lake_table t WHERE t.metadata_location = m.metadata_location)
"""
SQL_KEPT = """
SELECT DISTINCT t.metadata_location FROM lake_table t JOIN lake_build b USING (build_id) WHERE b.root = $1 ORDER BY 1
"""
SQL_LIST_BUILDS = """
SELECT b.build_id, b.name, b.root, b.snapshot_at, b.published_at, b.changed_tables, b.written_files, b.written_bytes,
  b.peak_memory_mb, count(*)::int AS tables, sum(t.row_count)::bigint AS rows, sum(t.file_count)::bigint AS files,
  sum(t.byte_count)::bigint AS bytes
FROM lake_build b JOIN lake_table t USING (build_id) GROUP BY b.build_id ORDER BY b.build_id DESC
"""
SQL_HAS_PUBLISHED = "SELECT EXISTS (SELECT FROM lake_build WHERE run_id = $1)"
SQL_NAME = "UPDATE lake_build SET name = $2 WHERE build_id = $1 RETURNING build_id"


class LakeBuild(BaseModel):
    """One build of the lake, with the sums over its tables."""

    build_id: int
    name: str | None
    root: str
    snapshot_at: datetime
    published_at: datetime
    changed_tables: int
    written_files: int
    written_bytes: int
    peak_memory_mb: int
    tables: int
    rows: int
    files: int
    bytes: int


class BaseBuild(BaseModel):
    """The newest build at a root, from which the next one starts; without one the next build writes everything."""

    build_id: int | None
    tables: dict[str, TableState]
    snapshot_at: datetime | None = None


async def prepare_root(connection: Connection, root: str) -> tuple[LakeMark, bool]:
    """Return the mark that the root must have, and whether this database has never published there."""
    await connection.execute(SQL_ADD_ROOT, root, uuid4())
    lake_id: UUID = await connection.fetchval(SQL_READ_ROOT, root)
    newest = await connection.fetchrow(SQL_NEWEST, root)
    mark = LakeMark(lake_id=lake_id, is_sandbox=await read_sandbox_mark(connection))
    return mark, newest is None


async def begin_recording(connection: Connection, view: CompiledView) -> None:
    """Record the changed rows of a series from now on, in the caller's transaction; waits for a build in progress.

    A build that began before would not record what it changes, so that a snapshot taken after it could miss it.
    """
    if await connection.fetchval("SELECT EXISTS (SELECT FROM lake_series WHERE relation = $1)", view.relation):
        return
    await take_build_lock(connection, view)
    await connection.execute("INSERT INTO lake_series (relation) VALUES ($1) ON CONFLICT DO NOTHING", view.relation)
    await connection.execute("INSERT INTO lake_change (relation) VALUES ($1)", view.relation)


async def end_recording(connection: Connection) -> None:
    """Stop recording changes, because there is no longer a lake; a later one starts with all rows."""
    await connection.execute("DELETE FROM lake_series")
    await connection.execute("DELETE FROM lake_change")


async def read_base(connection: Connection, root: str, *, contract_version: int, full: bool) -> BaseBuild:
    """Return the newest build at the root; without its tables if everything is to be written."""
    newest = await connection.fetchrow(SQL_NEWEST, root)
    if newest is None:
        return BaseBuild(build_id=None, tables={})
    # the rows of a contract version were built next to the former one, without a record of their changes
    if full or newest["contract_version"] != contract_version:
        return BaseBuild(build_id=newest["build_id"], tables={})
    tables = await read_tables(connection, newest["build_id"])
    by_name = {table.relation: table for table in tables}
    return BaseBuild(build_id=newest["build_id"], tables=by_name, snapshot_at=newest["snapshot_at"])


async def read_tables(connection: Connection, build_id: int) -> list[TableState]:
    """Return the tables of a build."""
    return [TableState(**dict(row)) for row in await connection.fetch(SQL_TABLES, build_id)]


async def add_build(
    connection: Connection, root: str, base: BaseBuild, run_id: UUID, publication: Publication, *, contract_version: int
) -> int:
    """Publish a build in the caller's transaction and return its number.

    Raises RetryableError if another publisher was faster: the build would leave out what that one contains.
    """
    await take_lock(connection, LOCK)
    newest = await connection.fetchrow(SQL_NEWEST, root)
    if (newest["build_id"] if newest is not None else None) != base.build_id:
        raise RetryableError(
            "Another build of the lake was published meanwhile.", next_step="It is tried again from that one."
        )
    changed = [table for table in publication.tables if table.metadata is not None]
    build_id: int = await connection.fetchval(
        SQL_ADD_BUILD,
        root,
        run_id,
        contract_version,
        publication.snapshot_at,
        len(changed),
        sum(table.written_files for table in changed),
        sum(table.written_bytes for table in changed),
        publication.peak_memory_mb,
    )
    states = [table.state for table in publication.tables]
    await connection.executemany(SQL_ADD_TABLE, [(build_id, *state.model_dump().values()) for state in states])
    await connection.executemany(
        SQL_ADD_METADATA, [(table.state.metadata_location, table.metadata) for table in changed]
    )
    await connection.execute(SQL_DELETE_CHANGES, publication.snapshot)
    return build_id


async def expire_builds(connection: Connection, *, keep: int, grace: timedelta) -> int:
    """Delete the builds beyond the newest `keep` that are older than `grace` and have no name; return their number."""
    await take_lock(connection, LOCK)
    expired = [row["build_id"] for row in await connection.fetch(SQL_LIST_EXPIRED, keep, grace)]
    await connection.execute(SQL_DELETE_TABLES, expired)
    await connection.execute(SQL_DELETE_BUILDS, expired)
    await connection.execute(SQL_DELETE_METADATA)
    return len(expired)


async def list_kept(connection: Connection, root: str) -> Sequence[str]:
    """Return the addresses of the metadata of all builds at the root."""
    return [row["metadata_location"] for row in await connection.fetch(SQL_KEPT, root)]


async def list_builds(connection: Connection) -> list[LakeBuild]:
    """Return all builds, the newest first."""
    return [LakeBuild(**dict(row)) for row in await connection.fetch(SQL_LIST_BUILDS)]


async def name_build(connection: Connection, build_id: int, name: str | None) -> None:
    """Name a build, which keeps it, or remove its name; raises ConfigError if it does not exist or the name is taken."""
    await take_lock(connection, LOCK)
    if name is not None and await connection.fetchval(
        "SELECT EXISTS (SELECT FROM lake_build WHERE name = $1 AND build_id <> $2)", name, build_id
    ):
        raise ConfigError(f"Another build is named {name}.", next_step="Choose another name.")
    if await connection.fetchval(SQL_NAME, build_id, name) is None:
        raise ConfigError(f"Build {build_id} does not exist.", next_step="./sra lake status lists the builds.")
