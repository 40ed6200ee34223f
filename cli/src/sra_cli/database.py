"""Chooses the database of a command: the configured one, the running stack's, or the home's own while it runs."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from sra_cli.home import Home
from sra_cli.postgres import EmbeddedPostgres
from sra_cli.postgres_binaries import read_data_major
from sra_cli.settings import CommandSettings, read_settings
from sra_shared.kit.database.database_errors import explain_database_error
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError, SraError
from sra_shared.kit.settings import DatabaseSettings
from sra_shared.schema.administration import prepare_server

DATABASE = "sra_data"
_STARTING_SECONDS = 60.0
_LOOK_SECONDS = 0.2


@contextmanager
def use_database(home: Home | None = None, *, create: bool = False) -> Iterator[str]:
    """Yield the address of the database to use.

    The order is DATABASE_URL (or DB_*), the database of the stack that runs on the home, the home's embedded PostgreSQL. If
    another command already runs that server, it is shared; otherwise it is started and kept until the block and all other
    users finish. Raises ConfigError if no database exists, unless `create` is true, which creates one. Database errors in
    the block become SraErrors.
    """
    with _choose_database(home, create=create) as dsn, explain_database(dsn):
        yield dsn


@contextmanager
def explain_database(dsn: str) -> Iterator[None]:
    """Turn database errors in the block into SraErrors that name the fix."""
    try:
        yield
    except SraError:
        raise
    except Exception as error:
        explained = explain_database_error(error, dsn)
        if explained is None:
            raise
        raise explained from error


@contextmanager
def _choose_database(home: Home | None, *, create: bool) -> Iterator[str]:
    dsn = read_settings(DatabaseSettings).dsn
    if dsn is not None:
        yield dsn
        return
    home = home or Home()
    server = EmbeddedPostgres(home.path, pg_bin=read_settings(CommandSettings).pg_bin)
    if not create and home.read_running() is None and read_data_major(server.data_folder) is None:
        raise ConfigError(
            f"No database is set, and {home.path} contains none.", next_step="Set DATABASE_URL, or run ./sra up first."
        )
    home.prepare()
    deadline = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < deadline:
        running = home.read_running()
        if running is not None:
            yield running.database_url
            return
        with home.use_shared_server() as shared:
            if shared is not None:
                yield shared.database_url
                return
        with home.hold() as is_ours:
            if is_ours:
                with _run_server(home, server) as database_url:
                    yield database_url
                return
        time.sleep(_LOOK_SECONDS)
    raise ConfigError(f"A stack is starting on {home.path}.", next_step="Try again in a few seconds.")


@contextmanager
def _run_server(home: Home, server: EmbeddedPostgres) -> Iterator[str]:
    server.start()
    try:
        database_url = asyncio.run(create_database(server))
        with home.share_server(database_url, on_wait=_report_waiting):
            yield database_url
    finally:
        server.stop()


def _report_waiting() -> None:
    sys.stderr.write("sra: another command is still using the database that this one started; waiting for it\n")


async def create_database(server: EmbeddedPostgres) -> str:
    """Create the product's database on an embedded server if it is missing, and make its owner own it.

    Returns the owner's address: only these steps need a superuser.
    """
    connection = await open_connection(server.build_dsn(), application_name="sra:setup")
    try:
        await connection.execute(f"CREATE DATABASE {DATABASE}")
    except asyncpg.DuplicateDatabaseError:
        pass
    finally:
        await connection.close()
    settings = read_settings(DatabaseSettings)
    await prepare_server(
        server.build_dsn(DATABASE),
        server.administrator,
        server.owner,
        reader_password=settings.sra_reader_password.get_secret_value() if settings.sra_reader_password else None,
        reader_seconds=settings.sra_reader_max_seconds,
    )
    return server.build_owner_dsn(DATABASE)
