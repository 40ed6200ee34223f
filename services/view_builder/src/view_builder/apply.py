"""Applies definitions to the database: tables, indexes, views, functions, comments. Readers wait at most 250 ms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import asyncpg

from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.database.reader_roles import list_readers
from sra_shared.kit.db import Connection, Pool
from sra_shared.kit.errors import RetryableError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.retry import LOCKED_VIEW
from view_builder.compile import CompiledView, quote_name
from view_builder.contract_versions import begin_contract, drop_former, find_target, require_version
from view_builder.core import LOCK_TIMEOUT, define_core
from view_builder.diff import require_compatible
from view_builder.schemas import READERS
from view_builder.trigrams import provide_trigrams

_ATTEMPTS = 40
# a command and the service may build at the same time, and a full build takes long
_BUILD_SECONDS = 900.0
_log = get_logger(__name__)

SQL_READ_STATE = "SELECT * FROM public.published_view WHERE relation = $1"
SQL_PUT_DEFINITION = """
INSERT INTO public.published_view AS p (relation, view, version, digest, contract, defined_at)
VALUES ($1, $2, $3, $4, $5, clock_timestamp())
ON CONFLICT (relation) DO UPDATE SET view = $2, version = $3, digest = $4, contract = $5,
  defined_at = CASE WHEN p.digest = $4 THEN p.defined_at ELSE clock_timestamp() END
"""
SQL_VOID_STATE = "UPDATE public.published_view SET filled = NULL WHERE relation = $1"
SQL_LIST_INDEXES = """
SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass($1)
"""


async def lock_view(connection: Connection, view: CompiledView) -> None:
    """Lock a view for building until the transaction ends; readers do not take this lock.

    Raises NewerContractError if a newer contract version is published, and RetryableError if the view's schema has changed.
    """
    await take_build_lock(connection, view)
    await require_version(connection, view.schemas, view.contract_version)


async def take_build_lock(connection: Connection, view: CompiledView) -> None:
    """As `lock_view`, whatever contract version is published."""
    name = view.relation if view.schemas == READERS else view.name
    await take_lock(connection, f"view:{name}", seconds=_BUILD_SECONDS)


async def read_state(connection: Connection, view: CompiledView) -> asyncpg.Record | None:
    """Return the view's row of `published_view`, or None if it was never defined."""
    return await connection.fetchrow(view.schemas.place(SQL_READ_STATE), view.relation)


def is_outdated(view: CompiledView, state: asyncpg.Record | None, since: datetime) -> bool:
    """Whether another model was published since this process started: a newer version's, which must not be undone.

    Otherwise, versions that overlap during a deploy would build each other's models in turn.
    """
    return (
        state is not None
        and state["digest"] != view.digest
        and state["defined_at"] is not None
        and state["defined_at"] > since
    )


async def is_defined(connection: Connection, view: CompiledView) -> bool:
    """Whether the view, and its table if it has one, exist."""
    names = [view.name] + ([view.table] if view.spec.incremental is not None else [])
    return bool(
        await connection.fetchval("SELECT bool_and(to_regclass(n) IS NOT NULL) FROM unnest($1::text[]) n", names)
    )


async def prepare_table(pool: Pool, view: CompiledView) -> None:
    """Change the table behind a materialized view to the model's columns and indexes, without changing what readers see.

    Raises ConfigError for a breaking change and RetryableError if a reader held the table for too long.
    """
    await _change_view(pool, view, prepare_materialized)


async def apply_core(pool: Pool, view: CompiledView) -> None:
    """Apply the files of the schema core that a view reads; raises RetryableError if a reader held one of its views."""

    async def define(connection: Connection) -> None:
        await define_core(connection, view.schemas, contract_version=view.contract_version)

    await _retry_locks(pool, view.schemas.core, define)


async def define_views(pool: Pool, views: Sequence[CompiledView]) -> list[str]:
    """Apply schema core and define the missing views, empty but typed; return their names.

    While an older contract version is published, they are defined next to it. Raises NewerContractError if a newer one is
    published.
    """

    async def begin(connection: Connection) -> None:
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        await begin_contract(connection, views)

    await _retry_locks(pool, "contract", begin)
    async with pool.acquire() as connection:
        target = await find_target(connection, views)
    await apply_core(pool, target[0])
    made = []
    for view in target:
        async with pool.acquire() as connection:
            if await is_defined(connection, view):
                continue
        await _change_view(pool, view, _define_view)
        made.append(view.relation)
    return made


