"""The roles that read schema sra and nothing else: sra_reader of the SRA app, and sra_analyst."""

from __future__ import annotations

from dataclasses import dataclass, replace

import asyncpg

from sra_shared.kit.database.connect import connect
from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.database.reader_limits import ANALYST, READER, list_missing_limits
from sra_shared.kit.database.scram import make_verifier
from sra_shared.kit.db import OUTAGE_ERRORS, Connection, open_connection
from sra_shared.kit.settings import READER_SECONDS

# Revokes what PostgreSQL grants to every role and no reader needs, and grants the little that readers need; the owner keeps
# its own rights. Repeats revision 0005, because a database restored without privileges has none of it.
_RIGHTS = (
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "REVOKE CREATE ON SCHEMA sra FROM PUBLIC",
    "GRANT USAGE ON SCHEMA sra TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public, jobs, published FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION public.fundata_parse_number(text), published.product(numeric) TO PUBLIC",
)


# not permitted; created by a concurrent start; or for a role that could not be created
_REFUSALS = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.DuplicateObjectError,
    asyncpg.UniqueViolationError,
    asyncpg.UndefinedObjectError,
)


@dataclass(frozen=True)
class ReaderState:
    """Whether the SRA app can read; `statements` are those that an administrator must run because we may not.

    `limits` are those for the limits of the roles that read; the SRA app can read without them.
    """

    exists: bool
    can_login: bool
    statements: tuple[str, ...] = ()
    password_refused: bool = False
    limits: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing is left to do."""
        return self.exists and not self.statements


async def prepare_reader(
    connection: Connection, password: str | None = None, *, max_seconds: int = READER_SECONDS
) -> ReaderState:
    """Create the roles that read, if permitted, with their rights and limits, and set sra_reader's password if one is given.

    Safe to repeat. Missing rights raise no error: the returned state has the statements to run instead.
    """
    async with connection.transaction():
        # concurrent starts would update the same rows of the catalogue
        await take_lock(connection, "reader")
        refused = not await make_reader(connection, password)
        limits = await set_limits(connection, max_seconds)
        await _grant_rights(connection)
        state = await read_reader_state(connection, wants_login=password is not None, password_refused=refused)
        return replace(state, limits=tuple(limits))


async def make_reader(connection: Connection, password: str | None) -> bool:
    """Create sra_reader if it is missing and set its password; return False if a password was given and not permitted."""
    may_make = await _may_make_roles(connection)
    if may_make and await find_reader(connection) is None:
        await _attempt(connection, f"CREATE ROLE {READER} NOLOGIN")
    if password is None or await find_reader(connection) is None:
        return True
    return may_make and await _attempt(connection, f"ALTER ROLE {READER} LOGIN PASSWORD '{make_verifier(password)}'")


async def set_limits(connection: Connection, max_seconds: int, *, owner: str | None = None) -> list[str]:
    """Set the limits of the roles that read, as far as permitted; return the statements that were not."""
    missing = await list_missing_limits(connection, max_seconds, owner=owner)
    if not (missing and await _may_make_roles(connection)):
        return missing
    for statement in missing:
        await _attempt(connection, statement)
    return await list_missing_limits(connection, max_seconds, owner=owner)


async def _grant_rights(connection: Connection) -> None:
    for role in await list_readers(connection):
        await connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA sra TO {role}")
        await connection.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sra TO {role}")
        await connection.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA sra GRANT SELECT ON TABLES TO {role}")
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    for statement in (*_RIGHTS, f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"):
        await _attempt(connection, statement)


async def list_readers(connection: Connection) -> list[str]:
    """Return the existing roles that read."""
    rows = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY($1::text[]) ORDER BY rolname", [READER, ANALYST]
    )
    return [row["rolname"] for row in rows]


async def set_up_reader(dsn: str, password: str | None, *, max_seconds: int) -> ReaderState:
    """As `prepare_reader`, on a separate connection; a password that we may not set is tried, since it may be set already.

    Raises the database's errors if it is down.
    """
    connection = await open_connection(dsn, application_name="sra:migrate")
    try:
        state = await prepare_reader(connection, password, max_seconds=max_seconds)
        if password is not None and state.password_refused and await _logs_in(dsn, password):
            logs_in = await read_reader_state(connection, wants_login=True)
            state = replace(logs_in, limits=state.limits)
        return state
    finally:
        await connection.close()


def describe_reader(reader: ReaderState) -> list[str]:
    """Return the steps that remain before the SRA app can read, and only read; empty if all is done."""
    lines: list[str] = []
    if not reader.ready:
        lines.append("This user may not set up the role sra_reader. An administrator must run:")
        lines += [f"  {statement};" for statement in reader.statements]
    if reader.limits:
        lines.append("Not all limits of the roles that read could be set. An administrator must run in this database:")
        lines += [f"  {statement};" for statement in reader.limits]
    return lines


async def _logs_in(dsn: str, password: str) -> bool:
    try:
        connection = await connect(dsn, application_name="sra:migrate", login=(READER, password))
    except (*OUTAGE_ERRORS, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def read_reader_state(
    connection: Connection, *, wants_login: bool = False, password_refused: bool = False
) -> ReaderState:
    """Return the state of the reader; with `wants_login`, a role that cannot log in yet is not ready."""
    can_login = await find_reader(connection)
    granted = can_login is not None and await connection.fetchval(
        "SELECT has_schema_privilege($1, 'sra', 'USAGE') AND NOT EXISTS (SELECT FROM pg_class c"
        " WHERE c.relnamespace = 'sra'::regnamespace AND c.relkind = 'v' AND NOT has_table_privilege($1, c.oid, 'SELECT'))",
        READER,
    )
    verb = "CREATE" if can_login is None else "ALTER"
    missing = can_login is None or password_refused or (wants_login and not can_login)
    statements: tuple[str, ...] = ()
    if missing or not granted:
        statements = (
            f"{verb} ROLE {READER} LOGIN PASSWORD '(the value of SRA_READER_PASSWORD)'",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA sra TO {READER}",
        )
    return ReaderState(
        exists=can_login is not None,
        can_login=bool(can_login),
        statements=statements,
        password_refused=password_refused,
    )


async def find_reader(connection: Connection) -> bool | None:
    """Return whether the role may log in, or None if it does not exist."""
    can_login: bool | None = await connection.fetchval("SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", READER)
    return can_login


async def _may_make_roles(connection: Connection) -> bool:
    """Return whether an attempt can succeed: the server logs each refusal."""
    return bool(
        await connection.fetchval("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    )


async def _attempt(connection: Connection, statement: str) -> bool:
    """Return whether the statement was permitted; the state read afterwards shows the effect on the reader."""
    try:
        async with connection.transaction():
            await connection.execute(statement)
    except _REFUSALS:
        return False
    return True
