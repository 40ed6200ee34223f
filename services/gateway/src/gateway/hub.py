"""What the gateway's routes share: the known state, the schedule, the login sessions, the other services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from gateway.alerts.delivery import Webhook
from gateway.login_limit import LoginLimit
from gateway.probe import Probe
from gateway.refresh.model import Step
from gateway.refresh.peers import Peer
from gateway.schedule import Scheduler
from gateway.sessions import SessionKeeper


@dataclass
class Hub:
    """One per application."""

    probe: Probe
    scheduler: Scheduler
    sessions: SessionKeeper
    webhook: Webhook | None
    peers: Mapping[Step, Peer]
    logins: LoginLimit = field(default_factory=LoginLimit)


def get_hub(request: Request) -> Hub:
    """Return the application's hub; a FastAPI dependency."""
    hub: Hub = request.app.state.hub
    return hub


HubOf = Annotated[Hub, Depends(get_hub)]
