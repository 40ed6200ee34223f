"""The example consumer as its readers run it: a separate process, a real server, role sra_reader."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from sra_cli.ports import find_free_port
from sra_contract.equity_page import EquityPage
from sra_contract.fund_page import FundPage
from sra_shared.kit.database.reader_limits import READER
from sra_shared.kit.database.reader_roles import prepare_reader
from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views
from sra_testing.records import put_data, put_fund, put_price, put_profile, put_quote, put_run
from sra_testing.waiting import wait_for
from view_builder.compile import CompiledView

EXAMPLE = Path(__file__).parents[2] / "examples" / "research_app.py"
PASSWORD = "read-and-nothing-else"


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page", "fund_page", "fund_metrics", "security_search")


@contextmanager
def run_example(database: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    host = database.rsplit("@", maxsplit=1)[-1]
    own = {"READER_URL": f"postgresql://{READER}:{PASSWORD}@{host}", "PORT": str(port)}
    process = subprocess.Popen([sys.executable, str(EXAMPLE)], env={**os.environ, **own})  # noqa: TID251 - a child's own
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


async def test_the_example_reads_both_pages_with_the_models(
    database: str, pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        await prepare_reader(connection, PASSWORD)
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "412", name="Fund", currency="CAD")
        for number in ("411", "413"):
            await put_fund(connection, run, number, name="Obligations", cifsc_type="Bond")
        await put_quote(connection, run, "412", date(2025, 9, 26), "12.12345678")
        await put_data(
            connection, run, "FundTopHolding", "412", "h", language="EN", date=date(2025, 8, 31), security="Holding",
            market_percent="4.4444", holding_number=Decimal(1),
        )  # fmt: skip
        listed = await put_run(connection, "fmp", ["universe", "profile", "quote"])
        await put_profile(connection, listed, "ABC")
        await put_price(connection, listed, "ABC", datetime(2025, 9, 26, 20, tzinfo=UTC), "110.25")
    await build_all(pool, views)
    port = find_free_port()
    with run_example(database, port) as process:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def responds() -> bool:
                assert process.poll() is None
                try:
                    return (await client.get("/openapi.json")).is_success
                except httpx.TransportError:
                    return False

            await wait_for(responds, what="the example's start")
            (found,) = (await client.get("/securities", params={"text": "fund"})).json()
            assert (found["identifier"], found["type"]) == ("412", "fund")
            fund = FundPage.model_validate((await client.get("/funds/412")).json())
            equity = EquityPage.model_validate((await client.get("/equities/ABC")).json())
            assert (fund.name, fund.navps, fund.currency) == ("Fund", Decimal("12.12345678"), "CAD")
            assert fund.top_holdings[0].weight == Decimal("0.044444")
            assert equity.symbol == "ABC"
            first = (await client.get("/funds", params={"category": "Bond", "limit": 1})).json()
            assert [row["identifier"] for row in first["funds"]] == ["411"]
            after = {"category": "Bond", "limit": 1, "after": first["next_cursor"]}
            second = (await client.get("/funds", params=after)).json()
            assert ([row["identifier"] for row in second["funds"]], second["next_cursor"]) == (["413"], None)
            assert (await client.get("/funds", params={**after, "category": "Equity"})).status_code == 400
            moment = {"at": "2025-01-01T00:00:00Z"}
            assert (await client.get("/equities/ABC/fundamentals", params=moment)).status_code == 404
            assert (await client.get("/funds/none")).status_code == 404
            assert (await client.get("/equities/x' OR ''='")).status_code == 404
