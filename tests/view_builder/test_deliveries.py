"""Many, repeated and reordered completions, and a service that is killed during a build."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool, open_connection
from sra_testing.product_process import SUPPORT, make_command
from sra_testing.publication import build_all, dump_view
from sra_testing.records import put_fund, put_quote, put_run
from sra_testing.views_service import VIEWS_TOKEN, count_builds, count_open_work, serve_views, wait_until_idle
from sra_testing.waiting import wait_for
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
STATES = "SELECT count(DISTINCT build_id) FROM completion_inbox"


async def put_day(pool: Pool, number: int, funds: int = 1) -> UUID:
    """A run that stores the value `number` on its own day."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        for fund in range(funds):
            if number == 0:
                await put_fund(connection, run, str(fund))
            await put_quote(connection, run, str(fund), DAY + timedelta(days=number), str(number + 1))
    return run


def make_event(run: UUID) -> dict[str, Any]:
    return {"event_id": str(uuid4()), "run_id": str(run), "source": "fundata", "datasets": ["FundDailyNAVPS"]}


@pytest.mark.parametrize(
    ("completions", "deliveries"),
    [pytest.param(8, 64, id="few"), pytest.param(50, 1000, marks=pytest.mark.faults, id="many")],
)
async def test_duplicated_and_reordered_events_are_one_build_per_state(
    database: str, pool: Pool, completions: int, deliveries: int
) -> None:
    chance = random.Random(completions)  # noqa: S311 - an order
    async with serve_views(database) as client:
        first = await count_builds(pool)
        events = [make_event(await put_day(pool, number)) for number in range(completions)]
        order = [events[number % completions] for number in range(deliveries)]
        chance.shuffle(order)
        for start in range(0, deliveries, 25):
            responses = await asyncio.gather(
                *(client.post("/completions", json=event) for event in order[start : start + 25])
            )
            assert {response.status_code for response in responses} <= {200, 202}
        await wait_until_idle(pool)
        # every build took events that none before it had taken, and none is left
        made = await count_builds(pool) - first
        assert made == await pool.fetchval(STATES)
        assert 1 <= made <= completions
        assert await pool.fetchval("SELECT sum(deliveries) FROM completion_inbox") == deliveries
        for event in order[:25]:
            assert (await client.post("/completions", json=event)).json()["duplicate"]
        assert await count_open_work(pool) == 0
        assert await count_builds(pool) - first == await pool.fetchval(STATES)
    published = await pool.fetch("SELECT DISTINCT run_id FROM published_run WHERE relation = 'fund_quote_history'")
    assert {str(row["run_id"]) for row in published} >= {event["run_id"] for event in events}
    assert await pool.fetchval("SELECT count(*) FROM sra.fund_quote_history") == completions


@contextmanager
def run_service(database: str) -> Iterator[subprocess.Popen[bytes]]:
    """The service in a process of its own; it is killed at the end."""
    hidden = ("DATABASE_URL", "DB_", "FMP_", "FUNDATA_", "SRA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}  # noqa: TID251 - a child's
    own = {
        "DATABASE_URL": database,
        "PORT": str(find_free_port()),
        "SRA_SERVICE_TOKEN": VIEWS_TOKEN,
        "LOG_LEVEL": "ERROR",
        "PYTHONPATH": SUPPORT,
    }
    process = subprocess.Popen(make_command("view_builder"), env={**kept, **own})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


# a build waits at its beginning while the view is locked, and at its end while the row of its state is
AT_START = "SELECT sra_take_locks(ARRAY['view:{}'], 60)"
AT_END = "SELECT FROM published_view WHERE relation = '{}' FOR UPDATE"
MOMENTS = [
    (view, hold)
    for view in ("fund_quote_history", "latest_quote", "fund_page", "daily_market_summary", "run_contents")
    for hold in (AT_START, AT_END)
]
WAITING = """
SELECT count(*) FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.wait_event_type = 'Lock' AND $1 = ANY(pg_blocking_pids(a.pid))
"""


@pytest.mark.parametrize(
    ("view", "hold"),
    [pytest.param(*moment, marks=[] if number == 1 else [pytest.mark.faults]) for number, moment in enumerate(MOMENTS)],
    ids=[f"{view}-{'start' if hold is AT_START else 'end'}" for view, hold in MOMENTS],
)
async def test_a_service_killed_during_a_build_keeps_the_views_and_repeats_it(
    database: str, pool: Pool, views: tuple[CompiledView, ...], view: str, hold: str
) -> None:
    run = await put_day(pool, 0, funds=5)
    await build_all(pool, views)
    before = await dump_view(pool, view)
    next_run = await put_day(pool, 1, funds=5)
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO completion_inbox (event_id, run_id, source, datasets) VALUES ($1, $2, 'fundata',"
            " '[\"FundDailyNAVPS\"]')",
            uuid4(),
            next_run,
        )
    holder = await open_connection(database, application_name="holder")
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute(hold.format(view))

    async def is_waiting() -> bool:
        return bool(await pool.fetchval(WAITING, holder.get_server_pid()))

    with run_service(database) as service:
        await wait_for(is_waiting, what=f"a build that waits at {view}")
        service.kill()
        service.wait()
        assert await dump_view(pool, view) == before
    await transaction.rollback()
    await holder.close()
    with run_service(database):
        await wait_until_idle(pool)
    assert await pool.fetchval("SELECT count(*) FROM sra.latest_quote WHERE navps = 2") == 5
    published = await pool.fetch("SELECT run_id FROM published_run WHERE relation = $1", view)
    assert {row["run_id"] for row in published} == {run, next_run}
    built = await build_all(pool, views, full=True)
    assert built[view].changed == 0
