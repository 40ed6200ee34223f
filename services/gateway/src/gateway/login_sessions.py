"""Login sessions: signed cookies and one-time login codes."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import secrets
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from sra_shared.kit.db import Connection
from sra_shared.kit.named_tokens import SERVICE, NamedToken, TokenRing
from sra_shared.runs.audit import Act, Action, Actor, SubjectKind, record_act
from sra_shared.service import Access, Caller
from sra_shared.service.middleware import is_secure

COOKIE = "sra_session"
SESSION_SECONDS = 12 * 3600
CODE_LIFETIME = timedelta(minutes=10)
# the dashboard's forms; each checks the session's own token first
FORM_PREFIX = "/actions/"
# logins and logouts that wait in memory for the database; the oldest are dropped beyond this number
_MOST_UNWRITTEN = 1000
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class LoginSession:
    """A browser that logged in: the holder of the token, the expiry (Unix seconds), the token of its forms, its id."""

    caller: Caller
    expires: int
    form_token: str
    session_id: str


class LoginSessions:
    """Creates and verifies session cookies; every gateway with the same tokens accepts them.

    A session ends when it expires, when the user logs out, or when its token or the service token is changed or removed.
    All gateways learn of a logout within seconds and remember it while the database is down. Only the ids of ended sessions
    are stored.
    """

    def __init__(self, tokens: Sequence[NamedToken]) -> None:
        self.tokens = TokenRing(tokens)
        service = self.tokens.find_named(SERVICE)
        master = derive_key(service.value) if service is not None else secrets.token_bytes(32)
        self._keys = [(token, _derive_own(master, token)) for token in self.tokens.tokens]
        self._ended: set[str] = set()
        self._unwritten: dict[str, int] = {}
        self._acts: deque[tuple[Actor, Act]] = deque(maxlen=_MOST_UNWRITTEN)

    def begin(self, token: NamedToken) -> LoginSession:
        """Return a new session for the holder of a token."""
        expires = int(time.time()) + SESSION_SECONDS
        return LoginSession(Caller.of(token), expires, secrets.token_urlsafe(16), secrets.token_urlsafe(16))

    def set_cookie(self, request: Request, response: Response, session: LoginSession) -> None:
        """Log the browser in."""
        key = next(key for token, key in self._keys if token.name == session.caller.name)
        payload = {"e": session.expires, "f": session.form_token, "i": session.session_id}
        body = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode()
        response.set_cookie(
            COOKIE,
            f"{body}.{_sign(body, key)}",
            max_age=SESSION_SECONDS,
            path="/",
            httponly=True,
            # Lax lets a link in an alert open its page; GET changes nothing, and every form carries its session's token
            samesite="lax",
            secure=is_secure(request.scope),
        )

    def read(self, request: Request) -> LoginSession | None:
        """Return the browser's session, or None if it has no valid one."""
        body, _, signature = request.cookies.get(COOKIE, "").partition(".")
        signers = [
            token for token, key in self._keys if hmac.compare_digest(_sign(body, key).encode(), signature.encode())
        ]
        if not body or not signers:
            return None
        payload = json.loads(base64.urlsafe_b64decode(body))
        if payload["e"] < time.time() or payload["i"] in self._ended:
            return None
        return LoginSession(Caller.of(signers[0]), payload["e"], payload["f"], payload["i"])

    def end(self, session: LoginSession, address: str) -> None:
        """Invalidate this session's cookie, in this process at once."""
        self._ended.add(session.session_id)
        self._unwritten[session.session_id] = session.expires
        self.record(Action.LOGOUT, session, address)

    def record(self, action: Action, session: LoginSession, address: str) -> None:
        """Remember a login or logout until `sync` records it."""
        actor = Actor(session.caller.role, session.caller.name, address)
        self._acts.append((actor, make_act(action, session, at=datetime.now(UTC))))

    async def sync(self, connection: Connection) -> None:
        """Record logins, logouts and the sessions that ended here, and read those that ended elsewhere."""
        ended, acts = dict(self._unwritten), list(self._acts)
        # a concurrent call must not record an act twice; recording an end twice is harmless
        self._acts.clear()
        try:
            async with connection.transaction():
                await _write_ended(connection, ended)
                for actor, act in acts:
                    await record_act(connection, actor, act)
        except BaseException:
            self._acts.extendleft(reversed(acts))
            raise
        for session_id in ended:
            self._unwritten.pop(session_id, None)
        rows = await connection.fetch("SELECT session_id FROM ended_session WHERE expires_at > now()")
        self._ended = {row["session_id"] for row in rows} | set(self._unwritten)

    async def authenticate(self, request: Request) -> Caller | None:
        """Return the session's caller; it may read, and may change only through forms, which carry their own token."""
        session = self.read(request)
        if session is None:
            return None
        path = request.url.path
        if path == f"{FORM_PREFIX}logout":
            return replace(session.caller, access=Access.CHANGE)
        is_free = request.method in _READING or path.startswith(FORM_PREFIX)
        return session.caller if is_free else replace(session.caller, access=Access.READ)


def make_act(action: Action, session: LoginSession, *, at: datetime | None = None) -> Act:
    """Return the audit's entry for a login or logout."""
    return Act(action, SubjectKind.SESSION, [session.session_id], at=at)


async def _write_ended(connection: Connection, ended: Mapping[str, int]) -> None:
    await connection.executemany(
        "INSERT INTO ended_session (session_id, expires_at) VALUES ($1, to_timestamp($2)) ON CONFLICT DO NOTHING",
        list(ended.items()),
    )


def _sign(body: str, key: bytes) -> str:
    return hmac.new(key, body.encode(), "sha256").hexdigest()


@functools.lru_cache(maxsize=8)
def derive_key(service_token: str) -> bytes:
    """Return the secret that all cookie keys derive from, slowly enough that nobody can guess a token from a cookie."""
    return hashlib.scrypt(service_token.encode(), salt=b"sra gateway session", n=2**14, r=8, p=1, dklen=32)


def _derive_own(master: bytes, token: NamedToken) -> bytes:
    """Return the key of one token's cookies; it changes with the token's name, role and value."""
    return hmac.digest(master, "\0".join((token.name, token.role, token.value)).encode(), "sha256")


def hash_code(code: str) -> bytes:
    """Return the hash under which the database stores a login code."""
    return hashlib.blake2b(code.encode(), digest_size=32).digest()


async def make_code(connection: Connection, by: Actor) -> str:
    """Store a login code for ten minutes and return it; delete codes that expired a day ago."""
    code = secrets.token_urlsafe(24)
    await connection.execute("DELETE FROM login_code WHERE expires_at < now() - interval '1 day'")
    await connection.execute(
        "INSERT INTO login_code (code_hash, role, expires_at, token_name)"
        " VALUES ($1, 'service', now() + $2::interval, $3)",
        hash_code(code),
        CODE_LIFETIME,
        by.token_name,
    )
    return code


async def redeem_code(connection: Connection, code: str) -> str | None:
    """Redeem a login code and return the name of its token; None if it is unknown, used or expired."""
    name: str | None = await connection.fetchval(
        "UPDATE login_code SET used_at = now() WHERE code_hash = $1 AND used_at IS NULL AND expires_at > now()"
        " RETURNING token_name",
        hash_code(code),
    )
    return name
