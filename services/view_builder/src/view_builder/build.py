"""One build of a view and its companions: compute what the runs changed, check it, publish it in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from sra_shared.kit.db import Connection
from sra_shared.kit.errors import SraError
from sra_shared.kit.logs import redact_text
from sra_shared.runs.counts import Counts
from view_builder import merge
from view_builder.apply import is_defined, lock_view, read_state, replace_view
from view_builder.checks import Extent, check_extent, check_sample, check_shape, check_staging
from view_builder.compile import CompiledView
from view_builder.lake_changes import is_recorded, record_all, record_rows
from view_builder.merge import STATEMENT_SECONDS

# Finished runs, whatever their status: committed rows stay. An inbox event may name a run of another ledger. A dataset that
# no view declares may concern any of them; a needless build is cheap. Runs that finished before `settled_until` are
# included in the view, so that this query does not scan the whole ledger.
SQL_NEW_RUNS = """
SELECT t.task_id AS run_id FROM public.task_execution_log t
WHERE t.source = ANY($2::text[]) AND t.status NOT IN ('queued', 'running', 'parked')
  AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = $1), '-infinity')
  AND NOT EXISTS (SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = $1)
  AND EXISTS (SELECT FROM public.run_unit u WHERE u.task_id = t.task_id
              AND ($3::text[] IS NULL OR u.dataset = ANY($3) OR u.dataset <> '' AND u.dataset <> ALL($4::text[])))
UNION
SELECT i.run_id FROM public.completion_inbox i
WHERE i.source = ANY($2::text[])
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM jsonb_array_elements_text(i.datasets) d (name)
                                     WHERE d.name = ANY($3) OR d.name <> '' AND d.name <> ALL($4::text[])))
  AND NOT EXISTS (SELECT FROM public.published_run p WHERE p.run_id = i.run_id AND p.relation = $1)
  AND NOT EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = i.run_id
                  AND t.status IN ('queued', 'running', 'parked'))
"""
SQL_COVER_RUNS = """
INSERT INTO public.published_run (run_id, relation, build_id) SELECT run_id, $2, $3 FROM unnest($1::uuid[]) run_id
ON CONFLICT DO NOTHING
"""
# A run that waits for a base view delays `settled_until`. The hour covers runs whose end is not committed when they are listed.
SQL_PUT_BUILD = """
UPDATE public.published_view SET built_at = clock_timestamp(), build_id = $2, builds = builds + 1, row_count = $3,
  newest_at = $4, filled = $5, changed_rows = $6, failed_at = NULL, error = NULL, settled_until = least(
    now() - interval '1 hour', (SELECT min(t.completed_at) FROM public.task_execution_log t WHERE t.task_id = ANY($7::uuid[])))
WHERE relation = $1
RETURNING builds, built_at
"""

SQL_PUT_FAILURE = "UPDATE public.published_view SET failed_at = clock_timestamp(), error = $2 WHERE relation = $1"

# jit: the cost that the planner adds to disabled plans would make it compile the query
_PLAN_SETTINGS = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "jit")


@dataclass(frozen=True)
class Built:
    """The result of a build: rows computed, rows changed (including deleted ones), runs included."""

    computed: int
    changed: int
    full: bool
    runs: tuple[UUID, ...]

    @property
    def counts(self) -> Counts:
        """The result as counts of a unit."""
        return Counts(read=self.computed, stored=self.changed, unchanged=self.computed - self.changed)


def add_up(built: Sequence[Built]) -> Built:
    """Return the sum of the builds of several views."""
    runs = sorted({run for one in built for run in one.runs})
    return Built(
        sum(one.computed for one in built),
        sum(one.changed for one in built),
        all(one.full for one in built),
        tuple(runs),
    )


@dataclass(frozen=True)
class MergedView:
    """A view with rows that are merged but not published yet; `waiting` are the runs that a base view lacks."""

    view: CompiledView
    built: Built
    extent: Extent
    waiting: frozenset[UUID]


async def find_new_runs(connection: Connection, view: CompiledView) -> set[UUID]:
    """Return the runs that changed the view's sources and that the view does not include yet."""
    datasets = {name for source in view.spec.sources for name in source.datasets}
    vendors = sorted({source.vendor for source in view.spec.sources})
    selective = all(source.datasets for source in view.spec.sources)
    wanted = sorted(datasets) if selective else None
    rows = await connection.fetch(
        view.schemas.place(SQL_NEW_RUNS), view.table_name, vendors, wanted, sorted(view.known_datasets)
    )
    return {row["run_id"] for row in rows}


