"""The OpenAPI descriptions of all four services: every body and response has a valid example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from fmp_ingest.main import build_app
from fundata_ingest.main import build_service as build_fundata
from gateway.main import build as build_gateway
from sra_shared.service.problems import MEDIA_TYPE
from view_builder.main import build_service as build_views

DSN = SecretStr("postgres://nobody@127.0.0.1:1/nothing")
BUILDERS: dict[str, Callable[[], tuple[FastAPI, Any]]] = {
    "gateway": build_gateway,
    "fmp_ingest": build_app,
    "fundata_ingest": build_fundata,
    "view_builder": build_views,
}


@pytest.fixture(params=BUILDERS)
def description(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("DATABASE_URL", DSN.get_secret_value())
    return BUILDERS[request.param]()[0].openapi()


def list_contents(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every body and response: its place, its media type, its content."""
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            bodies = {"body": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for media_type, content in body.get("content", {}).items():
                    yield f"{method.upper()} {path} {name}", media_type, content


def test_every_body_and_response_has_a_valid_example(description: dict[str, Any]) -> None:
    seen = 0
    for where, _, content in list_contents(description):
        assert "example" in content, f"{where} has no example"
        schema = {"components": description["components"], **content.get("schema", {})}
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(content["example"])]
        assert errors == [], where
        seen += 1
    assert seen > 40


def test_every_operation_reports_its_problems(description: dict[str, Any]) -> None:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            expected = {"500", "503"} if path in ("/health", "/ready") else {"401", "429", "500", "503"}
            expected |= {"403", "413"} if method != "get" else set()
            assert expected <= set(responses), (method, path)
            for status, response in responses.items():
                if status >= "400" and path != "/ready":
                    problem = response["content"][MEDIA_TYPE]["example"]
                    assert (str(problem["status"]), problem["instance"]) == (status, path)
            assert operation.get("summary"), (method, path)


def test_a_run_body_names_a_task_type_of_its_service(description: dict[str, Any]) -> None:
    example = description["paths"]["/runs"]["post"]["requestBody"]["content"]["application/json"]["example"]
    offered = description["components"]["schemas"]["RunBody"]["properties"]["task_type"]["enum"]
    assert example["task_type"] in offered
