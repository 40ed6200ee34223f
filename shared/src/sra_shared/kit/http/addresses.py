"""Checks addresses from untrusted sources: which may be requested, and which lead into our own network."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from sra_shared.kit.errors import ConfigError, FatalError
from sra_shared.kit.texts import excerpt

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?|[0-9a-f:.]{2,45}(%[a-z0-9._%-]{1,40})?")
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_MOST_CHARACTERS = 8_192
# RFC 6052: the last 32 bits are an IPv4 address, which the network translates
_TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
_NEVER_PUBLIC = (
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("fec0::/10"),
    ipaddress.IPv4Network("100.64.0.0/10"),
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("192.88.99.0/24"),
)


class RefusedAddressError(FatalError):
    """An address that must not be requested; nothing was sent to it."""


@dataclass(frozen=True)
class AddressRules:
    """Which addresses may be requested.

    Only `hosts` may be; `.example.com` includes all below it. If empty, every public host may be. `own_url` is our own
    address, a sandbox's stand-in, whose host and port are always accepted. `setting` is the name of the setting that
    `hosts` comes from.
    """

    hosts: tuple[str, ...] = ()
    own_url: str | None = None
    setting: str = "the list of hosts"

    def is_own(self, url: httpx.URL) -> bool:
        """Whether an address is that of the stand-in."""
        if self.own_url is None:
            return False
        own = httpx.URL(self.own_url)
        return _find_origin(url) == _find_origin(own)

    def names(self, host: str) -> bool:
        """Whether the list includes this host, or is empty."""
        wanted = [normalise_host(one.removeprefix("*")) for one in self.hosts]
        return not wanted or any(host == one or (one.startswith(".") and host.endswith(one)) for one in wanted)


def normalise_host(host: str) -> str:
    """Return a host's name for comparison: lower case, without the trailing dot, which does not change its meaning."""
    return host.strip().lower().rstrip(".")


def is_host_of(host: str, domain: str) -> bool:
    """Whether a host is the domain or below it."""
    host = normalise_host(host)
    return host == domain or host.endswith(f".{domain}")


def read_host(url: str, setting: str) -> str:
    """Return the normalised host of a configured address; raises ConfigError that names the setting."""
    try:
        host = find_host(httpx.URL(url))
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{setting} is not an address.", next_step="Set it to one that begins with https://."
        ) from error
    return host


def find_host(url: httpx.URL) -> str:
    """Return the normalised host of an address, in ASCII."""
    return normalise_host(url.raw_host.decode("ascii", "replace").strip("[]"))


def check_url(text: str, rules: AddressRules) -> httpx.URL:
    """Return an address whose text is acceptable; raises RefusedAddressError.

    It must be https and have no user info, and a literal IP address as its host must be public. A host name is checked when
    it is resolved.
    """
    try:
        if len(text) > _MOST_CHARACTERS:
            raise ValueError("the address is too long")
        url = httpx.URL(text.strip())
        host = find_host(url)
        port = 443 if url.port is None else url.port
        is_own = rules.is_own(url)
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError) as error:
        raise _refuse(excerpt(text, 60) or "(nothing)", "is not an address") from error
    if not _HOST.fullmatch(host) or not 0 < port < 65_536 or (":" in host and read_literal(host) is None):
        raise _refuse(excerpt(text, 60) or "(nothing)", "is not an address")
    if url.userinfo:
        raise _refuse(host, "contains user info")
    if is_own:
        return url
    if url.scheme != "https":
        raise _refuse(host, f"uses {excerpt(url.scheme, 10) or 'nothing'}, not https")
    if host == "localhost" or host.endswith(".localhost"):
        raise _refuse(host, "is this machine")
    if not rules.names(host):
        raise RefusedAddressError(
            f"{excerpt(host, 80)} is not one of the hosts in {rules.setting}.",
            next_step="Add it there if it is the vendor's.",
        )
    literal = read_literal(host)
    if literal is not None:
        check_peer(host, literal)
    return url


def read_literal(host: str) -> IpAddress | None:
    """Return the IP address that a host is, also in legacy forms (`127.1`, `0x7f000001`); None for a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        # resolvers accept these forms, also those of a proxy
        return ipaddress.IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except (OSError, ValueError):
        return None


def check_peer(host: str, address: IpAddress) -> None:
    """Raise RefusedAddressError if an address is not on the public internet."""
    if not is_public(address):
        raise _refuse(host, f"leads to {address}, which is no public address")


def check_peers(host: str, addresses: Sequence[IpAddress]) -> None:
    """As `check_peer`, for all addresses of a name: a single one that is not public makes the name suspect."""
    for address in addresses:
        check_peer(host, address)


def is_public(address: IpAddress) -> bool:
    """Return whether an address is on the public internet.

    Private, shared, loopback, link-local, multicast, reserved and unspecified addresses are not, nor are those that embed
    one (mapped, translated, 6to4, Teredo).
    """
    if isinstance(address, ipaddress.IPv6Address) and (inner := _list_embedded(address)):
        return all(is_public(one) for one in inner)
    is_special = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )
    return address.is_global and not is_special and not any(address in network for network in _NEVER_PUBLIC)


def _list_embedded(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if any(address in network for network in _TRANSLATED):
        return [ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)]
    return []


def _find_origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, find_host(url), url.port or {"http": 80, "https": 443}.get(url.scheme)


def _refuse(subject: str, why: str) -> RefusedAddressError:
    return RefusedAddressError(
        f"The address {excerpt(subject, 80)} {why}: it was not requested.", next_step="Ask the vendor about it."
    )
