"""The publication of a contract version: one transaction replaces all views of the former version by the staged ones.

Everything that takes time comes first, without a lock that readers wait for. The former views are dropped last: that locks
each of them, so that no transaction of a reader sees two versions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg

from sra_shared.kit.database.locks import take_lock, take_locks
from sra_shared.kit.database.reader_roles import list_readers
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError, FatalError, RetryableError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.retry import LOCKED_VIEW
from sra_shared.runs import UnitContext
from view_builder.apply import is_defined, read_state, take_build_lock
from view_builder.build import add_up, build_views, find_new_runs, find_waiting_runs, needs_full_build
from view_builder.checks import Extent, check_extent
from view_builder.compile import CompiledView, group_views, quote_name
from view_builder.contract_versions import SQL_LIST_FUNCTIONS, read_contract
from view_builder.core import LOCK_TIMEOUT, settle_core
from view_builder.schemas import FORMER, READERS, STAGED, Schemas

_ATTEMPTS = 40
_CATCH_UPS = 5
# how long readers of one view wait at most while the locks on the others are taken
_LOCKS_TIMEOUT = "1s"
# names in the definitions of views and the types of functions are resolved at once, those in functions when they are called
_SETTLING = Schemas(STAGED.sra, STAGED.core, STAGED.published, READERS.ledger)
_log = get_logger(__name__)

SQL_LIST_FORMER = """
SELECT p.relation FROM public.published_view p JOIN pg_class c ON c.relname = p.relation
WHERE c.relnamespace = 'sra'::regnamespace AND c.relkind = 'v' ORDER BY 1
"""
# what administrators granted beyond our own readers; the owner's rights come with the view
SQL_LIST_GRANTS = """
SELECT c.relname AS relation, a.privilege_type AS privilege, a.is_grantable,
  CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
WHERE c.relnamespace = 'sra'::regnamespace AND c.relkind = 'v' AND a.grantee <> c.relowner
"""
_MOVE_LEDGER = (
    "DELETE FROM public.published_view",
    "DELETE FROM public.published_run",
    "INSERT INTO public.published_view SELECT * FROM sra_next.published_view",
    "INSERT INTO public.published_run SELECT * FROM sra_next.published_run",
)
SQL_PUBLISH = """
UPDATE public.published_contract SET version = $1, published_at = clock_timestamp(), staged_version = NULL,
  staged_revision = NULL