async def find_waiting_runs(connection: Connection, view: CompiledView, new: AbstractSet[UUID]) -> set[UUID]:
    """Return the new runs that the view must not include yet, because a materialized view that it reads lacks them.

    Otherwise the view would be recorded as including a run although its base did not have the run's rows. The new runs are
    those listed before, so a run that finishes in between is not among them.
    """
    waiting: set[UUID] = set()
    for base in view.bases:
        if waiting < new:
            waiting |= new & await find_new_runs(connection, base)
    return waiting


async def needs_full_build(connection: Connection, view: CompiledView) -> bool:
    """Whether the view is missing, was never filled, or has another model than this code."""
    state = await read_state(connection, view)
    return state is None or state["filled"] != view.digest or not await is_defined(connection, view)


async def build_views(
    connection: Connection,
    views: Sequence[CompiledView],
    *,
    build_id: UUID,
    full: bool = False,
    accept_drop: bool = False,
) -> list[Built]:
    """Build in the caller's transaction; readers see everything at the commit, or nothing if a check fails.

    The tables of materialized views must be prepared, and each view must come after those that it uses. With `accept_drop`
    many rows may disappear at once. Raises CheckFailedError, ConfigError for a breaking change, and
    asyncpg.LockNotAvailableError if a reader holds a view that must be replaced.
    """
    merged = [await merge_changes(connection, view, build_id, full=full, accept_drop=accept_drop) for view in views]
    # replace definitions last: readers cannot access a replaced view until the commit
    for one in merged:
        await redefine_view(connection, one.view)
    for one in merged:
        await finish_build(connection, one, build_id)
    return [one.built for one in merged]


async def merge_changes(
    connection: Connection, view: CompiledView, build_id: UUID, *, full: bool, accept_drop: bool
) -> MergedView:
    """Merge the changes of new runs into a materialized view, without its definition; only record the runs of a live view."""
    await lock_view(connection, view)
    full = full or await needs_full_build(connection, view)
    new = await find_new_runs(connection, view)
    waiting = await find_waiting_runs(connection, view, new)
    runs = sorted(new - waiting)
    # before the rows are computed: closes of runs that the view does not include are not counted
    await connection.execute(view.schemas.place(SQL_COVER_RUNS), runs, view.table_name, build_id)
    if view.spec.incremental is None:
        return MergedView(view, Built(0, 0, full, tuple(runs)), Extent(None, None), frozenset(waiting))
    before = await read_extent(connection, view)
    computed, changed, after = await merge_rows(connection, view, runs, build_id, full=full, before=before)
    if not accept_drop:
        check_extent(view, before, after)
    return MergedView(view, Built(computed, changed, full, tuple(runs)), after, frozenset(waiting))


async def read_extent(connection: Connection, view: CompiledView) -> Extent:
    """Return the row count and age of the published state; both unknown if it was never filled."""
    state = await read_state(connection, view)
    if state is None or state["filled"] is None:
        return Extent(None, None)
    return Extent(state["row_count"], state["newest_at"])


async def redefine_view(connection: Connection, view: CompiledView) -> None:
    """Replace the view if it is missing or has another model; readers wait for it until the commit."""
    state = await read_state(connection, view)
    if state is None or state["digest"] != view.digest or not await is_defined(connection, view):
        await replace_view(connection, view)


async def finish_build(connection: Connection, merged: MergedView, build_id: UUID) -> None:
    """Check what readers will see, and record the build; raises CheckFailedError."""
    await check_shape(connection, merged.view)
    await check_sample(connection, merged.view)
    await record_build(connection, merged.view, build_id, merged.extent, merged.built.changed, merged.waiting)


