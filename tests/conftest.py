"""Fixtures for every test: a real PostgreSQL, and a migrated database of its own for each test that asks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_cli.settings import CommandSettings, read_settings
from sra_shared.db import Pool, open_pool
from sra_testing.databases import create_database, drop_database, execute_sql, make_template

ENOUGH_MEMORY = 8 * 2**30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes start first, so that none of them is what the others wait for at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing is left out: a skipped test there is a failed session.

    Save, in the ordinary suite, for want of what is no part of the clone.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    skipped = [
        report
        for report in reporter.stats.get("skipped", [])
        if "generator" not in report.keywords or "faults" in report.keywords
    ]
    if skipped and read_settings(CommandSettings).ci:
        reporter.write_line(f"CI leaves nothing out, and {len(skipped)} tests were skipped.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def choose_folder() -> Path | None:
    """In memory where there is plenty: a clone of the template is 1,600 files, and every second test makes one."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it is ours alone
    return memory if memory.is_dir() and shutil.disk_usage(memory).free >= ENOUGH_MEMORY else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server for the whole session; it keeps all promises but to survive a power failure."""
    with tempfile.TemporaryDirectory(prefix="sra-postgres-", dir=choose_folder(), ignore_cleanup_errors=True) as home:
        server = EmbeddedPostgres(Path(home), options={"fsync": "off", "full_page_writes": "off"})
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def database_template(postgres_server: EmbeddedPostgres) -> str:
    """Name of the migrated database that the others are cloned from."""
    return make_template(postgres_server)


@pytest.fixture
def database(postgres_server: EmbeddedPostgres, database_template: str) -> Iterator[str]:
    """Address of a migrated, empty database for real data."""
    dsn = create_database(postgres_server, template=database_template)
    yield dsn
    drop_database(postgres_server, dsn)


@pytest.fixture
def sandbox_database(database: str) -> str:
    """Address of a migrated, empty database for made-up data (sample and stand-in)."""
    execute_sql(database, "UPDATE database_mark SET sandbox = true")
    return database


@pytest.fixture
def empty_database(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """Address of a database that was never migrated."""
    dsn = create_database(postgres_server)
    yield dsn
    drop_database(postgres_server, dsn)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to `database`."""
    opened = await open_pool(database, application_name="test", min_size=1, max_size=8)
    yield opened
    await opened.close()
