"""The pages that people open: dashboard, refresh, runs, views; rejected rows, login and forms are beside this."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api import State
from gateway.charts import draw_calls, draw_history, draw_timeline
from gateway.hub import HubOf
from gateway.page_base import LIVE_PATH, PageRoute, make_common, say
from gateway.page_data import list_warnings, read_dashboard, read_view
from gateway.page_forms import add_forms
from gateway.page_login import add_login
from gateway.page_rejects import add_rejects
from gateway.refresh.result import read_refresh
from gateway.render import render_page
from sra_shared.runs import list_runs, read_run, read_units

_FRESHNESS_COLUMNS = {
    "dataset": "Dataset",
    "newest_record": "newest",
    "expected_record": "expected",
    "expected_at": "by",
    "lag_sessions": "late by",
    "last_success_at": "last success",
    "rows_stored": "stored",
    "rows_rejected": "rejected",
    "published_at": "published",
}
_PAGE_RUNS = 50


def make_page_router() -> APIRouter:
    """Return the routes of all pages; none of them stands in the API description."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    add_login(router)
    _add_dashboard(router)
    _add_pages(router)
    add_rejects(router)
    add_forms(router)
    return router


def _add_dashboard(router: APIRouter) -> None:
    @router.api_route("/", methods=["GET", "HEAD"])
    async def show_dashboard(request: Request, hub: HubOf, state: State) -> Response:
        common = make_common(request, hub)
        known = hub.probe.knowledge
        page = await read_dashboard(state.pool)
        return render_page(
            "dashboard.html",
            **common,
            refresh=common["status"].refresh,
            past=[one for one in known.refreshes if one.completed_at is not None],
            plots=draw_history(known.refreshes),
            calls=draw_calls(page.minutes) if page is not None and page.minutes else None,
            # what a market's calendar watches comes first
            freshness=sorted(
                (row for row in known.freshness if row.get("source") != "views"),
                key=lambda row: {True: 0, False: 1}.get(row.get("is_late"), 2),
            ),
            freshness_columns=_FRESHNESS_COLUMNS,
            page=page,
        )

    @router.get(LIVE_PATH)
    async def show_live(request: Request, hub: HubOf, state: State) -> Response:
        common = make_common(request, hub)
        shown = common["status"].refresh
        if shown is not None:
            async with state.pool.acquire() as connection:
                shown = await read_refresh(connection, shown.refresh_id)
        return render_page("live.html", **common, refresh=shown)


def _add_pages(router: APIRouter) -> None:
    @router.get("/ui/refresh/{refresh_id}")
    async def show_refresh(refresh_id: UUID, request: Request, hub: HubOf, state: State) -> Response:
        async with state.pool.acquire() as connection:
            refresh = await read_refresh(connection, refresh_id)
        if refresh is None:
            return say(request, hub, "Not here", f"There is no refresh {refresh_id}.", status_code=404)
        common = make_common(request, hub)
        return render_page("refresh.html", **common, refresh=refresh, timeline=draw_timeline(refresh))

    @router.get("/ui/runs")
    async def show_runs(
        request: Request, hub: HubOf, state: State, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0
    ) -> Response:
        async with state.pool.acquire() as connection:
            runs = await list_runs(connection, limit=_PAGE_RUNS + 1, offset=offset)
        return render_page(
            "runs.html",
            **make_common(request, hub),
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
            return say(request, hub, "Not here", f"There is no run {task_id}.", status_code=404)
        return render_page("run.html", **make_common(request, hub), run=run, units=units, warnings=warnings)

    @router.get("/ui/views/{relation}")
    async def show_view(relation: str, request: Request, hub: HubOf, state: State) -> Response:
        async with state.pool.acquire() as connection:
            view = await read_view(connection, relation)
        if view is None:
            return say(request, hub, "Not here", "No view of this name is published.", status_code=404)
        return render_page("view.html", **make_common(request, hub), view=view)
