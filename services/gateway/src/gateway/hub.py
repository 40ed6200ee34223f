"""What the gateway's routes share: the last known state, the schedule, the sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from gateway.probe import Probe
from gateway.schedule import Scheduler
from gateway.sessions import FailureLimit, SessionKeeper


@dataclass
class Hub:
    """One per application."""

    probe: Probe
    scheduler: Scheduler
    sessions: SessionKeeper
    window_minutes: int
    failures: FailureLimit = field(default_factory=FailureLimit)


def get_hub(request: Request) -> Hub:
    """Return the application's hub; a FastAPI dependency."""
    hub: Hub = request.app.state.hub
    return hub


HubOf = Annotated[Hub, Depends(get_hub)]
