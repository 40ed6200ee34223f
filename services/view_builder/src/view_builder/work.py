"""The run that builds views: one unit a view, each after those it uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from sra_shared.counts import Counts
from sra_shared.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.errors import ConfigError, LeaseLostError, RunCancelledError
from sra_shared.logs import get_logger
from sra_shared.runs import ProcessingTask, RunEnd, Unit, UnitContext, UnitPlan, UnitStatus
from sra_shared.runs.execute import HandoverError
from view_builder.apply import is_defined, prepare_table, read_state
from view_builder.build import build_view, describe_failure, find_new_runs, needs_full_build, note_failure
from view_builder.compile import CompiledView
from view_builder.inbox import bind_events, handle_events

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

    def __init__(self, views: Sequence[CompiledView]) -> None:
        self._views = {view.relation: view for view in views}

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
        try:
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
        except (LeaseLostError, HandoverError, RunCancelledError):
            # not the view's failure: another worker goes on, or nobody shall
            raise
        except Exception as error:
            await self._note_failure(context.pool, view, error)
            raise
        _log.info("view_built", view=view.relation, rows=built.computed, changed=built.changed, full=built.full)

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
