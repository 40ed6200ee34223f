"""The commands' client for the gateway: trigger a refresh, follow it to its end, request a login link."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from sra_shared.kit.errors import ConfigError, RetryableError, SraError
from sra_shared.kit.http import Bound, ExchangeError, HttpResponse, send_request_blocking
from sra_shared.kit.texts import excerpt

LIVE = frozenset({"queued", "running"})
Progress = Callable[[Mapping[str, Any]], None]
# covers the whole status with every run of a refresh
_RESPONSE_BOUND = Bound.of(16 << 20)


class GatewayError(SraError):
    """The gateway refused the request."""


class GatewayClient:
    """Calls one gateway with a token; use it as a context manager, from one thread.

    A refresh is an object `{"refresh_id", "status", "overdue", "seconds", "error", "steps": [{"step", "status",
    "seconds", "error", "datasets": [{"dataset", five counts}], "progress"}]}`; it is live while its status is queued
    or running. Every method raises RetryableError if the gateway cannot be reached, ConfigError if it does not accept
    the token, and GatewayError if it refuses for another reason.
    """

    def __init__(self, url: str, token: str | None, *, timeout: float = 15) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def trigger_refresh(
        self,
        *,
        sources: Sequence[str] | None = None,
        weekly: bool = False,
        from_date: date | None = None,
        retry_seconds: float = 60,
        idempotency_key: str | None = None,
        patience_seconds: float = 20,
    ) -> dict[str, Any]:
        """Start a refresh, or join the one in progress for the same sources, and return it.

        `sources` are fmp, fundata and views, all by default; `weekly` adds the weekly fundamentals. Fundata's changes are
        requested since `from_date` if given, else since the stored cursor. A failed step is retried once after
        `retry_seconds`. A gateway that is starting is waited for, up to `patience_seconds`.
        """
        body: dict[str, Any] = {"weekly": weekly, "retry_seconds": retry_seconds}
        if sources:
            body["sources"] = list(sources)
        if from_date is not None:
            body["from"] = from_date.isoformat()
        headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
        end = time.monotonic() + patience_seconds
        while True:
            try:
                return self._request("POST", "/refresh", json=body, headers=headers)
            except RetryableError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.5)

    def read_refresh(self, refresh_id: str) -> dict[str, Any]:
        """Return the current state of one refresh."""
        return self._request("GET", f"/refresh/{refresh_id}")

    def cancel_run(self, refresh_id: str) -> dict[str, Any]:
        """Cancel a refresh and the runs that it started."""
        return self._request("POST", f"/runs/{refresh_id}/cancel")

    def follow_refresh(
        self,
        refresh_id: str,
        *,
        on_change: Progress | None = None,
        poll_seconds: float = 0.5,
        patience_seconds: float = 120,
    ) -> dict[str, Any]:
        """Return the refresh when it has finished, calling `on_change` with every state that differs from the last one.

        An unreachable gateway is waited for, up to `patience_seconds` at a time; then RetryableError is raised. The refresh
        does not depend on being followed.
        """
        before: dict[str, Any] | None = None
        responded_at = time.monotonic()
        while True:
            try:
                state = self.read_refresh(refresh_id)
            except RetryableError:
                if time.monotonic() - responded_at > patience_seconds:
                    raise
            else:
                responded_at = time.monotonic()
                if on_change is not None and state != before:
                    on_change(state)
                before = state
                if state["status"] not in LIVE:
                    return state
            time.sleep(poll_seconds)

    def make_login_link(self, dashboard_url: str | None = None) -> str:
        """Return an address that logs a browser in, once, within ten minutes; its code is in the fragment.

        It begins with `dashboard_url` if users reach the gateway at another address than this client.
        """
        code = self._request("POST", "/login-codes")["code"]
        return f"{(dashboard_url or self.url).rstrip('/')}/login#{code}"

    def read_status(self) -> dict[str, Any]:
        """Return the state of the whole system: services, database, refresh, freshness, schedule."""
        return self._request("GET", "/status")

    def read_alerts(self) -> dict[str, Any]:
        """Return `{"webhook", "incidents", "alerts"}`: the incidents and the messages sent about them."""
        return self._request("GET", "/alerts")

    def send_test_alert(self) -> dict[str, Any]:
        """Send a test message; return `{"delivered", "error"}`. Raises GatewayError if no webhook is set."""
        return self._request("POST", "/alerts/test")

    def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = send_request_blocking(self._http, method, path, bound=_RESPONSE_BOUND, **options)
        except ExchangeError as error:
            raise RetryableError(
                f"The gateway at {self.url} does not respond ({error.cause}).",
                next_step="Check that it is running: `./sra status`.",
            ) from error
        if response.is_success:
            return _read_object(response, self.url)
        message = f"The gateway refused {method} {path}: {_read_problem(response)}"
        if response.status_code in (401, 403):
            raise ConfigError(message, next_step="Set SRA_SERVICE_TOKEN to the gateway's token.")
        if response.status_code >= 500:
            raise RetryableError(message, next_step="See the gateway's log, or try again.")
        raise GatewayError(message, next_step="Correct the request.")


def _read_object(response: HttpResponse, url: str) -> dict[str, Any]:
    try:
        found = response.read_json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RetryableError(f"Another program responds at {url}, not the gateway.", next_step="Check GATEWAY_URL.")
    return found


def _read_problem(response: HttpResponse) -> str:
    try:
        problem = response.read_json()
        return excerpt(problem.get("detail") or problem.get("title") or response.status_code, 300)
    except (ValueError, AttributeError):
        return f"status {response.status_code}"
