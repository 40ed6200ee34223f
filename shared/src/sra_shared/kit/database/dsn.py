"""Turns the database settings into one normalised address, which psql and `sra_shared.kit.database.connect` accept."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, unquote

from sra_shared.kit.database.libpq import BY_NAME, Form, find_fault
from sra_shared.kit.errors import ConfigError

_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"}
_SSL_WORDS = {
    "true": "require",
    "1": "require",
    "yes": "require",
    "on": "require",
    "false": "disable",
    "0": "disable",
    "no": "disable",
    "off": "disable",
}
_SHORT_FORM = "Write it as postgresql://user:password@host:5432/name."
_FORM = (
    "Write it as postgresql://user:password@host:5432/name; in a password, write %40 for @, %2F for /, %3A for :,"
    " %5B for [, %3F for ?, %23 for # and %25 for %."
)
_LAST_PORT = 65_535
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    r"(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$"
)
# the kernel's limit for the path of a socket, less the file name that PostgreSQL appends to the folder
_LONGEST_FOLDER = 107 - len("/.s.PGSQL.65535")
_SECRETS = ("password", "sslpassword")
_STRICT_MODES = ("require", "verify-ca", "verify-full")


@dataclass(frozen=True)
class Host:
    """One server of an address: a name, an IP address or a socket's folder; without a port, the default port."""

    name: str
    port: int | None = None


@dataclass(frozen=True)
class DatabaseAddress:
    """The decoded parts of a normalised address; without a host, the default sockets and hosts apply."""

    user: str
    password: str
    database: str
    hosts: tuple[Host, ...]
    parameters: dict[str, str]


def normalise_dsn(text: str) -> str:
    """Return `postgresql://...?sslmode=...` for any common spelling (`postgres://`, a driver in the scheme, `ssl=`).

    Without a host (`postgresql:///name?host=/run/postgresql`) it names a socket. Raises ConfigError, which never quotes the
    address, if it names no PostgreSQL database or has a parameter that cannot be used.
    """
    scheme, login, hosts, path, query = _split(text.strip())
    if scheme not in _SCHEMES:
        raise ConfigError("DATABASE_URL does not have the scheme of a PostgreSQL database.", next_step=_SHORT_FORM)
    user, _, password = login.partition(":")
    _refuse_twice(query, user=user, password=password, dbname=path, host=hosts)
    database = unquote(path) or query.pop("dbname", "")
    if not database:
        raise ConfigError(
            "DATABASE_URL does not name a database.", next_step="End it with the database's name: .../sra_data."
        )
    # keep the password in one place only, so that only one place has to be redacted
    login = _write_login(unquote(user) or query.pop("user", ""), unquote(password) or query.pop("password", ""))
    for name, value in query.items():
        fault = find_fault(name, value)
        if fault is not None:
            raise ConfigError(fault[0], next_step=fault[1])
    dsn = _join(login, hosts, "/" + quote(database, safe=""), query)
    address = parse_dsn(dsn)
    _check_address(address)
    if "hostaddr" in query:
        _check_addresses(address)
    return dsn


