"""Which database a command works on: the one that is set, the running stack's, or the home's own for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from sra_cli.home import Home
from sra_cli.postgres import EmbeddedPostgres, read_data_major
from sra_cli.settings import CommandSettings, read_settings
from sra_shared.db import open_connection
from sra_shared.errors import ConfigError
from sra_shared.settings import DatabaseSettings

DATABASE = "sra_data"


@contextmanager
def use_database(home: Home | None = None, *, create: bool = False) -> Iterator[str]:
    """Yield the address of the database to work on.

    The order is DATABASE_URL (or DB_*), the database of the stack that runs on the home, the embedded PostgreSQL of the
    home, started for as long as the block lasts. Raises ConfigError where there is none; `create` makes one.
    """
    dsn = read_settings(DatabaseSettings).dsn
    if dsn is not None:
        yield dsn
        return
    home = home or Home()
    running = home.read_running()
    if running is not None:
        yield running.database_url
        return
    server = EmbeddedPostgres(home.path, pg_bin=read_settings(CommandSettings).pg_bin)
    if not create and read_data_major(server.data_folder) is None:
        raise ConfigError(
            f"No database is set, and {home.path} holds none.", next_step="Set DATABASE_URL, or run ./sra up first."
        )
    home.prepare()
    with home.hold() as is_ours:
        if not is_ours:
            raise ConfigError(f"A stack is just starting on {home.path}.", next_step="Try again in a few seconds.")
        server.start()
        try:
            yield asyncio.run(create_database(server))
        finally:
            server.stop()


async def create_database(server: EmbeddedPostgres) -> str:
    """Create the product's database on an embedded server unless it is there; return its address."""
    connection = await open_connection(server.build_dsn(), application_name="sra:setup")
    try:
        await connection.execute(f"CREATE DATABASE {DATABASE}")
    except asyncpg.DuplicateDatabaseError:
        pass
    finally:
        await connection.close()
    return server.build_dsn(DATABASE)
