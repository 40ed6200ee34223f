"""The build of all rows of a long series: computed part by part into a separate table, and published in one commit.

Every part is a separate transaction. A build of fifty million rows therefore resumes after a restart, never sorts them all,
and keeps no snapshot open for long. Readers see none of it until the new table replaces theirs. If a reader never releases
the old table, the new rows are merged into it by key instead. Either happens in one commit. Changes by runs that finish in
the meantime are added to the new table first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger
from sra_shared.kit.retry import LOCKED_VIEW
from sra_shared.runs import UnitContext
from sra_shared.runs.counts import Counts
from view_builder import merge
from view_builder.apply import lock_view, prepare_materialized, read_state, replace_view
from view_builder.build import (
    SQL_COVER_RUNS,
    Built,
    add_up,
    count_rows,
    find_new_runs,
    find_waiting_runs,
    finish_build,
    look_up_only,
    merge_changes,
    merge_rows,
    read_extent,
    record_build,
    redefine_view,
    reset_planner,
)
from view_builder.checks import Extent, check_extent, check_sample_of_view, check_shape, check_staging
from view_builder.compile import CompiledView, quote_name
from view_builder.core import LOCK_TIMEOUT
from view_builder.diff import require_compatible
from view_builder.lake_changes import record_all
from view_builder.merge import STATEMENT_SECONDS

PART_ROWS = 200_000
_FIRST_KEYS = 20
_MOST_KEYS = 5_000
_LOCK_ATTEMPTS = 8
_log = get_logger(__name__)

SQL_READ_STAGED = "SELECT staged FROM public.published_view WHERE relation = $1"
SQL_PUT_STAGED = "UPDATE public.published_view SET staged = $2 WHERE relation = $1"
SQL_DROP_RUNS = "DELETE FROM public.published_run WHERE relation = $1 RETURNING run_id"
SQL_HELD_RUNS = "SELECT run_id FROM public.published_run WHERE relation = $1"
SQL_TAKE_RUNS = "UPDATE public.published_run SET relation = $2 WHERE relation = $1"
# rows that the runs stored, from their units
SQL_COUNT_STORED = """
SELECT coalesce(sum(u.stored_count), 0)::bigint FROM public.run_unit u
WHERE u.task_id = ANY($1::uuid[]) AND u.dataset = ANY($2::text[])
"""


@dataclass(frozen=True)
class RebuildState:
    """The progress of a build in parts: its model, the last key done, the row count, the newest moment."""

    digest: str
    after: str = ""
    rows: int = 0
    newest: datetime | None = None
    is_whole: bool = False
    is_indexed: bool = False

    @classmethod
    def read(cls, kept: dict[str, Any]) -> RebuildState:
        """Read the state from its stored form."""
        newest = kept["newest"]
        return cls(**{**kept, "newest": None if newest is None else datetime.fromisoformat(newest)})

    def dump(self) -> dict[str, Any]:
        """Return the state in its stored form."""
        return {**asdict(self), "newest": None if self.newest is None else self.newest.isoformat()}


async def is_large(connection: Connection, view: CompiledView, *, part_rows: int = PART_ROWS) -> bool:
    """Whether new runs changed so much that computing all rows in parts is better than computing their keys at once.

    The limits are five parts and a fifth of the view's rows. They are exceeded by a seed that is loaded after the first
    build, or by corrections that affect most of the series.
    """
    new = await find_new_runs(connection, view)
    datasets = sorted({name for source in view.spec.sources for name in source.datasets})
    stored: int = await connection.fetchval(SQL_COUNT_STORED, list(new), datasets)
    held = (await read_extent(connection, view)).rows or 0
    least = max(5 * part_rows, held / 5)
    return stored > least or (held > least and await _count_touched(connection, view, new) > least)


async def _count_touched(connection: Connection, view: CompiledView, runs: Collection[UUID]) -> int:
    """Return the number of materialized rows that would be computed again."""
    async with connection.transaction():
        await connection.execute(merge.create_affected_keys(view))
        await connection.execute(merge.fill_affected_keys(view), list(runs), timeout=STATEMENT_SECONDS)
        await look_up_only(connection)
        touched: int = await connection.fetchval(merge.count_materialized(view), timeout=STATEMENT_SECONDS)
    return touched


async def rebuild_in_parts(
    context: UnitContext, view: CompiledView, *, accept_drop: bool, part_rows: int = PART_ROWS
) -> Built:
    """Build all rows of a view in parts and publish them with its companions; the publishing transaction finishes the unit.

    The tables of the companions must be prepared.

    Raises CheckFailedError, with nothing published, ConfigError for a breaking change, and asyncpg.LockNotAvailableError
    if a reader holds a view whose definition must change; the parts are kept for the next attempt.
    """
    staged = await _begin(context, view)
    keys = _FIRST_KEYS
    while not staged.is_whole:
        before = staged.rows
        staged = await _add_part(context, view, keys)
        share = part_rows / max(1, staged.rows - before)
        keys = min(_MOST_KEYS, max(1, round(keys * min(share, 10))))
    if not staged.is_indexed:
        await _index(context, view)
    while await _catch_up(context, view):
        pass
    return await _publish(context, view, accept_drop=accept_drop)


async def read_rebuild(connection: Connection, view: CompiledView) -> RebuildState | None:
    """Return the progress of a build of this model, or None if there is none."""
    kept = await connection.fetchval(view.schemas.place(SQL_READ_STAGED), view.relation)
    is_there = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", view.rebuild.table)
    return RebuildState.read(kept) if kept is not None and is_there and kept["digest"] == view.digest else None


async def _begin(context: UnitContext, view: CompiledView) -> RebuildState:
    """Resume a build of this model, or start one: create its table and record the finished runs that it will include."""
    rebuild = view.rebuild
    async with context.transaction() as connection:
        await lock_view(connection, view)
        state = await read_state(connection, view)
        if await connection.fetchval("SELECT to_regclass($1) IS NULL", view.table):
            await prepare_materialized(connection, view)
        if state is not None:
            require_compatible(view, state["contract"])
        staged = await read_rebuild(connection, view)
        if staged is None:
            staged = RebuildState(view.digest)
            await connection.execute(f"DROP TABLE IF EXISTS {rebuild.table}")
            await connection.execute(rebuild.create_table)
            await connection.execute(view.schemas.place(SQL_DROP_RUNS), rebuild.table_name)
            new = await find_new_runs(connection, rebuild)
            runs = sorted(new - await find_waiting_runs(connection, rebuild, new))
            await connection.execute(view.schemas.place(SQL_COVER_RUNS), runs, rebuild.table_name, context.task.task_id)
            await connection.execute(view.schemas.place(SQL_PUT_STAGED), view.relation, staged.dump())
        await context.commit(connection, Counts(), progress={"rows": staged.rows})
    return staged


async def _add_part(context: UnitContext, view: CompiledView, keys: int) -> RebuildState:
    rebuild = view.rebuild
    async with context.transaction() as connection:
        await lock_view(connection, view)
        staged = await _require_rebuild(connection, view)
        await connection.execute("SET LOCAL work_mem = '64MB'")
        await connection.execute(merge.create_affected_keys(rebuild))
        await connection.execute(merge.fill_next_keys(rebuild), staged.after, keys, timeout=STATEMENT_SECONDS)
        last = await connection.fetchval(merge.find_last_key(rebuild))
        added = 0
        if last is None:
            staged = replace(staged, is_whole=True)
        else:
            await connection.execute("ANALYZE affected_keys")
            # over the readers' table: a part begins its series, so the look-up of earlier rows finds none, but it needs an index
            await connection.execute(merge.create_part(view), timeout=STATEMENT_SECONDS)
            await check_staging(connection, rebuild)
            status = await connection.execute(
                merge.fill_rebuild(rebuild), context.task.task_id, timeout=STATEMENT_SECONDS
            )
            added = count_rows(status)
            staged = _grow(staged, last, added, await connection.fetchval("SELECT max(as_of) FROM staging"))
        await connection.execute(view.schemas.place(SQL_PUT_STAGED), view.relation, staged.dump())
        await context.commit(connection, Counts(read=added, stored=added), progress={"rows": staged.rows})
    return staged


def _grow(staged: RebuildState, after: str, added: int, newest: datetime | None) -> RebuildState:
    known = [moment for moment in (staged.newest, newest) if moment is not None]
    return replace(staged, after=after, rows=staged.rows + added, newest=max(known) if known else None)


async def _require_rebuild(connection: Connection, view: CompiledView) -> RebuildState:
    staged = await read_rebuild(connection, view)
    if staged is None:
        # another process published it, or started again with another model
        raise asyncpg.SerializationError(f"The build of {view.relation} was continued by another process.")
    return staged


async def _index(context: UnitContext, view: CompiledView) -> None:
    rebuild = view.rebuild
    async with context.transaction() as connection:
        await lock_view(connection, view)
        staged = await _require_rebuild(connection, view)
        if staged.is_indexed:
            # another process builds the same rows
            return
        await connection.execute("SET LOCAL maintenance_work_mem = '128MB'")
        for statement in rebuild.create_indexes.values():
            await connection.execute(statement, timeout=STATEMENT_SECONDS)
        await connection.execute(f"ANALYZE {rebuild.table}", timeout=STATEMENT_SECONDS)
        staged = replace(staged, is_indexed=True)
        await connection.execute(view.schemas.place(SQL_PUT_STAGED), view.relation, staged.dump())
        await context.commit(connection, Counts(), progress={"rows": staged.rows})


async def _catch_up(context: UnitContext, view: CompiledView) -> bool:
    """Add the changes of runs that finished in the meantime; return whether there were any."""
    rebuild = view.rebuild
    async with context.transaction() as connection:
        await lock_view(connection, view)
        staged = await _require_rebuild(connection, view)
        new = await find_new_runs(connection, rebuild)
        runs = sorted(new - await find_waiting_runs(connection, rebuild, new))
        if runs:
            staged, counts = await _merge_into_rebuild(connection, view, staged, runs, context.task.task_id)
            await connection.execute(view.schemas.place(SQL_PUT_STAGED), view.relation, staged.dump())
            await context.commit(connection, counts, progress={"rows": staged.rows})
    return bool(runs)


async def _merge_into_rebuild(
    connection: Connection, view: CompiledView, staged: RebuildState, runs: Sequence[UUID], build_id: UUID
) -> tuple[RebuildState, Counts]:
    rebuild = view.rebuild
    await connection.execute(view.schemas.place(SQL_COVER_RUNS), runs, rebuild.table_name, build_id)
    before = Extent(staged.rows, staged.newest)
    computed, changed, after = await merge_rows(connection, rebuild, runs, build_id, full=False, before=before)
    counts = Counts(read=computed, stored=changed, unchanged=computed - changed)
    return replace(staged, rows=after.rows or 0, newest=after.newest), counts


async def _publish(context: UnitContext, view: CompiledView, *, accept_drop: bool) -> Built:
    for attempt in range(_LOCK_ATTEMPTS):
        try:
            return await _publish_once(context, view, accept_drop=accept_drop, by_name=True)
        except asyncpg.LockNotAvailableError:
            _log.info("definition_waits_for_readers", view=view.relation, attempt=attempt + 1)
            async with context.pool.acquire() as connection:
                state = await read_state(connection, view)
            if attempt == _LOCK_ATTEMPTS - 1 and (state is None or state["digest"] != view.digest):
                # columns cannot change without replacing the view
                raise
            await asyncio.sleep(LOCKED_VIEW.pause(attempt + 1))
    return await _publish_once(context, view, accept_drop=accept_drop, by_name=False)


async def _publish_once(context: UnitContext, view: CompiledView, *, accept_drop: bool, by_name: bool) -> Built:
    build_id = context.task.task_id
    async with context.transaction() as connection:
        companions = [
            await merge_changes(connection, companion, build_id, full=True, accept_drop=accept_drop)
            for companion in view.companions
        ]
        await lock_view(connection, view)
        staged = await _require_rebuild(connection, view)
        # runs that finished since, and those that the companions include by now
        new = await find_new_runs(connection, view.rebuild)
        waiting = await find_waiting_runs(connection, view, new)
        counts = add_up([one.built for one in companions]).counts
        if new - waiting:
            staged, added = await _merge_into_rebuild(connection, view, staged, sorted(new - waiting), build_id)
            counts += added
        after = Extent(staged.rows, staged.newest)
        if not accept_drop:
            check_extent(view, await read_extent(connection, view), after)
        await record_all(connection, view)
        if not by_name:
            await _merge_all(connection, view, build_id)
        for one in companions:
            await redefine_view(connection, one.view)
        if by_name:
            await _swap_table(connection, view)
        for one in companions:
            await finish_build(connection, one, build_id)
        await check_shape(connection, view)
        await check_sample_of_view(connection, view)
        runs = await _take_runs(connection, view)
        await record_build(connection, view, build_id, after, staged.rows, waiting)
        resume = {"full": True, "runs": [str(run) for run in runs]}
        await context.finish(connection, counts, resume=resume)
    return Built(staged.rows, staged.rows, True, tuple(runs))


async def _swap_table(connection: Connection, view: CompiledView) -> None:
    """Replace the view's table with the new one; this needs a lock on the view for a moment and waits for it at most 250 ms."""
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    former = f"{view.table_name}__former"
    await connection.execute(f"ALTER TABLE IF EXISTS {view.table} RENAME TO {quote_name(former)}")
    await connection.execute(f"ALTER TABLE {view.rebuild.table} RENAME TO {quote_name(view.table_name)}")
    await replace_view(connection, view)
    await connection.execute(f"DROP TABLE IF EXISTS {view.schemas.published}.{quote_name(former)}")
    for name, wanted in zip(view.rebuild.create_indexes, view.create_indexes, strict=True):
        await connection.execute(
            f"ALTER INDEX {view.schemas.published}.{quote_name(name)} RENAME TO {quote_name(wanted)}"
        )


