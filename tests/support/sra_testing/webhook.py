"""A webhook that responds as a test wants and stores what it receives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response

from sra_cli.ports import find_free_port
from sra_testing.gateway_lab import serve_app
from sra_testing.waiting import wait_for


@dataclass
class Receiver:
    """Its address, the statuses of its responses (the last one is repeated), the received texts.

    The first text with the words of `refuses_once` gets status 500.
    """

    url: str
    responses: list[int]
    refuses_once: str | None = None
    texts: list[str] = field(default_factory=list)
    messages: list[dict[str, object]] = field(default_factory=list)

    def find(self, *words: str) -> list[str]:
        """Return the messages that contain all these words."""
        return [text for text in self.texts if all(word in text for word in words)]

    async def wait_for(self, *words: str, seconds: float = 30) -> str:
        """Return the first message with these words, as soon as it has arrived."""

        async def look() -> list[str]:
            return self.find(*words)

        return (await wait_for(look, what=f"a message with {words}", seconds=seconds))[0]


@asynccontextmanager
async def open_webhook(*responses: int) -> AsyncIterator[Receiver]:
    """Serve a webhook until the block ends."""
    app = FastAPI()
    port = find_free_port()
    receiver = Receiver(f"http://127.0.0.1:{port}/hook", list(responses) or [200])

    @app.post("/hook")
    async def take(request: Request) -> Response:
        body = await request.json()
        assert set(body) in ({"text"}, {"kind", "text", "url"}), body
        receiver.messages.append(body)
        receiver.texts.append(body["text"])
        status = receiver.responses.pop(0) if len(receiver.responses) > 1 else receiver.responses[0]
        if receiver.refuses_once is not None and receiver.refuses_once in body["text"]:
            receiver.refuses_once, status = None, 500
        return Response(status_code=status)

    async with serve_app(app, port):
        yield receiver
