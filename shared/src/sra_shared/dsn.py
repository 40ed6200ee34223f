"""One place that turns the settings of a database into one address that asyncpg, SQLAlchemy and psql all take."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from sra_shared.errors import ConfigError

_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"}
_SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
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
_FORM = (
    "Write it as postgresql://user:password@host:5432/name; in a password stand %40 for @, %2F for /, %3A for :,"
    " %5B for [, %3F for ?, %23 for # and %25 for %."
)
_LAST_PORT = 65_535


def normalise_dsn(address: str) -> str:
    """Return `postgresql://...?sslmode=...` for any spelling in use (`postgres://`, a driver in the scheme, `ssl=`).

    Without a host (`postgresql:///name?host=/run/postgresql`) it names a socket. Raises ConfigError, never quoting the
    password, where the address names no PostgreSQL database.
    """
    parts = _split(address.strip())
    if parts.scheme not in _SCHEMES:
        raise ConfigError(
            f"DATABASE_URL has the scheme {parts.scheme or '(none)'!r}, which is not PostgreSQL's.",
            next_step="Write it as postgresql://user:password@host:5432/name.",
        )
    if not parts.path.strip("/"):
        raise ConfigError("DATABASE_URL names no database.", next_step="End it with the database's name: .../sra_data.")
    query = dict(parse_qsl(parts.query))
    login, _, host = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    _check_ports(host, query.get("port"))
    if "@" in parts.path:
        raise ConfigError("DATABASE_URL has an @ after its host, as a password with a / in it has.", next_step=_FORM)
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    if "sslmode" in query:
        query["sslmode"] = _read_sslmode(query["sslmode"], "sslmode in DATABASE_URL")
    # the password stands in one place only, so that one place has to be hidden
    given_user, given_password = query.pop("user", ""), query.pop("password", "")
    login = _write_login(unquote(user) or given_user, unquote(password) or given_password)
    return _join(login, host, parts.path, query)


def build_dsn(*, host: str, port: int, name: str, user: str, password: str | None, ssl: str | None) -> str:
    """Return the address for the separate DB_* settings; `host` may be a name, an address or the folder of a socket.

    Raises ConfigError for an unknown DB_SSL and for a host that is none of these.
    """
    query = {"sslmode": _read_sslmode(ssl, "DB_SSL")} if ssl else {}
    login, path = _write_login(user, password or ""), "/" + quote(name, safe="")
    if host.startswith("/"):
        return _join(login, "", path, {"host": host, "port": str(port)} | query)
    if any(mark in host for mark in "@/?#[] \t"):
        raise ConfigError(f"DB_HOST is {host!r}, which is no host.", next_step="Give the name or the address alone.")
    return _join(login, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", path, query)


def redact_dsn(dsn: str) -> str:
    """Return a normalised address with its password replaced, for messages and logs."""
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn
    return _join(
        f"{parts.username or ''}:***", parts.netloc.rpartition("@")[2], parts.path, dict(parse_qsl(parts.query))
    )


def strip_password(dsn: str) -> str:
    """Return a normalised address without its password, for a program that gets it in another way."""
    parts = urlsplit(dsn)
    return _join(parts.username or "", parts.netloc.rpartition("@")[2], parts.path, dict(parse_qsl(parts.query)))


def read_password(dsn: str) -> str | None:
    """Return the password in a normalised address, decoded, or None."""
    password = urlsplit(dsn).password
    return unquote(password) if password else None


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError as error:
        # what Python says of it may quote the password
        raise ConfigError("DATABASE_URL cannot be read as an address.", next_step=_FORM) from error


def _check_ports(hosts: str, more: str | None) -> None:
    ports = [host.rpartition("]")[2].partition(":")[2] for host in hosts.split(",")] + (more or "").split(",")
    for port in ports:
        if port and not (port.isascii() and port.isdigit() and 1 <= int(port) <= _LAST_PORT):
            # not quoted: what stands there may be the rest of a password
            raise ConfigError(f"DATABASE_URL has a port that is no number from 1 to {_LAST_PORT}.", next_step=_FORM)


def _write_login(user: str, password: str) -> str:
    return quote(user, safe="") + (":" + quote(password, safe="") if password else "")


def _join(login: str, host: str, path: str, query: dict[str, str]) -> str:
    """Return the address; the two slashes stay where there is no host, since libpq takes it for one by them alone."""
    options = "?" + urlencode(query, safe="/") if query else ""
    return f"postgresql://{login}{'@' if login else ''}{host}{path}{options}"


def _read_sslmode(word: str, where: str) -> str:
    mode = _SSL_WORDS.get(word.lower(), word.lower())
    if mode not in _SSL_MODES:
        raise ConfigError(
            f"{where} is {word!r}, which is no SSL mode.", next_step=f"Use one of: {', '.join(sorted(_SSL_MODES))}."
        )
    return mode
