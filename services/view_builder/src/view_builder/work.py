"""The run that builds views: one unit a view, each after those it uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from sra_shared.counts import Counts
from sra_shared.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.errors import ConfigError, LeaseLostError, RetryableError, RunCancelledError
from sra_shared.logs import get_logger
from sra_shared.runs import ProcessingTask, RunEnd, Unit, UnitContext, UnitPlan, UnitStatus
from sra_shared.runs.execute import HandoverError
from view_builder.apply import is_defined, is_outdated, prepare_table, read_state
from view_builder.build import Built, build_view, describe_failure, find_new_runs, needs_full_build, note_failure
from view_builder.compile import CompiledView
from view_builder.inbox import bind_events, handle_events
from view_builder.stage import PART_ROWS, build_staged, is_large

_log = get_logger(__name__)


class BuildParameters(BaseModel):
    """What a build may be asked for; without anything it builds what depends on new runs. What depends on a named view and
    waits for it is built too."""

    model_config = ConfigDict(extra="forbid")

    views: list[str] | None = Field(None, description="Views to build whether they need it or not; none means by need.")
    full: bool = Field(False, description="Compute all rows, not only those that new runs touched.")
    accept_drop: bool = Field(False, description="Let many rows vanish at once.")


def require_known(views: Iterable[CompiledView], wanted: BuildParameters) -> None:
    """Raise ConfigError that lists the views where one is asked for that is none of them."""
    known = [view.relation for view in views]
    unknown = sorted(set(wanted.views or ()) - set(known))
    if unknown:
        raise ConfigError(f"There is no view {', '.join(unknown)}.", next_step=f"Choose from: {', '.join(known)}.")


class ViewBuildWork:
    """The work of task type view_build."""

    source: str | None = None
    ordered = True
    concurrency = 1

    def __init__(self, views: Sequence[CompiledView], *, part_rows: int = PART_ROWS) -> None:
        """`part_rows` is how many rows of a long series are built at a time."""
        self._views = {view.relation: view for view in views}
        self._part_rows = part_rows
        self._since = datetime.now(UTC)

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """One unit for each view that is asked for, new, changed, or touched by a run that is not in it yet."""
        wanted = BuildParameters.model_validate(context.task.parameters)
        require_known(self._views.values(), wanted)
        async with context.pool.acquire() as connection, connection.transaction():
            await bind_events(connection, context.task.task_id)
        async with context.pool.acquire() as connection:
            return await self._choose_views(connection, wanted)

    async def _choose_views(self, connection: Connection, wanted: BuildParameters) -> list[UnitPlan]:
        """What is asked for, and what depends on it: a base that changes as a whole changes what is computed from it, and
        runs that a base could not take in until now wait in the others too."""
        chosen: dict[str, bool] = {}
        for view in self._views.values():
            if is_outdated(view, await read_state(connection, view), self._since):
                _log.warning("newer_model_is_published", view=view.relation)
                continue
            named = view.relation in (wanted.views or ())
            asked = named or wanted.views is None
            bases = {base.relation for base in view.bases} & set(chosen)
            full = (asked and wanted.full) or await needs_full_build(connection, view) or any(map(chosen.get, bases))
            if full or named or ((asked or bases) and await find_new_runs(connection, view)):
                chosen[view.relation] = full
        return [UnitPlan(relation, relation, {"full": full}) for relation, full in chosen.items()]

    async def process(self, context: UnitContext) -> None:
        """Build one view; one that fails its check keeps its former state, which the error tells."""
        view = self._views.get(context.unit.unit)
        if view is None:
            raise ConfigError(
                f"This service knows no view {context.unit.unit}.", next_step="Deploy one version of it everywhere."
            )
        wanted = BuildParameters.model_validate(context.task.parameters)
        await self._refuse_outdated(context, view)
        try:
            if await self._is_built_in_parts(context, view):
                built = await build_staged(context, view, accept_drop=wanted.accept_drop, part_rows=self._part_rows)
            else:
                built = await self._build_at_once(context, view, wanted)
        except (LeaseLostError, HandoverError, RunCancelledError):
            # not the view's failure: another worker goes on, or nobody shall
            raise
        except Exception as error:
            await self._note_failure(context.pool, view, error)
            raise
        _log.info("view_built", view=view.relation, rows=built.computed, changed=built.changed, full=built.full)

    async def _refuse_outdated(self, context: UnitContext, view: CompiledView) -> None:
        async with context.pool.acquire() as connection:
            if is_outdated(view, await read_state(connection, view), self._since):
                raise RetryableError(
                    f"View {view.relation} was published by a newer version of view_builder.",
                    next_step="That version builds it; this one ends with the deploy.",
                )

    async def _is_built_in_parts(self, context: UnitContext, view: CompiledView) -> bool:
        """A long series is, where all its rows are computed, or nearly all."""
        if view.spec.keyed is None or view.spec.keyed.next_scopes is None:
            return False
        async with context.pool.acquire() as connection:
            is_full = bool(context.unit.detail.get("full")) or await needs_full_build(connection, view)
            return is_full or await is_large(connection, view, part_rows=self._part_rows)

    async def _build_at_once(self, context: UnitContext, view: CompiledView, wanted: BuildParameters) -> Built:
        if view.spec.keyed is not None:
            await self._prepare(context.pool, view)
        async with context.transaction() as connection:
            built = await build_view(
                connection,
                view,
                build_id=context.task.task_id,
                full=bool(context.unit.detail.get("full")),
                accept_drop=wanted.accept_drop,
            )
            unchanged = built.computed - built.changed
            counts = Counts(read=built.computed, stored=built.changed, unchanged=unchanged)
            resume = {"full": built.full, "runs": [str(run) for run in built.runs]}
            await context.finish(connection, counts, resume=resume)
        return built

    async def _note_failure(self, pool: Pool, view: CompiledView, error: Exception) -> None:
        """Tell readers of data_freshness at once why the view stands still; the retry of the unit may take a while."""
        try:
            async with pool.acquire() as connection:
                await note_failure(connection, view, describe_failure(error))
        except (*OUTAGE_ERRORS, asyncpg.PostgresError) as outage:
            _log.warning("failure_not_noted", view=view.relation, error=str(error), kind=type(outage).__name__)

    async def _prepare(self, pool: Pool, view: CompiledView) -> None:
        async with pool.acquire() as connection:
            state = await read_state(connection, view)
            if state is not None and state["filled"] == view.digest and await is_defined(connection, view):
                return
        await prepare_table(pool, view)

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Acknowledge the events of this build; those that came meanwhile cause one more."""
        for unit in units:
            # also what ended without an error of the view's own: too slow, or its worker died again and again
            if unit.status is UnitStatus.FAILED and unit.unit in self._views:
                await note_failure(connection, self._views[unit.unit], unit.error or "It failed.")
        await handle_events(connection, task.task_id)
        return RunEnd()
