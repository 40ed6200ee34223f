"""All errors as problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from sra_shared.kit.db import OUTAGE_ERRORS
from sra_shared.kit.errors import IdempotencyConflictError, RetryableError, RunBusyError, SraError
from sra_shared.kit.logs import get_logger, redact_text

MEDIA_TYPE = "application/problem+json"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
TITLES = {
    401: "A token is needed",
    403: "This token may only read",
    404: "Not found",
    405: "This method is not allowed",
    408: "The request took too long",
    409: "The request contradicts an earlier one",
    413: "The body is too large",
    422: "The request is not valid",
    429: "There were too many wrong tokens",
    500: "Internal error",
    503: "The service cannot do this now",
}
_log = get_logger(__name__)


class FieldProblem(BaseModel):
    """One fault in a request."""

    where: str = Field(description="Path of the value in the request, parts joined by dots.")
    message: str = Field(description="The fault.")


class Problem(BaseModel):
    """A problem document of RFC 9457."""

    type: str = Field(description="Name of the kind of problem, as a URN.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What happened this time.")
    instance: str = Field(description="Path of the request.")
    next_step: str | None = Field(None, description="What to do about it.")
    errors: list[FieldProblem] | None = Field(None, description="The invalid values.")


class ProblemError(SraError):
    """A response with this status and sentence."""

    def __init__(self, status: int, message: str, *, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.status = status


def describe_problem(
    path: str, status: int, detail: str, *, next_step: str = "", errors: list[FieldProblem] | None = None
) -> Problem:
    """Return the problem document; secrets in `detail` are hidden."""
    return Problem(
        type=f"urn:sra:problem:{status}",
        title=TITLES.get(status, "The request failed"),
        status=status,
        detail=redact_text(detail),
        instance=path,
        next_step=next_step or None,
        errors=errors,
    )


def respond_with_problem(
    path: str,
    status: int,
    detail: str,
    *,
    next_step: str = "",
    errors: list[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem as a response that includes the security headers itself, whichever layer sends it."""
    problem = describe_problem(path, status, detail, next_step=next_step, errors=errors)
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**SECURITY_HEADERS, **(headers or {})},
    )


def _handle_http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 400:
        # the framework raises this for a body that is not text; malformed JSON is 422 already
        unreadable = FieldProblem(where="body", message="The body cannot be read as JSON.")
        return respond_with_problem(request.url.path, 422, "Some values are not valid.", errors=[unreadable])
    detail = str(error.detail) if error.detail else TITLES.get(error.status_code, "")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_list_methods(request))
    return respond_with_problem(request.url.path, error.status_code, detail, headers=headers)


def _list_methods(request: Request) -> list[str]:
    """Return the methods of all routes with this path; the framework reports only those of the first."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path is not None and compile_path(route.path)[0].match(request.url.path):
            methods |= route.methods or set()
    return sorted(methods)


def _handle_validation_error(request: Request, error: RequestValidationError) -> Response:
    # the value itself is not repeated: it may be a secret in the wrong place
    found = [
        FieldProblem(where=".".join(str(part) for part in item["loc"]), message=str(item["msg"]))
        for item in error.errors()
    ]
    return respond_with_problem(request.url.path, 422, "Some values are not valid.", errors=found)


def _handle_own_error(request: Request, error: SraError) -> Response:
    status = 500
    if isinstance(error, ProblemError):
        status = error.status
    elif isinstance(error, IdempotencyConflictError | RunBusyError):
        status = 409
    elif isinstance(error, RetryableError):
        status = 503
    return respond_with_problem(request.url.path, status, error.message, next_step=error.next_step)


def _handle_bad_value(request: Request, error: asyncpg.PostgresError) -> Response:
    return respond_with_problem(request.url.path, 422, f"The database cannot hold a value: {type(error).__name__}.")


def _handle_outage(request: Request, error: Exception) -> Response:
    _log.warning("database_unreachable", error_type=type(error).__name__)
    return respond_with_problem(
        request.url.path,
        503,
        "The database cannot be reached.",
        next_step="Try again in a few seconds.",
        headers={"Retry-After": "5"},
    )


def _handle_unexpected_error(request: Request, error: Exception) -> Response:
    return respond_with_problem(
        request.url.path,
        500,
        f"Internal error: {type(error).__name__}.",
        next_step="Check the service's log at this time.",
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Make this application return every error as a problem document."""
    handlers: dict[type[Exception], Any] = {
        HTTPException: _handle_http_error,
        RequestValidationError: _handle_validation_error,
        SraError: _handle_own_error,
        asyncpg.DataError: _handle_bad_value,
        asyncpg.UntranslatableCharacterError: _handle_bad_value,
        **dict.fromkeys(OUTAGE_ERRORS, _handle_outage),
        Exception: _handle_unexpected_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
