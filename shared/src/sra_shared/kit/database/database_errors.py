"""Turns errors of the database into one sentence and a next step: wherever possible, the SQL statement that fixes it."""

from __future__ import annotations

import errno
import getpass
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace

import asyncpg

from sra_shared.kit.database.database_check import quote_name, write_create_database
from sra_shared.kit.database.dsn import DatabaseAddress, parse_dsn
from sra_shared.kit.errors import ConfigError, RetryableError, SraError

_Explain = Callable[[asyncpg.PostgresError, DatabaseAddress], SraError]
# errors of local files, not of the network
_LOCAL_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_PASSWORD = "'(the password in DATABASE_URL)'"  # noqa: S105 - shown instead of the password


def explain_database_error(error: BaseException, dsn: str) -> SraError | None:
    """Return an error of the database or the connection as one of ours, None for any other error.

    `dsn` is the normalised address that was used. If only an administrator or an operator can fix it, the error is a
    ConfigError; if it may pass, a RetryableError.
    """
    address = parse_dsn(dsn)
    if not address.user:
        address = replace(address, user=_read_own_name())
    for cause in _list_causes(error):
        if isinstance(cause, SraError):
            return cause
        if isinstance(cause, asyncpg.PostgresError):
            for kind, explain in _KINDS.items():
                if isinstance(cause, kind):
                    return explain(cause, address)
            return SraError(f"PostgreSQL refused: {_read_message(cause)}.")
        found = _explain_connection(cause, address)
        if found is not None:
            return found
    return None


