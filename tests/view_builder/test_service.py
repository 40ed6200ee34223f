"""The service: completions are stored, coalesced and published; views and schemas are reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from fundata_ingest.repair.rekey import REKEYED
from sra_shared.kit.db import Pool
from sra_testing.publication import read_rows
from sra_testing.records import put_fund, put_quote, put_run
from sra_testing.views_service import count_builds, count_open_work, serve_views
from sra_testing.waiting import wait_for
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A started service whose views are built."""
    async with serve_views(database) as opened:
        yield opened


async def first_build_done(pool: Pool) -> bool:
    rows = await read_rows(
        pool, "SELECT status FROM task_execution_log WHERE task_type = 'view_build' AND status = 'completed'"
    )
    return bool(rows)


async def all_handled(pool: Pool) -> bool:
    return await count_open_work(pool) == 0


async def load_quote(pool: Pool, fund: str, navps: str) -> UUID:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, fund)
        await put_quote(connection, run, fund, DAY, navps)
    return run


def make_event(run: UUID, event_id: UUID | None = None) -> dict[str, Any]:
    return {
        "event_id": str(event_id or uuid4()),
        "run_id": str(run),
        "source": "fundata",
        "datasets": ["FundGeneral", "FundDailyNAVPS"],
    }


async def test_a_completion_is_published(client: httpx.AsyncClient, pool: Pool) -> None:
    run = await load_quote(pool, "1", "12.5")
    response = await client.post("/completions", json=make_event(run))
    assert response.status_code == 202
    await wait_for(lambda: all_handled(pool), what="the build")
    (row,) = await read_rows(pool, "SELECT navps, last_run_id FROM sra.latest_quote")
    assert (str(row["navps"]), row["last_run_id"]) == ("12.5", run)


async def test_the_same_event_twice_is_one_build(client: httpx.AsyncClient, pool: Pool) -> None:
    before = await count_builds(pool)
    event = make_event(await load_quote(pool, "1", "12.5"))
    assert (await client.post("/completions", json=event)).status_code == 202
    await wait_for(lambda: all_handled(pool), what="the build")
    again = await client.post("/completions", json=event)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert await all_handled(pool)
    assert await count_builds(pool) == before + 1
    (row,) = await read_rows(pool, "SELECT deliveries FROM completion_inbox")
    assert row["deliveries"] == 2


async def test_a_storm_of_events_out_of_order_ends_in_few_builds_and_the_right_state(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    before = await count_builds(pool)
    runs = [await load_quote(pool, str(number), f"{number}.5") for number in range(20)]
    events = [make_event(run) for run in reversed(runs)]
    responses = await asyncio.gather(*(client.post("/completions", json=event) for event in [*events, *events]))
    assert {response.status_code for response in responses} <= {200, 202}
    await wait_for(lambda: all_handled(pool), what="the builds")
    # one that was planned before the last event came, and one for those that came meanwhile
    assert before + 1 <= await count_builds(pool) <= before + 3
    rows = await read_rows(pool, "SELECT identifier, navps FROM sra.latest_quote")
    assert {row["identifier"]: str(row["navps"]) for row in rows} == {str(n): f"{n}.5" for n in range(20)}
    built = await read_rows(
        pool, "SELECT count(*) AS n FROM published_run WHERE relation = 'latest_quote' AND run_id = ANY($1)", runs
    )
    assert built == [{"n": 20}]


async def test_events_kept_before_a_crash_are_built_after_it(database: str, pool: Pool) -> None:
    run = await load_quote(pool, "1", "3.25")
    async with pool.acquire() as connection:
        # as a service leaves it that dies between the event's commit and its build
        await connection.execute(
            "INSERT INTO completion_inbox (event_id, run_id, source, datasets, build_id) VALUES ($1, $2, 'fundata', $3, $4)",
            uuid4(),
            run,
            ["FundDailyNAVPS"],
            uuid4(),
        )
    async with serve_views(database):
        await wait_for(lambda: all_handled(pool), what="the event's build")
    (row,) = await read_rows(pool, "SELECT navps FROM sra.latest_quote")
    assert str(row["navps"]) == "3.25"


async def test_a_failed_check_is_reported_and_the_other_views_are_published(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    for number in range(80):
        await load_quote(pool, str(number), "1")
    await client.post("/completions", json=make_event(await load_quote(pool, "x", "1")))
    await wait_for(lambda: all_handled(pool), what="the build")
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral"])
        for number in range(70):
            await put_fund(connection, run, str(number), record_state=REKEYED)
    await client.post("/completions", json=make_event(run))
    await wait_for(lambda: all_handled(pool), what="the build")
    (latest,) = await read_rows(
        pool,
        "SELECT status, error_details::text AS errors FROM task_execution_log WHERE task_type = 'view_build'"
        " ORDER BY scheduled_at DESC LIMIT 1",
    )
    assert latest["status"] == "partial"
    assert "70 of 81 rows would disappear" in latest["errors"]
    (row,) = await read_rows(pool, "SELECT count(*) AS n FROM sra.security_master")
    assert row["n"] == 81
    result = {view["name"]: view for view in (await client.get("/views")).json()["views"]}
    assert "would disappear" in result["security_master"]["error"]
    assert result["run_contents"]["error"] is None
    fresh = await read_rows(pool, "SELECT is_late, error FROM sra.data_freshness WHERE dataset = 'security_master'")
    assert fresh[0]["is_late"]
    assert "would disappear" in fresh[0]["error"]


async def test_views_and_schemas_of_a_new_database_are_built_and_reported(
    undefined_database: str, undefined_pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with serve_views(undefined_database) as client:
        await wait_for(lambda: first_build_done(undefined_pool), what="the first build")
        result = (await client.get("/views")).json()["views"]
        assert [view["name"] for view in result] == [view.relation for view in views]
        for view in views:
            schema = (await client.get(f"/views/{view.relation}/schema")).json()
            assert list(schema["properties"]) == [column.name for column in view.columns]
            assert schema["required"] == [column.name for column in view.columns]
        assert (await client.get("/views/nothing/schema")).status_code == 404


MALFORMED: list[dict[str, Any]] = [
    {},
    {"event_id": "x", "run_id": "y", "source": "fmp", "datasets": []},
    {"event_id": str(uuid4()), "run_id": str(uuid4()), "source": "'; DROP", "datasets": []},
    {"event_id": str(uuid4()), "run_id": str(uuid4()), "source": "fmp", "datasets": "all"},
    {"event_id": str(uuid4()), "run_id": str(uuid4()), "source": "fmp", "datasets": [], "more": 1},
]


async def test_a_malformed_completion_or_one_without_a_token_is_refused_and_not_kept(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    responses = [await client.post("/completions", json=body) for body in MALFORMED]
    assert [response.status_code for response in responses] == [422] * len(MALFORMED)
    response = await client.post("/completions", json=make_event(uuid4()), headers={"Authorization": ""})
    assert response.status_code == 401
    assert await read_rows(pool, "SELECT * FROM completion_inbox") == []
