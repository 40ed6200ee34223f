"""The OpenAPI description of a service: task types, tokens, examples, and the problems that each route may return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from sra_shared.service.auth import OPEN_ROUTES
from sra_shared.service.examples import list_contract_examples
from sra_shared.service.problems import MEDIA_TYPE, TITLES, FieldProblem, Problem, describe_problem
from sra_shared.service.state import Examples

METRICS_EXAMPLE = "# TYPE sra_database_up gauge\nsra_database_up 1.0\n"
_REFERENCE = "#/components/schemas/"
_JSON = "application/json"
_DETAILS = {
    401: ("The request carries no valid token.", "Send SRA_VIEWER_TOKEN or SRA_SERVICE_TOKEN as a bearer token."),
    403: ("This token may read but not change.", "Use SRA_SERVICE_TOKEN."),
    404: ("Run 6f9619ff-8b86-4d01-b42d-00cf4fc964ff does not exist.", "List the runs: GET /runs."),
    409: ("The idempotency key 'daily-2026-11-02' was already used with another body.", "Send a new key."),
    413: ("A body may have at most 1000000 bytes.", ""),
    422: ("Some values are not valid.", ""),
    429: ("Too many wrong tokens came from this address: wait 240 seconds.", "Send a valid token."),
    500: ("Internal error: KeyError.", "Check the service's log at this time."),
    503: ("The database cannot be reached.", "Try again in a few seconds."),
}
_FIELD = FieldProblem(where="body.priority", message="Input should be less than or equal to 5")


def describe_app(app: FastAPI, task_types: list[str], examples: Examples | None) -> None:
    """Make the application generate its complete description on first request."""

    def make_openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            known = [*list_contract_examples(app.title, task_types), *(examples() if examples is not None else ())]
            _complete(schema, {type(one).__name__: _write_example(one) for one in known})
            schema["components"]["schemas"]["RunBody"]["properties"]["task_type"] = {
                "type": "string",
                "enum": task_types,
                "description": "The task types that this service runs.",
            }
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = make_openapi  # type: ignore[method-assign]


def _write_example(instance: BaseModel) -> Any:
    """Return an instance in its JSON form; for a request body, only the given fields."""
    is_body = type(instance).__name__.endswith("Body")
    return instance.model_dump(mode="json", exclude_unset=is_body)


def _complete(schema: dict[str, Any], examples: Mapping[str, Any]) -> None:
    components = schema.setdefault("components", {})
    models = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        models.pop(unused, None)
    models["FieldProblem"] = FieldProblem.model_json_schema()
    problem = Problem.model_json_schema(ref_template=f"{_REFERENCE}{{model}}")
    problem.pop("$defs", None)
    models["Problem"] = problem
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            _complete_operation(path, method, operation, examples)


def _complete_operation(path: str, method: str, operation: dict[str, Any], examples: Mapping[str, Any]) -> None:
    is_open = (method.upper(), path) in OPEN_ROUTES
    operation["security"] = [] if is_open else [{"token": []}]
    responses = operation["responses"]
    for status in _list_problems(operation, method, is_open=is_open):
        if not _is_readiness(responses.get(status, {})):
            responses[status] = _describe_status(int(status), path)
    bodies = [operation.get("requestBody", {}), *responses.values()]
    for content in (body.get("content", {}).get(_JSON) for body in bodies):
        if content is not None and "example" not in content:
            _add_example(content, examples)


def _add_example(content: dict[str, Any], examples: Mapping[str, Any]) -> None:
    """Add an example to a body: an instance of its model, or a list of one if it is a list."""
    schema = content.get("schema", {})
    name = _name_model(schema)
    item = _name_model(schema.get("items", {}))
    if name in examples:
        content["example"] = examples[name]
    elif item in examples:
        content["example"] = [examples[item]]


def _name_model(schema: Mapping[str, Any]) -> str:
    # an optional body is a choice of two schemas
    choices = [schema, *schema.get("anyOf", ())]
    return next((str(one["$ref"]).removeprefix(_REFERENCE) for one in choices if "$ref" in one), "")


def _is_readiness(response: Mapping[str, Any]) -> bool:
    return _name_model(response.get("content", {}).get(_JSON, {}).get("schema", {})) == "Readiness"


def _list_problems(operation: Mapping[str, Any], method: str, *, is_open: bool) -> list[str]:
    found = {"500", "503"} | {status for status in operation["responses"] if status >= "400"}
    if not is_open:
        found |= {"401", "429"}
    if method != "get":
        found |= {"403", "413"}
    if any(item["name"] == "idempotency-key" for item in operation.get("parameters", ())):
        found.add("409")
    return sorted(found)


def _describe_status(status: int, path: str) -> dict[str, Any]:
    """Return the description of a problem that a route may return, with an example."""
    title = TITLES.get(status, "Problem")
    detail, next_step = _DETAILS.get(status, (f"{title}.", ""))
    errors = [_FIELD] if status == 422 else None
    example = describe_problem(path, status, detail, next_step=next_step, errors=errors)
    content = {"schema": {"$ref": f"{_REFERENCE}Problem"}, "example": example.model_dump(exclude_none=True)}
    return {"description": title, "content": {MEDIA_TYPE: content}}
