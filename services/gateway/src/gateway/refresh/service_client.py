"""The HTTP client for the other services: start a run, read it, cancel it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from gateway.refresh.model import read_counts_of
from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.kit.http import ExchangeError, HttpResponse, send_request
from sra_shared.kit.texts import excerpt
from sra_shared.runs import RunStatus, TaskType
from sra_shared.runs.audit import Actor
from sra_shared.service.actors import forward_actor

_SECONDS = 60.0


@dataclass(frozen=True)
class SeenRun:
    """A run of another service, as its response describes it."""

    task_id: UUID
    status: RunStatus
    parent_id: UUID | None = None
    resume_at: datetime | None = None
    error: str | None = None
    datasets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


class ServiceClient:
    """One other service at its address."""

    def __init__(self, name: str, url: str, http: Callable[[], httpx.AsyncClient]) -> None:
        """`http` returns the client that sends the service token and has the timeouts."""
        self.name = name
        self.url = url
        self._http = http

    async def start_run(
        self,
        task_type: TaskType,
        *,
        parent_id: UUID | None = None,
        key: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        by: Actor | None = None,
    ) -> SeenRun:
        """Request a run; repeated requests with the same key return the same run.

        `by` is the actor of the request at the gateway; None means a refresh. Raises RetryableError if the service is down
        or busy, FatalError if it refuses.
        """
        body: dict[str, Any] = {"task_type": task_type.value, "parameters": dict(parameters or {})}
        if parent_id is not None:
            body["parent_id"] = str(parent_id)
        headers = {**forward_actor(by), **({"Idempotency-Key": key} if key is not None else {})}
        return self._read_run(await self._request("POST", "/runs", json=body, headers=headers))

    async def read_run(self, task_id: UUID) -> SeenRun:
        """Return the current state of a run; raises as `start_run`."""
        return self._read_run(await self._request("GET", f"/runs/{task_id}"))

    async def cancel_run(self, task_id: UUID) -> None:
        """Request cancellation of a refresh's run; raises as `start_run`."""
        await self._request("POST", f"/runs/{task_id}/cancel", headers=forward_actor(None))

    def _read_run(self, response: HttpResponse) -> SeenRun:
        """Return the run; any other response may be a proxy's page and is retried."""
        try:
            return _read_run(response.read_json())
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise RetryableError(
                f"{self.name} returned status {response.status_code} without a run.",
                next_step="Check which program listens at its address.",
            ) from error

    async def _request(self, method: str, path: str, **options: Any) -> HttpResponse:
        try:
            response = await send_request(self._http(), method, f"{self.url}{path}", seconds=_SECONDS, **options)
        except ExchangeError as error:
            raise RetryableError(
                f"{self.name} does not respond ({error.cause}).",
                next_step="Check that it is running, and check its log.",
            ) from error
        if response.is_success:
            return response
        problem = _read_problem(response)
        reason = excerpt(problem.get("detail") or response.status_code, 300)
        message = f"{self.name} refused {method} {path.split('/')[1]}: {reason}"
        if response.status_code in (401, 403):
            raise FatalError(message, next_step="Give both services the same SRA_SERVICE_TOKEN.")
        if response.status_code >= 500 or response.status_code == 429:
            raise RetryableError(message, next_step=f"See the log of {self.name}.")
        raise FatalError(message, next_step=f"See the log of {self.name}.")


def _read_problem(response: HttpResponse) -> dict[str, Any]:
    try:
        body = response.read_json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _read_run(body: Mapping[str, Any]) -> SeenRun:
    details = body.get("details") or {}
    errors = body.get("error_details") or []
    return SeenRun(
        task_id=UUID(body["task_id"]),
        status=RunStatus(body["status"]),
        parent_id=UUID(body["parent_id"]) if body.get("parent_id") else None,
        resume_at=datetime.fromisoformat(body["resume_at"]) if body.get("resume_at") else None,
        error=" ".join(dict.fromkeys(entry["message"] for entry in errors if entry.get("message"))) or None,
        datasets=_read_datasets(body),
        details=details,
    )


def _read_datasets(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the counts per dataset; raises ValueError, TypeError or AttributeError if they are malformed."""
    found = body.get("datasets") or (body.get("details") or {}).get("datasets") or {}
    rows = dict(found) if isinstance(found, Mapping) else {row["dataset"]: row for row in found}
    for row in rows.values():
        read_counts_of(row)
    return rows
