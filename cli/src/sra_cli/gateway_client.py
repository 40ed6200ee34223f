"""The gateway as the commands use it: trigger a refresh, follow it to its end, ask for a login link."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from sra_shared.errors import ConfigError, RetryableError, SraError
from sra_shared.http import Bound, ExchangeError, Reply, send_request_blocking
from sra_shared.texts import excerpt

LIVE = frozenset({"queued", "running"})
Progress = Callable[[Mapping[str, Any]], None]
# the whole status with every run of a refresh
_ANSWER_BOUND = Bound.of(16 << 20)


class GatewayError(SraError):
    """The gateway answered, and refused."""


class GatewayClient:
    """Talks to one gateway with a token; to be used as a context manager, from one thread.

    A refresh is an object `{"refresh_id", "status", "overdue", "seconds", "error", "steps": [{"step", "status",
    "seconds", "error", "datasets": [{"dataset", five counts}], "progress"}]}`; it is live while its status is queued
    or running. Every method raises RetryableError where the gateway cannot be reached, ConfigError where it does not
    take the token, and GatewayError where it refuses for another reason.
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

        `sources` are fmp, fundata and views, all by default; `weekly` adds the weekly fundamentals; Fundata's changes are
        asked for from `from_date` on where that is given, else from the stored cursor. A failed step is tried once more
        after `retry_seconds`. A gateway that is just starting is waited for, `patience_seconds` long.
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
                return self._ask("POST", "/refresh", json=body, headers=headers)
            except RetryableError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.5)

    def read_refresh(self, refresh_id: str) -> dict[str, Any]:
        """Return one refresh as it stands."""
        return self._ask("GET", f"/refresh/{refresh_id}")

    def cancel_run(self, refresh_id: str) -> dict[str, Any]:
        """Ask a refresh, and the runs that it started, to stop."""
        return self._ask("POST", f"/runs/{refresh_id}/cancel")

    def follow_refresh(
        self,
        refresh_id: str,
        *,
        on_change: Progress | None = None,
        poll_seconds: float = 0.5,
        patience_seconds: float = 120,
    ) -> dict[str, Any]:
        """Return the refresh once it ended, telling `on_change` of every state that differs from the one before.

        A gateway that is away is waited for, `patience_seconds` at a time; then RetryableError is raised. The refresh
        itself does not depend on being followed.
        """
        before: dict[str, Any] | None = None
        answered = time.monotonic()
        while True:
            try:
                state = self.read_refresh(refresh_id)
            except RetryableError:
                if time.monotonic() - answered > patience_seconds:
                    raise
            else:
                answered = time.monotonic()
                if on_change is not None and state != before:
                    on_change(state)
                before = state
                if state["status"] not in LIVE:
                    return state
            time.sleep(poll_seconds)

    def make_login_link(self, dashboard_url: str | None = None) -> str:
        """Return an address that logs a browser in, once, within ten minutes; its code is in the fragment.

        It begins with `dashboard_url` where people reach the gateway otherwise than this client does.
        """
        code = self._ask("POST", "/login-codes")["code"]
        return f"{(dashboard_url or self.url).rstrip('/')}/login#{code}"

    def read_status(self) -> dict[str, Any]:
        """Return the machine-readable whole: services, database, refresh, freshness, schedule."""
        return self._ask("GET", "/status")

    def read_alerts(self) -> dict[str, Any]:
        """Return `{"webhook", "incidents", "alerts"}`: what is in trouble and what was told of it."""
        return self._ask("GET", "/alerts")

    def send_test_alert(self) -> dict[str, Any]:
        """Have a test message sent; return `{"delivered", "error"}`. Raises GatewayError where no webhook is set."""
        return self._ask("POST", "/alerts/test")

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = send_request_blocking(self._http, method, path, bound=_ANSWER_BOUND, **options)
        except ExchangeError as error:
            raise RetryableError(
                f"The gateway at {self.url} does not answer ({error.cause}).",
                next_step="Check whether it runs: `./sra status`.",
            ) from error
        if answer.is_success:
            return _read_object(answer, self.url)
        message = f"The gateway refused {method} {path}: {_read_problem(answer)}"
        if answer.status_code in (401, 403):
            raise ConfigError(message, next_step="Set SRA_SERVICE_TOKEN to the token the gateway was started with.")
        if answer.status_code >= 500:
            raise RetryableError(message, next_step="See the gateway's log, or try again.")
        raise GatewayError(message, next_step="Correct the request.")


def _read_object(answer: Reply, url: str) -> dict[str, Any]:
    try:
        found = answer.read_json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RetryableError(
            f"What answers at {url} is not the gateway.", next_step="Check GATEWAY_URL and what runs there."
        )
    return found


def _read_problem(answer: Reply) -> str:
    try:
        problem = answer.read_json()
        return excerpt(problem.get("detail") or problem.get("title") or answer.status_code, 300)
    except (ValueError, AttributeError):
        return f"status {answer.status_code}"
