"""The dashboard in a real Chromium: log in by link, trigger, watch to the end, read rejected rows."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from sra_shared.db import Pool
from sra_testing.gateway_lab import DAILY, Lab, mark_weekly_done, open_lab

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed"),
]
SHOTS = os.environ.get("SRA_SCREENSHOTS")  # noqa: TID251 - where a person wants to look at the pages


@pytest.fixture
async def lab(database: str) -> AsyncIterator[Lab]:
    await mark_weekly_done(database)
    async with open_lab(database) as lab:
        yield lab


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield opened
        await opened.close()


async def test_log_in_trigger_watch_and_read(lab: Lab, browser: Browser, pool: Pool, tmp_path: Path) -> None:
    shots = Path(SHOTS) if SHOTS else tmp_path
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)

    answer = await page.goto(lab.url)
    assert answer is not None
    assert answer.status == 401
    code = (await lab.http.post("/login-codes")).json()["code"]
    await page.goto(f"{lab.url}/login#{code}")
    await expect(page.get_by_role("heading", name="Freshness")).to_be_visible()
    assert code not in page.url

    await lab.refresh()
    lab.script.ends[DAILY] = ["waits"]
    await page.reload()
    await page.get_by_role("button", name="Refresh now").click()
    await expect(page.locator("#live .pill.running").first).to_be_visible(timeout=20_000)
    await page.screenshot(path=shots / "running.png", full_page=True)
    lab.script.go.set()
    # without loading the page again
    await expect(page.locator("#live tr", has_text="views").locator(".pill")).to_have_text("completed", timeout=40_000)
    await expect(page.locator("#live p .pill").first).to_have_text("completed", timeout=20_000)

    refresh = (await lab.http.get("/refresh")).json()["refreshes"][0]
    await pool.execute(
        "INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, detail, raw) VALUES"
        " ($1, 'fundata', 'FundGeneral', 'data/FundGeneral.csv', 7, 'field_count', '12 fields, 40 wanted', '1;2;3')",
        refresh["refresh_id"],
    )
    await page.reload()
    await page.screenshot(path=shots / "dashboard_light.png", full_page=True)
    await page.get_by_role("link", name="FundGeneral").click()
    await expect(page.get_by_text("12 fields, 40 wanted")).to_be_visible()
    await page.screenshot(path=shots / "rejects.png", full_page=True)

    phone = await browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark", storage_state=await context.storage_state()
    )
    small = await phone.new_page()
    await small.goto(lab.url)
    await expect(small.get_by_role("heading", name="Past refreshes")).to_be_visible()
    width = await small.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "the page is wider than the phone"
    await small.screenshot(path=shots / "dashboard_phone_dark.png", full_page=True)
    await phone.close()

    await page.goto(lab.url)
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Token, or code of a login link")).to_be_visible()
    assert errors == []
    await context.close()


async def test_the_page_reads_without_javascript(lab: Lab, browser: Browser) -> None:
    await lab.refresh()
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(lab.url)
    code = (await lab.http.post("/login-codes")).json()["code"]
    await page.get_by_label("Token, or code of a login link").fill(code)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("all completed")).to_be_visible()
    await context.close()