"""
# schemas are renamed, because their tables cannot be moved while a reader or a vacuum uses them
_MOVE_SCHEMAS = (
    f"ALTER SCHEMA published RENAME TO {FORMER.published}",
    f"ALTER SCHEMA {STAGED.published} RENAME TO published",
    f"ALTER FUNCTION {FORMER.published}.multiply(numeric, numeric) SET SCHEMA published",
    f"ALTER AGGREGATE {FORMER.published}.compound(numeric) SET SCHEMA published",
    f"ALTER AGGREGATE {FORMER.published}.product(numeric) SET SCHEMA published",
    f"ALTER SCHEMA core RENAME TO {FORMER.core}",
    f"ALTER SCHEMA {STAGED.core} RENAME TO core",
    "COMMENT ON SCHEMA published IS 'Rows behind the views of schema sra; read those.'",
)


class _BehindError(Exception):
    """Runs finished that the staged views do not include yet."""


async def publish_contract(context: UnitContext, views: Sequence[CompiledView], *, accept_drop: bool) -> None:
    """Replace the published views with the staged ones of `views` and finish the unit, or only finish it if they were already
    replaced.

    Raises FatalError if a staged view is not built, CheckFailedError if one has far fewer rows than the published one,
    ConfigError if other objects depend on the former views, and RetryableError if readers never release them.
    """
    for attempt in range(_ATTEMPTS):
        await _catch_up(context, views)
        try:
            async with context.transaction() as connection:
                if await _lock_for_swap(connection, views):
                    await _prepare_swap(connection, views, accept_drop=accept_drop)
                    await _swap(connection, views)
                await context.finish(connection)
        except _BehindError:
            continue
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError):
            _log.info("contract_waits_for_readers", attempt=attempt + 1)
            await asyncio.sleep(LOCKED_VIEW.pause(attempt + 1))
        else:
            return
    raise RetryableError(
        "Readers or new runs prevented the publication of the contract version.",
        next_step="It is retried. If a query does not end, find it in pg_stat_activity.",
    )


async def _catch_up(context: UnitContext, views: Sequence[CompiledView]) -> None:
    """Merge runs that finished meanwhile into the staged views, unless these are already published."""
    for _ in range(_CATCH_UPS):
        async with context.pool.acquire() as connection:
            if not await _is_older_published(connection, views):
                return
        has_brought = False
        for group in group_views([view.staged for view in views]):
            async with context.pool.acquire() as connection:
                if not await _is_behind(connection, group):
                    continue
            async with context.transaction() as connection:
                built = add_up(await build_views(connection, group, build_id=context.task.task_id))
                await context.commit(connection, built.counts)
            has_brought = has_brought or bool(built.runs)
        if not has_brought:
            return


async def _is_behind(connection: Connection, views: Sequence[CompiledView]) -> bool:
    for view in views:
        if await needs_full_build(connection, view):
            # it failed or is new: the publication is refused
            return False
        new = await find_new_runs(connection, view)
        if new - await find_waiting_runs(connection, view, new):
            return True
    return False


async def _lock_for_swap(connection: Connection, views: Sequence[CompiledView]) -> bool:
    """Wait for all builds of both versions and keep others out; return False if the version is published already."""
    # in the order in which builds take them
    for group in group_views(views):
        for view in group:
            await take_build_lock(connection, view)
            await take_build_lock(connection, view.staged)
    former = [f"view:{row['relation']}" for row in await connection.fetch(SQL_LIST_FORMER)]
    await take_locks(connection, former)
    await take_locks(connection, ["contract", READERS.core, STAGED.core])
    return await _is_older_published(connection, views)


async def _is_older_published(connection: Connection, views: Sequence[CompiledView]) -> bool:
    return (await read_contract(connection)).version < views[0].contract_version


async def _prepare_swap(connection: Connection, views: Sequence[CompiledView], *, accept_drop: bool) -> None:
    """Check the staged views and change everything about them that readers do not see to its published form."""
    for view in views:
        await _require_built(connection, view, accept_drop=accept_drop)
    if await _is_behind(connection, [view.staged for view in views]):
        raise _BehindError
    await _copy_grants(connection, views)
    await settle_core(connection, STAGED, _SETTLING)
    await take_lock(connection, "reader")
    for statement in _MOVE_LEDGER:
        await connection.execute(statement)
    await connection.execute(SQL_PUBLISH, views[0].contract_version)


async def _require_built(connection: Connection, view: CompiledView, *, accept_drop: bool) -> None:
    before, after = await read_state(connection, view), await read_state(connection, view.staged)
    if after is None or after["filled"] != view.digest or not await is_defined(connection, view.staged):
        raise FatalError(
            f"Contract version {view.contract_version} is not published, because view {view.relation} is not built.",
            next_step="Readers keep the former version. The build is requested again.",
        )
    if view.spec.incremental is not None and before is not None and not accept_drop:
        published = Extent(before["row_count"], before["newest_at"])
        check_extent(view, published, Extent(after["row_count"], after["newest_at"]))


async def _copy_grants(connection: Connection, views: Sequence[CompiledView]) -> None:
    """Grant on each staged view what is granted on the published one of the same name."""
    staged = {view.relation: view.staged.name for view in views}
    for row in await connection.fetch(SQL_LIST_GRANTS):
        if row["relation"] in staged:
            option = " WITH GRANT OPTION" if row["is_grantable"] else ""
            await connection.execute(
                f"GRANT {row['privilege']} ON {staged[row['relation']]} TO {row['grantee']}{option}"
            )


async def _swap(connection: Connection, views: Sequence[CompiledView]) -> None:
    """Drop the former views and move the staged ones to their schema; readers wait from here until the commit."""
    dropped = [f"DROP FUNCTION {row['name']}" for row in await connection.fetch(SQL_LIST_FUNCTIONS, READERS.sra)]
    staged = [f"DROP FUNCTION {row['name']}" for row in await connection.fetch(SQL_LIST_FUNCTIONS, STAGED.sra)]
    former = {row["relation"] for row in await connection.fetch(SQL_LIST_FORMER)}
    readers = await list_readers(connection)
    order = [view.relation for view in reversed(views)]
    names = [*sorted(former - set(order)), *(name for name in order if name in former)]
    if names:
        dropped.append(f"DROP VIEW {', '.join(f'sra.{quote_name(name)}' for name in names)}")
    await connection.execute(
        f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; SET LOCAL statement_timeout = '{_LOCKS_TIMEOUT}'"
    )
    try:
        await connection.execute(";\n".join(dropped))
    except asyncpg.DependentObjectsStillExistError as error:
        raise ConfigError(
            f"The former contract version cannot be replaced, because other objects depend on it: {error.detail}.",
            next_step="Drop these objects, and create them again over the new views.",
        ) from error
    moved = [
        *staged,
        *(f"ALTER VIEW {view.staged.name} SET SCHEMA sra" for view in views),
        *_MOVE_SCHEMAS,
        *(statement for view in views for statement in view.create_functions),
        *(
            f"GRANT EXECUTE ON FUNCTION {signature} TO {role}"
            for role in readers
            for view in views
            for signature in view.open_functions
        ),
    ]
    await connection.execute("SET LOCAL statement_timeout TO DEFAULT; " + ";\n".join(moved))
