"""Prepares a database server before a migration, as its administrator, so that nothing else needs the administrator's rights.

Creates an owner without those rights, makes it own the database, and creates the reading roles with their limits. Every
step can be repeated, so the next start resumes a killed one. In databases of earlier releases, the administrator owned
everything; they are reassigned to the owner.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from sra_shared.kit.database.connect import SessionConnection, connect
from sra_shared.kit.database.database_check import quote_name
from sra_shared.kit.database.dsn import parse_dsn, read_password
from sra_shared.kit.database.reader_roles import make_reader, set_limits
from sra_shared.kit.database.scram import make_verifier
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.settings import AdministratorSettings, DatabaseSettings

_APPLICATION = "sra:setup"
_HELPER = "sra_setup"

_OWNER_RIGHTS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
# Dependent objects follow the object that they depend on: sequences of columns, row types, members of extensions. Schema
# public belongs to the database's owner.
_SQL_LIST_FOREIGN = """
WITH owner AS (SELECT oid FROM pg_roles WHERE rolname = $1), ours AS (
  SELECT n.oid, n.nspname, n.nspowner FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), found (kind, name, owner, class, oid) AS (
  SELECT 'SCHEMA', quote_ident(n.nspname), n.nspowner, 'pg_namespace'::regclass, n.oid FROM ours n
  WHERE n.nspname <> 'public'
  UNION ALL
  SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
    format('%I.%I', n.nspname, c.relname), c.relowner, 'pg_class'::regclass, c.oid
  FROM pg_class c JOIN ours n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
  UNION ALL
  SELECT 'ROUTINE', p.oid::regprocedure::text, p.proowner, 'pg_proc'::regclass, p.oid
  FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace
  UNION ALL
  SELECT 'TYPE', format('%I.%I', n.nspname, t.typname), t.typowner, 'pg_type'::regclass, t.oid
  FROM pg_type t JOIN ours n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd')
)
SELECT format('ALTER %s %s OWNER TO %I', f.kind, f.name, $1) AS statement
FROM found f, owner o
WHERE f.owner <> o.oid AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = f.class AND d.objid = f.oid AND d.objsubid = 0
    AND (d.deptype = 'e' OR f.kind = 'SEQUENCE' AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass))
ORDER BY f.kind = 'SEQUENCE', f.oid
"""


@dataclass(frozen=True)
class Login:
    """A role and its password."""

    user: str
    password: str


async def prepare_database(database: DatabaseSettings, administrator: AdministratorSettings) -> None:
    """As `prepare_server` for the configured database, if the settings name an administrator; otherwise does nothing.

    Raises ConfigError if the administrator is the owner.
    """
    if administrator.db_admin_password is None:
        return
    dsn = database.require_dsn()
    owner = Login(parse_dsn(dsn).user or "", read_password(dsn) or "")
    if not (owner.user and owner.password) or owner.user == administrator.db_admin_user:
        raise ConfigError(
            "DB_ADMIN_PASSWORD is set, but the database's address does not name another user with a password.",
            next_step="Put the owner of the tables and its password into the address, or unset DB_ADMIN_PASSWORD.",
        )
    await prepare_server(
        dsn,
        Login(administrator.db_admin_user, administrator.db_admin_password.get_secret_value()),
        owner,
        reader_password=database.sra_reader_password.get_secret_value() if database.sra_reader_password else None,
        reader_seconds=database.sra_reader_max_seconds,
    )


async def prepare_server(
    dsn: str, administrator: Login, owner: Login, *, reader_password: str | None, reader_seconds: int
) -> None:
    """Create the owner, the readers and their limits in the database of this address, and give the owner all its objects.

    Raises ConfigError if the administrator cannot log in or is not a superuser, and the database's errors.
    """
    connection = await _log_in(dsn, administrator, owner)
    try:
        if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            raise ConfigError(
                f"User {administrator.user} is not a superuser and cannot create roles and their limits.",
                next_step="Name a superuser in DB_ADMIN_USER, or unset DB_ADMIN_PASSWORD.",
            )
        await connection.execute(f"DROP ROLE IF EXISTS {_HELPER}")
        await make_owner(connection, owner)
        await reassign_database(connection, owner.user)
        await make_reader(connection, reader_password)
        await set_limits(connection, reader_seconds, owner=owner.user)
    finally:
        await connection.close()


async def make_owner(connection: Connection, owner: Login) -> None:
    """Create or alter the role: it can log in with its password and has no administrator's rights."""
    exists = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", owner.user)
    verb = "ALTER" if exists else "CREATE"
    verifier = make_verifier(owner.password)
    await connection.execute(f"{verb} ROLE {quote_name(owner.user)} {_OWNER_RIGHTS} PASSWORD '{verifier}'")


async def reassign_database(connection: Connection, owner: str) -> None:
    """Give the owner everything in the database that it does not own yet, in one transaction."""
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '30s'")
        database = await connection.fetchval(
            "SELECT datname FROM pg_database WHERE datname = current_database() AND pg_get_userbyid(datdba) <> $1",
            owner,
        )
        if database is not None:
            await connection.execute(f"ALTER DATABASE {quote_name(database)} OWNER TO {quote_name(owner)}")
        await connection.execute("ALTER SCHEMA public OWNER TO pg_database_owner")
        for row in await connection.fetch(_SQL_LIST_FOREIGN, owner):
            await connection.execute(row["statement"])


async def _log_in(dsn: str, administrator: Login, owner: Login) -> SessionConnection:
    """Connect as the administrator; a server of an earlier release, whose owner was the superuser, first gets one."""
    try:
        return await _connect(dsn, administrator)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as refusal:
        if not await _part_roles(dsn, administrator, owner):
            raise ConfigError(
                f"The server rejects the password of the administrator {administrator.user}.",
                next_step="Correct DB_ADMIN_USER and DB_ADMIN_PASSWORD, or unset the password.",
            ) from refusal
    return await _connect(dsn, administrator)


async def _part_roles(dsn: str, administrator: Login, owner: Login) -> bool:
    """Turn the server's first role, so far the owner, into the administrator; return False if the owner is not the first role.

    The first role always stays a superuser. It therefore gets the administrator's name, and a new role becomes the owner. A
    role cannot rename itself: a helper role does it, and the next step of the start drops the helper.
    """
    try:
        connection = await _connect(dsn, owner)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        return False
    helper = Login(_HELPER, administrator.password)
    try:
        is_first = await connection.fetchval("SELECT oid = 10 FROM pg_roles WHERE rolname = current_user")
        is_free = await connection.fetchval("SELECT to_regrole($1) IS NULL", quote_name(administrator.user))
        if not (is_first and is_free):
            return False
        await connection.execute(f"DROP ROLE IF EXISTS {_HELPER}")
        await connection.execute(f"CREATE ROLE {_HELPER} LOGIN SUPERUSER PASSWORD '{make_verifier(helper.password)}'")
    finally:
        await connection.close()
    connection = await _connect(dsn, helper)
    try:
        name = quote_name(administrator.user)
        async with connection.transaction():
            await connection.execute(f"ALTER ROLE {quote_name(owner.user)} RENAME TO {name}")
            await connection.execute(f"ALTER ROLE {name} PASSWORD '{make_verifier(administrator.password)}'")
    finally:
        await connection.close()
    return True


async def _connect(dsn: str, login: Login) -> SessionConnection:
    return await connect(dsn, application_name=_APPLICATION, login=(login.user, login.password), command_timeout=300)
