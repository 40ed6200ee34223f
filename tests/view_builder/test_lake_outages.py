"""The lake in object storage: outages of the storage, killed publishers, and the service that catches up by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import uuid4

import boto3
import httpx
import psutil
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool
from sra_shared.kit.settings import LakeSettings
from sra_testing.lake import find_differences, publish, read_lake, try_publishing
from sra_testing.publication import build_one
from sra_testing.records import put_fund, put_quote, put_run
from sra_testing.views_service import serve_views
from sra_testing.waiting import wait_for
from view_builder.compile import CompiledView
from view_builder.lake.child_process import MODULE
from view_builder.lake.inprocess import check_in_process

pytestmark = pytest.mark.lake

DAY = date(2025, 9, 26)
KEY, SECRET, BUCKET = "made-up-key", "made-up-secret", "lake"


class S3Server:
    """An S3 server on one port, which can be stopped and started with an empty bucket."""

    def __init__(self) -> None:
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: ThreadedMotoServer | None = None

    def start(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()
        session = boto3.session.Session(KEY, SECRET, region_name="us-east-1")
        session.resource("s3", endpoint_url=self.url).Bucket(BUCKET).create()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def properties(self) -> Mapping[str, str]:
        """What PyIceberg reads the bucket with."""
        return {
            "s3.endpoint": self.url,
            "s3.region": "us-east-1",
            "s3.access-key-id": KEY,
            "s3.secret-access-key": SECRET,
        }


@pytest.fixture
def server() -> Iterator[S3Server]:
    found = S3Server()
    found.start()
    yield found
    found.stop()


@pytest.fixture
def lake(server: S3Server) -> LakeSettings:
    """A lake in a bucket; the server's rows outlive it, so that each test has a place of its own."""
    return LakeSettings.model_construct(
        lake_url=f"s3://{BUCKET}/{uuid4()}",
        lake_endpoint=server.url,
        lake_region="us-east-1",
        lake_access_key_id=SecretStr(KEY),
        lake_secret_access_key=SecretStr(SECRET),
    )


@pytest.fixture
async def series(pool: Pool, view_by_name: Mapping[str, CompiledView]) -> CompiledView:
    """The history of a fund, not published in any lake."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", DAY, "10.5")
    await build_one(pool, view_by_name["security_master"])
    view = view_by_name["fund_quote_history"]
    await build_one(pool, view)
    return view


async def add_quote(pool: Pool, view: CompiledView, day: date, navps: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await put_quote(connection, await put_run(connection, "fundata", ["FundDailyNAVPS"]), "1", day, navps)
    await build_one(pool, view)


async def test_a_lake_in_object_storage_has_the_rows(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings, server: S3Server
) -> None:
    await publish(database, lake)
    await add_quote(pool, series, DAY.replace(day=27), "11")
    build = await publish(database, lake)
    assert await find_differences(pool, build, [series], server.properties) == []
    _, checked = await check_in_process(database, lake, None)
    assert [(table.is_compared, table.problems) for table in checked.tables if table.relation == series.relation] == [
        (True, [])
    ]


async def test_storage_that_is_down_fails_the_publication_with_a_reason_and_no_build(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings, server: S3Server
) -> None:
    first = await publish(database, lake)
    server.stop()
    await add_quote(pool, series, DAY.replace(day=27), "11")
    failed = await try_publishing(database, lake)
    assert (failed.task.status, failed.build) == ("failed", None)
    assert "The lake's storage failed" in str(failed.task.error_details)
    assert SECRET not in str(failed.task.error_details)
    assert await pool.fetchval("SELECT max(build_id) FROM lake_build") == first
    assert await pool.fetchval("SELECT count(*) FROM lake_change") == 1


async def find_publisher() -> psutil.Process | None:
    for process in psutil.Process().children(recursive=True):
        if MODULE in process.cmdline():
            return process
    return None


async def test_a_killed_publisher_is_replaced_and_leaves_no_mixed_build(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings, server: S3Server
) -> None:
    await publish(database, lake)
    for number, day in enumerate((27, 28, 29)):
        await add_quote(pool, series, DAY.replace(day=day), f"1{day}")
        publishing = asyncio.create_task(publish(database, lake))
        publisher = await wait_for(find_publisher, what="the publisher")
        assert publisher is not None
        # at another moment of its work each time
        await asyncio.sleep(0.7 * number)
        if publisher.is_running():
            os.kill(publisher.pid, signal.SIGKILL)
        build = await publishing
        assert await find_differences(pool, build, [series], server.properties) == []
    assert await pool.fetchval("SELECT count(*) FROM lake_change") == 0


async def read_check(client: httpx.AsyncClient) -> Any:
    return (await client.get("/health")).json()["checks"].get("lake", {})


async def test_the_service_publishes_after_each_build_and_catches_up_after_an_outage(
    pool: Pool, database: str, lake: LakeSettings, server: S3Server
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", DAY, "10.5")

    async def count_rows() -> int:
        return await pool.fetchval(
            "SELECT coalesce(max(row_count), 0) FROM lake_table WHERE relation = 'fund_quote_history'"
        )

    async def look(rows: int) -> bool:
        return await count_rows() == rows

    async with serve_views(database, lake=lake) as client:
        assert (await client.post("/runs", json={"task_type": "view_build"})).status_code == 202
        await wait_for(lambda: look(1), what="the first build of the lake", seconds=120)
        server.stop()
        async with pool.acquire() as connection, connection.transaction():
            run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
            await put_quote(connection, run, "1", DAY.replace(day=27), "11")
        assert (await client.post("/runs", json={"task_type": "view_build"})).status_code == 202

        async def look_degraded() -> bool:
            check = await read_check(client)
            return check["status"] == "degraded" and "storage failed" in check["detail"]

        await wait_for(look_degraded, what="the report of the outage", seconds=120)
        # the views are published all the same
        assert await pool.fetchval("SELECT count(*) FROM sra.fund_quote_history") == 2
        server.start()
        await wait_for(lambda: look(2), what="the build that was missed", seconds=120)


async def test_without_a_lake_nothing_is_recorded(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings, server: S3Server
) -> None:
    await publish(database, lake)
    assert await pool.fetchval("SELECT count(*) FROM lake_series") > 0

    async def look() -> bool:
        return await pool.fetchval("SELECT count(*) FROM lake_series") == 0

    async with serve_views(database) as client:
        await wait_for(look, what="the end of the record")
        assert await read_check(client) == {}
    await add_quote(pool, series, DAY.replace(day=27), "11")
    assert await pool.fetchval("SELECT count(*) FROM lake_change") == 0
    # a lake that is set again begins with all rows
    build = await publish(database, lake)
    assert len(await read_lake(pool, build, series.relation, server.properties)) == 2
