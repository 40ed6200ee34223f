"""The part of HTTP that the stand-in needs: requests, responses, and sending them."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON_TYPE = "application/json; charset=utf-8"
CSV_TYPE = "text/csv"
_MARK = (b"x-sra-stand-in", b"1")
_GZIP_FLOOR = 1400
_CHUNK_CHARACTERS = 65536
_PAUSE_EVERY_ROWS = 8


@dataclass(slots=True)
class Request:
    """One request; header names in lower case, body read."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    base: str = ""
    params: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path and query, as fault rules match them."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def read_json(self) -> Any:
        """The JSON body; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(slots=True)
class Response:
    """A response: a body, or lines that are sent as they are made."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    lines: Iterator[str] | None = None
    may_compress: bool = True


def respond_json(value: object, status: int = 200) -> Response:
    """A response that contains one JSON value."""
    return Response(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def respond_text(text: str, status: int, content_type: str = JSON_TYPE) -> Response:
    """A bare text; the vendor sends such under a JSON content type."""
    return Response(status, text.encode(), content_type)


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Take a request off the connection."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    body = b""
    if scope["method"] not in {"GET", "HEAD"}:
        parts = []
        while True:
            message = await receive()
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        body = b"".join(parts)
    params = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    base = f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}"
    return Request(scope["method"], scope["path"], query, headers, body, base, params)


def _list_headers(response: Response, extra: tuple[tuple[bytes, bytes], ...]) -> list[tuple[bytes, bytes]]:
    own = [(name.encode(), value.encode()) for name, value in response.headers]
    return [_MARK, (b"content-type", response.content_type.encode()), *own, *extra]


async def send_start(response: Response, send: Send, *, length: int | None) -> None:
    """Send status and headers; without a length the body goes in chunks."""
    extra = () if length is None else ((b"content-length", str(length).encode()),)
    await send({"type": "http.response.start", "status": response.status, "headers": _list_headers(response, extra)})


async def send_response(request: Request, response: Response, send: Send) -> None:
    """Send a complete response, compressed if the caller accepts that and it is worthwhile."""
    if response.lines is not None:
        await _send_lines(response, response.lines, send)
        return
    body = response.body
    extra: tuple[tuple[bytes, bytes], ...] = ()
    if response.may_compress and len(body) > _GZIP_FLOOR and "gzip" in request.headers.get("accept-encoding", ""):
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        body = packer.compress(body) + packer.flush()
        extra = ((b"content-encoding", b"gzip"),)
    headers = _list_headers(response, (*extra, (b"content-length", str(len(body)).encode())))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_lines(response: Response, lines: Iterator[str], send: Send) -> None:
    """Send lines as they are made, leaving room for other requests between them."""
    await send_start(response, send, length=None)
    held: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        held.append(line)
        size += len(line)
        if size > _CHUNK_CHARACTERS:
            await send({"type": "http.response.body", "body": "".join(held).encode(), "more_body": True})
            held, size = [], 0
        if number % _PAUSE_EVERY_ROWS == 0:
            await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": "".join(held).encode()})


async def wait_for_hangup(receive: Receive) -> None:
    """Return when the caller has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        continue
