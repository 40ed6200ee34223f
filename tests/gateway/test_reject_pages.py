"""Rejected rows on the page and over HTTP: dismissed with a reason, listed with it, reopened, replayed."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest

from sra_shared.kit.db import Pool
from sra_testing.gateway_lab import SERVICE_TOKEN, VIEWER_TOKEN, Lab

pytestmark = pytest.mark.asyncio(loop_scope="module")
VIEWER = {"Authorization": f"Bearer {VIEWER_TOKEN}"}


@pytest.fixture
def pool(lab_pool: Pool) -> Pool:
    return lab_pool


@asynccontextmanager
async def log_in(lab: Lab, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=lab.url, headers={"Accept": "text/html"}, trust_env=False) as browser:
        assert (await browser.post("/login", data={"token": token})).status_code == 303
        yield browser


async def read_form_token(browser: httpx.AsyncClient) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', (await browser.get("/ui/rejects")).text)
    assert found is not None
    return found[1]


async def put_rejects(pool: Pool) -> tuple[int, int]:
    """One of each source; returns their ids."""
    rows = [("fundata", "FundGeneral", "data/a.csv", 7, None), ("fmp", "profile", "profile", None, "ACME")]
    numbers = [
        await pool.fetchval(
            "INSERT INTO rejected_record (run_id, source, dataset, file_path, line, record_key, reason, raw, seen_count)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'field_count', 'x', 3) RETURNING reject_id",
            uuid4(),
            *row,
        )
        for row in rows
    ]
    return numbers[0], numbers[1]


async def test_a_row_is_dismissed_on_the_page_and_reopened(lab: Lab, pool: Pool) -> None:
    number, other = await put_rejects(pool)
    async with log_in(lab, SERVICE_TOKEN) as browser:
        token = await read_form_token(browser)
        form = {
            "form_token": token,
            "reject_id": str(number),
            "why": "Rows <of> a test.",
            "back": "dataset=FundGeneral",
        }
        assert (await browser.post("/actions/dismiss", data=form | {"form_token": "x"})).status_code == 403
        for why in ("", " ", "x" * 1001):
            assert (await browser.post("/actions/dismiss", data=form | {"why": why})).status_code == 422
        for ids in ([], ["0"], ["9" * 30]):
            assert (await browser.post("/actions/dismiss", data=form | {"reject_id": ids})).status_code == 422
        response = await browser.post("/actions/dismiss", data=form)
        assert (response.status_code, response.headers["location"]) == (303, "/ui/rejects?dataset=FundGeneral")
        assert "data/" not in (await browser.get("/ui/rejects")).text.split("<tbody>")[1]
        page = html.unescape((await browser.get("/ui/rejects", params={"state": "dismissed"})).text)
        assert "Rows <of> a test." in page
        assert "service (127.0.0.1)" in page
        assert "3 times since" in page
        front = (await browser.get("/")).text
        assert "FundGeneral" not in front.split("Open rejected rows")[1].split("</section>")[0]
        assert "Rows <of> a test." in (await browser.get("/ui/rejects.csv", params={"state": "all"})).text
        assert (await browser.get("/ui/rejects", params={"state": "other"})).status_code == 422
        form = {"form_token": token, "reject_id": str(number), "back": "state=dismissed&x=//evil"}
        response = await browser.post("/actions/reopen", data=form)
        assert response.headers["location"] == "/ui/rejects?state=dismissed"
    assert await pool.fetchval("SELECT count(*) FROM rejected_record WHERE dismissed_at IS NULL") == 2
    async with log_in(lab, VIEWER_TOKEN) as guest:
        shown = (await guest.get("/ui/rejects")).text
        assert "/actions/" not in shown.split("<tbody>")[1]
        form["form_token"] = await read_form_token(guest)
        assert (await guest.post("/actions/dismiss", data=form | {"why": "x"})).status_code == 403
    assert await pool.fetchval("SELECT dismissed_at FROM rejected_record WHERE reject_id = $1", other) is None


async def test_a_row_of_fmp_is_replayed_by_its_service(lab: Lab, pool: Pool) -> None:
    _, fmp = await put_rejects(pool)
    async with log_in(lab, SERVICE_TOKEN) as browser:
        token = await read_form_token(browser)
        response = await browser.post("/actions/replay", data={"form_token": token, "reject_id": [str(fmp)]})
        assert response.status_code == 303
        await browser.post("/actions/replay", data={"form_token": token, "dataset": "profile"})
    runs = await pool.fetch(
        "SELECT task_type, parameters FROM task_execution_log WHERE parameters ? 'replay' ORDER BY scheduled_at"
    )
    assert [tuple(run) for run in runs] == [
        ("daily_quotes", {"replay": "", "reject_ids": [fmp]}),
        ("daily_quotes", {"replay": "profile"}),
    ]


async def test_rejects_over_http(lab: Lab, pool: Pool) -> None:
    first, second = await put_rejects(pool)
    page = (await lab.http.get("/rejects", params={"limit": 1})).json()
    assert [row["reject_id"] for row in page["rejects"]] == [second]
    page = (await lab.http.get("/rejects", params={"limit": 1, "before": page["next_before"]})).json()
    assert (page["rejects"][0]["reject_id"], page["next_before"]) == (first, None)
    body = {"reject_ids": [first, 4711], "why": "Rows of a test."}
    assert (await lab.http.post("/rejects/dismiss", json=body, headers=VIEWER)).status_code == 403
    for wrong in (
        {"reject_ids": [], "why": "x"},
        {"reject_ids": [first], "why": " "},
        {"reject_ids": [2**63], "why": "x"},
    ):
        assert (await lab.http.post("/rejects/dismiss", json=wrong)).status_code == 422
    report = (await lab.http.post("/rejects/dismiss", json=body)).json()
    assert report == {"changed": [first], "left": {"4711": "Reject 4711 does not exist."}}
    found = (await lab.http.get("/rejects", params={"state": "dismissed"})).json()["rejects"]
    assert [(row["reject_id"], row["dismissal"], row["dismissed_by"]) for row in found] == [
        (first, "Rows of a test.", "service (127.0.0.1)")
    ]
    report = (await lab.http.post("/rejects/reopen", json={"reject_ids": [first]})).json()
    assert report == {"changed": [first], "left": {}}