async def merge_rows(
    connection: Connection, view: CompiledView, runs: Sequence[UUID], build_id: UUID, *, full: bool, before: Extent
) -> tuple[int, int, Extent]:
    """Merge the rows that the runs changed, or all rows.

    Returns the rows computed, the rows changed, and the row count and age of the view afterwards.
    """
    await reset_planner(connection)
    # a build of all rows sorts them once
    await connection.execute("SET LOCAL work_mem = '64MB'")
    await connection.execute(merge.create_affected_keys(view))
    if full:
        await connection.execute(merge.fill_all_keys(view), timeout=STATEMENT_SECONDS)
    else:
        await connection.execute(merge.fill_affected_keys(view), list(runs), timeout=STATEMENT_SECONDS)
    await connection.execute("ANALYZE affected_keys", timeout=STATEMENT_SECONDS)
    if view.incremental.ids is not None:
        await connection.execute(merge.store_ids(view.incremental.ids), timeout=STATEMENT_SECONDS)
    if view.incremental.looks_up and not full:
        await look_up_only(connection)
    computed = count_rows(await connection.execute(merge.create_staging(view, full=full), timeout=STATEMENT_SECONDS))
    await connection.execute("ANALYZE staging", timeout=STATEMENT_SECONDS)
    await check_staging(connection, view)
    if not full:
        for statement in merge.index_keys_and_staging(view):
            await connection.execute(statement)
        await look_up_only(connection)
    deleted, updated, inserted = await _apply_staging(connection, view, build_id, full=full)
    if full:
        # without statistics, the day's further builds and readers would plan for an empty table
        await connection.execute(f"ANALYZE {view.table}", timeout=STATEMENT_SECONDS)
        await look_up_only(connection)
    after = await _measure(connection, view, before, inserted - deleted, full=full)
    for statement in merge.finish_merge(view):
        await connection.execute(statement)
    return computed + deleted, deleted + updated + inserted, after


async def _apply_staging(
    connection: Connection, view: CompiledView, build_id: UUID, *, full: bool
) -> tuple[int, int, int]:
    """Merge `staging` into the view's table; return the rows deleted, updated and inserted."""
    delete, update, insert = merge.delete_gone(view, full=full), merge.update_changed(view), merge.insert_new(view)
    if await is_recorded(connection, view):
        if full:
            await record_all(connection, view)
        else:
            delete, update = record_rows(view, delete), record_rows(view, update, alias="b")
            insert = record_rows(view, insert, is_insert=True)
    deleted = count_rows(await connection.execute(delete, timeout=STATEMENT_SECONDS))
    updated = count_rows(await connection.execute(update, build_id, timeout=STATEMENT_SECONDS))
    inserted = count_rows(await connection.execute(insert, build_id, timeout=STATEMENT_SECONDS))
    return deleted, updated, inserted


async def look_up_only(connection: Connection) -> None:
    """Make the rest of the transaction look up materialized rows by key, even if the planner would scan the whole table.

    The planner would also scan if the table's statistics are from a time when it had few rows: each added row would then be
    compared with all rows before it.
    """
    for setting in _PLAN_SETTINGS:
        await connection.execute(f"SET LOCAL {setting} = off")


async def reset_planner(connection: Connection) -> None:
    """Restore the planner's settings after another view was merged in the same transaction."""
    for setting in _PLAN_SETTINGS:
        await connection.execute(f"SET LOCAL {setting} TO DEFAULT")


async def _measure(connection: Connection, view: CompiledView, before: Extent, growth: int, *, full: bool) -> Extent:
    """Count all rows after a full build; after an incremental one only add the difference, to keep it cheap."""
    if full or before.rows is None:
        row = await connection.fetchrow(merge.measure_all(view), timeout=STATEMENT_SECONDS)
        return Extent(row["n"], row["newest"]) if row is not None else Extent(None, None)
    newest: datetime | None = await connection.fetchval("SELECT max(as_of) FROM staging")
    known = [moment for moment in (before.newest, newest) if moment is not None]
    return Extent(before.rows + growth, max(known) if known else None)


async def record_build(
    connection: Connection, view: CompiledView, build_id: UUID, after: Extent, changed: int, waiting: AbstractSet[UUID]
) -> None:
    row: asyncpg.Record | None = await connection.fetchrow(
        view.schemas.place(SQL_PUT_BUILD),
        view.relation,
        build_id,
        after.rows,
        after.newest,
        view.digest,
        changed,
        list(waiting),
    )
    if row is not None:
        note = f"Build {row['builds']} of {row['built_at']:%Y-%m-%d %H:%M:%S} UTC, run {build_id}."
        await connection.execute(view.comment_build(note))


def describe_failure(error: Exception) -> str:
    """Return the text that data_freshness shows for a failure, without secrets."""
    text = redact_text(str(error))
    return text if isinstance(error, SraError) else f"{type(error).__name__}: {text}"


async def record_failure(connection: Connection, view: CompiledView, error: str) -> None:
    """Record why the newest build or attempt failed; readers keep the previous state."""
    await connection.execute(
        view.schemas.place(SQL_PUT_FAILURE),
        view.relation,
        error,
    )


def count_rows(status: str) -> int:
    """Return the number of rows in a statement's status."""
    return int(status.rsplit(" ", 1)[-1])
