"""Databases for tests: templates that are created once, and a new clone of one of them for each test."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from sra_cli.postgres import SUPERUSER, EmbeddedPostgres
from sra_shared.kit.database.scram import make_verifier
from sra_shared.kit.db import open_pool
from sra_shared.migrate import upgrade_database
from sra_testing.publication import build_all
from view_builder.compile import compile_views
from view_builder.marts import MARTS

WHOLE, MIGRATED = "sra_whole", "sra_migrated"
# most tests have rows of these years; rows of other years go to the default partitions
KEPT_YEARS = (2023, 2027)
_LIST_OTHER_YEARS = """
SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relkind = 'r' AND substring(c.relname FROM '_([0-9]{4})$')::int NOT BETWEEN $1 AND $2
"""
Result = TypeVar("Result")


class _Administration:
    """One connection in its own thread, so that fixtures with and without an event loop can use it."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._dsn = server.build_dsn()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="administration", daemon=True)
        self._thread.start()
        self._connection = self._wait_for(asyncpg.connect(self._dsn))

    def execute(self, statement: str) -> None:
        """Execute a statement outside any transaction; reconnects if a test terminated the connection."""
        if self._connection.is_closed():
            self._connection = self._wait_for(asyncpg.connect(self._dsn))
        self._wait_for(self._connection.execute(statement))

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._wait_for(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait_for(self, work: Coroutine[object, object, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def run_async(work: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine to its end from anywhere, also from a fixture of a test with its own event loop."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, work).result()


def execute_sql(dsn: str, *statements: str) -> None:
    """Execute statements one by one, each in a separate transaction."""

    async def execute() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    run_async(execute())


def lighten_password(server: EmbeddedPostgres) -> None:
    """Store the superuser's password as a verifier with 1 iteration instead of 4,096, since every connection repeats them."""
    password = server.build_dsn().partition("@")[0].rpartition(":")[2]
    execute_sql(server.build_dsn(), f"ALTER ROLE {SUPERUSER} PASSWORD '{make_verifier(password, iterations=1)}'")


_administrations: dict[EmbeddedPostgres, _Administration] = {}
_sandboxes: set[tuple[EmbeddedPostgres, str]] = set()


@contextmanager
def administer(server: EmbeddedPostgres) -> Iterator[None]:
    """Create and drop the databases of a server over one connection: a new connection takes half as long as a clone."""
    _administrations[server] = _Administration(server)
    try:
        yield
    finally:
        _administrations.pop(server).close()


def _execute(server: EmbeddedPostgres, statement: str) -> None:
    if server in _administrations:
        _administrations[server].execute(statement)
    else:
        execute_sql(server.build_dsn(), statement)


def make_whole_template(server: EmbeddedPostgres) -> str:
    """Create and migrate a database, as in every installation; return its name."""
    _execute(server, f'CREATE DATABASE "{WHOLE}"')
    run_async(upgrade_database(server.build_dsn(WHOLE)))
    return WHOLE


def make_template(server: EmbeddedPostgres, whole: str) -> str:
    """Clone the migrated database, keep the partitions of few years and compact the catalogue; return its name.

    In full, three tables have 61 yearly partitions each. Every clone copies their files, and every connection reads their
    definitions, which takes longer than most tests.
    """

    async def trim() -> None:
        connection = await asyncpg.connect(server.build_dsn(MIGRATED))
        try:
            others = [row["name"] for row in await connection.fetch(_LIST_OTHER_YEARS, *KEPT_YEARS)]
            assert others
            await connection.execute(f"DROP TABLE {', '.join(others)}")
            await connection.execute("VACUUM (FULL, FREEZE, ANALYZE)")
        finally:
            await connection.close()

    _execute(server, f'CREATE DATABASE "{MIGRATED}" TEMPLATE "{whole}" STRATEGY file_copy')
    run_async(trim())
    return MIGRATED


def make_views_template(server: EmbeddedPostgres, migrated: str) -> str:
    """Clone a migrated template and build all views, as an installation does on its empty database; return the name."""
    name = f"{migrated}_with_views"

    async def build() -> None:
        pool = await open_pool(server.build_dsn(name), application_name="test", max_size=2)
        try:
            await build_all(pool, compile_views(MARTS))
            # a test may date its runs before this moment
            await pool.execute("UPDATE published_view SET settled_until = NULL")
        finally:
            await pool.close()

    _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{migrated}" STRATEGY file_copy')
    run_async(build())
    return name


def create_database(server: EmbeddedPostgres, *, template: str | None = None, is_sandbox: bool = False) -> str:
    """Create a database with its own name, a clone if a template is given, and return its address.

    A sandbox is the clone of a migrated template that is marked for made-up data.
    """
    name = f"test_{uuid.uuid4().hex[:12]}"
    if template and is_sandbox:
        template = _find_sandbox(server, template)
    # copying files is three times as fast as writing all pages to the log
    origin = f'TEMPLATE "{template}" STRATEGY file_copy' if template else "TEMPLATE template0"
    _execute(server, f'CREATE DATABASE "{name}" {origin}')
    return server.build_dsn(name)


def _find_sandbox(server: EmbeddedPostgres, template: str) -> str:
    name = f"{template}_sandbox"
    if (server, name) not in _sandboxes:
        _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        execute_sql(server.build_dsn(name), "UPDATE database_mark SET sandbox = true")
        _sandboxes.add((server, name))
    return name


def drop_database(server: EmbeddedPostgres, dsn: str) -> None:
    """Drop a database even if it has connections."""
    name = dsn.rsplit("/", 1)[-1]
    _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
