"""Pages over large ledgers: many rejected rows, large rows, a slow database."""

from __future__ import annotations

import re

import httpx
import psutil
import pytest

from gateway.pages.data import MOST_COUNTED, SQL_OPEN_KINDS
from gateway.reject_list import SQL_KINDS
from sra_shared.kit.db import Pool, open_connection
from sra_testing.gateway_lab import VIEWER, Lab, open_lab
from sra_testing.gateway_process import run_gateway_process
from sra_testing.waiting import wait_for

MEGABYTE = 1_000_000


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def pool(lab_pool: Pool) -> Pool:
    return lab_pool


async def put_rejects(pool: Pool, number: int, *, size: int = 10, reason: str = "field_count") -> None:
    await pool.execute(
        "INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, raw)"
        " SELECT gen_random_uuid(), 'fundata', 'FundGeneral', 'data/a.csv', n, $3, convert_to(repeat('x', $2), 'UTF8')"
        " FROM generate_series(1, $1) AS n",
        number,
        size,
        reason,
    )


async def test_a_download_of_large_rejects_keeps_the_memory_small(services: Lab, pool: Pool) -> None:
    await put_rejects(pool, 30, size=MEGABYTE)
    async with open_lab(services.dsn, gateway=False, services=False) as lab:
        with run_gateway_process(lab) as process:

            async def responds() -> bool:
                try:
                    return (await lab.http.get("/ready")).is_success
                except httpx.TransportError:
                    return False

            await wait_for(responds, what="the gateway's start")
            # what a first page loads is there for all that follow
            assert (await lab.http.get("/ui/rejects", headers=VIEWER)).status_code == 200
            before = psutil.Process(process.pid).memory_info().rss
            peak, received = before, 0
            async with lab.http.stream("GET", "/ui/rejects.csv", headers=VIEWER) as response:
                assert response.status_code == 200
                async for piece in response.aiter_bytes():
                    received += len(piece)
                    peak = max(peak, psutil.Process(process.pid).memory_info().rss)
    assert received > 30 * MEGABYTE
    assert peak - before < 40 * MEGABYTE, f"{(peak - before) / MEGABYTE:.0f} MB more"


async def test_open_rejects_are_counted_up_to_a_limit(lab: Lab, pool: Pool) -> None:
    await put_rejects(pool, MOST_COUNTED + 500)
    await put_rejects(pool, 3, reason="nul_byte")
    await pool.execute("UPDATE rejected_record SET resolved_at = now() WHERE reason = 'nul_byte' AND line = 2")
    page = (await lab.http.get("/")).text
    rows = re.findall(r'reason=(\w+)">FundGeneral</a></td><td>\w+</td><td class="n">([^<]+)</td>', page)
    assert rows == [("field_count", "more than 10,000"), ("nul_byte", "2")]


@pytest.mark.parametrize(("query", "arguments"), [(SQL_OPEN_KINDS, [MOST_COUNTED]), (SQL_KINDS, [])])
async def test_counting_reads_an_index_and_not_the_rows(pool: Pool, query: str, arguments: list[int]) -> None:
    await put_rejects(pool, 50_000, size=400)
    await pool.execute("VACUUM ANALYZE rejected_record")
    plan = "\n".join(row[0] for row in await pool.fetch(f"EXPLAIN {query}", *arguments))
    assert "Seq Scan on rejected_record" not in plan, plan
    assert "Index Only Scan using ix_rejected_record_" in plan, plan


async def test_a_slow_part_of_the_page_is_omitted_and_reported(lab: Lab, pool: Pool) -> None:
    async def is_well() -> bool:
        return bool((await lab.http.get("/status")).json()["database"]["status"] == "healthy")

    await wait_for(is_well, what="the first look", seconds=20)
    locker = await open_connection(lab.dsn, application_name="test")
    try:
        # every reader of the table waits
        async with locker.transaction():
            await locker.execute("LOCK TABLE rejected_record IN ACCESS EXCLUSIVE MODE")
            page = (await lab.http.get("/")).text
            assert "the database took too long to respond" in page
            assert "while the database is down" not in page
            assert "No view has been built yet." in page, "the other parts are there"
            assert (await lab.http.get("/status")).json()["database"]["status"] == "healthy"
    finally:
        await locker.close()
    assert "took too long" not in (await lab.http.get("/")).text


