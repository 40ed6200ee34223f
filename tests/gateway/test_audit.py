"""The audit trail: each act leaves one entry with its time, role, token and address, which operators can read."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from gateway.ledger_archive import archive_ledgers
from gateway.login_sessions import LoginSessions
from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool
from sra_shared.kit.named_tokens import NamedToken, Role
from sra_shared.runs.audit import MOST_FAILED_LOGINS_AN_HOUR, Action
from sra_testing.gateway_lab import DAILY, DATA, SERVICE, VIEWER, Lab, serve_app

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALICE, BOB = "token-of-alice", "token-of-bob"
TOKENS = f"alice:operator:{ALICE},bob:viewer:{BOB}"
AS_ALICE = {"Authorization": f"Bearer {ALICE}"}
PUT_REJECT = """
INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, raw)
VALUES (gen_random_uuid(), 'fmp', 'profile', 'profile', NULL, 'field_count', 'x') RETURNING reject_id
"""
ENTRIES = "SELECT * FROM audit ORDER BY audit_id"


@pytest.fixture
def pool(lab_pool: Pool) -> Pool:
    return lab_pool


@pytest_asyncio.fixture(loop_scope="module")
async def lab(services: Lab) -> AsyncIterator[Lab]:
    """A gateway that knows alice, an operator, and bob, a viewer."""
    async with services.run_gateway(tokens=TOKENS):
        yield services


@asynccontextmanager
async def log_in(lab: Lab, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=lab.url, headers={"Accept": "text/html"}, trust_env=False) as browser:
        assert (await browser.post("/login", data={"token": token})).status_code == 303
        yield browser


async def send_form(lab: Lab, name: str, **form: Any) -> httpx.Response:
    """Send a form of a page as alice."""
    async with log_in(lab, ALICE) as browser:
        found = re.search(r'name="form_token" value="([^"]+)"', (await browser.get("/")).text)
        assert found is not None
        response = await browser.post(f"/actions/{name}", data={"form_token": found[1], **form})
    assert response.status_code == 303, response.text
    return response


async def post(lab: Lab, path: str, **body: Any) -> Any:
    """Send a request as alice."""
    response = await lab.http.post(path, json=body, headers=AS_ALICE)
    assert response.is_success, response.text
    return response.json()


async def trigger(lab: Lab, _pool: Pool) -> list[str]:
    return [(await post(lab, "/refresh", sources=["views"]))["refresh_id"]]


async def start(lab: Lab, _pool: Pool) -> list[str]:
    return [(await post(lab, "/runs", task_type="unified_refresh", parameters={"sources": ["views"]}))["task_id"]]


async def cancel(lab: Lab, _pool: Pool) -> list[str]:
    lab.script.ends[DATA] = ["waits"]
    refresh = await lab.trigger(sources=["fundata"])
    await send_form(lab, "cancel", run_id=refresh["refresh_id"])
    await lab.finish(refresh["refresh_id"])
    # it has ended: nothing is changed any more
    await post(lab, f"/runs/{refresh['refresh_id']}/cancel")
    return [refresh["refresh_id"]]


async def release(lab: Lab, _pool: Pool) -> list[str]:
    lab.script.ends[DAILY] = ["held", "completed"]
    held = (await lab.refresh(sources=["fmp"]))["steps"][0]["runs"][0]["task_id"]
    responses = [await send_form(lab, "release", run_id=held) for _ in range(2)]
    assert responses[0].headers["location"] == responses[1].headers["location"]
    return [held, responses[0].headers["location"].rpartition("/")[2]]


async def replay(lab: Lab, pool: Pool) -> list[str]:
    number = await pool.fetchval(PUT_REJECT)
    response = await send_form(lab, "replay", reject_id=str(number))
    return [response.headers["location"].rpartition("=")[2], str(number)]


async def pause(lab: Lab, _pool: Pool) -> list[str]:
    for _ in range(2):
        await post(lab, "/schedule/pause")
    return []


async def resume(lab: Lab, _pool: Pool) -> list[str]:
    await lab.http.post("/schedule/pause")
    for _ in range(2):
        await send_form(lab, "resume")
    return []


async def dismiss(lab: Lab, pool: Pool) -> list[str]:
    number = await pool.fetchval(PUT_REJECT)
    for _ in range(2):
        await post(lab, "/rejects/dismiss", reject_ids=[number, 4711], why="Rows of a test.")
    return [str(number)]


async def reopen(lab: Lab, pool: Pool) -> list[str]:
    number = await pool.fetchval(PUT_REJECT)
    await lab.http.post("/rejects/dismiss", json={"reject_ids": [number], "why": "x"})
    await send_form(lab, "reopen", reject_id=str(number))
    return [str(number)]


async def make_login_code(lab: Lab, _pool: Pool) -> list[str]:
    await post(lab, "/login-codes")
    return []


ACTS: dict[str, tuple[Callable[[Lab, Pool], Awaitable[list[str]]], str, dict[str, Any]]] = {
    "trigger": (trigger, "refresh", {"sources": ["views"]}),
    "start": (start, "refresh", {"sources": ["views"]}),
    "cancel": (cancel, "refresh", {"task_type": "unified_refresh"}),
    "release": (release, "run", {"task_type": "daily_quotes"}),
    "replay": (replay, "reject", {"task_type": "daily_quotes"}),
    "pause": (pause, "schedule", {}),
    "resume": (resume, "schedule", {}),
    "dismiss": (dismiss, "reject", {"why": "Rows of a test."}),
    "reopen": (reopen, "reject", {}),
    "login_code": (make_login_code, "session", {}),
}


@pytest.mark.parametrize("name", ACTS)
async def test_each_act_leaves_one_entry(lab: Lab, pool: Pool, name: str) -> None:
    act, kind, details = ACTS[name]
    before = datetime.now(UTC) - timedelta(seconds=5)
    ids = await act(lab, pool)
    entries = (await lab.http.get("/audit", headers=AS_ALICE)).json()["entries"]
    hers = [one for one in entries if one["token_name"] == "alice"]
    (entry,) = [one for one in hers if one["action"] != "login"]
    assert entry.pop("audit_id") > 0
    assert before < datetime.fromisoformat(entry.pop("at")) < datetime.now(UTC) + timedelta(seconds=5)
    assert entry == {
        **{"action": "trigger" if name == "start" else name, "subject_kind": kind, "subject_ids": ids},
        **{"role": "operator", "token_name": "alice", "address": "127.0.0.1", "details": details},
    }
    others = {one["token_name"] for one in entries} - {"alice"}
    # a refresh starts and stops its steps by itself: these requests are not separate entries
    assert others <= {"service"}
    assert {one["action"] for one in entries if one["token_name"] == "service"} <= {"trigger", "pause", "dismiss"}


async def test_logins_and_logouts_are_kept_with_the_failed_ones(lab: Lab, pool: Pool) -> None:
    async with log_in(lab, BOB) as browser:
        found = re.search(r'name="form_token" value="([^"]+)"', (await browser.get("/")).text)
        assert found is not None
        assert (await browser.post("/actions/logout", data={"form_token": found[1]})).status_code == 303
    code = (await post(lab, "/login-codes"))["code"]
    async with log_in(lab, code) as browser:
        assert (await browser.post("/login", data={"token": code})).status_code == 401
    kept = [(row["action"], row["role"], row["token_name"], row["address"]) for row in await pool.fetch(ENTRIES)]
    assert kept == [
        ("login", "viewer", "bob", "127.0.0.1"),
        ("logout", "viewer", "bob", "127.0.0.1"),
        ("login_code", "operator", "alice", "127.0.0.1"),
        ("login", "operator", "alice", "127.0.0.1"),
        ("login_failed", None, None, "127.0.0.1"),
    ]
    sessions = [row["subject_ids"] for row in await pool.fetch(ENTRIES)]
    assert sessions[0] == sessions[1] != sessions[3]
    result = str(await pool.fetch(ENTRIES))
    assert not any(secret in result for secret in (code, BOB, ALICE))
    await pool.execute(
        "INSERT INTO audit (action, subject_kind, address) SELECT 'login_failed', 'session', 'x' FROM generate_series(2, $1)",
        MOST_FAILED_LOGINS_AN_HOUR,
    )
    await lab.http.post("/login", data={"token": "guess"})
    count = "SELECT count(*) FROM audit WHERE action = 'login_failed'"
    assert await pool.fetchval(count) == MOST_FAILED_LOGINS_AN_HOUR


async def test_a_code_of_a_removed_token_does_not_log_in(lab: Lab) -> None:
    code = (await post(lab, "/login-codes"))["code"]
    await lab.stop("gateway")
    async with lab.run_gateway():
        assert (await lab.http.post("/login", data={"token": code})).status_code == 401


async def test_a_login_during_an_outage_is_recorded_later(pool: Pool) -> None:
    bob = NamedToken("bob", Role.VIEWER, BOB)
    sessions = LoginSessions([bob])
    session = sessions.begin(bob)
    sessions.record(Action.LOGIN, session, "203.0.113.7\x00\n")
    sessions.end(session, "203.0.113.7")
    async with pool.acquire() as connection:
        await connection.execute("SET search_path TO nowhere")
        with pytest.raises(asyncpg.UndefinedTableError):
            await sessions.sync(connection)
        await connection.execute("RESET search_path")
        for _ in range(2):
            await sessions.sync(connection)
        kept = await connection.fetch(ENTRIES)
    assert [(row["action"], row["address"]) for row in kept] == [
        ("login", "203.0.113.7"),
        ("logout", "203.0.113.7"),
    ]
    assert kept[0]["at"] <= kept[1]["at"]


async def test_only_the_gateway_may_name_the_actor(lab: Lab, pool: Pool) -> None:
    forged = {"SRA-On-Behalf-Of": "operator mallory 203.0.113.7"}
    peer = f"http://127.0.0.1:{lab.ports['fmp_ingest']}/runs"
    assert (await lab.http.post("/schedule/pause", headers=forged)).status_code == 200
    body: dict[str, Any] = {"task_type": "daily_quotes"}
    for word in (forged["SRA-On-Behalf-Of"], "king arthur", "refresh"):
        body["parameters"] = {"symbols": word}
        response = await lab.http.post(peer, json=body, headers={"SRA-On-Behalf-Of": word})
        assert response.json()["created"] is True
    assert (await lab.http.post(peer, json=body, headers=VIEWER | forged)).status_code == 403
    kept = [(row["action"], row["token_name"], row["address"]) for row in await pool.fetch(ENTRIES)]
    assert kept == [
        ("pause", "service", "127.0.0.1"),
        ("start", "mallory", "203.0.113.7"),
        ("start", "service", "127.0.0.1"),
    ]


async def test_behind_proxies_the_address_is_the_clients(lab: Lab, pool: Pool) -> None:
    port = find_free_port()
    async with serve_app(lab.build_gateway(trusted_proxies=2), port):
        forwarded = {"X-Forwarded-For": "203.0.113.99, 198.51.100.1, 104.22.17.40", **SERVICE}
        url = f"http://127.0.0.1:{port}/schedule/pause"
        assert (await lab.http.post(url, headers=forwarded)).status_code == 200
    assert await pool.fetchval("SELECT address FROM audit") == "198.51.100.1"


async def test_a_change_that_is_refused_leaves_no_entry(lab: Lab, pool: Pool) -> None:
    number = await pool.fetchval(PUT_REJECT)
    key = {"Idempotency-Key": str(uuid4())}
    for path, body, headers, status in (
        ("/rejects/dismiss", {"reject_ids": [number], "why": " "}, SERVICE, 422),
        ("/rejects/dismiss", {"reject_ids": [number], "why": "x"}, VIEWER, 403),
        ("/runs", {"task_type": "daily_quotes"}, SERVICE, 422),
        (f"/runs/{uuid4()}/cancel", {}, SERVICE, 404),
    ):
        assert (await lab.http.post(path, json=body, headers=headers | key)).status_code == status
    assert await pool.fetch(ENTRIES) == []


async def test_entries_are_listed_only_for_operators(lab: Lab, pool: Pool) -> None:
    number = await pool.fetchval(PUT_REJECT)
    done = await lab.refresh(sources=["views"])
    await post(lab, "/rejects/dismiss", reject_ids=[number], why="Rows <of> a test.")
    await post(lab, "/schedule/pause")

    async def ask(**query: Any) -> list[str]:
        response = await lab.http.get("/audit", params=query)
        assert response.status_code == 200, response.text
        return [entry["action"] for entry in response.json()["entries"]]

    assert await ask() == ["pause", "dismiss", "trigger"]
    page = (await lab.http.get("/audit", params={"limit": 2})).json()
    assert await ask(before=page["next_before"]) == ["trigger"]
    assert (
        await ask(action="dismiss") == await ask(subject_kind="reject") == await ask(subject_id=number) == ["dismiss"]
    )
    assert await ask(since=(datetime.now(UTC) + timedelta(hours=1)).isoformat()) == []
    assert await ask(since="2000-01-01T00:00:00Z", subject_id=done["refresh_id"]) == ["trigger"]
    for wrong in (
        {"since": "yesterday"},
        {"since": "0001-01-01T00:00:00+05:00"},
        {"subject_id": "a\x00"},
        {"limit": 0},
    ):
        assert (await lab.http.get("/audit", params=wrong)).status_code == 422, wrong
    assert (await lab.http.get("/audit", headers=VIEWER)).status_code == 403
    pages = ("/ui/rejects", f"/ui/refresh/{done['refresh_id']}", f"/ui/runs/{done['refresh_id']}")
    for token, is_shown in ((ALICE, True), (BOB, False)):
        async with log_in(lab, token) as browser:
            texts = [html.unescape((await browser.get(path)).text) for path in pages]
        assert ["Who did what" in text for text in texts] == [is_shown] * 3
    async with log_in(lab, ALICE) as browser:
        result = html.unescape((await browser.get("/ui/rejects")).text).split("Who did what")[1]
    assert f"rows {number}; why: Rows <of> a test." in result
    assert "pause" not in result


async def test_entries_are_only_added_until_they_are_archived(pool: Pool) -> None:
    put = (
        "INSERT INTO audit (action, subject_kind, address, at) VALUES ('pause', 'schedule', 'x', now() - $1::interval)"
    )
    for days in (1, 29, 50, 500):
        await pool.execute(put, timedelta(days=days))
    for change in ("UPDATE audit SET address = 'y'", "DELETE FROM audit WHERE at > now() - interval '30 days'"):
        with pytest.raises(asyncpg.PostgresError, match="audit"):
            await pool.execute(change)
    await archive_ledgers(pool, retention=timedelta(days=400))
    assert await pool.fetchval("SELECT count(*) FROM audit") == 3
