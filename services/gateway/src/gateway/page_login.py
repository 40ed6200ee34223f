"""Logging in and out, and the static files, which need no login."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from gateway.api import State
from gateway.hub import HubOf
from gateway.page_base import check_form
from gateway.page_data import PAGE_SECONDS
from gateway.render import STATIC, read_static, render_page
from gateway.sessions import COOKIE, FORM_PREFIX, use_code
from sra_shared.db import OUTAGE_ERRORS
from sra_shared.service import Access, ServiceState
from sra_shared.service.auth import refuse_stranger

OPEN_PAGES = frozenset(
    (method, path)
    for path, methods in {
        "/login": ("GET", "HEAD", "POST"),
        **{f"/static/{name}": ("GET", "HEAD") for name in STATIC},
    }.items()
    for method in methods
)


def refuse_visitor(request: Request) -> Response:
    """Answer a request without token or cookie: people get the login page, programs a problem document."""
    is_page = request.url.path == "/" or request.url.path.startswith("/ui/")
    if request.method in ("GET", "HEAD") and is_page and "application/json" not in request.headers.get("accept", ""):
        return render_page("login.html", status_code=401, message=None)
    return refuse_stranger(request)


def add_login(router: APIRouter) -> None:
    """Add the routes."""

    @router.api_route("/login", methods=["GET", "HEAD"])
    async def show_login() -> Response:
        return render_page("login.html", message=None)

    @router.post("/login")
    async def log_in(
        request: Request, hub: HubOf, state: State, token: Annotated[str, Form(max_length=500)] = ""
    ) -> Response:
        address = request.client.host if request.client else "unknown"
        wait = await hub.logins.find_wait(state.pool, address)
        if wait:
            page = render_page("login.html", status_code=429, message=f"Too many failed logins: wait {wait} seconds.")
            page.headers["Retry-After"] = str(wait)
            return page
        try:
            access = hub.sessions.find_access(token) or await _use_code(state, token)
        except (*OUTAGE_ERRORS, asyncpg.PostgresError):
            told = "The database is away, so that codes cannot be checked: use a token."
            return render_page("login.html", status_code=503, message=told)
        if access is None:
            await hub.logins.note_failure(state.pool, address)
            told = "That is no valid token, nor a code that can still be used."
            return render_page("login.html", status_code=401, message=told)
        answer = RedirectResponse("/", status_code=303)
        hub.sessions.set_cookie(request, answer, access)
        return answer

    @router.post(f"{FORM_PREFIX}logout", dependencies=[Depends(check_form)])
    async def log_out(request: Request, hub: HubOf, state: State) -> Response:
        session = hub.sessions.read(request)
        if session is not None:
            hub.sessions.end(session)
            # while the database is away, the probe writes it down later
            with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
                async with asyncio.timeout(PAGE_SECONDS), state.pool.acquire() as connection:
                    await hub.sessions.sync(connection)
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
