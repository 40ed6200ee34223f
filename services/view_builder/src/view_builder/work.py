"""The run that builds views: one unit per view or group published together, each after those that it uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from sra_shared.kit.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.kit.errors import ConfigError, LeaseLostError, RetryableError, RunCancelledError
from sra_shared.kit.logs import get_logger
from sra_shared.runs import ProcessingTask, RunEnd, Unit, UnitContext, UnitPlan, UnitStatus
from sra_shared.runs.execute import HandoverError
from view_builder.apply import (
    apply_core,
    clear_former,
    define_views,
    is_defined,
    is_outdated,
    prepare_table,
    read_state,
)
from view_builder.build import (
    Built,
    add_up,
    build_views,
    describe_failure,
    find_new_runs,
    needs_full_build,
    record_failure,
)
from view_builder.compile import CompiledView, group_views
from view_builder.contract_swap import publish_contract
from view_builder.contract_versions import NewerContractError, find_target, retry_if_moved
from view_builder.full_rebuild import PART_ROWS, is_large, rebuild_in_parts
from view_builder.inbox import bind_events, handle_events
from view_builder.schemas import STAGED

CONTRACT_UNIT = "contract"
_log = get_logger(__name__)


class BuildParameters(BaseModel):
    """What to build; by default, everything that depends on new runs.

    Views that depend on a named view and wait for it are built too, and so are views published in one commit with it.
    """

    model_config = ConfigDict(extra="forbid")

    views: list[str] | None = Field(None, description="Views to build in any case; by default, those that need it.")
    full: bool = Field(False, description="Compute all rows, not only those that new runs changed.")
    accept_drop: bool = Field(False, description="Accept that many rows disappear at once.")


def require_known(views: Iterable[CompiledView], wanted: BuildParameters) -> None:
    """Raise ConfigError that lists the views if an unknown one is requested."""
    known = [view.relation for view in views]
    unknown = sorted(set(wanted.views or ()) - set(known))
    if unknown:
        raise ConfigError(f"View {', '.join(unknown)} does not exist.", next_step=f"Choose from: {', '.join(known)}.")


class ViewBuildWork:
    """The work of task type view_build."""

    source: str | None = None
    ordered = True
    concurrency = 1

    def __init__(self, views: Sequence[CompiledView], *, part_rows: int = PART_ROWS) -> None:
        """`part_rows` is how many rows of a long series are built at a time."""
        self._views = views
        self._part_rows = part_rows
        self._since = datetime.now(UTC)
        self._version = views[0].contract_version

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return one unit for each view that is requested, new, changed, or affected by a run that it does not include yet.

        The unit of views that are published in one commit has the name of the last one. While an older contract version is
        published, the staged views are built, and the last unit publishes them. Raises NewerContractError if a newer one is.
        """
        wanted = BuildParameters.model_validate(context.task.parameters)
        require_known(self._views, wanted)
        async with context.pool.acquire() as connection, connection.transaction():
            await bind_events(connection, context.task.task_id)
        async with context.pool.acquire() as connection:
            views = await find_target(connection, self._views)
        if views[0].schemas != STAGED:
            async with context.pool.acquire() as connection:
                return await self._choose_views(connection, wanted)
        with retry_if_moved():
            await define_views(context.pool, self._views)
            async with context.pool.acquire() as connection:
                plans = await self._choose_views(connection, wanted)
        return [*plans, UnitPlan(CONTRACT_UNIT, CONTRACT_UNIT, {"contract_version": self._version})]

    async def _choose_views(self, connection: Connection, wanted: BuildParameters) -> list[UnitPlan]:
        """Return the requested views and their dependents.

        A fully rebuilt base changes everything computed from it, and runs that a base could not include before also wait in
        its dependents.
        """
        chosen: dict[str, bool] = {}
        plans = []
        for group in group_views(await find_target(connection, self._views)):
            outdated = await self._list_outdated(connection, group)
            if outdated:
                _log.warning("newer_model_is_published", views=outdated)
                continue
            demands = [await self._find_demand(connection, view, wanted, chosen) for view in group]
            if any(demand is not None for demand in demands):
                full = any(demands)
                chosen |= {view.relation: full for view in group}
                name = group[-1].relation
                plans.append(UnitPlan(name, name, {"full": full}))
        return plans

    async def _find_demand(
        self, connection: Connection, view: CompiledView, wanted: BuildParameters, chosen: Mapping[str, bool]
    ) -> bool | None:
        """Return whether to compute all rows of the view, or only those that new runs changed; None if no build is needed."""
        named = view.relation in (wanted.views or ())
        is_wanted = named or wanted.views is None
        bases = {base.relation for base in view.bases} & set(chosen)
        if (is_wanted and wanted.full) or await needs_full_build(connection, view) or any(map(chosen.get, bases)):
            return True
        if named or ((is_wanted or bases) and await find_new_runs(connection, view)):
            return False
        return None

    async def _list_outdated(self, connection: Connection, group: Sequence[CompiledView]) -> list[str]:
        return [view.relation for view in group if is_outdated(view, await read_state(connection, view), self._since)]

    async def process(self, context: UnitContext) -> None:
        """Build one view and what is published with it; if a check fails, all keep their previous state and record the error."""
        with retry_if_moved():
            if context.unit.unit == CONTRACT_UNIT:
                await self._publish_contract(context)
            else:
                await self._build_unit(context)

    async def _build_unit(self, context: UnitContext) -> None:
        group = await self._find_group(context.pool, context.unit.unit)
        if not group:
            raise ConfigError(
                f"This service does not know the view {context.unit.unit}.",
                next_step="Deploy the same version everywhere.",
            )
        wanted = BuildParameters.model_validate(context.task.parameters)
        if group[0].schemas == STAGED:
            # an instance of an older version may have planned this run
            await define_views(context.pool, self._views)
        await self._refuse_outdated(context, group)
        # another version may have started after this process, and stopped again
        await apply_core(context.pool, group[0])
        try:
            built = await self._build(context, group, wanted)
        except (LeaseLostError, HandoverError, RunCancelledError, NewerContractError):
            # not a failure of the view: another worker continues, or the run was cancelled
            raise
        except Exception as error:
            await self._record_failure(context.pool, group, error)
            raise
        names = [view.relation for view in group]
        _log.info("view_built", views=names, rows=built.computed, changed=built.changed, full=built.full)

    async def _find_group(self, pool: Pool, relation: str) -> tuple[CompiledView, ...]:
        """Return the view's group in the schemas where it is built; empty if the view is unknown."""
        async with pool.acquire() as connection:
            views = await find_target(connection, self._views)
        groups = (group for group in group_views(views) if relation in [view.relation for view in group])
        return next(groups, ())

    async def _publish_contract(self, context: UnitContext) -> None:
        planned = context.unit.detail.get("contract_version", self._version)
        if planned > self._version:
            # an instance of that version requests it again
            async with context.transaction() as connection:
                await context.finish(connection, status=UnitStatus.SKIPPED)
            _log.warning("newer_contract_skipped", version=planned)
            return
        wanted = BuildParameters.model_validate(context.task.parameters)
        # another release may have planned the run
        await define_views(context.pool, self._views)
        await publish_contract(context, self._views, accept_drop=wanted.accept_drop)
        _log.info("contract_published", version=self._version)
        try:
            await clear_former(context.pool, self._views)
        except (*OUTAGE_ERRORS, asyncpg.PostgresError, RetryableError) as error:
            # the next start of the service drops it
            _log.warning("former_contract_not_dropped", error=str(error), kind=type(error).__name__)

    async def _refuse_outdated(self, context: UnitContext, group: Sequence[CompiledView]) -> None:
        async with context.pool.acquire() as connection:
            outdated = await self._list_outdated(connection, group)
        if outdated:
            raise RetryableError(
                f"View {', '.join(outdated)} was published by a newer version of view_builder.",
                next_step="That version builds it; this one ends with the deploy.",
            )

    async def _build(self, context: UnitContext, group: Sequence[CompiledView], wanted: BuildParameters) -> Built:
        *companions, last = group
        in_parts = await self._is_built_in_parts(context, last)
        for view in companions if in_parts else group:
            if view.spec.incremental is not None:
                await self._prepare(context.pool, view)
        if in_parts:
            return await rebuild_in_parts(context, last, accept_drop=wanted.accept_drop, part_rows=self._part_rows)
        return await self._build_at_once(context, group, wanted)

    async def _is_built_in_parts(self, context: UnitContext, view: CompiledView) -> bool:
        """Whether to build in parts: for a long series, if all or nearly all of its rows are computed."""
        if view.spec.incremental is None or view.spec.incremental.next_keys is None:
            return False
        async with context.pool.acquire() as connection:
            is_full = bool(context.unit.detail.get("full")) or await needs_full_build(connection, view)
            return is_full or await is_large(connection, view, part_rows=self._part_rows)

    async def _build_at_once(
        self, context: UnitContext, group: Sequence[CompiledView], wanted: BuildParameters
    ) -> Built:
        async with context.transaction() as connection:
            all_built = await build_views(
                connection,
                group,
                build_id=context.task.task_id,
                full=bool(context.unit.detail.get("full")),
                accept_drop=wanted.accept_drop,
            )
            built = add_up(all_built)
            resume = {"full": built.full, "runs": [str(run) for run in built.runs]}
            await context.finish(connection, built.counts, resume=resume)
        return built

    async def _record_failure(self, pool: Pool, group: Sequence[CompiledView], error: Exception) -> None:
        """Show the failure in data_freshness at once; the unit's retry may take a while."""
        try:
            async with pool.acquire() as connection:
                for view in group:
                    await record_failure(connection, view, describe_failure(error))
        except (*OUTAGE_ERRORS, asyncpg.PostgresError) as outage:
            _log.warning("failure_not_recorded", view=view.relation, error=str(error), kind=type(outage).__name__)

    async def _prepare(self, pool: Pool, view: CompiledView) -> None:
        async with pool.acquire() as connection:
            state = await read_state(connection, view)
            if state is not None and state["filled"] == view.digest and await is_defined(connection, view):
                return
        await prepare_table(pool, view)

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Acknowledge the events of this build; newer ones cause another build."""
        failed = {unit.unit: unit.error for unit in units if unit.status is UnitStatus.FAILED}
        if failed:
            await self._record_failed_units(connection, failed)
        await handle_events(connection, task.task_id)
        return RunEnd()

    async def _record_failed_units(self, connection: Connection, failed: Mapping[str, str | None]) -> None:
        """Includes units that ended without an error of the view itself: a time-out, or a worker that died repeatedly."""
        try:
            views = await find_target(connection, self._views)
        except NewerContractError:
            # the published views are not those of this process
            return
        for group in group_views(views):
            name = group[-1].relation
            for view in group if name in failed else ():
                await record_failure(connection, view, failed[name] or "It failed.")
