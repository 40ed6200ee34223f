"""What the gateway's routes share: the known state, the schedule, the login sessions, the other services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from gateway.alerts.delivery import Webhook
from gateway.login_limit import LoginLimit
from gateway.login_sessions import LoginSessions
from gateway.monitoring.probe import Probe
from gateway.refresh.model import Step
from gateway.refresh.schedule import Scheduler
from gateway.refresh.service_client import ServiceClient


@dataclass
class AppContext:
    """One per application."""

    probe: Probe
    scheduler: Scheduler
    sessions: LoginSessions
    webhook: Webhook | None
    clients: Mapping[Step, ServiceClient]
    logins: LoginLimit = field(default_factory=LoginLimit)


def get_app_context(request: Request) -> AppContext:
    """Return the application's context; a FastAPI dependency."""
    app_context: AppContext = request.app.state.app_context
    return app_context


AppContextOf = Annotated[AppContext, Depends(get_app_context)]
