"""Requests that no client of ours sends: odd lines, paths, headers and bodies, generated from a seed, sent as raw bytes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_SECONDS = 30.0
_BOUNDARY = b"multipart/form-data; boundary=x"
_JSON, _FORM = b"application/json", b"application/x-www-form-urlencoded"

# values for a part of a path, a query or a header; none has a line end
TEXTS: tuple[bytes, ...] = (
    *(b"a" * 9_000, b"://a:" * 6_000, b"://u:p@" * 4_000, b"%00", b"a%00b", b"%ff%fe", b"\xff\xfe\xc3", b"%c3%28"),
    *(b"%F0%9F%92%A9", b"%ED%A0%80", b"..%2f..%2fetc", b"%2e%2e/%2e%2e", b"//evil.test", b"\\\\evil", b"%0d%0aX:y"),
    *(b"'%20OR%201=1--", b"{{7*7}}", b"${jndi:x}", b"<script>", b"-1", b"0", b"99999999999999999999", b"1e999", b"NaN"),
    *(b"00000000-0000-0000-0000-000000000000", b"0" * 36, b"0001-01-01T00:00:00%2B05:00", b"9999-12-31T23:59:59-05:00"),
    *(b"%", b"%zz", b"a" * 300, b";" * 400, b"&=" * 400, b"[" * 400, b"*", b"%E2%80%AE", b"a=1&a=2&a=3", b"null", b""),
)
_RAW_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    *((b"X-Long", b"a" * 30_000), (b"X-Colons", b"://a:" * 10_000), (b"Cookie", b"sra_session=" + b"a" * 20_000)),
    *(
        (b"Cookie", b"sra_session=e30=.00"),
        (b"Cookie", b"; ".join(b"a%d=1" % n for n in range(2_000))),
        (b"Cookie", b"\xff=\xfe"),
    ),
    *((b"Accept", b"*/*;q=" + b"9" * 5_000), (b"Accept", b"text/html"), (b"Accept-Encoding", b"gzip, " * 2_000)),
    *(
        (b"Authorization", b"Bearer"),
        (b"Authorization", b"Bearer \xff\xfe"),
        (b"Authorization", b"Basic " + b"://a:" * 2_000),
    ),
    *((b"Idempotency-Key", b"\xff"), (b"Idempotency-Key", b"k" * 5_000), (b"Idempotency-Key", b"a b")),
    *(
        (b"X-Forwarded-For", b"," * 5_000),
        (b"X-Forwarded-For", b"\xff" * 300),
        (b"X-Forwarded-Proto", b"https," * 3_000),
    ),
    *(
        (b"Origin", b"null"),
        (b"Sec-Fetch-Site", b"cross-site"),
        (b"Referer", b"://a:" * 5_000),
        (b"Host", b"evil.test:99999"),
    ),
    *(
        (b"Range", b"bytes=0-,1-,2-" * 400),
        (b"If-None-Match", b"*" * 3_000),
        (b"Expect", b"200-nothing"),
        (b"Upgrade", b"websocket"),
    ),
    *(
        (b"SRA-On-Behalf-Of", b"operator " + b"a" * 9_000),
        (b"Transfer-Encoding", b"gzip"),
        (b"Content-Encoding", b"gzip"),
    ),
    *(
        (b"Content-Length", b"-1"),
        (b"Content-Length", b"9" * 30),
        (b"Content-Length", b"0x10"),
        (b"X-Nul", b"a\x00b"),
        (b"X Y", b"1"),
    ),
)
TYPES: tuple[bytes, ...] = (
    *(
        _JSON,
        _JSON,
        _FORM,
        _FORM,
        b"application/json; charset=utf-16",
        b"application/json; charset=no-such",
        b"text/xml",
    ),
    *(
        b"multipart/form-data",
        _BOUNDARY,
        b"multipart/form-data; boundary=" + b"b" * 3_000,
        b"a" * 5_000,
        b"\xff/\xfe",
        b"",
        b"/",
    ),
)
BODIES: tuple[bytes, ...] = (
    *(b"", b"{", b"null", b"[]", b"0", b'""', b"\xff\xfe\x00", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 60_000),
    *(
        b'{"sources": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b"9" * 50_000,
        b'{"limit": ' + b"9" * 5_000 + b"}",
        b'{"a": 1e999}',
    ),
    *(
        b'{"reject_ids": [1], "why": "\\ud800"}',
        b'{"reject_ids": [1], "why": "\\u0000"}',
        b'{"reject_ids": [NaN], "why": "x"}',
    ),
    *(b'{"reject_ids": [' + b"1," * 400_000 + b'1], "why": "x"}', b'{"reject_ids": [9223372036854775808], "why": "x"}'),
    *(b'{"sources": ["\xff"]}', b'{"from": "9999-12-31"}', b'{"retry_seconds": 1e308}', b'{"retry_seconds": -0.0}'),
    *(
        b'{"task_type": "unified_refresh", "parameters": {"\\u0000": 1}}',
        b'{"task_type": "csv_import", "parameters": {"a": NaN}}',
    ),
    *(b'{"task_type": "unified_refresh", "scheduled_at": "0001-01-01T00:00:00+05:00"}', b'{"task_type": ["x"]}'),
    *(b'{"task_type": "daily_quotes", "scheduled_at": "9999-12-31T23:59:59-05:00"}', b'{"task_type": "\xc3\x28"}'),
    *(
        b'{"task_type": "view_build", "parent_id": "00000000-0000-0000-0000-000000000000"}',
        b"\x00" * 5_000,
        b"{}" * 9_000,
    ),
    *(
        b"token=" + b"%00" * 100,
        b"token=%ff%fe",
        b"token=" + b"://a:" * 90,
        b"next=" + b"%2f" * 600 + b"&token=x",
        b"&" * 50_000,
    ),
    *(b"token=x&" * 20_000, b"form_token=%ff&reject_id=1&why=%00", b"=&=&=", b"--x\r\n\r\n--x--", b"--x" * 20_000),
    *(
        b'--x\r\nContent-Disposition: form-data; name="token"; filename="\xff"\r\n\r\n\x00\r\n--x--\r\n',
        b"a" * 1_100_000,
    ),
)
_METHODS = (
    b"GET",
    b"GET",
    b"GET",
    b"POST",
    b"POST",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"TRACE",
    b"BREW",
)


@dataclass(frozen=True)
class RequestOutcome:
    """The result of a request: 0 for a connection that was closed without a response."""

    sent: bytes
    status: int
    seconds: float


def make_requests(
    seed: str, number: int, routes: Sequence[tuple[str, str]], headers: Mapping[str, str], form: bytes = b""
) -> Iterator[bytes]:
    """Yield `count` requests to routes like `("GET", "/runs/{task_id}")`; `headers` and `form` authenticate some of them."""
    chance = random.Random(seed)  # noqa: S311 - the same requests again, not a secret
    own = [(b"Host", b"127.0.0.1"), *((name.encode(), value.encode()) for name, value in headers.items())]
    for _ in range(number):
        route, path = chance.choice(routes)
        method = chance.choice(_METHODS) if chance.random() < 0.2 else route.encode()
        sent = [*own, *chance.choices(_RAW_HEADERS, k=chance.choice((0, 0, 0, 1, 2)))]
        if chance.random() < 0.03:
            sent += [(b"X-%d" % place, b"1") for place in range(chance.choice((50, 2_000)))]
        body = b""
        if method not in (b"GET", b"HEAD") or chance.random() < 0.1:
            body = chance.choice(BODIES)
            is_form = form and chance.random() < 0.7
            body = form + b"&" + body if is_form else body
            sent.append((b"Content-Type", _FORM if is_form else chance.choice(TYPES)))
        if not any(name == b"Content-Length" for name, _ in sent):
            sent.append((b"Content-Length", b"%d" % len(body)))
        start = b"%s %s HTTP/1.1" % (method, _make_target(chance, path))
        yield b"\r\n".join([start, *(b"%s: %s" % pair for pair in sent), b"Connection: close", b"", b""]) + body


def _make_target(chance: random.Random, path: str) -> bytes:
    parts = [chance.choice(TEXTS) if part.startswith("{") else part.encode() for part in path.split("/")]
    if chance.random() < 0.1:
        parts.insert(chance.randint(1, len(parts)), chance.choice(TEXTS))
    target = b"/".join(parts)
    if chance.random() < 0.4:
        names = (
            b"limit",
            b"since",
            b"before",
            b"run_id",
            b"state",
            b"status",
            b"offset",
            b"dataset",
            chance.choice(TEXTS),
        )
        requested = (b"%s=%s" % (chance.choice(names), chance.choice(TEXTS)) for _ in range(chance.choice((1, 3))))
        target += b"?" + b"&".join(requested)
    return chance.choice((b"http://evil.test", b"*", b"\x00")) + target if chance.random() < 0.03 else target


async def send_raw(url: str, request: bytes) -> RequestOutcome:
    """Send bytes to a server and return its status once it has closed the connection."""
    address = urlsplit(url)
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    response = b""
    try:
        async with asyncio.timeout(_SECONDS):
            writer.write(request)
            response = await reader.readline()
            await reader.read(-1)
    except ConnectionError:
        # it responded before reading everything, or closed the connection
        pass
    finally:
        writer.transport.abort()
    status = response.split(b" ")[1] if response.startswith(b"HTTP/1.1 ") else b"0"
    return RequestOutcome(request, int(status), time.monotonic() - began)


async def send_all(url: str, requests: Iterator[bytes]) -> list[RequestOutcome]:
    """Send requests one after the other."""
    return [await send_raw(url, request) for request in requests]
