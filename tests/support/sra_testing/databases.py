"""Databases for tests: one migrated template, a fresh clone of it for each test."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import asyncpg

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.migrate import upgrade_database

TEMPLATE = "sra_template"
Result = TypeVar("Result")


def run_async(work: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine to its end from anywhere, also from a fixture of a test that has a loop of its own."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, work).result()


def execute_sql(dsn: str, *statements: str) -> None:
    """Execute statements one by one, each in a transaction of its own."""

    async def execute() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    run_async(execute())


def make_template(server: EmbeddedPostgres) -> str:
    """Create and migrate the template database; return its name."""
    execute_sql(server.build_dsn(), f'CREATE DATABASE "{TEMPLATE}"')
    run_async(upgrade_database(server.build_dsn(TEMPLATE)))
    return TEMPLATE


def create_database(server: EmbeddedPostgres, *, template: str | None = None) -> str:
    """Create a database with a name of its own, a clone where a template is named, and return its address."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    origin = f'TEMPLATE "{template}" STRATEGY file_copy' if template else "TEMPLATE template0"
    execute_sql(server.build_dsn(), f'CREATE DATABASE "{name}" {origin}')
    return server.build_dsn(name)


def drop_database(server: EmbeddedPostgres, dsn: str) -> None:
    """Drop a database whoever is connected to it."""
    name = dsn.rsplit("/", 1)[-1]
    execute_sql(server.build_dsn(), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
