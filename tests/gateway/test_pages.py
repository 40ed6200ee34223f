"""Login, sessions, forms, pages and health over real HTTP, with parts of the stack missing."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from starlette.requests import Request

from gateway.login_sessions import COOKIE, LoginSessions
from gateway.monitoring.health_checks import check_schedule
from gateway.pages.render import neutralise_cell
from gateway.refresh.schedule import DAILY as DAILY_SLOT
from gateway.refresh.schedule import Schedule, Scheduler
from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool
from sra_shared.kit.named_tokens import NamedToken, Role
from sra_testing.gateway_lab import (
    DAILY,
    SERVICE,
    SERVICE_TOKEN,
    TIMING,
    VIEWER,
    VIEWER_TOKEN,
    Lab,
    open_lab,
    serve_app,
)
from sra_testing.waiting import wait_for

HTML = {"Accept": "text/html"}
SOME_ID = "00000000-0000-4000-8000-000000000000"
PAGES = ["/", "/ui/live", "/ui/runs", "/ui/rejects", "/ui/rejects.csv", "/ui/views/quote"]
FORMS = [
    f"/actions/{name}"
    for name in ("refresh", "cancel", "pause", "resume", "release", "replay", "dismiss", "reopen", "logout")
]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def pool(lab_pool: Pool) -> Pool:
    return lab_pool


@asynccontextmanager
async def open_browser(lab: Lab) -> AsyncIterator[httpx.AsyncClient]:
    """A client without any token, as a browser is."""
    async with httpx.AsyncClient(base_url=lab.url, headers=HTML, trust_env=False) as browser:
        yield browser


async def log_in(browser: httpx.AsyncClient, token: str) -> httpx.Response:
    return await browser.post("/login", data={"token": token})


async def read_form_token(browser: httpx.AsyncClient) -> str:
    page = await browser.get("/")
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def test_only_health_and_login_are_open(lab: Lab) -> None:
    description = (await lab.http.get("/openapi.json")).json()
    routes = [
        (method.upper(), path.replace("{task_id}", SOME_ID).replace("{refresh_id}", SOME_ID))
        for path, operations in description["paths"].items()
        for method in operations
    ]
    routes += [("GET", path) for path in (*PAGES, f"/ui/runs/{SOME_ID}", f"/ui/refresh/{SOME_ID}", "/static/none")]
    routes += [("POST", path) for path in FORMS]
    assert len(routes) > 20
    async with open_browser(lab) as browser:
        for method, path in routes:
            if path in ("/health", "/ready"):
                continue
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": f"{COOKIE}=e30=.00"}):
                response = await browser.request(method, path, headers=headers)
                # the wrong token is too much after a while; nothing else is said to anybody
                allowed = {401, 429} if "Authorization" in headers else {401}
                assert response.status_code in allowed, (method, path, response.text)
        page = await browser.get("/")
        assert page.status_code == 401
        assert 'name="token"' in page.text
        assert "Freshness" not in page.text
        for path in ("/login", "/static/app.css", "/static/login.js", "/static/icon.svg"):
            assert (await browser.get(path)).status_code == 200


async def test_a_viewer_sees_and_does_not_change(lab: Lab, pool: Pool) -> None:
    for path in ("/refresh", "/schedule/pause", "/schedule/resume", "/login-codes", "/runs"):
        assert (await lab.http.post(path, headers=VIEWER)).status_code == 403, path
    for path in ("/status", "/refresh", "/schedule", "/runs", "/metrics"):
        assert (await lab.http.get(path, headers=VIEWER)).status_code == 200, path
    async with open_browser(lab) as browser:
        assert (await log_in(browser, VIEWER_TOKEN)).status_code == 303
        page = await browser.get("/")
        assert page.status_code == 200
        assert "Refresh now" not in page.text
        token = await read_form_token(browser)
        for path in FORMS[:-1]:
            assert (await browser.post(path, data={"form_token": token})).status_code == 403
        assert (await browser.post("/actions/logout", data={"form_token": token})).status_code == 303
        assert (await browser.get("/")).status_code == 401
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log") == 0


async def test_a_login_code_works_once(lab: Lab, pool: Pool) -> None:
    code = (await lab.http.post("/login-codes")).json()["code"]
    async with open_browser(lab) as browser, open_browser(lab) as thief:
        response = await log_in(browser, code)
        assert response.status_code == 303
        cookie = response.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert (await browser.get("/")).status_code == 200
        assert (await log_in(thief, code)).status_code == 401
        assert (await thief.get("/")).status_code == 401
    old = (await lab.http.post("/login-codes")).json()["code"]
    await pool.execute("UPDATE login_code SET expires_at = now() - interval '1 second' WHERE used_at IS NULL")
    async with open_browser(lab) as browser:
        assert (await log_in(browser, old)).status_code == 401
    assert code.encode() not in await pool.fetchval("SELECT string_agg(code_hash, '') FROM login_code")


async def test_a_code_used_a_hundred_times_logs_in_once(lab: Lab) -> None:
    code = (await lab.http.post("/login-codes")).json()["code"]
    async with open_browser(lab) as browser:
        responses = await asyncio.gather(*(log_in(browser, code) for _ in range(9)))
    assert sorted(response.status_code for response in responses) == [303, *[401] * 8]


async def test_failed_logins_are_delayed_and_valid_tokens_still_log_in(lab: Lab) -> None:
    code = (await lab.http.post("/login-codes")).json()["code"]
    async with open_browser(lab) as browser:
        found = [(await log_in(browser, f"guess {number}")).status_code for number in range(11)]
        assert found == [*[401] * 10, 429]
        blocked = await log_in(browser, code)
        assert blocked.status_code == 429
        assert int(blocked.headers["retry-after"]) > 0
        assert (await log_in(browser, SERVICE_TOKEN)).status_code == 303
        assert (await browser.get("/")).status_code == 200


async def test_concurrent_guesses_are_limited_like_sequential_ones(
    lab: Lab, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a gateway that waits too long for the database counts for itself alone
    monkeypatch.setattr("gateway.login_limit.COUNT_SECONDS", 60)
    monkeypatch.setattr("gateway.pages.login.PAGE_SECONDS", 60)
    async with open_browser(lab) as browser:
        responses = await asyncio.gather(*(log_in(browser, f"guess {number}") for number in range(60)))
    assert sorted(response.status_code for response in responses) == [*[401] * 10, *[429] * 50]
    assert await pool.fetchval("SELECT count(*) FROM login_failure") == 10


async def test_wrong_bearer_tokens_are_slowed_down_and_valid_ones_are_not(lab: Lab) -> None:
    async with open_browser(lab) as stranger:
        wrong = {"Authorization": "Bearer wrong", "Accept": "application/json"}
        responses = [await stranger.get("/status", headers=wrong) for _ in range(12)]
        assert [response.status_code for response in responses] == [*[401] * 10, 429, 429]
        problem = responses[-1].json()
        assert (problem["status"], problem["type"]) == (429, "urn:sra:problem:429")
        assert 0 < int(responses[-1].headers["retry-after"]) <= 300
        assert (await stranger.get("/status", headers=SERVICE)).status_code == 200
        # who shows no token at all is not guessing
        assert (await stranger.get("/status", headers={"Accept": "application/json"})).status_code == 401


async def test_behind_a_proxy_each_client_has_its_own_limit(lab: Lab) -> None:
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    async with serve_app(lab.build_gateway(trusted_proxies=2), port), open_browser(lab) as browser:

        async def guess(client: str) -> int:
            # the client's own word, the client as the outer proxy saw it, the outer proxy as the inner one saw it
            forwarded = {"X-Forwarded-For": f"203.0.113.99, {client}, 104.22.17.40"}
            return (await browser.post(f"{url}/login", data={"token": "guess"}, headers=forwarded)).status_code

        assert [await guess("198.51.100.1") for _ in range(11)] == [*[401] * 10, 429]
        assert await guess("198.51.100.2") == 401
        # without that setting no header is trusted
        forwarded = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in range(11)]
        found = [(await browser.post("/login", data={"token": "x"}, headers=one)).status_code for one in forwarded]
        assert found == [*[401] * 10, 429]


@pytest.mark.parametrize(
    ("requested", "target"),
    [
        ("/ui/rejects?dataset=FundGeneral&reason=field_count", "/ui/rejects?dataset=FundGeneral&reason=field_count"),
        ("/ui/runs", "/ui/runs"),
        ("/", "/"),
    ],
)
async def test_a_login_leads_to_the_requested_page(lab: Lab, requested: str, target: str) -> None:
    async with open_browser(lab) as browser:
        page = await browser.get(requested)
        assert page.status_code == 401
        found = re.search(r'name="next" value="([^"]+)"', page.text)
        assert found is not None
        form = {"next": html.unescape(found[1]), "token": "wrong"}
        page = await browser.post("/login", data=form)
        assert f'value="{found[1]}"' in page.text, "a mistyped token loses the way"
        response = await browser.post("/login", data={**form, "token": VIEWER_TOKEN})
        assert (response.status_code, response.headers["location"]) == (303, target)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.test/ui/",
        "//evil.test/ui/",
        "/\\evil.test",
        "/ui/\\..\\",
        "/ui/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
    ],
)
async def test_a_login_leads_nowhere_else(lab: Lab, elsewhere: str) -> None:
    async with open_browser(lab) as browser:
        response = await browser.post("/login", data={"token": VIEWER_TOKEN, "next": elsewhere})
        assert (response.status_code, response.headers["location"]) == (303, "/")


async def test_a_cross_site_login_is_refused(lab: Lab) -> None:
    async with open_browser(lab) as browser:
        host = lab.url.partition("://")[2]
        for ours in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": f"http://{host}"}):
            response = await browser.post("/login", data={"token": VIEWER_TOKEN}, headers=ours)
            assert response.status_code == 303, ours
        for theirs in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": f"http://{host}"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            response = await browser.post("/login", data={"token": VIEWER_TOKEN}, headers=theirs)
            assert response.status_code == 403, theirs
            assert "set-cookie" not in response.headers


async def test_a_viewers_session_ends_with_its_token_and_cannot_gain_rights(lab: Lab) -> None:
    service = NamedToken("service", Role.OPERATOR, SERVICE_TOKEN)
    other = LoginSessions([service, NamedToken("viewer", Role.VIEWER, "another-viewer-token")])
    same = LoginSessions([service, NamedToken("viewer", Role.VIEWER, VIEWER_TOKEN)])

    def make_request(cookie: str) -> Request:
        return Request({"type": "http", "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())]})

    async with open_browser(lab) as viewer, open_browser(lab) as operator:
        await log_in(viewer, VIEWER_TOKEN)
        await log_in(operator, SERVICE_TOKEN)
        reading, changing = viewer.cookies[COOKIE], operator.cookies[COOKIE]
    assert same.read(make_request(reading)) is not None
    assert other.read(make_request(reading)) is None
    assert other.read(make_request(changing)) is not None
    # the words of one session with the signature of another
    assert same.read(make_request(f"{changing.partition('.')[0]}.{reading.partition('.')[2]}")) is None


async def test_a_named_token_is_revoked_by_itself(services: Lab) -> None:
    lab = services
    people = {"alice": "operator:token-of-alice", "bob": "viewer:token-of-bob"}
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(open_browser(lab)) for _ in people]

        async def ask() -> list[tuple[int, int]]:
            """Return the responses to a page request with each cookie, and to a change with each token."""
            pages = [(await browser.get("/ui/runs")).status_code for browser in browsers]
            requested = [{"Authorization": f"Bearer token-of-{name}"} for name in people]
            changes = [await lab.http.post("/schedule/resume", headers=headers) for headers in requested]
            return [(page, change.status_code) for page, change in zip(pages, changes, strict=True)]

        async with lab.run_gateway(tokens=",".join(f"{name}:{rest}" for name, rest in people.items())):
            for name, browser in zip(people, browsers, strict=True):
                assert (await log_in(browser, f"token-of-{name}")).status_code == 303
            assert await ask() == [(200, 200), (200, 403)]
        for left, found in (("alice:operator:another-token", [(401, 401), (401, 401)]), (None, [(401, 401)] * 2)):
            async with lab.run_gateway(tokens=left):
                assert await ask() == found
        async with lab.run_gateway(tokens=f"bob:{people['bob']}"):
            assert await ask() == [(401, 401), (200, 403)]


async def test_behind_https_the_browser_must_stay_on_https(lab: Lab) -> None:
    async with open_browser(lab) as browser:
        assert "strict-transport-security" not in (await browser.get("/login")).headers
        proxied = {"X-Forwarded-Proto": "https"}
        for path in ("/login", "/health", "/static/app.css"):
            response = await browser.get(path, headers=proxied)
            assert response.headers["strict-transport-security"] == "max-age=31536000"
        response = await browser.post("/login", data={"token": VIEWER_TOKEN}, headers=proxied)
        assert "secure" in response.headers["set-cookie"].lower()


async def test_an_unsupported_method_returns_the_supported_ones(lab: Lab) -> None:
    for path, allowed in (
        ("/", "GET, HEAD"),
        ("/ui/runs", "GET"),
        ("/login", "GET, HEAD, POST"),
        ("/runs", "GET, POST"),
    ):
        response = await lab.http.delete(path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)


async def test_gateways_share_the_count_of_failed_logins_and_the_end_of_a_session(lab: Lab) -> None:
    other_port = find_free_port()
    other_url = f"http://127.0.0.1:{other_port}"
    async with serve_app(lab.build_gateway(), other_port), open_browser(lab) as browser, open_browser(lab) as guest:
        assert (await log_in(browser, SERVICE_TOKEN)).status_code == 303
        stolen = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
        token = await read_form_token(browser)
        assert (await guest.get(f"{other_url}/", headers=stolen)).status_code == 200
        assert (await browser.post("/actions/logout", data={"form_token": token})).status_code == 303
        assert (await guest.get("/", headers=stolen)).status_code == 401

        async def ended() -> bool:
            return (await guest.get(f"{other_url}/", headers=stolen)).status_code == 401

        await wait_for(ended, what="the end of the session at the other gateway", seconds=20)
        addresses = ("/login", f"{other_url}/login")
        found = [(await guest.post(addresses[n % 2], data={"token": f"guess {n}"})).status_code for n in range(11)]
        assert found == [*[401] * 10, 429]
        assert int((await guest.post(addresses[1], data={"token": "x"})).headers["retry-after"]) <= 300


async def test_forms_need_their_session_and_its_token(lab: Lab, pool: Pool) -> None:
    async with open_browser(lab) as browser:
        await log_in(browser, SERVICE_TOKEN)
        token = await read_form_token(browser)
        for data in ({}, {"form_token": "x"}, {"form_token": token[:-1]}):
            assert (await browser.post("/actions/refresh", data=data)).status_code == 403
        # a cookie alone opens no way to change but the forms
        assert (await browser.post("/refresh", json={})).status_code == 403
        assert await pool.fetchval("SELECT count(*) FROM task_execution_log") == 0
        assert (await browser.post("/actions/pause", data={"form_token": token})).status_code == 303
        assert "paused since" in (await browser.get("/")).text
        assert (await browser.post("/actions/resume", data={"form_token": token})).status_code == 303
        response = await browser.post("/actions/refresh", data={"form_token": token, "source": "views"})
        assert response.status_code == 303
        refresh = (await browser.get("/refresh", headers={"Accept": "application/json"})).json()["refreshes"][0]
        assert refresh["sources"] == ["views"]
        assert (await lab.finish(refresh["refresh_id"]))["status"] == "completed"
        assert (
            await browser.post("/actions/refresh", data={"form_token": token, "source": "../etc"})
        ).status_code == 422
    async with open_browser(lab) as bearer:
        response = await bearer.post("/actions/pause", headers=SERVICE, data={"form_token": token})
        assert response.status_code == 403


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *(("=1+1", "'=1+1"), ("+1", "'+1"), ("-2+3", "'-2+3"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1")),
        *(("\r=1", "'\r=1"), ("\x00", "'\x00"), ("412003", "412003"), ("a=1", "a=1"), ("", ""), (None, None), (-7, -7)),
    ],
)
async def test_no_cell_of_a_download_is_a_formula(cell: object, written: object) -> None:
    assert neutralise_cell(cell) == written


async def test_pages_show_what_is_there_and_escape_it(lab: Lab, pool: Pool) -> None:
    done = await lab.refresh()
    await pool.execute(
        "INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, raw)"
        " VALUES ($1, 'fundata', 'FundGeneral', 'data/a.csv', 7, 'field_count', $2),"
        " ($1, 'fundata', 'FundAward', 'data/b.csv', 9, 'nul_byte', $3)",
        done["refresh_id"],
        b"<script>alert(1)</script>",
        b"a\x00b\xff",
    )
    async with open_browser(lab) as browser:
        await log_in(browser, SERVICE_TOKEN)
        page = (await browser.get("/")).text
        assert "FundGeneral" in page
        assert "Past refreshes" in page
        listed = (await browser.get("/ui/rejects", params={"dataset": "FundGeneral"})).text
        assert "&lt;script&gt;alert(1)" in listed
        assert "<script>alert" not in listed
        assert "FundAward" not in listed.split("</form>")[-1]
        assert "a␀b" in (await browser.get("/ui/rejects", params={"reason": "nul_byte"})).text
        assert (await browser.get("/ui/rejects", params={"run_id": "nonsense"})).status_code == 422
        assert (await browser.get("/ui/rejects", params={"before": "1; DROP TABLE x"})).status_code == 422
        shown = (await browser.get(f"/ui/refresh/{done['refresh_id']}")).text
        assert "daily_quotes records" in shown
        child = done["steps"][0]["runs"][0]["task_id"]
        assert "part" in (await browser.get(f"/ui/runs/{child}")).text
        cost = {"cost": {"from": "2016-10-14", "to": "2026-11-28", "calls": 193796, "minutes": 215.4, "datasets": []}}
        await pool.execute("UPDATE task_execution_log SET details = $1 WHERE task_id = $2", cost, child)
        result = "about 193,796 calls and 215 minutes for 2016-10-14 to 2026-11-28"
        assert result in (await browser.get(f"/ui/runs/{child}")).text
        assert (await browser.get(f"/ui/runs/{SOME_ID}")).status_code == 404
        assert (await browser.get("/ui/runs")).text.count("view_build") >= 1
        policy = (await browser.get("/")).headers["content-security-policy"]
        assert "default-src 'none'" in policy


async def test_rejects_are_downloaded_as_they_came(lab: Lab, pool: Pool) -> None:
    run = uuid4()
    rows = [(run, "FundGeneral" if n % 2 else "FundAward", n, b'a,"b"\n\xff' if n == 1 else b"x") for n in range(1203)]
    await pool.executemany(
        "INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, raw)"
        " VALUES ($1, 'fundata', $2, 'data/a.csv', $3, 'field_count', $4)",
        rows,
    )
    async with open_browser(lab) as browser:
        await log_in(browser, VIEWER_TOKEN)
        response = await browser.get("/ui/rejects.csv")
        assert response.headers["content-type"] == "text/csv; charset=utf-8"
        assert "attachment" in response.headers["content-disposition"]
        got = list(csv.DictReader(io.StringIO(response.text)))
        assert [int(row["line"]) for row in got] == list(range(1202, -1, -1))
        assert got[-2]["raw"] == 'a,"b"\n\\xff'
        response = await browser.get("/ui/rejects.csv", params={"dataset": "FundAward", "run_id": str(run)})
        assert {row["dataset"] for row in csv.DictReader(io.StringIO(response.text))} == {"FundAward"}


async def test_a_held_run_is_released_by_its_service(lab: Lab) -> None:
    lab.script.ends[DAILY] = ["held", "completed"]
    done = await lab.refresh(sources=["fmp"])
    held = done["steps"][0]["runs"][0]["task_id"]
    async with open_browser(lab) as browser:
        await log_in(browser, SERVICE_TOKEN)
        assert ">Release<" in (await browser.get(f"/ui/runs/{held}")).text
        form = {"form_token": await read_form_token(browser), "run_id": held}
        released = await browser.post("/actions/release", data=form)
        assert released.status_code == 303
        again = await browser.post("/actions/release", data=form)
        assert again.headers["location"] == released.headers["location"]
        run = (await lab.http.get(released.headers["location"].replace("/ui/", "/"))).json()
        assert run["parameters"] == {"datasets": ["daily_quotes records"], "released": True}
        assert run["parent_id"] == held
        form["run_id"] = done["refresh_id"]
        assert (await browser.post("/actions/release", data=form)).status_code == 409
        await lab.stop("fundata_ingest")
        form = {"form_token": form["form_token"], "reject_id": "1"}
        response = await browser.post("/actions/replay", data=form)
        assert response.status_code == 503
        assert "fundata_ingest does not respond" in response.text


async def test_status_contains_everything(lab: Lab) -> None:
    await lab.refresh()

    async def settled() -> dict[str, object] | None:
        found = (await lab.http.get("/status")).json()
        return found if found["status"] == "healthy" and found["last_success"] else None

    status = await wait_for(settled, what="a healthy status", seconds=20)
    assert status is not None
    assert {part["name"] for part in status["services"]} == {"fmp_ingest", "fundata_ingest", "view_builder"}
    assert [one["schedule"] for one in status["schedule"]] == ["daily", "weekly"]
    assert status["refresh"]["status"] == "completed"


async def wait_for_check(lab: Lab, name: str, words: str) -> None:
    """Return once health, status and the page report it; a passing check reports nothing."""

    async def is_reported() -> bool:
        health, status = [(await lab.http.get(path)).json() for path in ("/health", "/status")]
        page = (await lab.http.get("/")).text
        if words not in health["checks"][name]["detail"]:
            return False
        assert health["checks"][name]["status"] == status["checks"][name]["status"] == "degraded"
        assert {health["status"], status["status"]} == {"degraded"}
        assert words in page.split("<h2>Refresh</h2>")[0]
        return '<span class="pill degraded">degraded</span>' in page

    await wait_for(is_reported, what=f"the check {name}", seconds=20)


async def wait_until_healthy(lab: Lab) -> None:
    async def healthy() -> bool:
        return all([(await lab.http.get(path)).json()["status"] == "healthy" for path in ("/health", "/status")])

    await wait_for(healthy, what="good health", seconds=20)


async def test_late_data_and_a_paused_schedule_are_reported_with_their_reasons(lab: Lab, pool: Pool) -> None:
    await lab.refresh()
    await wait_until_healthy(lab)
    await pool.execute(
        "CREATE VIEW sra.data_freshness AS SELECT 'fmp' AS source, 'quote' AS dataset, true AS is_late,"
        " timestamptz '2026-01-07 03:00Z' AS late_since"
    )
    await wait_for_check(lab, "freshness", "Late: fmp quote since 2026-01-07.")
    await pool.execute("DROP VIEW sra.data_freshness")
    await wait_until_healthy(lab)
    assert (await lab.http.post("/schedule/pause")).status_code == 200
    await wait_for_check(lab, "schedule", "no refresh starts on schedule")
    assert (await lab.http.post("/schedule/resume")).status_code == 200
    await wait_until_healthy(lab)


async def test_a_refreshed_dataset_is_not_late_once_the_refresh_ends(lab: Lab, pool: Pool) -> None:
    # late until a refresh has ended, whatever was read while it ran
    await pool.execute(
        "CREATE VIEW sra.data_freshness AS SELECT 'fmp' AS source, 'quote' AS dataset, timestamptz '2026-01-07 03:00Z'"
        " AS late_since, NOT EXISTS (SELECT FROM public.task_execution_log WHERE task_type = 'unified_refresh'"
        " AND completed_at IS NOT NULL) AS is_late"
    )
    await lab.stop("gateway")
    # nothing but the end of the refresh makes it read again
    await lab.start("gateway", lab.build_gateway(timing=replace(TIMING, freshness=3600)))
    await wait_for_check(lab, "freshness", "Late: fmp quote since 2026-01-07.")
    await lab.refresh()
    await wait_until_healthy(lab)


async def test_a_vendor_without_requests_is_not_shown_as_healthy(lab: Lab) -> None:
    async def looked() -> list[dict[str, str]] | None:
        status = (await lab.http.get("/status")).json()
        return status["sources"] if status["read_at"] else None

    sources = await wait_for(looked, what="the first look", seconds=20)
    assert sources is not None
    assert {one["name"]: one["status"] for one in sources} == {"FMP": "degraded", "Fundata": "degraded"}
    assert all("No refresh has collected from it yet" in one["detail"] for one in sources)


async def test_an_unchecked_clock_is_reported() -> None:
    scheduler = Scheduler([Schedule(DAILY_SLOT, "0 2 * * *", "UTC")])
    now = datetime.now(UTC)
    assert check_schedule(scheduler, now).status == "degraded"
    scheduler.polled_at = now
    assert check_schedule(scheduler, now).status == "healthy"
    found = check_schedule(scheduler, now + timedelta(minutes=3))
    assert found.status == "degraded"
    assert "The schedule was last checked at" in found.detail


async def test_the_page_shows_which_service_is_down_and_its_recovery(lab: Lab) -> None:
    async with open_browser(lab) as browser:
        await log_in(browser, SERVICE_TOKEN)
        await lab.stop("view_builder")

        async def is_reported() -> bool:
            page = await browser.get("/")
            assert page.status_code == 200
            return bool(re.search(r"view_builder since \d{4}-", page.text))

        await wait_for(is_reported, what="the alarm", seconds=20)
        health = (await lab.http.get("/health")).json()
        assert health["status"] == "degraded"
        assert "does not respond" in health["checks"]["view_builder"]["detail"]
        await lab.start("view_builder")

        async def back() -> bool:
            return "view_builder since" not in (await browser.get("/")).text.split("<section>")[0]

        await wait_for(back, what="the end of the alarm", seconds=20)


async def test_health_and_page_work_without_a_database() -> None:
    port = find_free_port()
    async with open_lab(f"postgres://nobody@127.0.0.1:{port}/nothing", gateway=False, services=False) as lab:
        await lab.start("gateway", lab.build_gateway())
        slowest = 0.0
        for _ in range(20):
            begun = time.monotonic()
            response = await lab.http.get("/health", headers={"Authorization": ""})
            slowest = max(slowest, time.monotonic() - begun)
            assert response.status_code == 200
        # it waits on nothing: an attempt to connect would take longer
        assert slowest < 2.5
        body = response.json()
        assert body["status"] == "unhealthy"
        assert body["checks"]["database"]["status"] == "unhealthy"
        assert set(body) == {"status", "timestamp", "response_time_ms", "checks", "details"}
        async with open_browser(lab) as browser:
            assert (await log_in(browser, SERVICE_TOKEN)).status_code == 303

            async def is_reported() -> bool:
                page = await browser.get("/")
                assert page.status_code == 200
                return bool(re.search(r"database since \d{4}-", page.text))

            await wait_for(is_reported, what="the alarm", seconds=20)
            assert (await log_in(browser, "some code")).status_code == 503
            runs = await browser.get("/ui/runs")
            assert runs.status_code == 503
            assert "The database is down" in runs.text
        response = await lab.http.post("/refresh", json={})
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
