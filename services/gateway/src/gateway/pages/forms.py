"""The forms of the pages; each checks the token of its login session first."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from gateway.api import State, set_paused, start_refresh
from gateway.context import AppContextOf
from gateway.login_sessions import FORM_PREFIX
from gateway.pages.base import check_form
from gateway.refresh.model import SOURCES, STEP_OF, RefreshParameters
from sra_shared.kit.errors import ConfigError
from sra_shared.runs import TaskType, make_release_request, read_run, read_units, request_cancel
from sra_shared.service import ProblemError
from sra_shared.service.actors import CallerOf


def add_forms(router: APIRouter) -> None:
    """Add the routes."""
    _add_refresh_forms(router)
    _add_run_forms(router)


def _add_refresh_forms(router: APIRouter) -> None:
    checked = [Depends(check_form)]

    @router.post(f"{FORM_PREFIX}refresh", dependencies=checked)
    async def trigger(
        request: Request,
        state: State,
        caller: CallerOf,
        source: Annotated[str, Form(max_length=20)] = "all",
        weekly: Annotated[str, Form()] = "",
    ) -> Response:
        if source not in ("all", *SOURCES):
            raise ProblemError(422, "This source does not exist.", next_step=f"Use one of all, {', '.join(SOURCES)}.")
        sources = [one for one in SOURCES if source in ("all", one)]
        started = await start_refresh(state, RefreshParameters(sources=sources, weekly=weekly == "1"), by=caller)
        request.state.run_id = started.refresh_id
        return redirect_to("/")

    @router.post(f"{FORM_PREFIX}pause", dependencies=checked)
    async def pause(app_context: AppContextOf, state: State, caller: CallerOf) -> Response:
        await set_paused(app_context, state, paused=True, by=caller)
        return redirect_to("/")

    @router.post(f"{FORM_PREFIX}resume", dependencies=checked)
    async def resume(app_context: AppContextOf, state: State, caller: CallerOf) -> Response:
        await set_paused(app_context, state, paused=False, by=caller)
        return redirect_to("/")


def _add_run_forms(router: APIRouter) -> None:
    checked = [Depends(check_form)]

    @router.post(f"{FORM_PREFIX}cancel", dependencies=checked)
    async def cancel(request: Request, state: State, caller: CallerOf, run_id: Annotated[UUID, Form()]) -> Response:
        request.state.run_id = run_id
        async with state.pool.acquire() as connection, connection.transaction():
            task = await request_cancel(connection, run_id, timing=state.definition.timing, by=caller)
        is_refresh = task is None or task.task_type is TaskType.UNIFIED_REFRESH
        return redirect_to("/" if is_refresh else f"/ui/runs/{run_id}")

    @router.post(f"{FORM_PREFIX}release", dependencies=checked)
    async def release(
        request: Request, app_context: AppContextOf, state: State, caller: CallerOf, run_id: Annotated[UUID, Form()]
    ) -> Response:
        request.state.run_id = run_id
        async with state.pool.acquire() as connection:
            task = await read_run(connection, run_id)
            units = await read_units(connection, run_id)
        if task is None:
            raise ProblemError(404, f"Run {run_id} does not exist.", next_step="See the list of runs.")
        step = STEP_OF.get(task.task_type)
        if step is None:
            raise ProblemError(
                409, "A refresh itself cannot be released.", next_step="Release the held run of its step."
            )
        try:
            wanted = make_release_request(task, units)
        except ConfigError as error:
            raise ProblemError(409, error.message, next_step=error.next_step) from error
        started = await app_context.clients[step].start_run(
            task.task_type, parent_id=task.task_id, parameters=wanted.parameters, key=f"release:{run_id}", by=caller
        )
        return redirect_to(f"/ui/runs/{started.task_id}")


def redirect_to(address: str) -> Response:
    """Redirect a submitted form to the page that shows its result."""
    return RedirectResponse(address, status_code=303)
