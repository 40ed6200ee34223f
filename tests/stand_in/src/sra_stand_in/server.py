"""Runs the stand-in in the foreground, or next to a test on its own port."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sra_stand_in.app import TRANSPORT_KEY, StandInApp
from sra_stand_in.http import Receive, Scope, Send
from sra_stand_in.options import Options

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_CONTROL_SECONDS = 60.0


class ReachableProtocol(H11Protocol):
    """The HTTP protocol with the connection left in the scope, so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the connection for the requests that come over it."""
        self.app_state = {**self.app_state, TRANSPORT_KEY: transport}
        super().connection_made(transport)


def make_server(app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> uvicorn.Server:
    """A server that is silent, opens nothing yet and ends within a second."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            interface="asgi3",
            http=ReachableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            backlog=2048,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )


def open_socket(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one."""
    # with the protocol named, asyncio switches off the delay of small writes
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


class StandIn:
    """A running stand-in for tests: `with StandIn(Options(securities=50)) as vendor: ...` (or `async with`).

    It serves real HTTP on a free port of 127.0.0.1 from a thread of its own and ends with the block.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.app = StandInApp(self.options)
        self._server = make_server(self._respond)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The root address."""
        return f"http://{HOST}:{self.port}"

    @property
    def fmp_base_url(self) -> str:
        """What FMP_BASE_URL is to be."""
        return f"{self.url}/stable"

    @property
    def fundata_auth_url(self) -> str:
        """What FUNDATA_AUTH_URL is to be: `/authenticate` follows it."""
        return f"{self.url}/fundata-auth"

    @property
    def fundata_api_url(self) -> str:
        """What FUNDATA_API_URL is to be: `/<endpoint>` follows it."""
        return f"{self.url}/fundata-api"

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def renew(self) -> None:
        """Begin again at the same address as after a start: with the options' world, without counts, faults and tokens."""
        self.app = StandInApp(self.options)

    def start(self) -> Self:
        """Serve from a thread; returns once requests get responses.

        Raises RuntimeError where the server did not come up.
        """
        self._socket = open_socket(HOST, 0)
        self.port = self._socket.getsockname()[1]
        sockets = [self._socket]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve(sockets)), name="stand-in")
        self._thread.start()
        end = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > end or not self._thread.is_alive():
                raise RuntimeError(f"the stand-in did not start on port {self.port}")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """End the server and close its port."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=_START_SECONDS)
        if self._socket is not None:
            self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def stats(self) -> dict[str, Any]:
        """The response of `GET /control/stats`."""
        report: dict[str, Any] = self._control("GET", "stats")
        return report

    def reset(self) -> None:
        """Forget counts, faults, tokens and exports."""
        self._control("POST", "reset")

    def set_faults(self, *rules: dict[str, Any]) -> None:
        """Replace the fault rules; none clears them."""
        self._control("POST", "faults", list(rules))

    def set_fmp(self, **values: Any) -> None:
        """Change `plan`, `limit` or `bulk_limit`."""
        self._control("POST", "fmp", values)

    def set_fundata(self, **values: Any) -> None:
        """Change fields of `sra_stand_in.fundata.api.Behaviour`."""
        self._control("POST", "fundata", values)

    def set_events(self, dataset: str, symbol: str, day: str, *rows: dict[str, Any]) -> None:
        """Let the vendor name these rows of `splits` or `dividends` for a symbol and day, and no others of that day."""
        self._control("POST", "events", [{"dataset": dataset, "symbol": symbol, "date": day, "rows": list(rows)}])

    def set_as_of(self, day: str) -> None:
        """Move the made-up world to another day (YYYY-MM-DD)."""
        self._control("POST", "as-of", {"date": day})

    def _control(self, method: str, name: str, value: object = None) -> Any:
        body = None if value is None else json.dumps(value).encode()
        call = urllib.request.Request(f"{self.url}/control/{name}", data=body, method=method)  # noqa: S310 - our own server
        with urllib.request.urlopen(call, timeout=_CONTROL_SECONDS) as response:  # noqa: S310 - our own server
            return json.load(response)
