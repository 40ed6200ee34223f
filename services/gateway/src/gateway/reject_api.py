"""The JSON routes of rejected rows: list, dismiss and reopen them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.api import State
from gateway.reject_list import RejectFilter, dismiss_for, list_rejects, read_filter
from sra_shared.runs.rejects import MOST_IDS, MOST_WHY, Verdicts, reopen_rejects
from sra_shared.service.actors import CallerOf

RejectId = Annotated[int, Field(ge=1, lt=2**63)]


class RejectView(BaseModel):
    """One rejected row."""

    reject_id: int
    source: str
    dataset: str
    file_path: str | None = Field(description="File, or the path of the call.")
    line: int | None
    record_key: str | None
    reason: str
    detail: str | None
    raw: str = Field(description="The first characters of the row as delivered.")
    raw_bytes: int
    run_id: UUID = Field(description="The run that read it first.")
    created_at: datetime
    seen_count: int = Field(description="Deliveries that contained it.")
    last_seen_at: datetime
    last_run_id: UUID = Field(description="The run that read it last.")
    resolved_at: datetime | None
    resolution: str | None
    dismissed_at: datetime | None
    dismissed_by: str | None
    dismissal: str | None = Field(description="Why it was dismissed.")


class RejectPage(BaseModel):
    """One page of rejected rows, newest first."""

    rejects: list[RejectView]
    next_before: int | None = Field(description="The value of `before` for the next page; null on the last one.")


class DismissBody(BaseModel):
    """Rejects to dismiss, and the reason."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reject_ids: list[RejectId] = Field(min_length=1, max_length=MOST_IDS)
    why: str = Field(min_length=1, max_length=MOST_WHY)


class ReopenBody(BaseModel):
    """Rejects to reopen."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reject_ids: list[RejectId] = Field(min_length=1, max_length=MOST_IDS)


class VerdictReport(BaseModel):
    """The result of a dismissal or a reopening."""

    changed: list[int]
    left: dict[int, str] = Field(description="Rejects that did not change, by id, and the reason.")


@cache
def make_reject_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["rejects"])

    @router.get("/rejects", summary="List rejected rows, newest first")
    async def get_rejects(
        state: State,
        wanted: Annotated[RejectFilter, Depends(read_filter)],
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> RejectPage:
        async with state.pool.acquire() as connection:
            rows = await list_rejects(connection, replace(wanted, limit=limit + 1))
        found = [RejectView.model_validate(row) for row in rows[:limit]]
        return RejectPage(rejects=found, next_before=found[-1].reject_id if len(rows) > limit else None)

    @router.post("/rejects/dismiss", summary="Dismiss rejected rows, with a reason")
    async def post_dismissal(state: State, caller: CallerOf, body: DismissBody) -> VerdictReport:
        async with state.pool.acquire() as connection, connection.transaction():
            return _report(await dismiss_for(connection, body.reject_ids, why=body.why, by=caller))

    @router.post("/rejects/reopen", summary="Reopen dismissed rows")
    async def post_reopening(state: State, caller: CallerOf, body: ReopenBody) -> VerdictReport:
        async with state.pool.acquire() as connection, connection.transaction():
            return _report(await reopen_rejects(connection, body.reject_ids, by=caller))

    return router


def _report(verdicts: Verdicts) -> VerdictReport:
    return VerdictReport(changed=verdicts.changed, left=verdicts.left)
