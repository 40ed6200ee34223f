"""One place that turns the settings of a database into one address that asyncpg, SQLAlchemy and psql all take."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

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


def normalise_dsn(address: str) -> str:
    """Return `postgresql://...?sslmode=...` for any spelling in use (`postgres://`, a driver in the scheme, `ssl=`).

    Raises ConfigError, never quoting the password, where the address names no PostgreSQL database.
    """
    parts = urlsplit(address.strip())
    if parts.scheme not in _SCHEMES:
        raise ConfigError(
            f"DATABASE_URL has the scheme {parts.scheme or '(none)'!r}, which is not PostgreSQL's.",
            next_step="Write it as postgresql://user:password@host:5432/name.",
        )
    if not parts.path.strip("/"):
        raise ConfigError("DATABASE_URL names no database.", next_step="End it with the database's name: .../sra_data.")
    query = dict(parse_qsl(parts.query))
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    if "sslmode" in query:
        query["sslmode"] = _read_sslmode(query["sslmode"], "sslmode in DATABASE_URL")
    return urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query), ""))


def build_dsn(*, host: str, port: int, name: str, user: str, password: str | None, ssl: str | None) -> str:
    """Return the address for the separate DB_* settings; raises ConfigError for an unknown DB_SSL."""
    login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    query = "?sslmode=" + _read_sslmode(ssl, "DB_SSL") if ssl else ""
    return normalise_dsn(f"postgresql://{login}@{host}:{port}/{quote(name, safe='')}{query}")


def redact_dsn(dsn: str) -> str:
    """Return the address with its password replaced, for messages and logs."""
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{host}"))


def read_password(dsn: str) -> str | None:
    """Return the password in the address, decoded, or None."""
    password = urlsplit(dsn).password
    return unquote(password) if password else None


def _read_sslmode(word: str, where: str) -> str:
    mode = _SSL_WORDS.get(word.lower(), word.lower())
    if mode not in _SSL_MODES:
        raise ConfigError(
            f"{where} is {word!r}, which is no SSL mode.", next_step=f"Use one of: {', '.join(sorted(_SSL_MODES))}."
        )
    return mode
