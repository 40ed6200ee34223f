"""Checks before the work whether a database can hold our data and this user may work on it.

Each error names the statement that fixes it.
"""

from __future__ import annotations

from typing import Any

from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError

ENCODING = "UTF8"

_SQL_DATABASE = """
SELECT current_user AS role, current_database() AS name, pg_catalog.current_setting('server_encoding') AS encoding,
       pg_catalog.pg_is_in_recovery() AS is_standby,
       pg_catalog.current_setting('default_transaction_read_only') AS read_only,
       pg_catalog.current_setting('session_replication_role') AS replication_role"""
_SQL_SOURCE = "SELECT source FROM pg_catalog.pg_settings WHERE name = $1"
# reads the catalogue directly: functions that look tables up by name fail for users without rights on the schema
_SQL_RIGHTS = """
SELECT current_user AS role, current_database() AS name, n.oid IS NOT NULL AS has_public,
       has_database_privilege(current_database(), 'CREATE') AS may_create_schemas,
       coalesce(has_schema_privilege(n.oid, 'CREATE'), false) AS may_create_tables,
       coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS may_use,
       coalesce(has_table_privilege(t.oid, 'INSERT'), true) AS may_write,
       pg_get_userbyid(t.relowner) AS owner, coalesce(pg_has_role(t.relowner, 'USAGE'), true) AS is_owner
FROM (SELECT) AS one
LEFT JOIN pg_namespace n ON n.nspname = 'public'
LEFT JOIN pg_class t ON t.relnamespace = n.oid AND t.relname = 'task_execution_log'"""


def quote_name(name: str) -> str:
    """Return a name quoted for SQL, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def write_create_database(database: str, user: str) -> str:
    """Return the statement that creates a database for our data, independent of the server's own encoding."""
    return (
        f"CREATE DATABASE {quote_name(database)} OWNER {quote_name(user)} ENCODING '{ENCODING}' LOCALE 'C'"
        " TEMPLATE template0;"
    )


async def require_fit_database(connection: Connection) -> None:
    """Raise ConfigError with the statement that fixes it if nothing may be stored here.

    Reasons are another encoding, a read-only server, a replication role that disables the guards of the append-only tables,
    and tables that belong to another role.
    """
    found: Any = await connection.fetchrow(_SQL_DATABASE)
    if found["encoding"] != ENCODING:
        raise ConfigError(
            f"Database {found['name']} is encoded as {found['encoding']}, but SRA Data needs {ENCODING}.",
            next_step="Create one and name it in DATABASE_URL: "
            + write_create_database(f"{found['name']}_utf8", found["role"]),
        )
    if found["is_standby"]:
        raise ConfigError(
            "The server is a standby and read-only.",
            next_step="Name the primary in DATABASE_URL, or make this one the primary: SELECT pg_promote();",
        )
    for name, value, wanted in (
        ("default_transaction_read_only", found["read_only"], "off"),
        ("session_replication_role", found["replication_role"], "origin"),
    ):
        if value != wanted:
            source = await connection.fetchval(_SQL_SOURCE, name)
            raise ConfigError(
                f"Sessions of {found['role']} on database {found['name']} start with {name} = {value}.",
                next_step=_write_reset(name, wanted, source, found),
            )
    rights: Any = await connection.fetchrow(_SQL_RIGHTS)
    if not (rights["may_use"] and rights["may_write"]) and rights["owner"] is not None:
        raise _make_owner_error(rights)


async def require_rights_to_migrate(connection: Connection) -> None:
    """Raise ConfigError that names each missing right and the statement that grants it."""
    found: Any = await connection.fetchrow(_SQL_RIGHTS)
    if not found["is_owner"]:
        raise _make_owner_error(found)
    role, database = quote_name(found["role"]), quote_name(found["name"])
    missing = {}
    if not found["has_public"]:
        missing["schema public does not exist"] = f"CREATE SCHEMA public AUTHORIZATION {role};"
    elif not (found["may_create_tables"] and found["may_use"]):
        missing["it may not create in schema public"] = f"GRANT USAGE, CREATE ON SCHEMA public TO {role};"
    # a database of an older revision already has the schemas
    if not found["may_create_schemas"] and found["owner"] is None:
        missing["it may not create schemas"] = f"GRANT CREATE ON DATABASE {database} TO {role};"
    if missing:
        raise ConfigError(
            f"User {found['role']} cannot migrate database {found['name']}: {', and '.join(missing)}.",
            next_step=f"An administrator must run there: {' '.join(missing.values())}",
        )


def _make_owner_error(rights: Any) -> ConfigError:
    return ConfigError(
        f"User {rights['role']} may not use the tables of database {rights['name']}, which belong to {rights['owner']}.",
        next_step=f"Connect as that user, or run: GRANT {quote_name(rights['owner'])} TO {quote_name(rights['role'])};",
    )


def _write_reset(name: str, wanted: str, source: str, found: Any) -> str:
    role, database = quote_name(found["role"]), quote_name(found["name"])
    return {
        "user": f"Run: ALTER ROLE {role} RESET {name};",
        "database": f"Run: ALTER DATABASE {database} RESET {name};",
        "database user": f"Run: ALTER ROLE {role} IN DATABASE {database} RESET {name};",
        "client": "Take it out of the options in DATABASE_URL.",
    }.get(source, f"Run: ALTER SYSTEM SET {name} = {wanted}; SELECT pg_reload_conf();")
