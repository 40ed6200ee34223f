"""Access control: everything but health and readiness needs a token, and changes need the service token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sra_shared.kit.named_tokens import NamedToken, Role, TokenRing
from sra_shared.service.limit import FailureLimit
from sra_shared.service.problems import respond_with_problem

OPEN_ROUTES = frozenset({("GET", "/health"), ("HEAD", "/health"), ("GET", "/ready"), ("HEAD", "/ready")})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Access(IntEnum):
    """What a caller may do; CHANGE includes READ."""

    READ = 1
    CHANGE = 2


ACCESS_OF = {Role.VIEWER: Access.READ, Role.OPERATOR: Access.CHANGE}


@dataclass(frozen=True)
class Caller:
    """The sender of a request: the name and the role of the token, and what this request may do."""

    name: str
    role: Role
    access: Access

    @classmethod
    def of(cls, token: NamedToken) -> Caller:
        """Return the holder of a token, with all rights of its role."""
        return cls(token.name, token.role, ACCESS_OF[token.role])


Authenticator: TypeAlias = Callable[[Request], Awaitable[Caller | None]]
"""Reads a request's headers and cookies, never its body, and returns the sender."""

Refusal: TypeAlias = Callable[[Request], Response]


def make_token_authenticator(tokens: Sequence[NamedToken]) -> Authenticator:
    """Return the authenticator of bearer tokens; if no token is set, every request is refused."""
    ring = TokenRing(tokens)

    async def authenticate(request: Request) -> Caller | None:
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = ring.find(presented)
        return None if token is None else Caller.of(token)

    return authenticate


def refuse_stranger(request: Request) -> Response:
    """Return the response to a request without a valid token."""
    return respond_with_problem(
        request.url.path,
        401,
        "The request carries no valid token.",
        next_step="Send SRA_VIEWER_TOKEN or SRA_SERVICE_TOKEN as a bearer token.",
        headers={"WWW-Authenticate": 'Bearer realm="sra"'},
    )


def refuse_guesser(request: Request, wait: int) -> Response:
    """Return the response to a wrong token from an address that sent too many; `wait` is in seconds."""
    return respond_with_problem(
        request.url.path,
        429,
        f"Too many wrong tokens came from this address: wait {wait} seconds. A valid token is still accepted.",
        next_step="Send SRA_VIEWER_TOKEN or SRA_SERVICE_TOKEN as a bearer token.",
        headers={"Retry-After": str(wait)},
    )


def read_address(request: Request) -> str:
    """Return the address that a request's attempts count against."""
    return request.client.host if request.client else "unknown"


class AuthMiddleware:
    """Runs before the routes, so that even unknown paths and methods reveal nothing to a stranger.

    Wrong bearer tokens are counted by address, and beyond the limit return 429. A valid token is accepted regardless of its
    address: behind a proxy clients share one, and strangers must not lock anybody out. Tokens are long and random
    (production requires it), so that the limit need not prevent guesses from being compared.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticators: Sequence[Authenticator],
        open_routes: frozenset[tuple[str, str]] = OPEN_ROUTES,
        refuse: Refusal = refuse_stranger,
    ) -> None:
        self._app = app
        self._authenticators = authenticators
        self._open_routes = open_routes
        self._refuse = refuse
        self._guesses = FailureLimit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope)
        if (request.method, request.url.path) not in self._open_routes:
            caller = await self._find_caller(request)
            refusal = self._decide(request, caller)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _find_caller(self, request: Request) -> Caller | None:
        for authenticate in self._authenticators:
            caller = await authenticate(request)
            if caller is not None:
                return caller
        return None

    def _decide(self, request: Request, caller: Caller | None) -> Response | None:
        if caller is None:
            wait = self._guesses.record(read_address(request)) if "authorization" in request.headers else 0
            return refuse_guesser(request, wait) if wait else self._refuse(request)
        if caller.access is Access.READ and request.method not in _READING:
            return respond_with_problem(
                request.url.path,
                403,
                "This token may read but not change.",
                next_step="Use SRA_SERVICE_TOKEN.",
            )
        return None
