"""What all pages share: common values, the check of forms, and the page for an outage."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import asyncpg
from fastapi import Form, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from gateway.api import report_status
from gateway.context import AppContext, AppContextOf, get_app_context
from gateway.pages.render import render_page
from sra_shared.kit.db import OUTAGE_ERRORS, Connection
from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.kit.named_tokens import Role
from sra_shared.runs.audit import AuditEntry, AuditFilter, list_audit
from sra_shared.service import Access, ProblemError
from sra_shared.service.actors import read_caller

LIVE_PATH = "/ui/live"
# seconds that a page may take to load
_SECONDS = 20.0


def check_form(
    request: Request, app_context: AppContextOf, form_token: Annotated[str, Form(max_length=100)] = ""
) -> None:
    """Raise ProblemError unless the form came from a page of this login session."""
    session = app_context.sessions.read(request)
    if session is None or not hmac.compare_digest(session.form_token.encode(), form_token.encode()):
        raise ProblemError(403, "This form does not belong to this login session.", next_step="Load the page again.")


def make_common(request: Request, app_context: AppContext) -> dict[str, Any]:
    """Return the values that every template gets."""
    session = app_context.sessions.read(request)
    return {
        "status": report_status(app_context),
        "session": session,
        "form_token": session.form_token if session else "",
        "may_change": session is not None and session.caller.access is Access.CHANGE,
        "path": request.url.path,
    }


async def read_acts(request: Request, connection: Connection, wanted: AuditFilter) -> list[AuditEntry]:
    """Return the audit's entries for a page; none for a viewer."""
    if read_caller(request).role is not Role.OPERATOR:
        return []
    return await list_audit(connection, wanted)


def render_message(request: Request, app_context: AppContext, title: str, text: str, *, status_code: int) -> Response:
    """Return a page with one sentence."""
    return render_page(
        "message.html", status_code=status_code, **make_common(request, app_context), title=title, text=text
    )


class PageRoute(APIRoute):
    """A route that reports an outage on a page instead of in a problem document."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handle_outage(request: Request) -> Response:
            app_context = get_app_context(request)
            try:
                async with asyncio.timeout(_SECONDS):
                    return await handle(request)
            except (*OUTAGE_ERRORS, asyncpg.UndefinedTableError) as error:
                if request.method != "GET" or request.url.path == LIVE_PATH:
                    raise
                is_slow = isinstance(error, TimeoutError) and app_context.probe.system_state.database.responds
                why = "takes too long to respond" if is_slow else "is down"
                text = f"The database {why}, so this page has nothing to show. Reload it in a minute."
                return render_message(request, app_context, "Not now", text, status_code=503)
            except (RetryableError, FatalError) as error:
                return render_message(request, app_context, "Not done", str(error), status_code=503)

        return handle_outage
