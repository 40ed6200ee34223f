"""The limits of the roles that only read, and who has to set them.

A role may change most of its own defaults. It cannot change the number of its connections, `temp_file_limit`, functions
revoked from PUBLIC, and the termination of its long transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sra_shared.kit.database.database_check import quote_name
from sra_shared.kit.db import Connection

READER, ANALYST = "sra_reader", "sra_analyst"
# an analyst's statement may read the whole history
_ANALYST_SECONDS = 4 * 3600
_IDLE_SECONDS = 60
_FULL_QUEUE = 0.1


@dataclass(frozen=True)
class ReaderRole:
    """A role that reads: its connections, its longest transaction, and the limit of its temporary files."""

    name: str
    connections: int
    seconds: int
    temp_file: str


# Large objects and advisory locks take space and locks from everybody. Releasing advisory locks remains allowed, because
# drivers do so when they return a connection to their pool.
_SQL_OPEN_FUNCTIONS = """
SELECT string_agg(p.oid::regprocedure::text, ', ' ORDER BY p.oid::regprocedure::text)
FROM pg_catalog.pg_proc p
WHERE p.pronamespace = 'pg_catalog'::regnamespace
  AND (p.proname ~ '^(lo_|pg_advisory_(xact_)?lock|pg_try_advisory_)' OR p.proname IN ('loread', 'lowrite'))
  AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
"""
_SQL_ROLE = """
SELECT r.rolconnlimit AS connections, pg_has_role($2, r.oid, 'USAGE') AS may_end,
       coalesce((SELECT s.setconfig FROM pg_catalog.pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0), '{}')
         AS defaults
FROM pg_catalog.pg_roles r WHERE r.rolname = $1
"""
# a session that listens but does not read blocks the notification queue, in the end for everybody
_SQL_END = """
SELECT count(*) FILTER (WHERE pg_catalog.pg_terminate_backend(a.pid))
FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
WHERE r.rolname = $1 AND pg_has_role(r.oid, 'USAGE') AND a.datname = current_database()
  AND (a.xact_start < clock_timestamp() - $2::interval OR pg_catalog.pg_notification_queue_usage() > $3)
"""


def list_roles(max_seconds: int) -> tuple[ReaderRole, ReaderRole]:
    """Return the application's role, whose statements may take `max_seconds`, and the analysts' role."""
    return (
        ReaderRole(READER, 10, max_seconds, "1GB"),
        ReaderRole(ANALYST, 3, max(max_seconds, _ANALYST_SECONDS), "4GB"),
    )


async def list_missing_limits(connection: Connection, max_seconds: int, *, owner: str | None = None) -> list[str]:
    """Return the statements that still have to set limits, in the order in which an administrator runs them in this database.

    `owner` is the role that the services connect as, by default the current one.
    """
    missing: list[str] = []
    major = connection.get_server_version().major
    owner = owner or str(await connection.fetchval("SELECT current_user"))
    for role in list_roles(max_seconds):
        found = await connection.fetchrow(_SQL_ROLE, role.name, owner)
        missing += _list_for_role(role, found, owner, major)
    functions = await connection.fetchval(_SQL_OPEN_FUNCTIONS)
    if functions is not None:
        missing.append(f"REVOKE EXECUTE ON FUNCTION {functions} FROM PUBLIC")
    return missing


def _list_for_role(role: ReaderRole, found: Any, owner: str, major: int) -> list[str]:
    wanted = {
        "search_path": "sra",
        "default_transaction_read_only": "on",
        "statement_timeout": f"{role.seconds}s",
        "lock_timeout": f"{_IDLE_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
        **({"transaction_timeout": f"{role.seconds}s"} if major >= 17 else {}),
        "temp_file_limit": role.temp_file,
    }
    defaults = [] if found is None else found["defaults"]
    # without a password, which only a person sets
    missing = [f"CREATE ROLE {role.name} LOGIN"] if found is None and role.name == ANALYST else []
    if found is None or found["connections"] != role.connections:
        missing.append(f"ALTER ROLE {role.name} CONNECTION LIMIT {role.connections}")
    missing += [
        f"ALTER ROLE {role.name} SET {name} = '{value}'"
        for name, value in wanted.items()
        if f"{name}={value}" not in defaults
    ]
    if found is None or not found["may_end"]:
        missing.append(f"GRANT {role.name} TO {quote_name(owner)}")
    return missing


async def end_long_readers(connection: Connection, max_seconds: int) -> dict[str, int]:
    """Terminate the readers' sessions whose transactions exceed their role's limit, if permitted; return their numbers, by role.

    Also terminates all readers' sessions while the notification queue is too full.
    """
    ended: dict[str, int] = {}
    for role in list_roles(max_seconds):
        count = int(await connection.fetchval(_SQL_END, role.name, timedelta(seconds=role.seconds), _FULL_QUEUE))
        if count:
            ended[role.name] = count
    return ended
