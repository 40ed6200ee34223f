"""Fixtures for every test: a real PostgreSQL, and a separate migrated database for each test that uses one."""

from __future__ import annotations

import gc
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_cli.postgres_binaries import read_server_major
from sra_cli.settings import CommandSettings, read_settings
from sra_shared.kit.db import Pool, open_pool
from sra_testing.databases import (
    administer,
    create_database,
    drop_database,
    execute_sql,
    lighten_password,
    make_template,
    make_views_template,
    make_whole_template,
)
from sra_testing.durations import FileDurations
from sra_testing.nursery import stop_nursery
from sra_testing.plain_logs import log_plainly
from sra_testing.stand_in import stop_idle_stand_ins

ENOUGH_MEMORY = 8 * 2**30
FULL_NUMBERS = "faults"


def pytest_configure(config: pytest.Config) -> None:
    """Add the seconds per file to the end of a run that lists its slowest tests; set up logs and the number of examples."""
    config.pluginmanager.register(FileDurations())
    log_plainly()
    if config.getoption("markexpr") == FULL_NUMBERS:
        from sra_testing.examples import use_all_examples  # noqa: PLC0415 - other runs need no Hypothesis here

        use_all_examples()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The choice of the server: without it, the one that `./sra up` would choose."""
    parser.addoption(
        "--postgres-bin",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="Run the tests that use PostgreSQL on the binaries of DIR; given more than once, on each of them.",
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test of some bytes by its argument, because a newly compressed body contains the current second.

    Two workers would not agree on the tests that there are.
    """
    return argname if isinstance(val, bytes) else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat a test that uses PostgreSQL on each of the servers chosen; with xdist, one worker keeps one server."""
    folders = metafunc.config.getoption("postgres_bin")
    if folders and "postgres_server" in metafunc.fixturenames:
        servers = [(folder, f"postgres-{read_server_major(folder / 'postgres')}") for folder in folders]
        each = [pytest.param(folder, id=name, marks=pytest.mark.xdist_group(name)) for folder, name in servers]
        metafunc.parametrize("postgres_server", each, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files that take minutes start first, so that none of them is what the others wait for at the end.

    A property belongs to the ordinary suite and to the heavy tests.
    """
    if config.getoption("markexpr") == FULL_NUMBERS:
        for item in items:
            if item.get_closest_marker("examples") is not None:
                item.add_marker(FULL_NUMBERS)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of all later searches for garbage: it is there until the end."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI and in heavy test runs, a skipped test fails the session, unless it needs something outside the clone."""
    # handlers that tests set up write to what pytest has closed by now
    logging.disable()
    stop_idle_stand_ins()
    stop_nursery()
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    skipped = [report for report in reporter.stats.get("skipped", []) if "generator" not in report.keywords]
    if skipped and read_settings(CommandSettings).ci:
        reporter.write_line(f"Nothing may be left out here, and {len(skipped)} tests were skipped.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def choose_folder() -> Path | None:
    """In memory where there is plenty: a clone of the template is 1,600 files, and every second test makes one."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it is ours alone
    return memory if memory.is_dir() and shutil.disk_usage(memory).free >= ENOUGH_MEMORY else None


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server for the whole session; it keeps all promises but to survive a power failure."""
    with tempfile.TemporaryDirectory(prefix="sra-postgres-", dir=choose_folder(), ignore_cleanup_errors=True) as home:
        # no background work: a vacuum at a different moment would change plans
        options = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
        server = EmbeddedPostgres(Path(home), pg_bin=getattr(request, "param", None), options=options)
        server.start()
        lighten_password(server)
        with administer(server):
            yield server
        server.stop()


@pytest.fixture(scope="session")
def whole_template(postgres_server: EmbeddedPostgres) -> str:
    """Name of a migrated, empty database to clone, with every partition that the migrations make."""
    return make_whole_template(postgres_server)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: EmbeddedPostgres, whole_template: str) -> str:
    """Name of a migrated, empty database to clone, with the partitions of few years."""
    return make_template(postgres_server, whole_template)


@pytest.fixture(scope="session")
def views_template(postgres_server: EmbeddedPostgres, migrated_template: str) -> str:
    """Name of a migrated, empty database to clone in which all views are built."""
    return make_views_template(postgres_server, migrated_template)


@pytest.fixture(scope="session")
def database_template(migrated_template: str) -> str:
    """Name of the template that `database` is cloned from; a module or folder may name another one."""
    return migrated_template


@pytest.fixture
def database(
    request: pytest.FixtureRequest, postgres_server: EmbeddedPostgres, database_template: str
) -> Iterator[str]:
    """Address of a migrated, empty database for real data, or for made-up data if the test asks for `sandbox_database`."""
    is_sandbox = "sandbox_database" in request.fixturenames
    dsn = create_database(postgres_server, template=database_template, is_sandbox=is_sandbox)
    yield dsn
    drop_database(postgres_server, dsn)


@pytest.fixture
def sandbox_database(request: pytest.FixtureRequest, database: str) -> str:
    """Address of a migrated, empty database for made-up data (sample and stand-in)."""
    # a step of a feature file asks for it too late for `database` to know
    if "sandbox_database" not in request.fixturenames:
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
