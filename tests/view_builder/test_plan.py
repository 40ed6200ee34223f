"""`./sra views plan`: what a deployment would do, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sra_cli.app import run
from sra_cli.commands import views as command
from sra_shared.kit.db import Pool, open_pool
from sra_testing.databases import run_async
from sra_testing.publication import build_all, choose_views, dump_view, read_rows
from sra_testing.records import put_fund, put_profile, put_run
from view_builder.compile import CompiledView, compile_views
from view_builder.plan import RowChanges, plan_views
from view_builder.spec import Mart


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("security_search", "fundata_data")


def change_master(views: tuple[CompiledView, ...]) -> tuple[CompiledView, ...]:
    """The views of a release in which the master leaves out one listing."""

    def change(view: CompiledView) -> Mart:
        if view.relation != "security_master":
            return Mart(view.model, view.spec)
        query = f"SELECT w.* FROM (\n{view.spec.query}\n) w WHERE w.identifier <> 'LEFT'"  # noqa: S608
        return Mart(view.model, replace(view.spec, query=query))

    return compile_views([change(view) for view in views])


async def put_securities(pool: Pool) -> None:
    async with pool.acquire() as connection:
        run_id = await put_run(connection, "fmp", ["universe", "profile"])
        for symbol in ("LEFT", "SAME", "LOST", "RENAMED"):
            await put_profile(connection, run_id, symbol)
        await put_fund(connection, await put_run(connection, "fundata", ["FundGeneral"]), "412")


async def test_a_plan_counts_the_rows_that_a_release_changes(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await put_securities(pool)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        same = await plan_views(connection, views, count_rows=True)
        assert {view.action for view in same.views} == {"unchanged"}
        await connection.execute("DELETE FROM published.security_master WHERE identifier = 'LOST'")
        await connection.execute("UPDATE published.security_master SET name = 'x' WHERE identifier = 'RENAMED'")
    before = await dump_view(pool, "security_master")
    async with pool.acquire() as connection:
        plan = await plan_views(connection, change_master(views), count_rows=True)
    master, search, records = (
        next(view for view in plan.views if view.relation == relation)
        for relation in ("security_master", "security_search", "fundata_data")
    )
    assert (master.action, master.published_rows) == ("rebuilt", 5)
    assert master.changes == RowChanges(inserted=1, updated=1, deleted=1)
    # over the master as it is published, which lacks a listing and has another name
    assert (search.action, search.changed_bases) == ("rebuilt", ("security_master",))
    assert search.changes == RowChanges(inserted=0, updated=1, deleted=1)
    assert records.action == "unchanged"
    assert plan.problems == ()
    # nothing is left of it
    assert await dump_view(pool, "security_master") == before
    assert await read_rows(pool, "SELECT FROM pg_namespace WHERE nspname = 'core_planned'") == []


async def build_alone(dsn: str, views: tuple[CompiledView, ...]) -> None:
    pool = await open_pool(dsn, application_name="test", max_size=2)
    await build_all(pool, views)
    await pool.close()


def test_the_command_refuses_what_breaks_readers(
    database: str,
    views: tuple[CompiledView, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_async(build_alone(database, views))
    monkeypatch.setenv("DATABASE_URL", database)
    search = next(view for view in views if view.relation == "security_search")
    (*columns, last) = search.columns
    fewer = replace(search, columns=(*columns[:-1], replace(columns[-1], sql_type="date")), digest="another")
    more = replace(search, columns=(*search.columns, replace(last, name="listed_on")), digest="another")
    for changed, code in ((fewer, 1), (more, 0)):
        shown = tuple(changed if view == search else view for view in views)
        monkeypatch.setattr(command, "list_compiled_views", lambda shown=shown: shown)
        assert run(["views", "plan", "--json"]) == code
        found = json.loads(capsys.readouterr().out)
        (planned,) = (view for view in found["views"] if view["action"] != "unchanged")
        assert (planned["view"], planned["action"], planned["published_rows"]) == ("security_search", "rebuilt", 0)
        assert found["status"] == ("refused" if code else "compatible")
        assert planned["added_columns"] == ([] if code else ["listed_on"])
        assert len(found["problems"]) == code
        if code:
            assert "column last_run_id is gone; column as_of changes its type" in found["problems"][0]
