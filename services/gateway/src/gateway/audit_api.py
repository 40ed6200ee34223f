"""The JSON route of the audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from gateway.api import State
from sra_shared.kit.named_tokens import Role
from sra_shared.runs.audit import Action, AuditEntry, AuditFilter, SubjectKind, list_audit
from sra_shared.service import ProblemError
from sra_shared.service.actors import CallerOf


def _check_since(value: datetime) -> datetime:
    # near the limits of the calendar, a conversion to UTC overflows
    if not 2000 <= value.year < 9000:
        raise ValueError("the year is not between 2000 and 8999")
    return value


class AuditPage(BaseModel):
    """One page of entries, newest first."""

    entries: list[AuditEntry]
    next_before: int | None = Field(description="The value of `before` for the next page; null on the last one.")


Since = Annotated[AwareDatetime, AfterValidator(_check_since)]


def require_operator(caller: CallerOf) -> None:
    """Raise ProblemError for a viewer, who may not see names and addresses of others; a dependency."""
    if caller.role is not Role.OPERATOR:
        raise ProblemError(403, "A viewer's token may not read the audit.", next_step="Use the token of an operator.")


def read_audit_filter(
    since: Annotated[Since | None, Query(description="Only acts from this time on.")] = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    action: Action | None = None,
    subject_kind: SubjectKind | None = None,
    subject_id: Annotated[str | None, Query(max_length=100, pattern=r"^[\x21-\x7e]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditFilter:
    """Read the filter from the query; a dependency."""
    return AuditFilter(since, before, action, subject_kind, subject_id, limit)


@cache
def make_audit_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["audit"])

    @router.get(
        "/audit", summary="Who did what, newest first", dependencies=[Depends(require_operator)], responses={403: {}}
    )
    async def get_audit(state: State, wanted: Annotated[AuditFilter, Depends(read_audit_filter)]) -> AuditPage:
        async with state.pool.acquire() as connection:
            found = await list_audit(connection, replace(wanted, limit=wanted.limit + 1))
        entries = found[: wanted.limit]
        return AuditPage(entries=entries, next_before=entries[-1].audit_id if len(found) > wanted.limit else None)

    return router
