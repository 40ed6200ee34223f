"""Schema core in the database: its files are applied in one transaction; an object that matches its file costs nothing.

Only the owner has access to the schema. A function that a live view of schema `sra` calls runs with the reader's rights:
its file grants EXECUTE, but the reader cannot name the function.
"""

from __future__ import annotations

import re
from contextlib import suppress

import asyncpg

from sra_contract.base import CONTRACT_VERSION
from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError
from sra_shared.schema.columns import list_tables, read_columns
from view_builder.contract_versions import require_version
from view_builder.schemas import READERS, Schemas
from view_builder.sql_files import CoreObject, find_core, hash_text, read_core

# how long a definition waits for readers before it is retried
LOCK_TIMEOUT = "250ms"
_TABLE = re.compile(r"\bpublic\.(\w+)")

_OBJECTS = """
SELECT p.proname::text AS name, 'FUNCTION ' || p.oid::regprocedure AS target, obj_description(p.oid, 'pg_proc') AS comment,
  has_function_privilege('public', p.oid, 'EXECUTE') AS is_public
FROM pg_proc p WHERE p.pronamespace = to_regnamespace($1){function}
UNION ALL
SELECT c.relname, 'VIEW ' || c.oid::regclass, obj_description(c.oid, 'pg_class'), false
FROM pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'v'{view}
"""
SQL_LIST_OBJECTS = _OBJECTS.format(function="", view="")
SQL_FIND_OBJECTS = _OBJECTS.format(function=" AND p.proname = $2::name", view=" AND c.relname = $2::name")


def describe_object(item: CoreObject, schemas: Schemas = READERS) -> str:
    """Return an object's comment in these schemas: the head comment of its file and the digest of its definition."""
    # a table's new column reaches a view only when the view is defined again
    columns = _list_columns(item) if item.is_view else ()
    return f"{item.head} [{hash_text(' '.join([schemas.place(item.statement), *columns]))}]"


def _list_columns(item: CoreObject) -> list[str]:
    """Return the declared columns of the tables that a view reads, directly or through other views."""
    tables = _TABLE.findall(" ".join(one.statement for one in [item, *find_core([item.statement])]))
    return [f"{table}.{column}" for table in tables if table in list_tables() for column in read_columns(table)]


async def define_core(
    connection: Connection, schemas: Schemas = READERS, *, contract_version: int = CONTRACT_VERSION
) -> list[str]:
    """Define what differs from its file and drop what has no file, in the caller's transaction; return the changed names.

    Raises ConfigError if a view would lose or change columns, asyncpg.LockNotAvailableError if a reader uses a view, and
    NewerContractError if the views of a newer contract version are published.
    """
    wanted = read_core()
    if not _list_differing(await list_objects(connection, schemas), schemas):
        return []
    await take_lock(connection, schemas.core)
    await require_version(connection, schemas, contract_version)
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    # functions may refer to views of schema sra that are created later
    await connection.execute("SET LOCAL check_function_bodies = off")
    present = await list_objects(connection, schemas)
    differing = _list_differing(present, schemas)
    for name in [name for name in wanted if name in differing]:
        former = [row["target"] for row in present if row["name"] == name]
        await _define_object(connection, wanted[name], former, schemas)
    for row in present:
        if row["name"] not in wanted:
            await _drop_unused(connection, row["target"])
    await connection.execute("SET LOCAL check_function_bodies TO DEFAULT")
    return sorted(differing)


async def list_objects(connection: Connection, schemas: Schemas) -> list[asyncpg.Record]:
    """Return the objects of schema core: name, target of a COMMENT or DROP, comment, whether every role may execute it."""
    return await connection.fetch(SQL_LIST_OBJECTS, schemas.core)


def _list_differing(present: list[asyncpg.Record], schemas: Schemas) -> set[str]:
    found = {(row["name"], row["comment"]) for row in present}
    wanted = {(name, describe_object(item, schemas)) for name, item in read_core().items()}
    # a database restored without privileges has no grants
    closed = {row["name"] for row in present if not row["is_public"]}
    lacking = {name for name, item in read_core().items() if item.is_granted} & closed
    return {name for name, _ in found ^ wanted} | lacking


async def _define_object(connection: Connection, item: CoreObject, former: list[str], schemas: Schemas) -> None:
    statement = schemas.place(item.statement)
    try:
        async with connection.transaction():
            await connection.execute(statement)
    except asyncpg.InvalidFunctionDefinitionError:
        # The result has other columns. Callers name the function in a text that is parsed at each call, so it can be
        # dropped.
        for target in former:
            await connection.execute(f"DROP {target}")
        await connection.execute(statement)
    except asyncpg.InvalidTableDefinitionError as error:
        raise ConfigError(
            f"View core.{item.name} is read by published views and would change its columns: {error}.",
            next_step="Give the new definition another name.",
        ) from error
    rows = [row["target"] for row in await connection.fetch(SQL_FIND_OBJECTS, schemas.core, item.name)]
    # the former function, if the new one has other arguments
    stale = [target for target in rows if target in former and set(rows) - set(former)]
    for target in stale:
        await _drop_unused(connection, target)
    comment = await connection.fetchval("SELECT quote_literal($1::text)", describe_object(item, schemas))
    for target in set(rows) - set(stale):
        await connection.execute(f"COMMENT ON {target} IS {comment}")


async def _drop_unused(connection: Connection, target: str) -> None:
    """Drop an object without a file; if a published view still uses it, the next call after the view's new definition does."""
    with suppress(asyncpg.DependentObjectsStillExistError):
        async with connection.transaction():
            await connection.execute(f"DROP {target}")


async def settle_core(connection: Connection, present: Schemas, settling: Schemas) -> None:
    """Rewrite the objects of one core to the readers' names, before its schema gets their name in the same transaction.

    Names in the text of a function are resolved when it is called, all others at once: these are those of `settling`.
    """
    targets = {row["name"]: row["target"] for row in await list_objects(connection, present)}
    statements = ["SET LOCAL check_function_bodies = off"]
    for name, item in read_core().items():
        comment = await connection.fetchval("SELECT quote_literal($1::text)", describe_object(item))
        statements += [_settle_object(item, settling), f"COMMENT ON {targets[name]} IS {comment}"]
    await connection.execute(";\n".join([*statements, "SET LOCAL check_function_bodies TO DEFAULT"]))


def _settle_object(item: CoreObject, settling: Schemas) -> str:
    head, *rest = item.statement.split("$$")
    return "$$".join([settling.place(head), *rest[:1], *map(settling.place, rest[1:])]).rstrip(";")
