"""The dashboard in a real Chromium: log in, trigger, follow a refresh, view, download and replay rejected rows."""

from __future__ import annotations

import csv
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.main import make_app
from sra_cli.tools import find_chromium
from sra_shared.kit.db import Pool
from sra_shared.kit.settings import DatabaseSettings, FundataSettings, SeedStorageSettings, ServiceSettings
from sra_testing.gateway_lab import DAILY, SERVICE_TOKEN, VIEWER_TOKEN, Lab, mark_weekly_done, open_lab
from sra_testing.timings import QUICK

CHROMIUM = find_chromium()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
SHOTS = os.environ.get("SRA_SCREENSHOTS")  # noqa: TID251 - where a person wants to look at the pages


@pytest.fixture
async def lab(database: str, tmp_path: Path) -> AsyncIterator[Lab]:
    """A gateway with the real fundata_ingest, which has neither files nor keys and so only replays."""
    await mark_weekly_done(database)
    async with open_lab(database) as lab:
        await lab.stop("fundata_ingest")
        app = make_app(
            DatabaseSettings(database_url=database, db_pool_min_size=1, db_pool_max_size=4),
            ServiceSettings(sra_service_token=SERVICE_TOKEN, sra_viewer_token=VIEWER_TOKEN),
            FundataSettings(fundata_base_path=str(tmp_path / "no files")),
            SeedStorageSettings(),
            lab.peers,
            timing=QUICK,
        )
        await lab.start("fundata_ingest", app)
        yield lab


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield opened
        await opened.close()


async def open_page(context: BrowserContext, faults: list[str]) -> Page:
    """A page whose scripts' errors and refused contents are kept."""
    page = await context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    return page


async def put_past(pool: Pool) -> None:
    """Two weeks of refreshes, as a stack in use has them, an hour of calls, and an incident that ended."""
    for days in range(14, 0, -1):
        begun = datetime.now(UTC) - timedelta(days=days)
        status = "partial" if days == 5 else "completed"
        refresh = await pool.fetchval(
            "INSERT INTO task_execution_log (task_id, task_type, status, work_key, parameters, scheduled_at, started_at,"
            " completed_at) VALUES (gen_random_uuid(), 'unified_refresh', $1, gen_random_uuid()::text, $2, $3, $3, $4)"
            " RETURNING task_id",
            status,
            {"sources": ["fmp", "fundata", "views"], "trigger": "schedule"},
            begun,
            begun + timedelta(minutes=9 + days % 4),
        )
        for ordinal, (step, read) in enumerate(
            (("fmp", 9000), ("fundata_data", 1200), ("fundata_quotes", 3000), ("views", 0))
        ):
            failed = days == 5 and step == "fmp"
            row: dict[str, Any] = {
                "read": read,
                "stored": read - days * 2,
                "unchanged": days,
                "duplicate": 0,
                "rejected": days,
            }
            row |= {"dataset": step, "rejected_by": {"field_count": days}, "warnings_by": {}}
            progress = {
                "step_status": "failed" if failed else "completed",
                "datasets": [row] if read and not failed else [],
            }
            await pool.execute(
                "INSERT INTO run_unit (task_id, unit, ordinal, dataset, status, progress, error, started_at, completed_at)"
                " VALUES ($1, $2, $3, $2, $4, $5, $6, $7, $8)",
                refresh,
                step,
                ordinal,
                "failed" if failed else "completed",
                progress,
                "FMP answers 503 since 12 minutes." if failed else None,
                begun + timedelta(minutes=2 * ordinal),
                begun + timedelta(minutes=2 * ordinal + 2),
            )
    await pool.execute(
        "INSERT INTO fmp_call_tally (second, run_id, calls, retried, throttled)"
        " SELECT date_trunc('second', now()) - make_interval(secs => n * 7), gen_random_uuid(), 40 + (n * 37) % 260, n % 3, 0"
        " FROM generate_series(0, 500) AS n"
    )
    await pool.execute(
        "INSERT INTO incident (subject, kind, detail, began_at, ended_at) VALUES ('service:fmp_ingest', 'service_down',"
        " 'fmp_ingest is down. It does not respond (ConnectError): check that it is running, and check its log.',"
        " now() - interval '5 days', now() - interval '5 days' + interval '14 minutes')"
    )


async def put_rejects(pool: Pool, run: str) -> None:
    """Rejected rows, one of which the rules as they now are take."""
    entry = load_catalogue().find_dataset("FundGeneral")
    values = {"RecordId": "1", "InstrumentKey": "412003", "LegalName": "Example Fund"}
    good = ",".join(values.get(column.name, "") for column in entry.columns)
    rows = [(7, "field_count", "12 fields, 40 wanted", "1;2;3"), (9, "field_count", "41 fields, 40 wanted", good)]
    rows += [(line, "nul_byte", "a NUL byte", "412003,\x00") for line in (15, 21, 40)]
    for line, reason, detail, raw in rows:
        await pool.execute(
            "INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, detail, raw, data_source)"
            " VALUES ($1, 'fundata', 'FundGeneral', 'data/FundGeneralSeed.csv', $2, $3, $4, $5, 'CSV')",
            run,
            line,
            reason,
            detail,
            raw.encode(),
        )


