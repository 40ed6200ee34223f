"""One HTTP exchange with a bounded response: redirects are followed without reading their bodies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from sra_shared.kit.errors import RetryableError
from sra_shared.kit.http.bodies import BodyError, BodyTooLargeError, Bound, iterate_body, iterate_body_blocking
from sra_shared.kit.json_stream import estimate_parsed_size
from sra_shared.kit.texts import excerpt

MOST_REDIRECTS = 3
SMALL = Bound.of(4 << 20)
_MOST_PARSED_BYTES = 96 << 20
_REDIRECTS = (301, 302, 303, 307, 308)
# headers that a request to another origin must not carry
_OWN_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
# other errors that a client may raise besides HTTPError: for an invalid address, or a header that cannot be encoded
_CLIENT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError)


class ExchangeError(RetryableError):
    """There was no usable response; `cause` gives the reason in a few words."""

    def __init__(self, message: str, *, cause: str, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.cause = cause


@dataclass(frozen=True)
class HttpResponse:
    """A complete response."""

    status_code: int
    headers: httpx.Headers
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    def read_json(self) -> Any:
        """Return the body as JSON; raises ValueError if it is not JSON, or would take too much memory."""
        if estimate_parsed_size(self.body) > _MOST_PARSED_BYTES:
            raise ValueError("the JSON has too many values")
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("the JSON is nested too deeply") from error


async def send_request(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    bound: Bound = SMALL,
    seconds: float | None = None,
    inspect: Callable[[httpx.Response], None] | None = None,
    **options: Any,
) -> HttpResponse:
    """Send a request and return the complete response, even of a redirect; `seconds` limits the whole exchange.

    `inspect` gets the response before its body is read. Raises ExchangeError, and the errors of `inspect`.
    """
    try:
        address = parse_address(url)
        async with (
            asyncio.timeout(seconds),
            client.stream(method, address, follow_redirects=False, **options) as response,
        ):
            if inspect is not None:
                inspect(response)
            body = bytearray()
            async for piece in iterate_body(response, bound):
                body += piece
            return HttpResponse(response.status_code, response.headers, bytes(body))
    except (*_CLIENT_ERRORS, BodyError, TimeoutError) as error:
        raise make_exchange_error(error) from error


def send_request_blocking(
    client: httpx.Client, method: str, url: str, *, bound: Bound = SMALL, **options: Any
) -> HttpResponse:
    """As `send_request`, with a client without an event loop."""
    try:
        with client.stream(method, parse_address(url), follow_redirects=False, **options) as response:
            body = b"".join(iterate_body_blocking(response, bound))
            return HttpResponse(response.status_code, response.headers, body)
    except (*_CLIENT_ERRORS, BodyError) as error:
        raise make_exchange_error(error) from error


def parse_address(text: str) -> httpx.URL:
    """Return an address; raises httpx.InvalidURL, UnicodeError."""
    url = httpx.URL(text)
    # the event loop raises OverflowError for such a port, which is not a network error
    if url.port is not None and not 0 < url.port < 65_536:
        raise httpx.InvalidURL("no port")
    return url


@asynccontextmanager
async def open_response(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], *, redirects: int = MOST_REDIRECTS
) -> AsyncIterator[httpx.Response]:
    """Open the response to a GET, following redirects; another origin gets no credentials.

    Raises ExchangeError, also for errors while the caller reads; a body that is too large remains a BodyTooLargeError.
    """
    try:
        requested, sent = parse_address(url), dict(headers)
        for left in range(redirects, -1, -1):
            async with client.stream("GET", requested, headers=sent, follow_redirects=False) as response:
                target = read_location(response, requested)
                if target is None:
                    yield response
                    return
            if not left:
                raise ExchangeError(f"The server redirects more than {redirects} times.", cause="too many redirects")
            if (target.scheme, target.host, target.port) != (requested.scheme, requested.host, requested.port):
                sent = {name: value for name, value in sent.items() if name.lower() not in _OWN_HEADERS}
            requested = target
    except BodyTooLargeError:
        raise
    except (*_CLIENT_ERRORS, BodyError) as error:
        raise make_exchange_error(error) from error


def read_location(response: httpx.Response, requested: httpx.URL) -> httpx.URL | None:
    """Return the target of a redirect, None for other responses; raises ExchangeError for an invalid address."""
    location = response.headers.get("Location")
    if response.status_code not in _REDIRECTS or location is None:
        return None
    try:
        target = parse_address(str(requested.join(location)))
        if target.scheme not in ("http", "https") or not target.host:
            raise httpx.InvalidURL("not a web address")
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError) as error:
        shown = excerpt(location, 60)
        raise ExchangeError(
            f"The server redirects to {shown!r}, which is not an address.", cause="bad redirect"
        ) from error
    return target


def make_exchange_error(error: Exception) -> ExchangeError:
    """Return the error with its type; the text of an invalid address or header is not repeated."""
    if isinstance(error, BodyError):
        return ExchangeError(error.message, cause=error.message.rstrip(".").lower(), next_step=error.next_step)
    return ExchangeError(f"There was no usable response ({type(error).__name__}).", cause=type(error).__name__)
