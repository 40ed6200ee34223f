"""Checks that prevent a publication, and the state that a failed build keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from pydantic import Field

from sra_contract import ViewModel
from sra_shared.kit.db import Pool
from sra_testing.publication import build_one, read_rows
from view_builder.apply import define_views
from view_builder.checks import CheckFailedError, Extent, check_extent
from view_builder.compile import CompiledView, compile_view
from view_builder.spec import Incremental, Mart, ViewSource, ViewSpec

NOW = datetime(2025, 9, 26, tzinfo=UTC)


class Item(ViewModel):
    """An item."""

    id: int = Field(description="Key.")
    name: str | None = Field(description="Name.")
    as_of: datetime = Field(description="When.")
    last_run_id: UUID = Field(description="Run.")
    view_name: ClassVar[str] = "item"
    spec: ClassVar[ViewSpec] = ViewSpec(
        key=("id",),
        query="SELECT t.id, t.name, now() AS as_of FROM affected_keys s JOIN item t USING (id)",
        sources=(ViewSource("item", "fmp"),),
        incremental=Incremental(
            partition=("id",),
            all_keys="SELECT id FROM item",
            affected_keys="SELECT id, run_id FROM item WHERE run_id = ANY($1::uuid[])",
        ),
    )


class LongerItem(Item):
    """An item."""

    more: int | None = Field(description="More.")
    spec: ClassVar[ViewSpec] = ViewSpec(
        key=("id",),
        query="SELECT t.id, t.name, now() AS as_of, 7 AS more FROM affected_keys s JOIN item t USING (id)",
        sources=Item.spec.sources,
        incremental=Item.spec.incremental,
    )


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (Extent(1000, NOW), Extent(799, NOW), "201 of 1000 rows would disappear"),
        (Extent(1000, NOW), Extent(0, None), "1000 of 1000 rows would disappear"),
        (Extent(1000, NOW), Extent(1000, NOW - timedelta(days=8)), "its newest row would be of 2025-09-18"),
    ],
)
def test_an_extent_outside_the_limits_fails(before: Extent, after: Extent, reason: str) -> None:
    with pytest.raises(CheckFailedError, match=reason):
        check_extent(compile_view(Mart(Item, Item.spec)), before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Extent(None, None), Extent(0, None)),
        (Extent(40, NOW), Extent(1, NOW)),
        (Extent(1000, NOW), Extent(800, NOW)),
        (Extent(1000, NOW), Extent(5000, NOW - timedelta(days=7))),
    ],
)
def test_an_extent_within_the_limits_passes(before: Extent, after: Extent) -> None:
    check_extent(compile_view(Mart(Item, Item.spec)), before, after)


@pytest.fixture
async def item(pool: Pool) -> CompiledView:
    """The view, built over three items, with what others made of it."""
    view = compile_view(Mart(Item, Item.spec))
    for statement in (
        "CREATE TABLE item (id bigint, name text, run_id uuid)",
        "INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 3) n",
    ):
        await pool.execute(statement)
    await define_views(pool, [view])
    await build_one(pool, view)
    return view


async def test_columns_that_are_not_the_models_fail(pool: Pool, item: CompiledView) -> None:
    await pool.execute(
        "CREATE OR REPLACE VIEW sra.item AS SELECT id, name, as_of, last_run_id, 1 AS stray FROM published.item"
    )
    with pytest.raises(CheckFailedError, match=r"the columns are not the model's \(stray integer\)"):
        await build_one(pool, item)


async def test_grants_and_dependents_survive_a_new_column(pool: Pool, item: CompiledView) -> None:
    await pool.execute("CREATE VIEW public.of_others AS SELECT id, name FROM sra.item")
    await pool.execute("GRANT SELECT ON sra.item TO pg_monitor")
    await build_one(pool, compile_view(Mart(LongerItem, LongerItem.spec)))
    await pool.execute("UPDATE item SET name = 'new'")
    await build_one(pool, compile_view(Mart(LongerItem, LongerItem.spec)), full=True)
    assert {row["name"] for row in await read_rows(pool, "SELECT name FROM public.of_others")} == {"new"}
    assert await pool.fetchval("SELECT sum(more) FROM sra.item") == 21
    for role in ("pg_monitor", "sra_reader"):
        assert await pool.fetchval("SELECT has_table_privilege($1, 'sra.item', 'SELECT')", role), role
    assert (await pool.fetchval("SELECT col_description('sra.item'::regclass, 5)")) == "More."