def _read_own_name() -> str:
    """Return the user name that the driver uses if the address names none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "sra"


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, the members of a group and the causes, since libraries wrap the driver's errors."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for one in seen.exceptions:
                yield from _list_causes(one)
        seen = seen.__cause__


def _read_message(error: asyncpg.PostgresError) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def _explain_connection(error: BaseException, address: DatabaseAddress) -> SraError | None:
    place = ", ".join(host.name for host in address.hosts) or "this machine"
    if isinstance(error, (ssl.SSLError, ConnectionError)):
        found = _explain_tls(error, place)
        if found is not None:
            return found
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return RetryableError(
            f"No server of {place} accepts writes.", next_step="Run on the one to take over: SELECT pg_promote();"
        )
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return ConfigError(
            "The address of the database, or a PG variable of the environment, contradicts itself.",
            next_step="Correct DATABASE_URL, or unset PGSSLMODE, PGSSLROOTCERT, PGTARGETSESSIONATTRS and similar variables.",
        )
    if isinstance(error, asyncpg.InterfaceError) and "authentication method" in str(error):
        return ConfigError(
            f"The database server {place} requires a login method that is not supported.",
            next_step="Set the method to scram-sha-256 in this user's line of pg_hba.conf, then run: SELECT pg_reload_conf();",
        )
    is_connection_error = isinstance(error, OSError) and error.filename is None and error.errno not in _LOCAL_ERRORS
    if is_connection_error or isinstance(error, asyncpg.InterfaceError):
        reason = str(error) or "no response in time"
        return RetryableError(
            f"The database does not respond at {place} ({reason}).",
            next_step="Check that it is running, and check DATABASE_URL.",
        )
    return None


def _explain_tls(error: OSError, place: str) -> SraError | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConfigError(
            f"The certificate of the database server {place} is not trusted: {error.verify_message}.",
            next_step="Name its authority as sslrootcert in DATABASE_URL.",
        )
    if isinstance(error, ssl.SSLError):
        return ConfigError(
            f"TLS with the database server {place} failed ({error.reason or 'no reason given'}).",
            next_step="Check sslmode, sslcert, sslkey and sslrootcert in DATABASE_URL.",
        )
    if "rejected SSL upgrade" in str(error):
        return ConfigError(
            f"The database server {place} does not offer TLS, but DATABASE_URL requires it.",
            next_step="Run there: ALTER SYSTEM SET ssl = on; with a certificate, or omit sslmode.",
        )
    return None


def _explain_missing(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    return ConfigError(
        f"The server has no database {address.database}.",
        next_step=f"An administrator must run: {write_create_database(address.database, address.user)}",
    )


def _explain_password(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    return ConfigError(
        f"The server refuses the password of user {address.user}, or the user does not exist.",
        next_step=f"Correct DATABASE_URL, or run: ALTER ROLE {quote_name(address.user)} LOGIN PASSWORD {_PASSWORD};",
    )


def _explain_login(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    """Distinguish a missing line in pg_hba.conf from a role that may not log in, by the error's place in the server's source."""
    user, database = quote_name(address.user), quote_name(address.database)
    if getattr(error, "server_source_function", None) == "InitializeSessionUserId":
        return ConfigError(
            f"User {address.user} does not exist or may not log in.",
            next_step=f"An administrator must run: CREATE ROLE {user} LOGIN PASSWORD {_PASSWORD}; or ALTER ROLE {user} LOGIN;",
        )
    return ConfigError(
        f"The server refuses user {address.user} on database {address.database} from this machine ({_read_message(error)}).",
        next_step=f"Add to pg_hba.conf: hostssl {database} {user} (this machine's address) scram-sha-256,"
        " and run: SELECT pg_reload_conf();",
    )


def _explain_full(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    user, database = quote_name(address.user), quote_name(address.database)
    statement = {
        "InitializeSessionUserId": f"ALTER ROLE {user} CONNECTION LIMIT -1;",
        "CheckMyDatabase": f"ALTER DATABASE {database} CONNECTION LIMIT -1;",
    }.get(
        str(getattr(error, "server_source_function", "")),
        "ALTER SYSTEM SET max_connections = 200; and restart the server",
    )
    return RetryableError(
        f"The server has no connection left for user {address.user} ({_read_message(error)}).",
        next_step=f"Close other connections, or run: {statement}",
    )


def _explain_right(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    user = quote_name(address.user)
    if getattr(error, "server_source_function", None) in ("CheckMyDatabase", "InitPostgres"):
        return ConfigError(
            f"User {address.user} may not connect to database {address.database}.",
            next_step=f"Its owner must run: GRANT CONNECT ON DATABASE {quote_name(address.database)} TO {user};",
        )
    return ConfigError(
        f"User {address.user} lacks a right: {_read_message(error)}.",
        next_step=f"Connect as the owner of the tables, or run: GRANT (that owner) TO {user};",
    )


def _explain_closed(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    if getattr(error, "server_source_function", None) != "CheckMyDatabase":
        return SraError(f"PostgreSQL refused: {_read_message(error)}.")
    return ConfigError(
        f"Database {address.database} accepts no connections.",
        next_step=f"An administrator must run: ALTER DATABASE {quote_name(address.database)} ALLOW_CONNECTIONS true;",
    )


def _explain_read_only(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    return ConfigError(
        "The server is read-only.",
        next_step="Name the primary in DATABASE_URL, or run: SELECT pg_promote(); on a standby, else"
        f" ALTER ROLE {quote_name(address.user)} RESET default_transaction_read_only;",
    )


def _explain_parameter(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    if getattr(error, "severity_en", None) != "FATAL":
        return SraError(f"PostgreSQL refused: {_read_message(error)}.")
    return ConfigError(
        f"The server refuses a setting of the session ({_read_message(error)}).",
        next_step="Correct the options in DATABASE_URL; if the address is a connection pooler's, use the server's own.",
    )


def _explain_start(error: asyncpg.PostgresError, address: DatabaseAddress) -> SraError:
    return RetryableError(
        f"The database server is not ready ({_read_message(error)}).", next_step="Try again when it is ready."
    )


_KINDS: dict[type[asyncpg.PostgresError], _Explain] = {
    asyncpg.InvalidCatalogNameError: _explain_missing,
    asyncpg.InvalidPasswordError: _explain_password,
    asyncpg.InvalidAuthorizationSpecificationError: _explain_login,
    asyncpg.TooManyConnectionsError: _explain_full,
    asyncpg.InsufficientPrivilegeError: _explain_right,
    asyncpg.ObjectNotInPrerequisiteStateError: _explain_closed,
    asyncpg.ReadOnlySQLTransactionError: _explain_read_only,
    asyncpg.UndefinedObjectError: _explain_parameter,
    asyncpg.InvalidParameterValueError: _explain_parameter,
    asyncpg.ProtocolViolationError: _explain_parameter,
    asyncpg.CannotConnectNowError: _explain_start,
}
