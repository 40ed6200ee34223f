"""What all HTTP clients of a process share: trusted authorities, and the proxy for outbound calls."""

from __future__ import annotations

import ssl
from functools import cache
from ipaddress import ip_address, ip_network

import httpx

from sra_shared.kit.setting_kinds import is_network, split_entry, split_no_proxy
from sra_shared.kit.settings import OutboundSettings


@cache
def load_certificates(file: str | None = None, folder: str | None = None) -> ssl.SSLContext:
    """Return the context that verifies servers' certificates, loaded once per process.

    Loading the authorities blocks the event loop for fifty milliseconds each time. Those of `file`, or else of `folder`,
    replace the default ones.
    """
    if file or folder:
        return ssl.create_default_context(cafile=file, capath=None if file else folder)
    return httpx.create_ssl_context(trust_env=False)


def make_outbound_transport(
    settings: OutboundSettings, *, limits: httpx.Limits | None = None
) -> httpx.AsyncBaseTransport:
    """Return the transport for outbound calls, with the authorities and the proxy of the settings, if any."""
    verify = load_certificates(settings.ssl_cert_file, settings.ssl_cert_dir)
    limits = limits or httpx.Limits(max_connections=100, max_keepalive_connections=20)

    def make(proxy: str | None = None) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=verify, trust_env=False, limits=limits, proxy=proxy)

    proxies = {scheme: make(proxy) for scheme, proxy in _list_proxies(settings).items()}
    return _ProxyTransport(make(), proxies, settings.no_proxy or "") if proxies else make()


def find_proxy(settings: OutboundSettings, url: httpx.URL) -> str | None:
    """Return the proxy that the settings choose for an address, None for a direct connection."""
    return None if is_direct(url, settings.no_proxy or "") else _list_proxies(settings).get(url.scheme)


def _list_proxies(settings: OutboundSettings) -> dict[str, str]:
    named = {"http": settings.http_proxy or settings.all_proxy, "https": settings.https_proxy or settings.all_proxy}
    return {scheme: proxy.get_secret_value() for scheme, proxy in named.items() if proxy is not None}


def is_direct(url: httpx.URL, no_proxy: str) -> bool:
    """Whether NO_PROXY includes the host of an address: by name, domain or network; a given port must match."""
    host, port = url.host.lower().rstrip("."), url.port or {"http": 80, "https": 443}.get(url.scheme)
    for entry in split_no_proxy(no_proxy):
        named, wanted_port = split_entry(entry)
        if entry == "*":
            return True
        if wanted_port in (None, port) and _matches(host, named.lstrip(".").rstrip(".")):
            return True
    return False


def _matches(host: str, named: str) -> bool:
    if is_network(host):
        return is_network(named) and ip_address(host) in ip_network(named, strict=False)
    return host == named or host.endswith(f".{named}")


class _ProxyTransport(httpx.AsyncBaseTransport):
    """Sends each request through the proxy of its scheme, or directly if there is none or NO_PROXY includes its host.

    httpx's own parsing of NO_PROXY supports neither networks nor IPv6 addresses in brackets.
    """

    def __init__(
        self, direct: httpx.AsyncBaseTransport, proxies: dict[str, httpx.AsyncHTTPTransport], no_proxy: str
    ) -> None:
        self._direct = direct
        self._proxies = proxies
        self._no_proxy = no_proxy

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        proxy = None if is_direct(request.url, self._no_proxy) else self._proxies.get(request.url.scheme)
        return await (proxy or self._direct).handle_async_request(request)

    async def aclose(self) -> None:
        for transport in (self._direct, *self._proxies.values()):
            await transport.aclose()