async def test_a_slow_ledger_is_not_an_outage(lab: Lab, pool: Pool) -> None:
    async def database() -> dict[str, str]:
        found: dict[str, str] = (await lab.http.get("/status")).json()["database"]
        return found

    async def is_well() -> bool:
        return (await database())["status"] == "healthy"

    await wait_for(is_well, what="the first look", seconds=20)
    locker = await open_connection(lab.dsn, application_name="test")
    try:
        async with locker.transaction():
            await locker.execute("LOCK TABLE incident IN ACCESS EXCLUSIVE MODE")

            async def is_slow() -> bool:
                return "It responds slowly" in (await database())["detail"]

            await wait_for(is_slow, what="the word of slowness", seconds=30)
            assert (await database())["status"] == "degraded"
            assert (await lab.http.get("/health")).json()["checks"]["database"]["status"] == "healthy"
    finally:
        await locker.close()
    await wait_for(is_well, what="the end of the slowness", seconds=20)
    assert await pool.fetchval("SELECT count(*) FROM incident WHERE kind = 'database_down'") == 0


async def test_a_run_reports_its_totals_and_all_of_its_warnings(lab: Lab, pool: Pool) -> None:
    run = await pool.fetchval(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, completed_at)"
        " VALUES (gen_random_uuid(), 'csv_import', 'partial', 'a load', 'fundata', now()) RETURNING task_id"
    )
    for stream, stored in enumerate((900, 1100)):
        await pool.execute(
            "INSERT INTO run_unit (task_id, unit, dataset, status, detail, read_count, stored_count, rejected_count,"
            " rejected_by, warnings_by) VALUES ($1, $2, 'Pricing', $3, $4, $5, $5::bigint - 10, 10, $6, $7)",
            run,
            f"quotes/a.csv#{stream}",
            "completed" if stream else "running",
            {"file": "quotes/a.csv", "stream": stream},
            stored,
            {"field_count": 10},
            {"bad_number": 125},
        )
    await pool.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status, detail, read_count, stored_count)"
        " VALUES ($1, 'data/b.csv', 'FundLoads', 'completed', '{\"file\": \"data/b.csv\"}', 7, 7)",
        run,
    )
    await pool.execute(
        "INSERT INTO field_warning (run_id, source, dataset, file_path, line, field, value, reason)"
        " SELECT $1, 'fundata', 'Pricing', 'quotes/a.csv', n, 'NAVPS', 'value ' || n, 'bad_number'"
        " FROM generate_series(1, 250) AS n",
        run,
    )

    def read_rows(page: str) -> list[list[str]]:
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
        return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row)] for row in rows]

    page = (await lab.http.get(f"/ui/runs/{run}")).text
    rows = read_rows(page)
    pricing = ["2,000", "1,980", "0", "0", "20", "rejected: field_count 20; warnings: bad_number 250"]
    assert ["Pricing", "running", *pricing] in rows
    assert ["quotes/a.csv (2 parts)", "running", *pricing] in rows
    assert ["all", "", "2,007", "1,987", "0", "0", "20", "rejected: field_count 20; warnings: bad_number 250"] in rows
    seen: list[str] = []
    address: str | None = f"/ui/runs/{run}"
    while address is not None:
        page = (await lab.http.get(address)).text
        shown = re.findall(r"<code>(value \d+)</code>", page)
        assert f"{len(shown)} of 250 are shown: bad_number 250." in page
        seen += shown
        more = re.search(r'href="([^"]+)">Next page</a>', page)
        address = more[1] if more else None
    assert seen == [f"value {number}" for number in range(1, 251)]