def build_dsn(*, host: str, port: int, name: str, user: str, password: str | None, ssl: str | None) -> str:
    """Return the address for the separate DB_* settings; `host` may be a name, an IP address or a socket's folder.

    Raises ConfigError for an unknown DB_SSL and for an invalid host.
    """
    query = {"sslmode": read_sslmode(ssl)} if ssl else {}
    login, path = _write_login(user, password or ""), "/" + quote(name, safe="")
    if not is_host(host):
        raise ConfigError(
            "DB_HOST is not a host.", next_step="Set it to just the name, the IP address or the socket's folder."
        )
    if host.startswith("/"):
        return _join(login, "", path, {"host": host, "port": str(port)} | query)
    return _join(login, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", path, query)


def parse_dsn(dsn: str) -> DatabaseAddress:
    """Return the parts of a normalised address; raises ConfigError for an invalid port."""
    _, login, netloc, path, query = _split(dsn)
    user, _, password = login.partition(":")
    ports = [_read_port(port) for port in query.pop("port").split(",")] if "port" in query else []
    if "host" in query or "hostaddr" in query:
        names = query.pop("host", "").split(",")
        names = query.pop("hostaddr").split(",") if "hostaddr" in query else names
        hosts = [Host(name.removeprefix("[").removesuffix("]")) for name in names]
    else:
        hosts = [_read_host(text) for text in netloc.split(",")] if netloc else []
    if len(ports) not in (0, 1, len(hosts)):
        raise ConfigError("DATABASE_URL has neither one port for all hosts nor one for each.", next_step=_SHORT_FORM)
    if ports:
        each = ports * len(hosts) if len(ports) == 1 else ports
        hosts = [Host(host.name, port) for host, port in zip(hosts, each, strict=True)]
    return DatabaseAddress(unquote(user), unquote(password), unquote(path), tuple(hosts), query)


def redact_dsn(dsn: str) -> str:
    """Return a normalised address with its secrets replaced, for messages and logs."""
    _, login, hosts, path, query = _split(dsn)
    user, separator, _ = login.partition(":")
    shown = {name: "***" if name in _SECRETS else value for name, value in query.items()}
    return _join(f"{user}:***" if separator else user, hosts, f"/{path}", shown)


def write_client_address(dsn: str, major: int) -> str:
    """Return a normalised address, without its password, for libpq of this major version.

    Newer parameters are omitted. Raises ConfigError for one that can neither be omitted nor be shown.
    """
    _, login, hosts, path, query = _split(dsn)
    if "sslpassword" in query:
        raise ConfigError(
            "DATABASE_URL has sslpassword, which every user of this machine would see.",
            next_step="Use ./sra psql --json -c, or a key without a password.",
        )
    if query.get("sslrootcert") == "system" and major < 16:
        raise ConfigError(
            f"psql {major} does not know sslrootcert=system.",
            next_step="Install psql 16, or name a file of authorities.",
        )
    known = {name: value for name, value in query.items() if BY_NAME[name].since <= major}
    return _join(login.partition(":")[0], hosts, f"/{path}", known)


def read_password(dsn: str) -> str | None:
    """Return the password in a normalised address, decoded, or None."""
    password = _split(dsn)[1].partition(":")[2]
    return unquote(password) if password else None


def read_sslmode(word: str) -> str:
    """Return the SSL mode that DB_SSL names; raises ConfigError if it names none."""
    mode = _SSL_WORDS.get(word.lower(), word.lower())
    modes = BY_NAME["sslmode"].values
    if mode not in modes:
        raise ConfigError("DB_SSL is not an SSL mode.", next_step=f"Use one of: {', '.join(modes)}.")
    return mode


def is_host(text: str) -> bool:
    """Whether it is a host name, an IP address (IPv6 without brackets) or a socket's folder."""
    if text.startswith("/"):
        return len(os.fsencode(text)) <= _LONGEST_FOLDER and text.isprintable()
    return bool(_HOST_NAME.match(text)) or is_ip_address(text)


def is_ip_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address, the latter without brackets."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _split(address: str) -> tuple[str, str, str, str, dict[str, str]]:
    """Return scheme, login, hosts and path without its first slash, all as written, and the decoded query.

    As in libpq, a plus is a literal plus, and the last of repeated parameters wins. Raises ConfigError.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        raise ConfigError("DATABASE_URL has no scheme.", next_step=_SHORT_FORM)
    place, _, text = rest.partition("?")
    netloc, _, path = place.partition("/")
    login, _, hosts = netloc.rpartition("@")
    if any(mark in login for mark in "[]#") or ("/" not in place and "@" in text) or "#" in rest.rpartition("@")[2]:
        raise ConfigError("DATABASE_URL cannot be read as an address.", next_step=_FORM)
    if "@" in path:
        raise ConfigError("DATABASE_URL has an @ after its host, as a password with a / in it has.", next_step=_FORM)
    return scheme.lower(), login, hosts, path, _read_query(text)


def _read_query(text: str) -> dict[str, str]:
    query = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if value:
            query[unquote(name)] = unquote(value)
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    if "sslmode" in query:
        word = query["sslmode"].lower()
        query["sslmode"] = _SSL_WORDS.get(word, word)
    elif query.get("sslrootcert") == "system":
        query["sslmode"] = "verify-full"  # as libpq takes it
    return query


def _refuse_twice(query: dict[str, str], **given: str) -> None:
    for name, value in given.items():
        if value and name in query:
            raise ConfigError(
                f"DATABASE_URL names its {name} twice.", next_step=f"Omit the parameter {name} or the other one."
            )


def _check_address(address: DatabaseAddress) -> None:
    for text in (address.user, address.password, address.database, *address.parameters.values()):
        if any(ord(mark) < 32 or ord(mark) == 127 for mark in text):
            raise ConfigError("DATABASE_URL has a control character or line break.", next_step="Remove it.")
    if not all(is_host(host.name) for host in address.hosts):
        raise ConfigError("DATABASE_URL has a host that is not a host name, address or folder.", next_step=_FORM)
    _check_tls(address.parameters)
    for name, value in address.parameters.items():
        form = BY_NAME[name].form
        if name == "sslrootcert" and value == "system":
            continue
        is_there = Path(value).is_dir() if form is Form.FOLDER else Path(value).is_file()
        if form in (Form.FILE, Form.FOLDER) and not (is_there and os.access(value, os.R_OK)):
            raise ConfigError(
                f"DATABASE_URL has {name}, and there is no readable {form} of that name.",
                next_step="Give its whole path, and let this user read it.",
            )


def _check_addresses(address: DatabaseAddress) -> None:
    if not all(is_ip_address(host.name) for host in address.hosts):
        raise ConfigError("DATABASE_URL has a hostaddr that is not an IP address.", next_step="Put names into host.")
    if address.parameters.get("sslmode") == "verify-full" or address.parameters.get("channel_binding") == "require":
        raise ConfigError(
            "DATABASE_URL has hostaddr, but its sslmode checks the server's name.", next_step="Put the name into host."
        )


def _check_tls(parameters: dict[str, str]) -> None:
    mode = parameters.get("sslmode", "prefer")
    needed = {
        "channel_binding=require": (parameters.get("channel_binding") == "require", ("prefer", *_STRICT_MODES)),
        "sslnegotiation=direct": (parameters.get("sslnegotiation") == "direct", _STRICT_MODES),
        "sslrootcert=system": (parameters.get("sslrootcert") == "system", ("verify-full",)),
    }
    for name, (is_given, modes) in needed.items():
        if is_given and mode not in modes:
            raise ConfigError(
                f"DATABASE_URL has {name}, which does not go with its sslmode.",
                next_step=f"Set sslmode to one of: {', '.join(modes)}.",
            )


def _read_host(text: str) -> Host:
    text = unquote(text)
    if text.startswith("/"):
        return Host(text)
    name, _, port = text.partition(":")
    if text.startswith("["):
        name, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    return Host(name, _read_port(port) if port else None)


def _read_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= _LAST_PORT):
        # the port is not quoted: it may be part of a password
        raise ConfigError(f"DATABASE_URL has a port that is not a number from 1 to {_LAST_PORT}.", next_step=_FORM)
    return int(text)


def _write_login(user: str, password: str) -> str:
    return quote(user, safe="") + (":" + quote(password, safe="") if password else "")


def _join(login: str, host: str, path: str, query: dict[str, str]) -> str:
    """Return the address; the two slashes are kept without a host, because libpq requires them."""
    options = "&".join(f"{quote(name, safe='')}={quote(value, safe='/,[]:*')}" for name, value in query.items())
    return f"postgresql://{login}{'@' if login else ''}{host}{path}{'?' if options else ''}{options}"
