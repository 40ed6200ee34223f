"""Incidents as API and pages show them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from sra_shared.kit.db import Connection

_RECENT = 20


class IncidentView(BaseModel):
    """One problem, from its beginning to its end."""

    subject: str = Field(
        description="service:NAME, stale:SOURCE:DATASET, rejects:TASK_TYPE, run:TASK_TYPE or database."
    )
    kind: str
    detail: str = Field(description="The problem and what to do.")
    began_at: datetime
    ended_at: datetime | None = Field(description="Null while it lasts.")


async def list_incidents(connection: Connection) -> list[IncidentView]:
    """Return the open incidents, then the newest closed ones."""
    rows = await connection.fetch(
        "SELECT subject, kind, detail, began_at, ended_at FROM incident ORDER BY ended_at IS NOT NULL, began_at DESC LIMIT $1",
        _RECENT,
    )
    return [IncidentView(**dict(row)) for row in rows]
