"""The HTTP contract of every service, on a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from sra_shared.kit.db import Pool
from sra_shared.service.app import MAX_BODY_BYTES
from sra_testing.kept_logs import keep_logs
from sra_testing.probe_service import SERVICE_TOKEN, VIEWER_TOKEN, make_probe_app
from sra_testing.waiting import wait_for

SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
VIEWER = {"Authorization": f"Bearer {VIEWER_TOKEN}"}
BODY = {"task_type": "csv_import", "parameters": {"chunks": 0}}


@asynccontextmanager
async def open_client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        yield client


@pytest.fixture
async def app(database: str) -> FastAPI:
    return make_probe_app(database)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(app) as client:
        yield client


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


def list_routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every documented route, and what is none: other methods, unknown paths, the usual places of documentation."""
    declared = [
        (method.upper(), path.replace("{task_id}", "00000000-0000-4000-8000-000000000000"))
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    ]
    paths = ["/openapi.json", "/docs", "/redoc", "/", "/nothing", "/health/", "//health", "/health/../runs"]
    return [*declared, *(("GET", path) for path in paths), ("HEAD", "/health"), ("PUT", "/runs"), ("POST", "/health")]


async def test_only_health_and_readiness_are_open(app: FastAPI, client: httpx.AsyncClient) -> None:
    routes = list_routes(app)
    assert len(routes) > 10
    for method, path in routes:
        strangers: list[dict[str, str]] = [
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": f"Basic {SERVICE_TOKEN}"},
            {"Authorization": "Bearer "},
            {"Cookie": f"token={SERVICE_TOKEN}"},
        ]
        for headers in strangers:
            response = await client.request(method, path, headers=headers)
            if path in ("/health", "/ready") and method in ("GET", "HEAD"):
                assert response.status_code in (200, 503)
            elif response.status_code == 429:
                # too many wrong tokens: a request without a token gets the same response as before
                assert "Authorization" in headers
                assert_problem(response, 429)
            else:
                assert_problem(response, 401)
                assert response.headers["www-authenticate"].startswith("Bearer")


async def test_viewer_reads_and_does_not_change(app: FastAPI, client: httpx.AsyncClient, pool: Pool) -> None:
    for method, path in list_routes(app):
        response = await client.request(method, path, headers=VIEWER)
        if method in ("GET", "HEAD"):
            assert response.status_code not in (401, 403), (method, path)
        else:
            assert_problem(response, 403)
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log") == 0


async def test_request_is_accepted_executed_and_reported(client: httpx.AsyncClient, pool: Pool) -> None:
    await pool.execute("CREATE TABLE chunk_probe (task_id uuid, unit text, chunk int, owner text)")
    body = {"task_type": "csv_import", "parameters": {"chunks": 2, "units": 2}, "priority": 1}
    response = await client.post("/runs", json=body, headers=SERVICE)
    assert response.status_code == 202
    assert response.json()["created"] is True
    location = response.headers["location"]

    async def look() -> dict[str, Any] | None:
        report: dict[str, Any] = (await client.get(location, headers=VIEWER)).json()
        return report if report["status"] == "completed" else None

    report = await wait_for(look, what="the end of the run")
    assert report is not None
    [dataset] = report["datasets"]
    assert dataset == {
        "dataset": "probe",
        "read": 4,
        "stored": 4,
        "unchanged": 0,
        "duplicate": 0,
        "rejected": 0,
        "rejected_by": {},
        "warnings_by": {},
    }
    assert (report["units_done"], report["units_total"], report["overdue"]) == (2, 2, False)
    assert [unit["status"] for unit in report["units"]] == ["completed", "completed"]


async def test_hundred_simultaneous_triggers_make_one_run(client: httpx.AsyncClient, pool: Pool) -> None:
    body = {**BODY, "scheduled_at": "2990-01-01T00:00:00Z"}
    responses = await asyncio.gather(*(client.post("/runs", json=body, headers=SERVICE) for _ in range(100)))
    assert {response.status_code for response in responses} == {202}
    assert len({response.json()["task_id"] for response in responses}) == 1
    assert sum(response.json()["created"] for response in responses) == 1
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log") == 1
    assert await pool.fetchval("SELECT count(*) FROM jobs.pgqueuer") == 1


