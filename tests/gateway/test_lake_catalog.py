"""The lake's catalog at the gateway: engines read each build by name, with a viewer's token."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import polars
import pytest
import pytest_asyncio
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import open_pool
from sra_shared.kit.settings import LakeSettings
from sra_testing.databases import create_database, drop_database
from sra_testing.gateway_lab import SERVICE, VIEWER, Lab, open_lab
from sra_testing.lake import publish
from sra_testing.publication import build_all, build_one, choose_views
from sra_testing.records import put_fund, put_quote, put_run
from view_builder.lake.inprocess import name_build

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY = date(2025, 9, 26)
TOKEN = VIEWER["Authorization"].removeprefix("Bearer ")
TOTAL = "SELECT identifier, sum(navps)::text AS total FROM {table} GROUP BY identifier ORDER BY identifier"


@dataclass(frozen=True)
class ReadLake:
    """A gateway, the numbers of two builds, and what PostgreSQL has of the newest one."""

    lab: Lab
    first: int
    second: int
    totals: list[tuple[str, Decimal]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lake(
    postgres_server: EmbeddedPostgres, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ReadLake]:
    """Two builds: two funds of one day, which is named `report`, then a second day of one of them."""
    dsn = create_database(postgres_server, template=migrated_template)
    pool = await open_pool(dsn, application_name="test", max_size=4)
    settings = LakeSettings.model_construct(lake_url=str(tmp_path_factory.mktemp("lake")))
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        for fund in ("1", "2"):
            await put_fund(connection, run, fund)
            await put_quote(connection, run, fund, DAY, f"10.{fund}2345678901234567")
    views = choose_views("fund_quote_history")
    await build_all(pool, views)
    first = await publish(dsn, settings)
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, run, "1", DAY.replace(day=27), "11.5")
    await build_one(pool, next(view for view in views if view.relation == "fund_quote_history"))
    second = await publish(dsn, settings)
    await name_build(dsn, first, "report")
    rows = await pool.fetch(TOTAL.format(table="sra.fund_quote_history"))
    await pool.close()
    async with open_lab(dsn, services=False) as lab:
        yield ReadLake(lab, first, second, [(row["identifier"], Decimal(row["total"])) for row in rows])
    drop_database(postgres_server, dsn)


def find_extension(name: str) -> Path:
    """The file in the extension's wheel: nothing is downloaded."""
    folder = Path(importlib.import_module(f"duckdb_extension_{name}").__path__[0])
    return next(folder.glob(f"extensions/*/{name}.duckdb_extension"))


def open_catalog(lab: Lab) -> Catalog:
    return load_catalog("sra", type="rest", uri=f"{lab.url}/lake", token=TOKEN)


async def test_each_build_is_a_namespace_and_latest_the_newest(lake: ReadLake) -> None:

    def look() -> None:
        catalog = open_catalog(lake.lab)
        names = {"latest", f"build_{lake.first}", f"build_{lake.second}", "report"}
        assert {name for (name,) in catalog.list_namespaces()} == names
        assert ("latest", "fund_quote_history") in catalog.list_tables("latest")
        sizes = {name: catalog.load_table((name, "fund_quote_history")).scan().to_arrow().num_rows for name in names}
        assert sizes == {"latest": 3, f"build_{lake.second}": 3, f"build_{lake.first}": 2, "report": 2}
        with pytest.raises(NoSuchNamespaceError):
            catalog.load_namespace_properties("build_99")
        with pytest.raises(NoSuchTableError):
            catalog.load_table(("latest", "no_such_view"))
        assert not catalog.table_exists(("build_99", "fund_quote_history"))

    await asyncio.to_thread(look)


async def test_duckdb_reads_the_values_of_a_build(lake: ReadLake) -> None:
    def read() -> list[tuple[str, str]]:
        with duckdb.connect() as engine:
            for name in ("httpfs", "avro", "iceberg"):
                engine.execute(f"LOAD '{find_extension(name)}'")
            engine.execute(f"ATTACH 'lake' AS lake (TYPE iceberg, ENDPOINT '{lake.lab.url}/lake', TOKEN '{TOKEN}')")
            rows: list[tuple[str, str]] = engine.execute(
                TOTAL.format(table="lake.latest.fund_quote_history")
            ).fetchall()
            return rows

    found = await asyncio.to_thread(read)
    assert [(fund, Decimal(total)) for fund, total in found] == lake.totals


async def test_polars_reads_the_values_of_a_build(lake: ReadLake) -> None:
    def read() -> list[tuple[str, Decimal]]:
        table = open_catalog(lake.lab).load_table(("latest", "fund_quote_history"))
        rows = (
            polars.scan_iceberg(table, reader_override="pyiceberg")
            .group_by("identifier")
            .agg(polars.col("navps").sum())
        )
        return rows.sort("identifier").collect().rows()

    assert await asyncio.to_thread(read) == lake.totals


async def test_it_needs_a_token_and_changes_nothing(lake: ReadLake) -> None:
    async with httpx.AsyncClient(base_url=lake.lab.url, trust_env=False) as http:
        path = "/lake/v1/namespaces/latest/tables/fund_quote_history"
        assert (await http.get(path)).status_code == 401
        assert (await http.get(path, headers=VIEWER)).status_code == 200
        assert (await http.head(path, headers=VIEWER)).status_code == 200
        assert (await http.post(path, json={}, headers=VIEWER)).status_code == 403
        assert (await http.post(path, json={}, headers=SERVICE)).status_code == 405
        assert (await http.delete(path, headers=SERVICE)).status_code == 405
        missing = await http.get("/lake/v1/namespaces/latest/tables/a%00b", headers=VIEWER)
        assert (missing.status_code, missing.json()["error"]["type"]) == (404, "NoSuchTableException")


async def test_the_dashboard_lists_the_builds(lake: ReadLake) -> None:
    async with httpx.AsyncClient(base_url=lake.lab.url, trust_env=False) as http:
        page = (await http.get("/", headers={**VIEWER, "Accept": "text/html"})).text
    assert "<h2>Lake</h2>" in page
    assert "<td>report</td>" in page
