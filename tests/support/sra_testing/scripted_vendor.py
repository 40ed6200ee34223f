"""A vendor whose responses a test scripts, over real HTTP, in the given order, the last one repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from sra_shared.kit.db import Pool
from sra_testing.small_server import QuietHandler, serve

RESTRICTED = "Restricted Endpoint: This endpoint is not available under your current subscription"


@dataclass
class _Script:
    """The responses to a path whose parameters include these."""

    path: str
    query: dict[str, str]
    bodies: list[bytes]
    status: int

    def take(self) -> bytes:
        return self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]


@dataclass
class Vendor:
    """The script, and the received calls; unscripted calls get an empty list."""

    base_url: str = ""
    requested: list[str] = field(default_factory=list)
    _scripts: list[_Script] = field(default_factory=list)

    def say(self, path: str, *responses: Any, status: int = 200, **query: str) -> None:
        """Respond to a path with these: texts as they are, anything else as JSON; replaces its earlier responses."""
        bodies = [(one if isinstance(one, str) else json.dumps(one)).encode() for one in responses]
        self._scripts = [one for one in self._scripts if (one.path, one.query) != (path, query)]
        self._scripts.append(_Script(path, query, bodies, status))

    def restrict(self, *paths: str) -> None:
        """Exclude endpoints from the account's plan."""
        for path in paths:
            self.say(path, RESTRICTED, status=402)

    def respond(self, target: str) -> tuple[int, bytes]:
        """Return status and body for an address."""
        parts = urlsplit(target)
        path, query = parts.path.removeprefix("/"), dict(parse_qsl(parts.query))
        self.requested.append(f"{path}?{parts.query}")
        for script in self._scripts:
            if script.path == path and script.query.items() <= query.items():
                return script.status, script.take()
        return 200, b"[]"


@contextmanager
def run_vendor() -> Iterator[Vendor]:
    """A vendor that is stopped at the end."""
    vendor = Vendor()

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
            status, body = vendor.respond(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serve(Handler) as base_url:
        vendor.base_url = base_url
        yield vendor


async def list_securities(pool: Pool, **exchanges: str) -> None:
    """Store a universe: symbols (`_` for a point) and their exchanges; `WIDE` is a fund."""
    await pool.executemany(
        "INSERT INTO fmp_universe (symbol, exchange, is_etf, is_fund, raw_json, run_id, content_hash)"
        " VALUES ($1, $2, $1 = 'WIDE', false, '{}', $3, 'x')",
        [(symbol.replace("_", "."), exchange, uuid4()) for symbol, exchange in exchanges.items()],
    )
