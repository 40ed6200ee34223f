"""Downloads from untrusted addresses: a name is resolved once, and the connection uses a checked address.

Resolving it again could give another address (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ssl import SSLContext

import httpx

from sra_shared.kit.http.addresses import (
    AddressRules,
    IpAddress,
    RefusedAddressError,
    check_peers,
    check_url,
    find_host,
    read_literal,
)
from sra_shared.kit.http.bodies import BodyError
from sra_shared.kit.http.request import MOST_REDIRECTS, ExchangeError, make_exchange_error, read_location

_MOST_TRIED = 3
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)

LookUp = Callable[[str, int], Awaitable[Sequence[IpAddress]]]
CheckPeers = Callable[[str, Sequence[IpAddress]], None]


async def look_up(host: str, port: int) -> Sequence[IpAddress]:
    """Return the IP addresses of a host; raises ExchangeError if there are none."""
    literal = read_literal(host)
    if literal is not None:
        return [literal]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ExchangeError(f"{host} is unknown to the name server.", cause="unknown host") from error
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


class PublicDownloads:
    """Opens responses from untrusted addresses; requests carry no cookies or tokens.

    A name is resolved once, all its addresses are checked, and the connection goes to one of them. The certificate must be
    valid for the name. A proxy resolves names itself, so that only literal addresses can be checked.
    """

    def __init__(
        self,
        rules: AddressRules,
        certificates: SSLContext,
        *,
        look_up: LookUp = look_up,
        check: CheckPeers = check_peers,
        find_proxy: Callable[[httpx.URL], str | None] = lambda _url: None,
    ) -> None:
        """`find_proxy` returns the proxy for an address; only tests replace `look_up` and `check`."""
        self.rules = rules
        self._certificates = certificates
        self._look_up = look_up
        self._check = check
        self._find_proxy = find_proxy

    @asynccontextmanager
    async def open(self, text: str) -> AsyncIterator[tuple[httpx.Response, httpx.URL]]:
        """Open the response of an address, and return it with the final address; each redirect is checked like the first address.

        Raises RefusedAddressError, and ExchangeError, also for errors while the caller reads.
        """
        url = check_url(text, self.rules)
        try:
            for left in range(MOST_REDIRECTS, -1, -1):
                async with self._request(url) as response:
                    target = read_location(response, url)
                    if target is None:
                        yield response, url
                        return
                if not left:
                    raise ExchangeError(
                        f"The server redirects more than {MOST_REDIRECTS} times.", cause="too many redirects"
                    )
                url = check_url(str(target), self.rules)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError, BodyError) as error:
            raise make_exchange_error(error) from error

    @asynccontextmanager
    async def _request(self, url: httpx.URL) -> AsyncIterator[httpx.Response]:
        proxy = None if self.rules.is_own(url) else self._find_proxy(url)
        async with httpx.AsyncClient(
            proxy=proxy, verify=self._certificates, trust_env=False, timeout=_TIMEOUT, follow_redirects=False
        ) as client:
            addresses = [None] if proxy or self.rules.is_own(url) else await self._find_peers(url)
            response = await _send_to_first(client, url, addresses)
            try:
                yield response
            finally:
                await response.aclose()

    async def _find_peers(self, url: httpx.URL) -> Sequence[IpAddress | None]:
        host = find_host(url)
        found = list(await self._look_up(host, url.port or 443))
        if not found:
            raise ExchangeError(f"{host} resolves to no address.", cause="unknown host")
        self._check(host, found)
        return found[:_MOST_TRIED]


async def _send_to_first(
    client: httpx.AsyncClient, url: httpx.URL, addresses: Sequence[IpAddress | None]
) -> httpx.Response:
    """Send the request to the first address that accepts the connection; None is any address of the name."""
    for place, address in enumerate(addresses):
        headers = {"Accept-Encoding": "gzip"}
        request = client.build_request("GET", url, headers=headers)
        if address is not None:
            host = find_host(url)
            pinned = url.copy_with(host=f"[{address}]" if address.version == 6 else str(address))
            name = f"{host}:{url.port}" if url.port else host
            request = client.build_request(
                "GET", pinned, headers={**headers, "Host": name}, extensions={"sni_hostname": host}
            )
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if place + 1 == len(addresses):
                raise
    raise RefusedAddressError(f"{find_host(url)} resolves to no address.")
