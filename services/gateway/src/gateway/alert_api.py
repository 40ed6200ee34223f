"""The routes of alerts."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.api import State
from gateway.context import AppContextOf
from gateway.monitoring.incident_list import IncidentView, list_incidents
from sra_shared.service import ProblemError


class SentAlert(BaseModel):
    """One message to the webhook."""

    kind: str
    text: str
    created_at: datetime
    delivered_at: datetime | None = Field(description="Null while delivery is being retried.")
    attempts: int
    last_error: str | None


class AlertReport(BaseModel):
    """Incidents and the messages sent about them."""

    webhook: bool = Field(description="Whether ALERT_WEBHOOK_URL is set.")
    incidents: list[IncidentView]
    alerts: list[SentAlert] = Field(description="Newest first.")


class TestedAlert(BaseModel):
    """The result of a test message."""

    delivered: bool
    error: str | None


@cache
def make_alert_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/alerts", tags=["alerts"], summary="Incidents and the messages sent about them")
    async def get_alerts(app_context: AppContextOf, state: State) -> AlertReport:
        async with state.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT kind, message ->> 'text' AS text, created_at, delivered_at, attempts, last_error FROM alert"
                " ORDER BY alert_id DESC LIMIT 50"
            )
            incidents = await list_incidents(connection)
        alerts = [SentAlert(**dict(row)) for row in rows]
        return AlertReport(webhook=app_context.webhook is not None, incidents=incidents, alerts=alerts)

    @router.post("/alerts/test", tags=["alerts"], summary="Send a test message to the webhook", responses={409: {}})
    async def post_test_alert(app_context: AppContextOf) -> TestedAlert:
        if app_context.webhook is None:
            raise ProblemError(409, "No webhook is set.", next_step="Set ALERT_WEBHOOK_URL on the gateway.")
        lines = ["SRA Data: this is a test alert. Nothing is wrong."]
        problem = await app_context.webhook.send(app_context.webhook.make_message("test", lines, "/"))
        return TestedAlert(delivered=problem is None, error=problem)

    return router
