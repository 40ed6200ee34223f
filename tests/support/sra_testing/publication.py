"""Builds views without a service, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sra_shared.kit.db import Pool
from view_builder.apply import define_views, prepare_table
from view_builder.build import Built, build_views, find_new_runs, needs_full_build
from view_builder.compile import CompiledView, compile_views, group_views
from view_builder.marts import MARTS


async def build_group(
    pool: Pool, views: Sequence[CompiledView], *, build_id: UUID | None = None, **options: Any
) -> dict[str, Built]:
    """Build views in one transaction."""
    for view in views:
        if view.spec.incremental is not None:
            await prepare_table(pool, view)
    async with pool.acquire() as connection, connection.transaction():
        built = await build_views(connection, views, build_id=build_id or uuid4(), **options)
    return {view.relation: one for view, one in zip(views, built, strict=True)}


async def build_one(pool: Pool, view: CompiledView, **options: Any) -> Built:
    """Build one view, and what is published with it, in a separate transaction."""
    return (await build_group(pool, (*view.companions, view), **options))[view.relation]


async def build_all(
    pool: Pool, views: Sequence[CompiledView], *, full: bool = False, **options: Any
) -> dict[str, Built]:
    """Define missing views and, in order, build those that have something to build, as the service does.

    The others are in the result as built without any row. With a `build_id`, all are built.
    """
    await define_views(pool, views)
    built: dict[str, Built] = {}
    for group in group_views(views):
        is_full = full or any(
            built[base.relation].full for view in group for base in view.bases if base.relation in built
        )
        if is_full or "build_id" in options or await _has_work(pool, group):
            built |= await build_group(pool, group, full=is_full, **options)
        else:
            built |= {view.relation: Built(0, 0, False, ()) for view in group}
    return built


async def _has_work(pool: Pool, views: Sequence[CompiledView]) -> bool:
    async with pool.acquire() as connection:
        for view in views:
            if await needs_full_build(connection, view) or await find_new_runs(connection, view):
                return True
    return False


def choose_views(*relations: str) -> tuple[CompiledView, ...]:
    """Return these views, their bases and what is published with them, in the order of their builds."""
    compiled = {view.relation: view for view in compile_views(MARTS)}
    wanted, left = set[str](), list(relations)
    while left:
        view = compiled[left.pop()]
        wanted.add(view.relation)
        companions = (other.relation for other in compiled.values() if view.relation in other.spec.published_with)
        left += {*view.spec.uses, *view.spec.published_with, *companions} - wanted
    return tuple(view for view in compiled.values() if view.relation in wanted)


async def read_rows(pool: Pool, statement: str, *arguments: object) -> list[dict[str, Any]]:
    """Return the rows of a statement as dictionaries."""
    async with pool.acquire() as connection:
        return [dict(row) for row in await connection.fetch(statement, *arguments)]


async def dump_view(pool: Pool, name: str) -> list[str]:
    """Return all rows of a view as text, without the run that last changed them, in order."""
    rows = await read_rows(pool, f"SELECT to_jsonb(v) - 'last_run_id' AS row FROM sra.{name} v")  # noqa: S608
    return sorted(repr(row["row"]) for row in rows)
