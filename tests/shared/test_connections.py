"""The limit on connections and the deadline of a request's head, on a real server with real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.exceptions import HTTPException

from sra_cli.ports import find_free_port
from sra_shared.service.connections import GuardedProtocol
from sra_shared.service.middleware import BodyLimitMiddleware
from sra_testing.waiting import wait_for

PARTIAL = b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "
Sockets = list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]


class Patient(GuardedProtocol):
    most_connections = 20
    head_seconds = 3600


class Hasty(GuardedProtocol):
    head_seconds = 0.2


class App:
    """Responds to requests; /slow waits until it is released."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        if scope["path"] == "/slow":
            self.begun += 1
            await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serve(protocol: type[GuardedProtocol]) -> AsyncIterator[tuple[App, int]]:
    app, port = App(), find_free_port()
    config = uvicorn.Config(app, port=port, http=protocol, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())

    async def is_up() -> bool:
        return server.started

    await wait_for(is_up, what="the server")
    try:
        yield app, port
    finally:
        app.go.set()
        server.should_exit = server.force_exit = True
        await running


async def open_sockets(port: int, number: int, data: bytes) -> Sockets:
    sockets = []
    for _ in range(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        sockets.append((reader, writer))
    return sockets


async def count_open(sockets: Sockets) -> int:
    """Return how many of them the server has not closed; a closed one is at its end at once."""
    await asyncio.sleep(0)
    return sum(not (reader.at_eof() or reader.exception()) for reader, _ in sockets)


async def read_to_end(sockets: Sockets) -> bytes:
    reader, _ = sockets[0]
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        # what the server had not read yet makes the close a reset
        return b""


async def ask(port: int, path: str = "/health") -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await client.get(f"http://127.0.0.1:{port}{path}")).status_code


def close(sockets: Sockets) -> None:
    for _, writer in sockets:
        writer.close()


async def test_health_responds_while_others_hold_connections_open() -> None:
    async with serve(Patient) as (_, port):
        held = await open_sockets(port, 300, b"") + await open_sockets(port, 300, PARTIAL)

        async def is_bound() -> bool:
            return await count_open(held) <= Patient.most_connections

        await wait_for(is_bound, what="the closing of those over the limit")
        assert [await ask(port) for _ in range(3)] == [200, 200, 200]
        close(held)


async def test_active_requests_are_not_closed_and_a_new_one_is_if_all_are_active() -> None:
    async with serve(Patient) as (app, port):
        at_work = [asyncio.create_task(ask(port, "/slow")) for _ in range(Patient.most_connections)]

        async def all_began() -> bool:
            return app.begun == len(at_work)

        await wait_for(all_began, what="the requests")
        new = await open_sockets(port, 1, PARTIAL)
        assert await read_to_end(new) == b""
        close(new)
        app.go.set()
        assert set(await asyncio.gather(*at_work)) == {200}


async def test_an_endless_head_is_closed_even_after_a_first_request() -> None:
    async with serve(Hasty) as (_, port):
        first, idle = await open_sockets(port, 1, PARTIAL), await open_sockets(port, 1, b"")
        whole = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        again = await open_sockets(port, 1, whole + PARTIAL)
        for sockets, response in ((first, b""), (idle, b""), (again, b"ok")):
            assert (await read_to_end(sockets)).endswith(response)
            close(sockets)


async def test_an_endless_body_is_abandoned_and_waiting_for_a_disconnect_is_not() -> None:
    messages = [{"type": "http.request", "body": b"a", "more_body": False}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        return await asyncio.Event().wait()

    async def app(_scope: Any, receive_limited: Any, _send: Any) -> None:
        assert (await receive_limited())["body"] == b"a"
        leaving = asyncio.ensure_future(receive_limited())
        assert not (await asyncio.wait({leaving}, timeout=0.2))[0]
        leaving.cancel()

    async def slow(_scope: Any, receive_limited: Any, _send: Any) -> None:
        with pytest.raises(HTTPException, match=r"did not arrive within 0\.05 s"):
            await receive_limited()

    scope = {"type": "http", "path": "/", "headers": []}
    for one in (app, slow):
        await BodyLimitMiddleware(one, limit=10, seconds=0.05)(scope, receive, lambda _: asyncio.sleep(0))
