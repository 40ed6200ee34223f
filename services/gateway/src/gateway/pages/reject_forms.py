"""The forms on the page of rejected rows: replay, dismiss and reopen rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from gateway.api import State
from gateway.context import AppContext, AppContextOf
from gateway.login_sessions import FORM_PREFIX
from gateway.pages.base import check_form
from gateway.pages.forms import redirect_to
from gateway.pages.rejects import FILTERS
from gateway.refresh.model import Step
from gateway.reject_list import dismiss_for
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.runs.audit import Actor
from sra_shared.runs.reject_state import REJECT_IS_OPEN
from sra_shared.runs.rejects import (
    MOST_IDS,
    REPLAY_TASKS,
    make_replay_request,
    reopen_rejects,
)
from sra_shared.service import ProblemError
from sra_shared.service.actors import CallerOf

_STEPS = {"fundata": Step.FUNDATA_DATA, "fmp": Step.FMP}
_SQL_SOURCES = compose(
    """
SELECT DISTINCT source FROM rejected_record WHERE dataset = $1 AND {reject_is_open}
""",
    reject_is_open=REJECT_IS_OPEN,
)
_SQL_SOURCE_OF = "SELECT reject_id, source FROM rejected_record WHERE reject_id = ANY($1::bigint[])"

RejectId = Annotated[int, Form(ge=1, lt=2**63)]
Back = Annotated[str, Form(max_length=1000)]


def add_reject_forms(router: APIRouter) -> None:
    """Add the routes."""
    checked = [Depends(check_form)]

    @router.post(f"{FORM_PREFIX}replay", dependencies=checked)
    async def replay(
        app_context: AppContextOf,
        state: State,
        caller: CallerOf,
        dataset: Annotated[str, Form(max_length=100)] = "",
        reject_id: Annotated[list[RejectId] | None, Form(max_length=MOST_IDS)] = None,
        back: Back = "",
    ) -> Response:
        if not dataset and not reject_id:
            raise ProblemError(422, "No row was selected.", next_step="Select a row, or filter by a dataset.")
        async with state.pool.acquire() as connection:
            parts = await _split(connection, dataset, sorted(set(reject_id or [])))
        started = [await _start_replay(app_context, source, dataset, ids, by=caller) for source, ids in parts.items()]
        return redirect_to(_write_back(back, ("replay", str(started[0]))))

    @router.post(f"{FORM_PREFIX}dismiss", dependencies=checked)
    async def dismiss(
        state: State,
        caller: CallerOf,
        reject_id: Annotated[list[RejectId], Form(min_length=1, max_length=MOST_IDS)],
        why: Annotated[str, Form(max_length=2000)] = "",
        back: Back = "",
    ) -> Response:
        async with state.pool.acquire() as connection, connection.transaction():
            await dismiss_for(connection, reject_id, why=why, by=caller)
        return redirect_to(_write_back(back))

    @router.post(f"{FORM_PREFIX}reopen", dependencies=checked)
    async def reopen(
        state: State,
        caller: CallerOf,
        reject_id: Annotated[list[RejectId], Form(min_length=1, max_length=MOST_IDS)],
        back: Back = "",
    ) -> Response:
        async with state.pool.acquire() as connection, connection.transaction():
            await reopen_rejects(connection, reject_id, by=caller)
        return redirect_to(_write_back(back))


async def _split(connection: Connection, dataset: str, reject_ids: Sequence[int]) -> dict[str, list[int]]:
    """Group ids by the source whose service replays them; unknown ids go to Fundata's service, which reports them."""
    if not reject_ids:
        found = [row["source"] for row in await connection.fetch(_SQL_SOURCES, dataset)]
        return {source: [] for source in found or ["fundata"]}
    source_of = {row["reject_id"]: row["source"] for row in await connection.fetch(_SQL_SOURCE_OF, reject_ids)}
    parts: dict[str, list[int]] = {}
    for reject_id in reject_ids:
        parts.setdefault(source_of.get(reject_id, "fundata"), []).append(reject_id)
    return parts


async def _start_replay(
    app_context: AppContext, source: str, dataset: str, reject_ids: Sequence[int], *, by: Actor
) -> UUID:
    wanted = make_replay_request(source, dataset=dataset or None, reject_ids=reject_ids or None)
    client = app_context.clients[_STEPS[source]]
    return (await client.start_run(REPLAY_TASKS[source], parameters=wanted.parameters, by=by)).task_id


def _write_back(back: str, *more: tuple[str, str]) -> str:
    """Return the address of the list that the form was on; only known parameters are taken from the form."""
    kept = [(name, value) for name, value in parse_qsl(back) if name in FILTERS]
    query = urlencode([*kept, *more])
    return f"/ui/rejects?{query}" if query else "/ui/rejects"
