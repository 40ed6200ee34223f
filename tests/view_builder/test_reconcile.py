"""A view that could not be built is reported, and built again once the cause is gone."""

from __future__ import annotations

import asyncio
from datetime import date
from uuid import UUID

from sra_shared.kit.db import Pool
from sra_testing.databases import execute_sql
from sra_testing.publication import read_rows
from sra_testing.records import put_fund, put_quote, put_run
from sra_testing.views_service import serve_views, wait_until_idle
from sra_testing.waiting import wait_for
from view_builder.compile import CompiledView
from view_builder.inprocess import build_in_process
from view_builder.reconcile import Backlog
from view_builder.work import BuildParameters

DAY = date(2025, 9, 26)
BREAK = """
CREATE FUNCTION break_build() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no room at postgres://sra:secret@host/db'; END $$;
CREATE TRIGGER break_build BEFORE INSERT ON published.latest_quote FOR EACH ROW EXECUTE FUNCTION break_build();
"""
REPAIR = "DROP TRIGGER break_build ON published.latest_quote; DROP FUNCTION break_build()"


async def put_value(pool: Pool, fund: str) -> UUID:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, fund)
        await put_quote(connection, run, fund, DAY, "12.5")
    return run


async def look(pool: Pool, backlog: Backlog) -> list[str]:
    async with pool.acquire() as connection, connection.transaction():
        return await backlog.poll(connection)


async def test_any_failure_of_a_build_is_reported_and_the_build_requested_again(
    database: str, pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    await build_in_process(database, BuildParameters())
    backlog = Backlog(views, first_pause=0)
    assert await look(pool, backlog) == []
    execute_sql(database, BREAK)
    run = await put_value(pool, "1")
    result = await build_in_process(database, BuildParameters())
    assert {unit.unit: unit.status.value for unit in result.units}["latest_quote"] == "failed"
    (reported,) = await read_rows(pool, "SELECT is_late, error FROM sra.data_freshness WHERE dataset = 'latest_quote'")
    assert reported["is_late"]
    assert "no room at" in reported["error"]
    assert "secret" not in reported["error"]
    # its completion is not sent again; the run itself requests the build
    patient = Backlog(views)
    assert await look(pool, patient) == []
    assert "latest_quote" in await look(pool, backlog)
    # one is coming now
    assert await look(pool, backlog) == []
    execute_sql(database, REPAIR)
    async with serve_views(database):
        await wait_until_idle(pool)
    rows = await read_rows(pool, "SELECT identifier, last_run_id FROM sra.latest_quote")
    assert rows == [{"identifier": "1", "last_run_id": run}]
    assert (await read_rows(pool, "SELECT error FROM sra.data_freshness WHERE dataset = 'latest_quote'")) == [
        {"error": None}
    ]
    assert await look(pool, backlog) == []


async def test_a_full_disk_is_reported_at_once_and_waited_out(database: str, pool: Pool) -> None:
    await build_in_process(database, BuildParameters())
    execute_sql(database, BREAK.replace("EXCEPTION '", "EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = '"))
    await put_value(pool, "1")
    build = asyncio.create_task(build_in_process(database, BuildParameters()))

    async def is_reported() -> bool:
        rows = await read_rows(pool, "SELECT error FROM sra.data_freshness WHERE dataset = 'latest_quote'")
        return "DiskFullError: no room" in (rows[0]["error"] or "")

    await wait_for(is_reported, what="the failure of the first attempt")
    execute_sql(database, REPAIR)
    result = await build
    assert result.task.status.value == "completed"
    assert await read_rows(pool, "SELECT identifier FROM sra.latest_quote") == [{"identifier": "1"}]


async def test_an_unfilled_view_is_requested_at_growing_intervals(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    backlog, hasty = Backlog(views), Backlog(views, first_pause=0)
    everything = [view.relation for view in views]
    await pool.execute("UPDATE published_view SET filled = NULL")
    assert await look(pool, backlog) == everything
    # one is coming
    assert await look(pool, hasty) == []
    # it fails: after a pause another one is due
    await pool.execute("UPDATE task_execution_log SET status = 'failed', completed_at = now()")
    assert await look(pool, backlog) == []
    assert await look(pool, hasty) == everything
