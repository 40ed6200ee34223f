"""Logging in and out, and the static files, which need no login."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from gateway.api import State
from gateway.context import AppContext, AppContextOf
from gateway.login_sessions import COOKIE, FORM_PREFIX, LoginSession, make_act, redeem_code
from gateway.pages.base import check_form
from gateway.pages.data import PAGE_SECONDS
from gateway.pages.render import STATIC, read_static, render_page
from sra_shared.kit.db import OUTAGE_ERRORS, Connection
from sra_shared.runs.audit import Action, Actor, record_act, record_failed_login
from sra_shared.service import ProblemError, ServiceState
from sra_shared.service.auth import read_address, refuse_stranger

OPEN_PAGES = frozenset(
    (method, path)
    for path, methods in {
        "/login": ("GET", "HEAD", "POST"),
        **{f"/static/{name}": ("GET", "HEAD") for name in STATIC},
    }.items()
    for method in methods
)


def refuse_visitor(request: Request) -> Response:
    """Refuse a request without a token or cookie: browsers get the login page, programs a problem document."""
    is_page = request.url.path == "/" or request.url.path.startswith("/ui/")
    if request.method in ("GET", "HEAD") and is_page and "application/json" not in request.headers.get("accept", ""):
        query = f"?{request.url.query}" if request.url.query else ""
        return _show_login(None, f"{request.url.path}{query}", status_code=401)
    return refuse_stranger(request)


def choose_next(wanted: str) -> str:
    """Return where a login leads: to the requested page if it is one of ours, else to the dashboard."""
    is_ours = wanted.startswith(("/ui/", "/?")) and wanted.isprintable() and "\\" not in wanted
    return wanted if is_ours else "/"


def check_origin(request: Request) -> None:
    """Raise ProblemError if another site's page sent the login, which would log the browser in as somebody else.

    Browsers report the origin in Sec-Fetch-Site, or over plain HTTP in Origin. Programs send neither.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_ours = site in ("same-origin", "none") if site else not origin or _has_host(origin, request.headers.get("host"))
    if not is_ours:
        raise ProblemError(403, "This login came from another site's page.", next_step="Open /login and log in there.")


def _has_host(origin: str, host: str | None) -> bool:
    return origin.lower().partition("://")[2] == (host or "").lower()


def _show_login(message: str | None, wanted: str, *, status_code: int = 200) -> Response:
    return render_page("login.html", status_code=status_code, message=message, next=choose_next(wanted))


def add_login(router: APIRouter) -> None:
    """Add the routes."""

    @router.api_route("/login", methods=["GET", "HEAD"])
    async def show_login() -> Response:
        return _show_login(None, "/")

    @router.post("/login", dependencies=[Depends(check_origin)])
    async def log_in(
        request: Request,
        app_context: AppContextOf,
        state: State,
        token: Annotated[str, Form(max_length=500)] = "",
        wanted: Annotated[str, Form(alias="next", max_length=2000)] = "/",
    ) -> Response:
        # A token is checked despite failed attempts from its address. A code needs a database lookup, so its attempts
        # are limited.
        holder = app_context.sessions.tokens.find(token)
        address = read_address(request)
        if holder is not None:
            session = app_context.sessions.begin(holder)
            app_context.sessions.record(Action.LOGIN, session, address)
            await _write_sessions(app_context, state)
        else:
            found = await _try_code(app_context, state, address, token, wanted)
            if isinstance(found, Response):
                return found
            session = found
        response = RedirectResponse(choose_next(wanted), status_code=303)
        app_context.sessions.set_cookie(request, response, session)
        return response

    @router.post(f"{FORM_PREFIX}logout", dependencies=[Depends(check_form)])
    async def log_out(request: Request, app_context: AppContextOf, state: State) -> Response:
        session = app_context.sessions.read(request)
        if session is not None:
            app_context.sessions.end(session, read_address(request))
            await _write_sessions(app_context, state)
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
        return response

    for name, media_type in STATIC.items():
        router.add_api_route(f"/static/{name}", _make_static(name, media_type), methods=["GET", "HEAD"])


def _make_static(name: str, media_type: str) -> Any:
    async def send_file() -> Response:
        return Response(read_static(name), media_type=media_type, headers={"Cache-Control": "public, max-age=300"})

    return send_file


async def _write_sessions(app_context: AppContext, state: ServiceState) -> None:
    """Record logins and logouts; while the database is down, the probe does so later."""
    database = app_context.probe.system_state.database
    if database.checked_at is not None and not database.responds:
        return
    with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
        async with asyncio.timeout(PAGE_SECONDS), state.pool.acquire() as connection:
            await app_context.sessions.sync(connection)


async def _try_code(
    app_context: AppContext, state: ServiceState, address: str, code: str, wanted: str
) -> LoginSession | Response:
    """Redeem a login code and return its new session, or the page with the reason for the refusal."""
    attempt = await app_context.logins.begin(state.pool, address)
    if isinstance(attempt, int):
        text = f"Too many failed logins: wait {attempt} seconds, or log in with a token."
        page = _show_login(text, wanted, status_code=429)
        page.headers["Retry-After"] = str(attempt)
        return page
    try:
        async with asyncio.timeout(PAGE_SECONDS), state.pool.acquire() as connection:
            session = await _begin_by_code(app_context, connection, code, address)
    except (*OUTAGE_ERRORS, asyncpg.PostgresError):
        await app_context.logins.uncount(state.pool, attempt)
        text = "The database is down, so codes cannot be checked. Log in with a token."
        return _show_login(text, wanted, status_code=503)
    if session is None:
        return _show_login("The token is not valid, or the code is unknown, used or expired.", wanted, status_code=401)
    await app_context.logins.uncount(state.pool, attempt)
    return session


async def _begin_by_code(
    app_context: AppContext, connection: Connection, code: str, address: str
) -> LoginSession | None:
    """Redeem a code and record the login or its failure in the same transaction."""
    async with connection.transaction():
        name = await redeem_code(connection, code)
        # the token that made the code may have been revoked since
        holder = app_context.sessions.tokens.find_named(name) if name is not None else None
        if holder is None:
            await record_failed_login(connection, address)
            return None
        session = app_context.sessions.begin(holder)
        actor = Actor(holder.role, holder.name, address)
        await record_act(connection, actor, make_act(Action.LOGIN, session))
        return session
