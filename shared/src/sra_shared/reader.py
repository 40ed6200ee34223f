"""The role of the SRA app, sra_reader: it reads schema sra and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from sra_shared.connect import connect
from sra_shared.db import OUTAGE_ERRORS, Connection, open_connection
from sra_shared.locks import take_lock
from sra_shared.scram import make_verifier

READER = "sra_reader"

_GRANTS = (
    f"GRANT SELECT ON ALL TABLES IN SCHEMA sra TO {READER}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA sra GRANT SELECT ON TABLES TO {READER}",
)
# What PostgreSQL gives to every role and no reader needs, and the little that he does; the owner keeps his own rights. As
# in revision 0005: a database that was restored without privileges has none of it.
_RIGHTS = (
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "REVOKE CREATE ON SCHEMA sra FROM PUBLIC",
    "GRANT USAGE ON SCHEMA sra TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public, jobs, published FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION public.fundata_parse_number(text), published.product(numeric) TO PUBLIC",
)
# the reader leaves off no limit of his own by accident: names resolve in sra, nothing is written, nothing waits for ever
_DEFAULTS = (
    f"ALTER ROLE {READER} SET search_path = sra",
    f"ALTER ROLE {READER} SET default_transaction_read_only = on",
)


@dataclass(frozen=True)
class ReaderState:
    """Whether the SRA app can read; `statements` are what an administrator has to run where we may not."""

    exists: bool
    can_login: bool
    statements: tuple[str, ...] = ()
    password_refused: bool = False

    @property
    def ready(self) -> bool:
        """Whether nothing is left to do."""
        return self.exists and not self.statements


async def prepare_reader(connection: Connection, password: str | None = None) -> ReaderState:
    """Make sra_reader where that is permitted, give it its rights and, where one is given, its password.

    Safe to repeat. Never raises for want of rights: the state returned names the two statements to run instead.
    """
    async with connection.transaction():
        # two starts at once would update the same rows of the catalogue
        await take_lock(connection, "reader")
        return await _prepare_reader(connection, password)


async def _prepare_reader(connection: Connection, password: str | None) -> ReaderState:
    refused = False
    if await find_reader(connection) is None:
        await _attempt(connection, f"CREATE ROLE {READER} NOLOGIN")
    if await find_reader(connection) is not None:
        if password is not None:
            statement = f"ALTER ROLE {READER} LOGIN PASSWORD '{make_verifier(password)}'"
            refused = not await _attempt(connection, statement)
        for statement in _DEFAULTS:
            await _attempt(connection, statement)
        for statement in _GRANTS:
            await connection.execute(statement)
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    for statement in (*_RIGHTS, f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"):
        await _attempt(connection, statement)
    return await read_reader_state(connection, wants_login=password is not None, password_refused=refused)


async def set_up_reader(dsn: str, password: str | None) -> ReaderState:
    """As `prepare_reader`, on a connection of its own; a password that we may not set may be set already, and is tried.

    Raises what the database raises when it is gone.
    """
    connection = await open_connection(dsn, application_name="sra:migrate")
    try:
        state = await prepare_reader(connection, password)
        if password is not None and state.password_refused and await _logs_in(dsn, password):
            state = await read_reader_state(connection, wants_login=True)
        return state
    finally:
        await connection.close()


def describe_reader(reader: ReaderState) -> list[str]:
    """Return what a person has to do so that the SRA app can read; nothing where it can."""
    if reader.ready:
        return []
    return [
        "The role sra_reader could not be made ready with this user's rights. An administrator runs:",
        *(f"  {statement};" for statement in reader.statements),
    ]


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
    """Return how the reader stands; with `wants_login` a role that cannot log in yet counts as not ready."""
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
    """Return whether the role may log in, or None where there is no such role."""
    can_login: bool | None = await connection.fetchval("SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", READER)
    return can_login


async def _attempt(connection: Connection, statement: str) -> bool:
    """Return whether it was permitted; the state that is read afterwards shows what that means for the reader."""
    try:
        async with connection.transaction():
            await connection.execute(statement)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return False
    return True
