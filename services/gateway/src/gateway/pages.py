"""The pages that people open: dashboard, refresh, runs, rejected rows, login, and the forms on them."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse, Response

from gateway.api import State, report_status, set_paused, start_refresh
from gateway.charts import draw_history
from gateway.hub import Hub, HubOf, get_hub
from gateway.page_data import PAGE_SECONDS, RejectFilter, list_rejects, list_warnings, read_dashboard
from gateway.refresh.model import SOURCES, RefreshParameters
from gateway.refresh.result import read_refresh
from gateway.render import STATIC, read_static, render_page
from gateway.sessions import COOKIE, FORM_PREFIX, use_code
from sra_shared.db import OUTAGE_ERRORS
from sra_shared.runs import list_runs, read_run, read_units, request_cancel
from sra_shared.service import Access, ProblemError, ServiceState
from sra_shared.service.auth import refuse_stranger

OPEN_PAGES = frozenset(
    (method, path)
    for path, methods in {
        "/login": ("GET", "HEAD", "POST"),
        **{f"/static/{name}": ("GET", "HEAD") for name in STATIC},
    }.items()
    for method in methods
)
_FRESHNESS_COLUMNS = {
    "source": "source",
    "dataset": "dataset",
    "newest_record": "newest record",
    "expected_record": "expected",
    "lag_sessions": "sessions late",
    "last_success_at": "last success",
    "rows_stored": "stored",
    "rows_rejected": "rejected",
    "published_at": "published",
}
_PAGE_RUNS = 50


def refuse_visitor(request: Request) -> Response:
    """Answer a request without token or cookie: people get the login page, programs a problem document."""
    is_page = request.url.path == "/" or request.url.path.startswith("/ui/")
    if request.method in ("GET", "HEAD") and is_page and "application/json" not in request.headers.get("accept", ""):
        return render_page("login.html", status_code=401, message=None)
    return refuse_stranger(request)


def check_form(request: Request, hub: HubOf, form_token: Annotated[str, Form(max_length=100)] = "") -> None:
    """Raise ProblemError unless the form came from a page of this session."""
    session = hub.sessions.read(request)
    if session is None or not hmac.compare_digest(session.form_token.encode(), form_token.encode()):
        raise ProblemError(403, "This form is not from a page of this session.", next_step="Load the page again.")


class PageRoute(APIRoute):
    """A route that tells people on a page, not in a problem document, that the database is away."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handle_outage(request: Request) -> Response:
            try:
                return await handle(request)
            except (*OUTAGE_ERRORS, asyncpg.UndefinedTableError):
                if request.method != "GET" or request.url.path == "/ui/live":
                    raise
                common = _common(request, get_hub(request))
                text = "The database is away, so that this page has nothing to show. Load it again in a minute."
                return render_page("message.html", status_code=503, **common, title="Not now", text=text)

        return handle_outage