async def test_idempotency_key_repeats_its_run_and_refuses_another_body(client: httpx.AsyncClient) -> None:
    headers = {**SERVICE, "Idempotency-Key": "morning"}
    first = await client.post("/runs", json=BODY, headers=headers)
    location = first.headers["location"]

    async def has_ended() -> bool:
        return bool((await client.get(location, headers=VIEWER)).json()["status"] == "completed")

    await wait_for(has_ended, what="the end of the first run")
    again = await asyncio.gather(*(client.post("/runs", json=BODY, headers=headers) for _ in range(20)))
    assert {response.headers["location"] for response in again} == {location}
    changed = await client.post("/runs", json={**BODY, "priority": 1}, headers=headers)
    assert "another body" in assert_problem(changed, 409)["detail"]


async def test_cancel_stops_a_queued_run_and_keeps_a_finished_one(client: httpx.AsyncClient) -> None:
    response = await client.post("/runs", json={**BODY, "scheduled_at": "2990-01-01T00:00:00Z"}, headers=SERVICE)
    path = f"{response.headers['location']}/cancel"
    for _ in range(2):
        cancelled = await client.post(path, headers=SERVICE)
        assert cancelled.status_code == 202
        assert cancelled.json()["status"] == "cancelled"


async def test_list_filters_and_pages(client: httpx.AsyncClient) -> None:
    for number in range(5):
        body = {
            "task_type": "csv_import",
            "parameters": {"note": str(number)},
            "scheduled_at": f"2990-01-0{number + 1}T00:00:00Z",
        }
        assert (await client.post("/runs", json=body, headers=SERVICE)).status_code == 202
    first = (await client.get("/runs?limit=3&status=queued&task_type=csv_import", headers=VIEWER)).json()
    assert [run["parameters"]["note"] for run in first["runs"]] == ["4", "3", "2"]
    second = (await client.get(f"/runs?limit=3&offset={first['next_offset']}", headers=VIEWER)).json()
    assert [run["parameters"]["note"] for run in second["runs"]] == ["1", "0"]
    assert second["next_offset"] is None
    assert (await client.get("/runs?status=failed", headers=VIEWER)).json()["runs"] == []


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"{}", "task_type"),
        (json.dumps({"task_type": "nothing"}).encode(), "task_type"),
        (json.dumps({**BODY, "priority": 9}).encode(), "priority"),
        (json.dumps({**BODY, "timeout_seconds": 1}).encode(), "timeout_seconds"),
        (json.dumps({**BODY, "scheduled_at": "2990-01-01T00:00:00"}).encode(), "scheduled_at"),
        (json.dumps({**BODY, "scheduled_at": 0}).encode(), "scheduled_at"),
        (json.dumps({**BODY, "priority": "3"}).encode(), "priority"),
        (json.dumps({**BODY, "max_retries": True}).encode(), "max_retries"),
        (json.dumps({**BODY, "work_key": "mine"}).encode(), "work_key"),
        (b'{"task_type": "csv_import", "parameters": {"a": NaN}}', "parameters"),
        (b'{"task_type": "csv_import", "parameters": {"a": "\\u0000"}}', "parameters"),
        (b'{"task_type": "csv_import", "parameters": {"\\ud800": 1}}', "parameters"),
        (b"\xff\xfe", "body"),
        (b"\xf4p?", "body"),
        (b'{"task_type": "csv_import", "parameters": {"a": ' + b"9" * 5000 + b"}}", "body"),
    ],
)
async def test_bad_bodies_are_refused(client: httpx.AsyncClient, content: bytes, where: str) -> None:
    response = await client.post("/runs", content=content, headers={**SERVICE, "Content-Type": "application/json"})
    problem = assert_problem(response, 422)
    assert where in json.dumps(problem["errors"])


async def test_bad_parameters_and_foreign_task_types_are_refused(client: httpx.AsyncClient) -> None:
    wrong = await client.post("/runs", json={**BODY, "parameters": {"units": 0}}, headers=SERVICE)
    assert "units" in assert_problem(wrong, 422)["detail"]
    foreign = await client.post("/runs", json={"task_type": "view_build"}, headers=SERVICE)
    assert "csv_import" in assert_problem(foreign, 422)["next_step"]
    orphan = await client.post(
        "/runs", json={**BODY, "parent_id": "00000000-0000-4000-8000-000000000000"}, headers=SERVICE
    )
    assert_problem(orphan, 409)
    assert_problem(await client.post("/runs", json=BODY, headers={**SERVICE, "Idempotency-Key": "a b"}), 422)


