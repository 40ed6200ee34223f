"""The product's views, compiled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.database.reader_limits import READER
from sra_shared.kit.database.reader_roles import prepare_reader
from sra_shared.kit.db import Pool, open_pool
from sra_testing.databases import create_database, drop_database
from view_builder.compile import CompiledView, compile_views
from view_builder.marts import MARTS


@pytest.fixture(scope="session")
def all_views() -> tuple[CompiledView, ...]:
    """All views in the order of their builds."""
    return compile_views(MARTS)


@pytest.fixture(scope="session")
def views(all_views: tuple[CompiledView, ...]) -> tuple[CompiledView, ...]:
    """The views that a module's tests build: all of them, unless the module chooses some."""
    return all_views


@pytest.fixture(scope="session")
def view_by_name(all_views: tuple[CompiledView, ...]) -> dict[str, CompiledView]:
    """The views by their names."""
    return {view.relation: view for view in all_views}


@pytest.fixture(scope="session")
def database_template(views_template: str) -> str:
    """Views are built on the empty tables before a test begins; modules that test their definition name another template."""
    return views_template


@pytest.fixture
def undefined_database(postgres_server: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """Address of a migrated, empty database without any view."""
    dsn = create_database(postgres_server, template=migrated_template)
    yield dsn
    drop_database(postgres_server, dsn)


@pytest.fixture
async def undefined_pool(undefined_database: str) -> AsyncIterator[Pool]:
    """Connections to a migrated, empty database without any view."""
    pool = await open_pool(undefined_database, application_name="test", max_size=4)
    yield pool
    await pool.close()


@pytest.fixture
async def reader_address(pool: Pool, database: str) -> str:
    """Address of the database for the SRA app, whose role can log in."""
    password = "read-and-nothing-else"
    async with pool.acquire() as connection:
        await prepare_reader(connection, password)
    return f"postgresql://{READER}:{password}@{database.rsplit('@', maxsplit=1)[-1]}"


@pytest.fixture
async def reader_pool(reader_address: str) -> AsyncIterator[Pool]:
    """Connections of the SRA app, as asyncpg makes them by itself."""
    async with asyncpg.create_pool(reader_address, min_size=1, max_size=2) as opened:
        yield opened