async def _merge_all(connection: Connection, view: CompiledView, build_id: UUID) -> None:
    """Replace all rows by key while readers hold the table."""
    await reset_planner(connection)
    await connection.execute("SET LOCAL work_mem = '64MB'")
    await connection.execute(merge.show_rebuild(view))
    await connection.execute(merge.delete_gone(view, full=True), timeout=STATEMENT_SECONDS)
    for statement in (merge.update_changed(view), merge.insert_new(view)):
        await connection.execute(statement, build_id, timeout=STATEMENT_SECONDS)
    await connection.execute("DROP VIEW staging")
    await connection.execute(f"DROP TABLE {view.rebuild.table}")
    await connection.execute(f"ANALYZE {view.table}", timeout=STATEMENT_SECONDS)


async def _take_runs(connection: Connection, view: CompiledView) -> Sequence[UUID]:
    """Record that the view includes exactly the runs of its new rows; return those that it did not include before."""
    former = {row["run_id"] for row in await connection.fetch(view.schemas.place(SQL_DROP_RUNS), view.table_name)}
    await connection.execute(view.schemas.place(SQL_TAKE_RUNS), view.rebuild.table_name, view.table_name)
    await connection.execute(view.schemas.place(SQL_PUT_STAGED), view.relation, None)
    held = await connection.fetch(view.schemas.place(SQL_HELD_RUNS), view.table_name)
    return sorted({row["run_id"] for row in held} - former)