async def test_log_in_trigger_watch_filter_download_and_replay(
    lab: Lab, browser: Browser, pool: Pool, tmp_path: Path
) -> None:
    shots = Path(SHOTS) if SHOTS else tmp_path
    await put_past(pool)
    faults: list[str] = []
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = await open_page(context, faults)
    await log_in_by_link(lab, page)
    await watch_a_refresh(lab, page, shots)
    await put_rejects(pool, (await lab.http.get("/refresh")).json()["refreshes"][0]["refresh_id"])
    await page.goto(lab.url)
    await page.screenshot(path=shots / "dashboard.png", full_page=True)
    await open_the_run(page, shots)
    await work_on_rejects(page, pool, shots, tmp_path)
    state = await context.storage_state()
    for name, width, theme in (("dark", 1280, "dark"), ("phone", 390, "light"), ("phone_dark", 390, "dark")):
        other = await browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=state,
        )
        small = await open_page(other, faults)
        for path, what in (("/", "dashboard"), ("/ui/rejects", "rejects")):
            await small.goto(f"{lab.url}{path}")
            await expect(small.locator("main")).to_be_visible()
            wide = await small.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is wider than a screen of {width}"
            await small.screenshot(path=shots / f"{what}_{name}.png", full_page=True)
        await other.close()
    await page.goto(lab.url)
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Token or login code")).to_be_visible()
    assert faults == []
    await context.close()


async def log_in_by_link(lab: Lab, page: Page) -> None:
    response = await page.goto(lab.url)
    assert response is not None
    assert response.status == 401
    code = (await lab.http.post("/login-codes")).json()["code"]
    await page.goto(f"{lab.url}/login#{code}")
    await expect(page.get_by_role("heading", name="Freshness")).to_be_visible()
    assert code not in page.url


async def watch_a_refresh(lab: Lab, page: Page, shots: Path) -> None:
    lab.script.ends[DAILY] = ["waits"]
    # by keyboard alone
    await page.get_by_role("button", name="Refresh now").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#live .pill.running").first).to_be_visible(timeout=20_000)
    await page.screenshot(path=shots / "running.png")
    lab.script.go.set()
    # without loading the page again
    await expect(page.locator("#live tr", has_text="views").locator(".pill")).to_have_text("completed", timeout=40_000)
    await expect(page.locator("#live p .pill").first).to_have_text("completed", timeout=20_000)


async def open_the_run(page: Page, shots: Path) -> None:
    await page.locator("#live a").first.click()
    await expect(page.get_by_role("img", name="When each step ran")).to_be_visible()
    await page.screenshot(path=shots / "refresh.png", full_page=True)
    await page.get_by_role("link", name="daily_quotes").click()
    await expect(page.get_by_role("heading", name="Files and datasets")).to_be_visible()
    await expect(page.locator("td", has_text="daily_quotes records").first).to_be_visible()
    await page.goto(page.url.split("/ui/")[0])
    await page.get_by_role("link", name="FundGeneral").first.click()


async def work_on_rejects(page: Page, pool: Pool, shots: Path, folder: Path) -> None:
    await page.get_by_label("Reason").fill("field_count")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.get_by_role("button", name="Replay row")).to_have_count(2)
    await page.screenshot(path=shots / "rejects.png", full_page=True)
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Download as CSV").click()
    download = await waiting.value
    await download.save_as(folder / "rejects.csv")
    got = list(csv.DictReader((folder / "rejects.csv").read_text().splitlines()))
    assert [(row["line"], row["reason"]) for row in got] == [("9", "field_count"), ("7", "field_count")]
    await page.get_by_role("button", name=f"Replay row {got[0]['reject_id']}").click()
    # the page loads itself again until the replay ended
    await expect(page.get_by_role("status").get_by_text("completed")).to_be_visible(timeout=30_000)
    await expect(page.get_by_role("button", name="Replay row")).to_have_count(1)
    await expect(page.get_by_text("12 fields, 40 wanted")).to_be_visible()
    await page.screenshot(path=shots / "replayed.png", full_page=True)
    await page.get_by_label("Dismiss row").first.click()
    await page.get_by_label("is dismissed").first.fill("The vendor's test row.")
    await page.screenshot(path=shots / "dismiss.png", full_page=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Replay row")).to_have_count(0)
    await page.get_by_label("State").select_option("dismissed")
    await page.get_by_role("button", name="Filter").click()
    for cell in ("field_count", "why: The vendor's test row."):
        await expect(page.get_by_role("cell", name=cell).get_by_text("The vendor's test row.")).to_be_visible()
    await page.screenshot(path=shots / "dismissed.png", full_page=True)
    await page.get_by_role("button", name="Reopen row").click()
    await expect(page.get_by_text("None.")).to_be_visible()
    assert await pool.fetchval("SELECT legal_name FROM fundata_data WHERE identifier = '412003'") == "Example Fund"


async def test_the_page_is_readable_without_javascript(lab: Lab, browser: Browser) -> None:
    await lab.refresh()
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(lab.url)
    code = (await lab.http.post("/login-codes")).json()["code"]
    await page.get_by_label("Token or login code").fill(code)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Past refreshes")).to_be_visible()
    await page.get_by_role("link", name="Rejected rows").first.click()
    await expect(page.get_by_role("button", name="Filter")).to_be_visible()
    await context.close()
