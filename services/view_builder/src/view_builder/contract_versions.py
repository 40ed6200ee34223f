"""The contract version of the database compared with that of this code, and the schemas where the next one is built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg

from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.database.revision import read_revision
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import RetryableError
from view_builder.compile import CompiledView
from view_builder.diff import diff_contract
from view_builder.schemas import FORMER, READERS, STAGED, Schemas

SQL_READ_CONTRACT = "SELECT version, staged_version, staged_revision FROM public.published_contract"
SQL_ADOPT = "UPDATE public.published_contract SET version = $1, published_at = clock_timestamp()"
SQL_PUT_STAGED = "UPDATE public.published_contract SET staged_version = $1, staged_revision = $2"
SQL_LIST_RELATIONS = """
SELECT c.oid::regclass::text AS name FROM pg_class c
WHERE c.relnamespace = ANY(SELECT to_regnamespace(n) FROM unnest($1::text[]) n) AND c.relkind = $2::text::"char"
ORDER BY 1
"""
SQL_LIST_FUNCTIONS = """
SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.pronamespace = to_regnamespace($1) ORDER BY 1
"""


class NewerContractError(RetryableError):
    """The database publishes a newer contract version than this code has; this process must not change the views."""


@dataclass(frozen=True)
class ContractState:
    """The contract version that readers see, and the one that is being built, for which revision of the database."""

    version: int
    staged_version: int | None
    staged_revision: str | None


async def read_contract(connection: Connection) -> ContractState:
    """Return the state of the contract; the migrations create it with version 1."""
    row = await connection.fetchrow(SQL_READ_CONTRACT)
    return ContractState(1, None, None) if row is None else ContractState(**dict(row))


async def require_version(connection: Connection, schemas: Schemas, contract_version: int) -> None:
    """Raise NewerContractError if a newer version is published, and RetryableError if the schemas are not the ones to build in.

    The caller holds a lock that the publication of a version takes.
    """
    published = (await read_contract(connection)).version
    if published > contract_version:
        raise NewerContractError(
            f"The database publishes contract version {published}, and this code has version {contract_version}.",
            next_step="Deploy a release with that version; this process changes no view.",
        )
    if (published == contract_version) != (schemas == READERS):
        raise RetryableError(
            f"Contract version {published} is published, which changes where this build belongs.",
            next_step="The build is planned again.",
        )


async def find_target(connection: Connection, views: Sequence[CompiledView]) -> tuple[CompiledView, ...]:
    """Return the views to build: those of readers, or the staged ones while an older contract version is published.

    Raises NewerContractError if a newer one is published.
    """
    wanted = views[0].contract_version
    if (await read_contract(connection)).version < wanted:
        return tuple(view.staged for view in views)
    await require_version(connection, READERS, wanted)
    return tuple(views)


@contextmanager
def retry_if_moved() -> Iterator[None]:
    """Raise RetryableError if another process published or dropped the staged views between two statements of the block."""
    try:
        yield
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError) as error:
        if not any(name in str(error) for name in (STAGED.sra, STAGED.core, STAGED.published)):
            raise
        raise RetryableError(
            "Another process published or dropped the staged views during this build.",
            next_step="The build is planned again.",
        ) from error


async def begin_contract(connection: Connection, views: Sequence[CompiledView]) -> None:
    """Prepare the schemas of the next contract version in the caller's transaction, if an older one is published.

    A database without any published view adopts the version. Staged views of another version, of another revision of the
    database or with other columns are dropped, and the build starts over. Raises asyncpg.LockNotAvailableError if a build
    uses them.
    """
    await take_lock(connection, "contract")
    state, wanted = await read_contract(connection), views[0].contract_version
    if state.version >= wanted:
        return
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM public.published_view)"):
        await connection.execute(SQL_ADOPT, wanted)
        return
    revision = await read_revision(connection)
    is_current = (state.staged_version, state.staged_revision) == (wanted, revision)
    if is_current and await _fits(connection, views):
        return
    await drop_schemas(connection, STAGED)
    await drop_schemas(connection, FORMER)
    for name in (STAGED.sra, STAGED.core, STAGED.published):
        await connection.execute(f"CREATE SCHEMA {name}")
    for table in ("published_view", "published_run"):
        await connection.execute(f"CREATE TABLE {STAGED.ledger}.{table} (LIKE public.{table} INCLUDING ALL)")
    await connection.execute(SQL_PUT_STAGED, wanted, revision)


async def _fits(connection: Connection, views: Sequence[CompiledView]) -> bool:
    """Whether the staged views can become those of this code without a change that their model forbids."""
    by_name = {view.relation: view for view in views}
    rows = await connection.fetch(STAGED.place("SELECT relation, contract FROM public.published_view"))
    return all(
        row["relation"] in by_name and not diff_contract(row["contract"], by_name[row["relation"]].contract).breaking
        for row in rows
    )


async def drop_former(connection: Connection, views: Sequence[CompiledView]) -> None:
    """Drop the objects that a replaced contract version left, in the caller's transaction; none while another version is
    staged."""
    await take_lock(connection, "contract")
    state = await read_contract(connection)
    if state.staged_version is None and state.version == views[0].contract_version:
        await drop_schemas(connection, FORMER)


async def drop_schemas(connection: Connection, schemas: Schemas) -> None:
    """Drop the schemas with everything that view_builder created in them, by name, so that other objects are not lost."""
    await _drop_functions(connection, schemas.sra)
    await _drop_relations(connection, [schemas.sra, schemas.core], "v", "VIEW")
    await _drop_functions(connection, schemas.core)
    await _drop_relations(connection, [schemas.sra, schemas.published], "r", "TABLE")
    for name in (schemas.sra, schemas.core, schemas.published):
        await connection.execute(f"DROP SCHEMA IF EXISTS {name}")


async def _drop_functions(connection: Connection, schema: str) -> None:
    names = [row["name"] for row in await connection.fetch(SQL_LIST_FUNCTIONS, schema)]
    if names:
        await connection.execute(f"DROP FUNCTION {', '.join(names)}")


async def _drop_relations(connection: Connection, schemas: Sequence[str], kind: str, word: str) -> None:
    names = [row["name"] for row in await connection.fetch(SQL_LIST_RELATIONS, schemas, kind)]
    if names:
        await connection.execute(f"DROP {word} {', '.join(names)}")
