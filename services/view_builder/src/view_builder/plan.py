"""What a deployment of this code would do to the published views: contracts that change, views that are built again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import asyncpg

from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.db import Connection
from view_builder.apply import read_state
from view_builder.build import needs_full_build
from view_builder.compile import CompiledView
from view_builder.contract_versions import read_contract
from view_builder.diff import ContractDiff, diff_contract
from view_builder.row_changes import RowChanges, count_changes

Action: TypeAlias = Literal["new", "rebuilt", "redefined", "unchanged"]


@dataclass(frozen=True)
class ViewPlan:
    """What happens to one view.

    `published_rows` are the rows that readers see now, which a rebuild computes again. `changes` are known only if they were
    counted, and `not_counted` says why they are not. `changed_bases` are the rebuilt views that it reads.
    """

    relation: str
    action: Action
    contract: ContractDiff
    published_rows: int | None
    changed_bases: tuple[str, ...] = ()
    changes: RowChanges | None = None
    not_counted: str | None = None


@dataclass(frozen=True)
class ViewsPlan:
    """What happens to all views. `undeclared` are published views that this code does not have; nothing builds them any more.

    With a newer contract version, all views are built next to the published ones and replace them in one commit; what breaks
    readers is then allowed.
    """

    published_version: int
    wanted_version: int
    views: tuple[ViewPlan, ...]
    undeclared: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What this deployment must not do; one sentence each."""
        if self.published_version > self.wanted_version:
            return (
                f"The database publishes contract version {self.published_version}, and this code has version"
                f" {self.wanted_version}. Deploy a release with that version.",
            )
        if self.published_version < self.wanted_version:
            return ()
        return tuple(
            f"{view.relation}: {'; '.join(view.contract.breaking)}. Keep its model and add a second one with a higher"
            " view_version."
            for view in self.views
            if view.contract.breaking
        )


async def plan_views(connection: Connection, views: Sequence[CompiledView], *, count_rows: bool) -> ViewsPlan:
    """Compare the published views with those of this code; nothing changes.

    With `count_rows`, the rows of each rebuilt view are computed and compared with the published ones.
    """
    await require_revision(connection)
    state = await read_contract(connection)
    plans: dict[str, ViewPlan] = {}
    for view in views:
        plans[view.relation] = await _plan_view(connection, view, plans, count_rows=count_rows)
    published = await connection.fetch("SELECT relation FROM public.published_view ORDER BY relation")
    undeclared = tuple(row["relation"] for row in published if row["relation"] not in plans)
    return ViewsPlan(state.version, views[0].contract_version, tuple(plans.values()), undeclared)


async def _plan_view(
    connection: Connection, view: CompiledView, before: Mapping[str, ViewPlan], *, count_rows: bool
) -> ViewPlan:
    state = await read_state(connection, view)
    if state is None:
        return ViewPlan(view.relation, "new", ContractDiff(), None)
    contract = diff_contract(state["contract"], view.contract)
    changed_bases = tuple(base.relation for base in view.bases if before[base.relation].action in ("new", "rebuilt"))
    action = await _choose_action(connection, view, state, is_base_rebuilt=bool(changed_bases))
    if action != "rebuilt" or not count_rows:
        return ViewPlan(view.relation, action, contract, state["row_count"], changed_bases)
    changes, reason = await _try_to_count(connection, view)
    return ViewPlan(view.relation, action, contract, state["row_count"], changed_bases, changes, reason)


async def _choose_action(
    connection: Connection, view: CompiledView, state: asyncpg.Record, *, is_base_rebuilt: bool
) -> Action:
    if view.spec.incremental is None:
        return "unchanged" if state["digest"] == view.digest else "redefined"
    return "rebuilt" if is_base_rebuilt or await needs_full_build(connection, view) else "unchanged"


async def _try_to_count(connection: Connection, view: CompiledView) -> tuple[RowChanges | None, str | None]:
    if view.incremental.next_keys is not None:
        return None, "it is a long series, which is built in parts"
    try:
        return await count_changes(connection, view), None
    except asyncpg.PostgresError as error:
        return None, f"it could not be computed over the published views: {error}"


def describe_plan(plan: ViewsPlan) -> dict[str, Any]:
    """Return the plan as JSON."""
    return {
        "status": "refused" if plan.problems else "compatible",
        "contract": {"published": plan.published_version, "wanted": plan.wanted_version},
        "problems": list(plan.problems),
        "undeclared": list(plan.undeclared),
        "views": [
            {
                "view": view.relation,
                "action": view.action,
                "changed_bases": list(view.changed_bases),
                "added_columns": list(view.contract.added),
                "breaking": list(view.contract.breaking),
                "published_rows": view.published_rows,
                "changes": None if view.changes is None else vars(view.changes),
                "not_counted": view.not_counted,
            }
            for view in plan.views
        ],
    }


def describe_changes(view: ViewPlan) -> str:
    """Return what changes in a view, for people."""
    parts = [f"new columns: {', '.join(view.contract.added)}"] if view.contract.added else []
    if view.changed_bases:
        parts.append(f"reads {', '.join(view.changed_bases)}")
    if view.changes is not None:
        parts.append(
            f"{view.changes.inserted} rows inserted, {view.changes.updated} updated, {view.changes.deleted} deleted"
        )
    if view.not_counted:
        parts.append(f"not counted: {view.not_counted}")
    return "; ".join(parts)
