"""Builds and checks views in this process, without any service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection, open_pool
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import ProcessingTask, Unit, execute_in_process
from sra_shared.runs.audit import Actor
from view_builder.apply import define_views, is_defined, read_state
from view_builder.build import find_new_runs
from view_builder.checks import CheckFailedError, check_sample_of_view, check_shape
from view_builder.compile import CompiledView, compile_views
from view_builder.contract_versions import NewerContractError, find_target
from view_builder.full_rebuild import PART_ROWS
from view_builder.inbox import make_build_request
from view_builder.marts import MARTS
from view_builder.work import BuildParameters, ViewBuildWork, require_known


@dataclass(frozen=True)
class BuildResult:
    """The result of a build: its run and one unit per view."""

    task: ProcessingTask
    units: Sequence[Unit]


@dataclass(frozen=True)
class ViewVerdict:
    """The findings on one view; without problems, readers see what the model declares."""

    relation: str
    problems: tuple[str, ...]
    pending_runs: int
    row_count: int | None


def list_compiled_views() -> tuple[CompiledView, ...]:
    """Return all views in the order of their builds."""
    return compile_views(MARTS)


async def define_missing_views(dsn: str) -> list[str]:
    """Define the views that are missing, empty but typed; return their names. The database must be migrated."""
    pool = await open_pool(dsn, application_name="sra:views", max_size=2)
    try:
        return await define_views(pool, list_compiled_views())
    finally:
        await pool.close()


async def build_in_process(
    dsn: str,
    parameters: BuildParameters,
    *,
    part_rows: int = PART_ROWS,
    timing: LeaseTiming = DEFAULT_TIMING,
    by: Actor | None = None,
) -> BuildResult:
    """Build the requested views.

    Raises ConfigError if a view is unknown, the database is not migrated, or it publishes a newer contract version.
    """
    views = list_compiled_views()
    require_known(views, parameters)
    work = ViewBuildWork(views, part_rows=part_rows)
    done = await execute_in_process(
        dsn,
        make_build_request(work_key=None, parameters=parameters.model_dump(exclude_defaults=True)),
        work,
        name="views",
        connections=4,
        check=lambda connection: _require_own_contract(connection, views),
        prepare=lambda pool: define_views(pool, views),
        timing=timing,
        by=by,
    )
    return BuildResult(done.task, done.units)


async def _require_own_contract(connection: Connection, views: Sequence[CompiledView]) -> None:
    try:
        await find_target(connection, views)
    except NewerContractError as error:
        raise ConfigError(error.message, next_step=error.next_step) from error


async def check_views(connection: Connection) -> list[ViewVerdict]:
    """Compare every published view with its model, and read all rows of materialized views."""
    await require_revision(connection)
    return [await _check_view(connection, view) for view in list_compiled_views()]


async def _check_view(connection: Connection, view: CompiledView) -> ViewVerdict:
    if not await is_defined(connection, view):
        return ViewVerdict(view.relation, ("it is missing; run `./sra views build`",), 0, None)
    problems = []
    state: Any = await read_state(connection, view) or {}
    if state.get("filled") is None:
        problems.append("it was never built")
    elif state["filled"] != view.digest:
        problems.append("it was built from another model; run `./sra views build`")
    if state.get("error"):
        problems.append(state["error"])
    rows: int | None = None
    try:
        await check_shape(connection, view)
        await check_sample_of_view(connection, view)
        if view.spec.incremental is not None:
            # reads whole rows: count(*) alone would not find a value that cannot be read
            rows = await connection.fetchval(compose("SELECT count(v::text) FROM {name} v", name=view.name))
    except (CheckFailedError, asyncpg.PostgresError) as error:
        problems.append(str(error))
    pending = await find_new_runs(connection, view)
    return ViewVerdict(view.relation, tuple(problems), len(pending), rows)
