"""The main pages: dashboard, refresh, runs, views. Rejected rows, login and forms have their own modules."""

from __future__ import annotations

from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api import State
from gateway.context import AppContextOf
from gateway.monitoring.probe import SystemState
from gateway.pages.base import LIVE_PATH, PageRoute, make_common, read_acts, render_message
from gateway.pages.charts import draw_calls, draw_history, draw_timeline
from gateway.pages.data import MOST_COUNTED, list_warnings, read_dashboard, read_view
from gateway.pages.forms import add_forms
from gateway.pages.freshness_table import COLUMNS, NUMBERS, sort_freshness
from gateway.pages.login import add_login
from gateway.pages.reject_forms import add_reject_forms
from gateway.pages.rejects import add_rejects
from gateway.pages.render import render_page
from gateway.pages.run_totals import sum_by_dataset, sum_by_file, sum_counts
from gateway.refresh.result import read_refresh
from sra_shared.runs import list_runs, read_run, read_units
from sra_shared.runs.audit import AuditFilter

_PAGE_RUNS = 50


@cache
def make_page_router() -> APIRouter:
    """Return the routes of all pages; the API description does not include them."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    add_login(router)
    _add_dashboard(router)
    _add_pages(router)
    _add_single_pages(router)
    add_rejects(router)
    add_forms(router)
    add_reject_forms(router)
    return router


def _add_dashboard(router: APIRouter) -> None:
    @router.api_route("/", methods=["GET", "HEAD"])
    async def show_dashboard(request: Request, app_context: AppContextOf, state: State) -> Response:
        common = make_common(request, app_context)
        known = app_context.probe.system_state
        page = await read_dashboard(state.pool, responds=known.database.responds)
        return render_page(
            "dashboard.html",
            **common,
            refresh=common["status"].refresh,
            past=[one for one in known.refreshes if one.completed_at is not None],
            plots=draw_history(known.refreshes),
            calls=draw_calls(page.minutes, read_ceiling(known)) if page.minutes else None,
            freshness=sort_freshness(known.freshness),
            freshness_read_at=known.freshness_read_at,
            freshness_columns=COLUMNS,
            freshness_numbers=NUMBERS,
            page=page,
            most_counted=MOST_COUNTED,
        )

    @router.get(LIVE_PATH)
    async def show_live(request: Request, app_context: AppContextOf, state: State) -> Response:
        common = make_common(request, app_context)
        shown = common["status"].refresh
        if shown is not None:
            async with state.pool.acquire() as connection:
                shown = await read_refresh(connection, shown.refresh_id)
        return render_page("live.html", **common, refresh=shown)


def read_ceiling(known: SystemState) -> int | None:
    """Return the calls a minute that FMP's service allows itself, from its last response."""
    part = known.services.get("fmp_ingest")
    limit = part.details.get("fmp_max_calls_per_minute") if part is not None else None
    return limit if isinstance(limit, int) else None


def _add_pages(router: APIRouter) -> None:
    @router.get("/ui/refresh/{refresh_id}")
    async def show_refresh(refresh_id: UUID, request: Request, app_context: AppContextOf, state: State) -> Response:
        async with state.pool.acquire() as connection:
            refresh = await read_refresh(connection, refresh_id)
            acts = await read_acts(request, connection, AuditFilter(subject_id=str(refresh_id)))
        if refresh is None:
            return render_message(
                request, app_context, "Not found", f"Refresh {refresh_id} does not exist.", status_code=404
            )
        common = make_common(request, app_context)
        return render_page("refresh.html", **common, refresh=refresh, timeline=draw_timeline(refresh), acts=acts)

    @router.get("/ui/runs")
    async def show_runs(
        request: Request, app_context: AppContextOf, state: State, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0
    ) -> Response:
        async with state.pool.acquire() as connection:
            runs = await list_runs(connection, limit=_PAGE_RUNS + 1, offset=offset)
        return render_page(
            "runs.html",
            **make_common(request, app_context),
            runs=runs[:_PAGE_RUNS],
            next_offset=offset + _PAGE_RUNS if len(runs) > _PAGE_RUNS else None,
        )


def _add_single_pages(router: APIRouter) -> None:
    @router.get("/ui/runs/{task_id}")
    async def show_run(
        task_id: UUID,
        request: Request,
        app_context: AppContextOf,
        state: State,
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    ) -> Response:
        async with state.pool.acquire() as connection:
            run = await read_run(connection, task_id)
            units = await read_units(connection, task_id)
            warnings = await list_warnings(connection, task_id, after=after)
            acts = await read_acts(request, connection, AuditFilter(subject_id=str(task_id)))
        if run is None:
            return render_message(request, app_context, "Not found", f"Run {task_id} does not exist.", status_code=404)
        total, files = sum_counts(units), sum_by_file(units)
        return render_page(
            "run.html",
            **make_common(request, app_context),
            run=run,
            units=units,
            total=total,
            datasets=sum_by_dataset(units),
            files=files,
            files_total=sum_counts(files),
            warnings=warnings,
            warnings_total=sum(total.warnings_by.values()),
            after=after,
            acts=acts,
        )

    @router.get("/ui/views/{relation}")
    async def show_view(relation: str, request: Request, app_context: AppContextOf, state: State) -> Response:
        async with state.pool.acquire() as connection:
            view = await read_view(connection, relation)
        if view is None:
            return render_message(
                request, app_context, "Not found", "No view with this name is published.", status_code=404
            )
        return render_page("view.html", **make_common(request, app_context), view=view)
