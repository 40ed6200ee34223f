"""What surrounds every request: the access log with its metrics, security headers, the limit of the body."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sra_shared.kit.logs import get_logger
from sra_shared.service.metrics import ServiceMetrics
from sra_shared.service.problems import SECURITY_HEADERS, respond_with_problem

_ONE_YEAR = "max-age=31536000"
_MOST_OF_PATH = 200
_QUIET_PATHS = frozenset({"/health", "/ready", "/metrics"})
_log = get_logger("sra_shared.access")


class AccessLogMiddleware:
    """Logs one structured line and records one observation per request, without headers and query."""

    def __init__(self, app: ASGIApp, *, metrics: ServiceMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        request_id = uuid4().hex[:16]

        async def send_and_record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        start = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_and_record)
            finally:
                self._record(scope, status, time.perf_counter() - start)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        path: str = scope["path"]
        route = getattr(scope.get("route"), "path", "(none)")
        self._metrics.observe_request(scope["method"], route, status, seconds)
        named = scope.get("path_params", {})
        run_id = named.get("task_id") or named.get("refresh_id") or scope.get("state", {}).get("run_id")
        fields = {
            "method": scope["method"],
            "path": path if len(path) <= _MOST_OF_PATH else f"{path[:_MOST_OF_PATH]}...",
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            **({"run_id": str(run_id)} if run_id else {}),
        }
        if path in _QUIET_PATHS and status < 500:
            _log.debug("request", **fields)
        else:
            _log.info("request", **fields)


class ForwardedAddressMiddleware:
    """Takes a request's address from X-Forwarded-For, which the proxies before this service have extended.

    Each of the `proxies` appends the address that connected to it, so the client's address is that many places from the
    end. Entries further left come from the client itself and are not trusted. If there are fewer, the connecting address is
    used.
    """

    def __init__(self, app: ASGIApp, *, proxies: int) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._proxies:
            entries = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
            if len(entries) >= self._proxies and entries[-self._proxies].strip():
                scope["client"] = (entries[-self._proxies].strip(), 0)
        await self._app(scope, receive, send)


def is_secure(scope: Scope) -> bool:
    """Return whether a browser used HTTPS, to us or to the proxy before us."""
    scheme = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip()
    return "https" in (scope.get("scheme"), scheme)


class SecurityHeadersMiddleware:
    """Adds the security headers; a response that sets one of them itself keeps its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if is_secure(scope):
                    headers.setdefault("Strict-Transport-Security", _ONE_YEAR)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimitMiddleware:
    """Returns 413 for a body longer than the limit, declared or not, and 408 for one that takes longer than `seconds`.

    It reads nothing beyond the limit.
    """

    def __init__(self, app: ASGIApp, *, limit: int, seconds: float = 30.0) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self._limit:
            await respond_with_problem(scope["path"], 413, self._message)(scope, receive, send)
            return
        taken, is_whole = 0, False
        until = asyncio.get_running_loop().time() + self._seconds

        async def receive_limited() -> Message:
            nonlocal taken, is_whole
            if is_whole:
                # after the body comes only the client's disconnect, which may take any time
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, f"The body did not arrive within {self._seconds:g} s.") from None
            is_whole = not message.get("more_body", False)
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise HTTPException(413, self._message)
            return message

        await self._app(scope, receive_limited, send)

    @property
    def _message(self) -> str:
        return f"A body may have at most {self._limit} bytes."