async def clear_former(pool: Pool, views: Sequence[CompiledView]) -> None:
    """Drop the objects that a replaced contract version left; raises RetryableError if somebody reads them."""

    async def drop(connection: Connection) -> None:
        # no reader waits for these objects; a vacuum of one of them is cancelled after a second
        await connection.execute("SET LOCAL lock_timeout = '3s'")
        await drop_former(connection, views)

    await _retry_locks(pool, "the former contract version", drop)


async def _change_view(
    pool: Pool, view: CompiledView, change: Callable[[Connection, CompiledView], Awaitable[None]]
) -> None:
    async def change_locked(connection: Connection) -> None:
        await lock_view(connection, view)
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        await change(connection, view)

    await _retry_locks(pool, view.relation, change_locked)


async def _retry_locks(pool: Pool, name: str, change: Callable[[Connection], Awaitable[None]]) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            async with pool.acquire() as connection, connection.transaction():
                await change(connection)
        except asyncpg.LockNotAvailableError:
            _log.info("definition_waits_for_readers", view=name, attempt=attempt + 1)
            await asyncio.sleep(LOCKED_VIEW.pause(attempt + 1))
        else:
            return
    raise RetryableError(
        f"A long query on {name} blocks the change of its definition.",
        next_step="The change is retried. If the query does not end, find it in pg_stat_activity.",
    )


async def _define_view(connection: Connection, view: CompiledView) -> None:
    if view.spec.incremental is not None:
        await prepare_materialized(connection, view)
    await replace_view(connection, view)


async def prepare_materialized(connection: Connection, view: CompiledView) -> None:
    """As `prepare_table`, in the caller's transaction."""
    state = await read_state(connection, view)
    if state is not None:
        require_compatible(view, state["contract"])
    if await connection.fetchval("SELECT to_regclass($1) IS NULL", view.table):
        await connection.execute(view.create_table)
        # without its table, the recorded state is invalid: the next build fills everything
        await connection.execute(view.schemas.place(SQL_VOID_STATE), view.relation)
    else:
        await _add_columns(connection, view)
    present = {row["name"] for row in await connection.fetch(SQL_LIST_INDEXES, view.table)}
    wanted = view.create_indexes
    if view.create_trigram_indexes and await provide_trigrams(connection):
        wanted |= view.create_trigram_indexes
    for name, statement in wanted.items():
        if name not in present:
            await connection.execute(statement)
    for name in sorted(present - set(wanted)):
        await connection.execute(f"DROP INDEX {view.schemas.published}.{quote_name(name)}")


async def _list_columns(connection: Connection, view: CompiledView) -> set[str]:
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
        view.table,
    )
    return {row["attname"] for row in rows}


async def _add_columns(connection: Connection, view: CompiledView) -> None:
    present = await _list_columns(connection, view)
    for column in view.stored:
        if column.name not in present:
            await connection.execute(f"ALTER TABLE {view.table} ADD COLUMN {quote_name(column.name)} {column.sql_type}")


async def _drop_columns(connection: Connection, view: CompiledView) -> None:
    """Drop the columns that the view no longer stores, because it reads their values from other views now."""
    for name in sorted(await _list_columns(connection, view) - {column.name for column in view.stored}):
        await connection.execute(f"ALTER TABLE {view.table} DROP COLUMN {quote_name(name)}")


async def replace_view(connection: Connection, view: CompiledView) -> None:
    """Create the view or replace it with the model's columns, functions, comments and grants, and record its state.

    Raises ConfigError for a breaking change. The change is visible when the caller's transaction commits.
    """
    state = await read_state(connection, view)
    if state is not None:
        require_compatible(view, state["contract"])
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    await connection.execute(view.create_view)
    if view.spec.incremental is not None:
        await _drop_columns(connection, view)
    for statement in (*view.create_functions, *view.comments):
        await connection.execute(statement)
    for role in await list_readers(connection):
        await connection.execute(f"GRANT SELECT ON {view.name} TO {role}")
        for signature in view.open_functions:
            await connection.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {role}")
    await connection.execute(
        view.schemas.place(SQL_PUT_DEFINITION),
        view.relation,
        view.model.view_name,
        view.model.view_version,
        view.digest,
        view.contract,
    )