def make_page_router() -> APIRouter:
    """Return the routes of all pages; none of them stands in the API description."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    _add_login(router)
    _add_pages(router)
    _add_forms(router)
    return router


def _add_login(router: APIRouter) -> None:
    @router.api_route("/login", methods=["GET", "HEAD"])
    async def show_login() -> Response:
        return render_page("login.html", message=None)

    @router.post("/login")
    async def log_in(
        request: Request, hub: HubOf, state: State, token: Annotated[str, Form(max_length=500)] = ""
    ) -> Response:
        address = request.client.host if request.client else "unknown"
        wait = hub.failures.find_wait(address)
        if wait:
            page = render_page("login.html", status_code=429, message=f"Too many failed logins: wait {wait} seconds.")
            page.headers["Retry-After"] = str(wait)
            return page
        try:
            access = hub.sessions.find_access(token) or await _use_code(state, token)
        except (*OUTAGE_ERRORS, asyncpg.PostgresError):
            return render_page(
                "login.html",
                status_code=503,
                message="The database is away, so that codes cannot be checked: use a token.",
            )
        if access is None:
            hub.failures.note_failure(address)
            return render_page(
                "login.html", status_code=401, message="That is no valid token, nor a code that can still be used."
            )
        answer = RedirectResponse("/", status_code=303)
        hub.sessions.set_cookie(request, answer, access)
        return answer

    @router.post(f"{FORM_PREFIX}logout", dependencies=[Depends(check_form)])
    async def log_out() -> Response:
        answer = RedirectResponse("/login", status_code=303)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    for name, media_type in STATIC.items():
        router.add_api_route(f"/static/{name}", _make_static(name, media_type), methods=["GET", "HEAD"])


def _make_static(name: str, media_type: str) -> Any:
    async def send_file() -> Response:
        return Response(read_static(name), media_type=media_type, headers={"Cache-Control": "public, max-age=300"})

    return send_file


async def _use_code(state: ServiceState, code: str) -> Access | None:
    async with asyncio.timeout(PAGE_SECONDS), state.pool.acquire() as connection:
        return await use_code(connection, code)


def _common(request: Request, hub: Hub) -> dict[str, Any]:
    session = hub.sessions.read(request)
    return {
        "status": report_status(hub),
        "session": session,
        "form_token": session.form_token if session else "",
        "may_change": session is not None and session.access is Access.CHANGE,
    }


def _add_pages(router: APIRouter) -> None:
    @router.api_route("/", methods=["GET", "HEAD"])
    async def show_dashboard(request: Request, hub: HubOf, state: State) -> Response:
        common = _common(request, hub)
        known = hub.probe.knowledge
        return render_page(
            "dashboard.html",
            **common,
            refresh=common["status"].refresh,
            past=[one for one in known.refreshes if one.completed_at is not None],
            chart=draw_history(known.refreshes),
            # what a market's calendar watches comes first
            freshness=sorted(
                (row for row in known.freshness if row.get("source") != "views"),
                key=lambda row: {True: 0, False: 1}.get(row.get("is_late"), 2),
            ),
            freshness_columns=_FRESHNESS_COLUMNS,
            page=await read_dashboard(state.pool),
        )

    @router.get("/ui/live")
    async def show_live(request: Request, hub: HubOf, state: State) -> Response:
        common = _common(request, hub)
        shown = common["status"].refresh
        if shown is not None:
            async with state.pool.acquire() as connection:
                shown = await read_refresh(connection, shown.refresh_id)
        return render_page("live.html", **common, refresh=shown)

    @router.get("/ui/refresh/{refresh_id}")
    async def show_refresh(refresh_id: UUID, request: Request, hub: HubOf, state: State) -> Response:
        async with state.pool.acquire() as connection:
            refresh = await read_refresh(connection, refresh_id)
        if refresh is None:
            return _say_missing(request, hub, f"There is no refresh {refresh_id}.")
        return render_page("refresh.html", **_common(request, hub), refresh=refresh)

    @router.get("/ui/runs")
    async def show_runs(
        request: Request, hub: HubOf, state: State, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0
    ) -> Response:
        async with state.pool.acquire() as connection:
            runs = await list_runs(connection, limit=_PAGE_RUNS + 1, offset=offset)
        return render_page(
            "runs.html",
            **_common(request, hub),
            runs=runs[:_PAGE_RUNS],
            next_offset=offset + _PAGE_RUNS if len(runs) > _PAGE_RUNS else None,
        )

    @router.get("/ui/runs/{task_id}")
    async def show_run(task_id: UUID, request: Request, hub: HubOf, state: State) -> Response:
        async with state.pool.acquire() as connection:
            run = await read_run(connection, task_id)
            units = await read_units(connection, task_id)
            warnings = await list_warnings(connection, task_id)
        if run is None:
            return _say_missing(request, hub, f"There is no run {task_id}.")
        return render_page("run.html", **_common(request, hub), run=run, units=units, warnings=warnings)

    @router.get("/ui/rejects")
    async def show_rejects(
        request: Request,
        hub: HubOf,
        state: State,
        dataset: Annotated[str, Query(max_length=100)] = "",
        reason: Annotated[str, Query(max_length=100)] = "",
        run_id: Annotated[str, Query(max_length=36, pattern=r"^[0-9a-fA-F-]*$")] = "",
        resolved: bool = False,
        before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    ) -> Response:
        wanted = RejectFilter(dataset or None, reason or None, _read_id(run_id), resolved, before)
        async with state.pool.acquire() as connection:
            rejects = await list_rejects(connection, replace(wanted, limit=wanted.limit + 1))
        more = len(rejects) > wanted.limit
        rejects = rejects[: wanted.limit]
        query = {"dataset": dataset, "reason": reason, "run_id": run_id, "resolved": str(resolved).lower()}
        return render_page(
            "rejects.html",
            **_common(request, hub),
            rejects=rejects,
            filter=wanted,
            filter_query=urlencode({name: value for name, value in query.items() if value}),
            next_before=rejects[-1]["reject_id"] if more else None,
        )


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise ProblemError(422, "run_id is no run's id.", next_step="Copy it from the list of runs.") from None


def _say_missing(request: Request, hub: Hub, text: str) -> Response:
    return render_page("message.html", status_code=404, **_common(request, hub), title="Not here", text=text)


def _add_forms(router: APIRouter) -> None:
    checked = [Depends(check_form)]

    @router.post(f"{FORM_PREFIX}refresh", dependencies=checked)
    async def trigger(
        state: State, source: Annotated[str, Form(max_length=20)] = "all", weekly: Annotated[str, Form()] = ""
    ) -> Response:
        if source not in ("all", *SOURCES):
            raise ProblemError(422, "There is no such source.", next_step=f"It is one of all, {', '.join(SOURCES)}.")
        sources = [one for one in SOURCES if source in ("all", one)]
        await start_refresh(state, RefreshParameters(sources=sources, weekly=weekly == "1"))
        return RedirectResponse("/", status_code=303)

    @router.post(f"{FORM_PREFIX}cancel", dependencies=checked)
    async def cancel(state: State, run_id: Annotated[UUID, Form()]) -> Response:
        async with state.pool.acquire() as connection, connection.transaction():
            await request_cancel(connection, run_id)
        return RedirectResponse("/", status_code=303)

    @router.post(f"{FORM_PREFIX}pause", dependencies=checked)
    async def pause(hub: HubOf, state: State) -> Response:
        await set_paused(hub, state, paused=True)
        return RedirectResponse("/", status_code=303)

    @router.post(f"{FORM_PREFIX}resume", dependencies=checked)
    async def resume(hub: HubOf, state: State) -> Response:
        await set_paused(hub, state, paused=False)
        return RedirectResponse("/", status_code=303)