async def test_sql_in_any_parameter_is_only_text(client: httpx.AsyncClient, pool: Pool) -> None:
    attack = "'; DROP TABLE task_execution_log; --"
    assert_problem(await client.get("/runs", params={"status": attack}, headers=VIEWER), 422)
    assert_problem(await client.get(f"/runs/{attack}", headers=VIEWER), 422)
    body = {"task_type": "csv_import", "parameters": {"note": attack}, "scheduled_at": "2990-01-01T00:00:00Z"}
    response = await client.post("/runs", json=body, headers={**SERVICE, "Idempotency-Key": "';--"})
    assert response.json()["parameters"]["note"] == attack
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log") == 1


async def test_oversized_bodies_are_refused_declared_or_not(client: httpx.AsyncClient) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (MAX_BODY_BYTES // 20)

    assert_problem(await client.post("/runs", content=b" " * (MAX_BODY_BYTES + 1), headers=SERVICE), 413)
    assert_problem(await client.post("/runs", content=stream(), headers=SERVICE), 413)


async def test_unknown_paths_methods_and_faults_are_problem_documents(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nothing/here", headers=VIEWER), 404)
    wrong_method = await client.delete("/runs", headers=SERVICE)
    assert_problem(wrong_method, 405)
    assert wrong_method.headers["allow"] == "GET, POST"
    assert_problem(await client.get("/runs/00000000-0000-4000-8000-000000000000", headers=VIEWER), 404)
    fault = await client.get("/broken", headers=VIEWER)
    assert_problem(fault, 500)
    assert SERVICE_TOKEN not in fault.text


async def test_no_token_is_logged(client: httpx.AsyncClient) -> None:
    with keep_logs() as lines:
        await client.get(f"/runs?token={SERVICE_TOKEN}", headers=SERVICE)
        await client.get("/broken", headers={"Authorization": f"Bearer {VIEWER_TOKEN}"})
    assert any(line.get("path") == "/broken" for line in lines), lines
    for token in (SERVICE_TOKEN, VIEWER_TOKEN):
        assert token not in json.dumps(lines)


async def test_ready_reports_what_is_missing(client: httpx.AsyncClient, empty_database: str) -> None:
    assert (await client.get("/ready")).json()["ready"] is True
    async with open_client(make_probe_app(empty_database)) as unmigrated:
        response = await unmigrated.get("/ready")
        assert response.status_code == 503
        assert "migrate" in " ".join(response.json()["missing"])
        assert (await unmigrated.get("/health")).status_code == 200


async def test_health_responds_during_a_database_outage() -> None:
    app = make_probe_app("postgres://nobody:hidden-password@127.0.0.1:1/nowhere")
    async with open_client(app) as client:
        response = await client.get("/health")
        assert response.status_code == 200
        assert response.json()["status"] == "unhealthy"
        assert set(response.json()) == {"status", "timestamp", "response_time_ms", "checks", "details"}
        assert "hidden" not in response.text
        assert (await client.get("/ready")).status_code == 503
        problem = assert_problem(await client.post("/runs", json=BODY, headers=SERVICE), 503)
        assert "database" in problem["detail"].lower()


async def test_metrics_are_prometheus_text(client: httpx.AsyncClient) -> None:
    await client.get("/runs", headers=VIEWER)
    await client.get("/ready")
    response = await client.get("/metrics", headers=VIEWER)
    assert response.headers["content-type"].startswith("text/plain")
    assert 'sra_http_requests_total{method="GET",route="/runs",status="200"} 1.0' in response.text
    assert "sra_database_up 1.0" in response.text


async def test_openapi_documents_every_route_and_its_problems(app: FastAPI, client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json", headers=VIEWER)).json()
    assert set(schema["paths"]) == {
        "/health",
        "/ready",
        "/metrics",
        "/runs",
        "/runs/{task_id}",
        "/runs/{task_id}/cancel",
        "/broken",
    }
    post = schema["paths"]["/runs"]["post"]["responses"]
    assert set(post) >= {"202", "401", "403", "409", "413", "422", "500", "503"}
    for status, response in post.items():
        if status >= "400":
            assert list(response["content"]) == ["application/problem+json"]
    references = {part for part in json.dumps(schema).split('"') if part.startswith("#/components/schemas/")}
    assert {reference.rsplit("/", 1)[1] for reference in references} <= set(schema["components"]["schemas"])
    assert schema["paths"]["/health"]["get"]["security"] == []
