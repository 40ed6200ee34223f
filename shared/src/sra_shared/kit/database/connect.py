"""Opens one connection: all parameters of the address are honoured, and all settings of the session are ours.

Defaults of a role or a database, or `options` in the address, would otherwise change what our statements mean, how long
they may take and how values are written.
"""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import asyncpg

from sra_shared.kit.database.dsn import DatabaseAddress, Host, parse_dsn

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    _Connection = asyncpg.Connection

CONNECT_SECONDS = 10.0
SESSION_SETTINGS = {
    # leases, constraints and SKIP LOCKED rely on this level; with SERIALIZABLE every load would fail
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    # for a user named sra, the default path would find the views of schema sra before the tables
    "search_path": "public",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "gin_fuzzy_search_limit": "0",
    "default_table_access_method": "heap",
    "exit_on_error": "off",
    # the client sets a time-out for each statement, and sessions may wait for work indefinitely
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    # a worker paused inside a transaction must not keep its locks forever
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "jit": "off",
}
"""The settings of all our sessions; they override defaults of the role and the database."""
_LATER_SETTINGS = {17: "SET transaction_timeout = 0"}
_KEEPALIVES = {
    "keepalives_idle": (socket.IPPROTO_TCP, "TCP_KEEPIDLE"),
    "keepalives_interval": (socket.IPPROTO_TCP, "TCP_KEEPINTVL"),
    "keepalives_count": (socket.IPPROTO_TCP, "TCP_KEEPCNT"),
    "tcp_user_timeout": (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT"),
}
# the TLS parameters that asyncpg reads from an address as libpq does
_DRIVER_TLS = (
    *("sslmode", "sslnegotiation", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version"),
)
_NEXT_HOST = (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)


class _NoStatement(NamedTuple):
    """A placeholder for the statement that a cached introspection does not need; a name means that nothing was prepared."""

    name: str = "none"


_FIRST_OWN_OID = 10_000
_described: dict[frozenset[int], Any] = {}
"""Introspection results for sets of types that are the same on every server."""


class SessionConnection(_Connection):
    """A connection that keeps our settings when a pool resets it, and whose socket can be tuned."""

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        self.client_socket: socket.socket | None = transport.get_extra_info("socket")

    def get_reset_query(self) -> str:
        """Return the query that a pool sends on release: RESET restores the startup settings, later ones are set again."""
        query: str = super().get_reset_query()
        return "\n".join([query, *(f"{statement};" for statement in self.list_later_settings())])

    async def _introspect_types(self, typeoids: Iterable[int], timeout: float | None) -> tuple[Any, Any]:  # noqa: ASYNC109
        """Return the driver's introspection of unknown types, such as arrays, which it would query on each new connection.

        That takes three queries of a few milliseconds each. A process makes them only once for PostgreSQL's built-in types.
        """
        wanted = frozenset(typeoids)
        if wanted in _described:
            return _described[wanted], _NoStatement()
        # the type stubs do not declare this method
        rows, statement = await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]
        if max(wanted) < _FIRST_OWN_OID:
            _described[wanted] = rows
        return rows, statement

    def list_later_settings(self) -> list[str]:
        """Return statements that only newer servers accept and that therefore cannot be startup settings."""
        major = self.get_server_version().major
        return [statement for since, statement in _LATER_SETTINGS.items() if major >= since]


async def connect(
    dsn: str,
    *,
    application_name: str,
    login: tuple[str, str] | None = None,
    command_timeout: float | None = None,
) -> SessionConnection:
    """Connect to the first host of a normalised address that responds; `login` replaces its user and password.

    Each host is tried for the address's `connect_timeout`, else 10 s. Raises the driver's error for the last host.
    """
    address = parse_dsn(dsn)
    hosts: list[Host | None] = list(address.hosts) or [None]
    if address.parameters.get("load_balance_hosts") == "random":
        random.shuffle(hosts)
    options = _make_options(address, application_name) | {"command_timeout": command_timeout}
    if login is not None:
        options["user"], options["password"] = login
    connection = await _connect_first(hosts, options)
    _tune_socket(connection.client_socket, address.parameters)
    for statement in connection.list_later_settings():
        await connection.execute(statement)
    return connection


async def _connect_first(hosts: list[Host | None], options: dict[str, Any]) -> SessionConnection:
    *others, last = hosts
    for host in others:
        with suppress(*_NEXT_HOST):
            return await _connect_to(host, options)
    return await _connect_to(last, options)


async def _connect_to(host: Host | None, options: dict[str, Any]) -> SessionConnection:
    place: dict[str, Any] = {} if host is None else {"host": host.name, "port": host.port}
    try:
        connection: SessionConnection = await asyncpg.connect(**place, **options)
    except OSError as error:
        # outages are logged often, and the frames of the driver and the event loop explain nothing
        raise error.with_traceback(None)  # noqa: B904
    except asyncpg.exceptions.ClientConfigurationError:
        raise
    except ValueError as error:
        # PGPORT, for example; its value is not repeated
        raise asyncpg.exceptions.ClientConfigurationError("a PG variable of the environment is wrong") from error
    return connection


def _make_options(address: DatabaseAddress, application_name: str) -> dict[str, Any]:
    given = address.parameters
    settings = SESSION_SETTINGS | {"application_name": application_name[:63]}
    if "options" in given:
        settings["options"] = given["options"]
    seconds = float(given.get("connect_timeout", 0))
    options: dict[str, Any] = {
        "user": address.user or None,
        "password": address.password or None,
        "database": address.database,
        "passfile": given.get("passfile"),
        "timeout": seconds if seconds > 0 else CONNECT_SECONDS,
        "server_settings": settings,
        "target_session_attrs": given.get("target_session_attrs"),
        "connection_class": SessionConnection,
    }
    return options | _choose_tls(given)


def _choose_tls(given: dict[str, str]) -> dict[str, Any]:
    """Return the driver's TLS arguments: the address's parameters if the driver supports them, else our own context."""
    if given.get("sslcertmode") == "disable":
        given = {name: value for name, value in given.items() if name not in ("sslcert", "sslkey", "sslpassword")}
    binds = given.get("channel_binding") == "require"
    if binds or given.get("sslrootcert") == "system" or ("sslcrldir" in given and "sslrootcert" in given):
        return {"ssl": _make_context(given, binds=binds), "direct_tls": given.get("sslnegotiation") == "direct"}
    known = "&".join(f"{name}={quote(given[name], safe='')}" for name in _DRIVER_TLS if name in given)
    return {"dsn": f"postgresql:///?{known}"} if known else {}


def _make_context(given: dict[str, str], *, binds: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # the driver does not support channel binding; checking the certificate's host name keeps others out as well
    context.check_hostname = binds or given.get("sslmode") == "verify-full"
    if given.get("sslrootcert", "system") == "system":
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile=given["sslrootcert"])
    if "sslcrl" in given or "sslcrldir" in given:
        context.load_verify_locations(cafile=given.get("sslcrl"), capath=given.get("sslcrldir"))
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    if "sslcert" in given:
        context.load_cert_chain(given["sslcert"], given.get("sslkey"), lambda: given.get("sslpassword", ""))
    context.minimum_version = _read_version(given.get("ssl_min_protocol_version", "TLSv1.2"))
    if "ssl_max_protocol_version" in given:
        context.maximum_version = _read_version(given["ssl_max_protocol_version"])
    context.set_alpn_protocols(["postgresql"])
    return context


def _read_version(name: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[name.replace(".", "_")]


def _tune_socket(client: socket.socket | None, given: dict[str, str]) -> None:
    """Set TCP keepalives as libpq does: on, unless the address says otherwise."""
    if client is None or client.family not in (socket.AF_INET, socket.AF_INET6):
        return
    is_on = given.get("keepalives") != "0"
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(is_on))
    for name, (level, option) in _KEEPALIVES.items():
        value = int(given.get(name, 0))
        if value > 0 and hasattr(socket, option) and (is_on or name == "tcp_user_timeout"):
            client.setsockopt(level, getattr(socket, option), value)
