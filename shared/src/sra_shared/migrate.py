"""Bring a database to the newest revision, or tell how far it is from it."""

from __future__ import annotations

import asyncio
import sys
from functools import cache
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pydantic import ValidationError
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text as sa_text

from sra_shared.db import OUTAGE_ERRORS, Connection, open_engine
from sra_shared.dsn import read_password
from sra_shared.errors import ConfigError, SraError
from sra_shared.logs import configure_logs, get_logger, hide_secrets
from sra_shared.reader import ReaderState, describe_reader, set_up_reader
from sra_shared.settings import DatabaseSettings, ServiceSettings, describe_settings_error

_LOCK_KEY = 7_302_461
_OLDEST_SERVER = 150_000


def _make_config(connection: SyncConnection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


# services look at the revision every few seconds, and reading the migrations anew costs each time as much as a page
@cache
def read_newest_revision() -> str:
    """Return the revision that this code was written for."""
    head = ScriptDirectory.from_config(_make_config()).get_current_head()
    if head is None:
        raise ConfigError("The migrations are missing from this installation.", next_step="Install it again.")
    return head


@cache
def _list_known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_make_config()).walk_revisions())


def is_newer(revision: str) -> bool:
    """Whether a later version of this code made the revision: what this one does not know can only have come after it."""
    return revision not in _list_known_revisions()


def describe_revision(revision: str) -> str:
    """Return where a database stands, in a sentence; one that is newer than this code is left as it is."""
    if not is_newer(revision):
        return f"The database is at revision {revision}."
    return (
        f"The database is at revision {revision}, which is newer than this code ({read_newest_revision()}): it stays as"
        " it is."
    )


async def read_revision(connection: Connection) -> str | None:
    """Return the database's revision, or None where it was never migrated."""
    try:
        revision: str | None = await connection.fetchval("SELECT version_num FROM public.alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return revision


async def require_revision(connection: Connection) -> None:
    """Raise ConfigError where the database is older than this code; a newer one is right, since deploys overlap."""
    revision, newest = await read_revision(connection), read_newest_revision()
    if revision is None or (revision != newest and not is_newer(revision)):
        raise ConfigError(
            f"The database stands at revision {revision or '(none)'}, and this code needs {newest}.",
            next_step="Run `./sra migrate`.",
        )


async def upgrade_database(dsn: str, *, sandbox: bool = False, revision: str = "head") -> str:
    """Migrate under a lock, so that two starts do not collide, and return the revision reached.

    A database that later code migrated stays as it is, so that a deploy can be taken back. `sandbox` marks an empty
    database as one for made-up data. Raises ConfigError where the server is too old or where a database that is not empty
    would change its kind.
    """
    engine = open_engine(dsn, application_name="sra:migrate")
    try:
        async with engine.connect() as connection:
            reached = await connection.run_sync(_upgrade, sandbox, revision)
            await connection.commit()
    finally:
        await engine.dispose()
    return reached


def _upgrade(connection: SyncConnection, sandbox: bool, revision: str) -> str:
    number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    if number < _OLDEST_SERVER:
        raise ConfigError(f"The server is PostgreSQL {number // 10_000}.", next_step="SRA Data needs 15 to 18.")
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK_KEY})")
    connection.exec_driver_sql("SET lock_timeout = '30s'")
    connection.commit()
    try:
        is_new = connection.exec_driver_sql("SELECT to_regclass('public.alembic_version') IS NULL").scalar_one()
        if is_new:
            _require_empty(connection)
        connection.commit()
        if is_new or not is_newer(_read_version(connection)):
            command.upgrade(_make_config(connection), revision)
        _mark_database(connection, sandbox=sandbox, is_new=bool(is_new))
        connection.commit()
        return _read_version(connection)
    finally:
        connection.rollback()
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK_KEY})")
        connection.commit()


def _read_version(connection: SyncConnection) -> str:
    return str(connection.exec_driver_sql("SELECT version_num FROM public.alembic_version").scalar_one())


def _require_empty(connection: SyncConnection) -> None:
    tables = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    ).scalar_one()
    if tables:
        raise ConfigError(
            f"The database holds {tables} tables that SRA Data did not make.",
            next_step="Give it a database of its own.",
        )


def _mark_database(connection: SyncConnection, *, sandbox: bool, is_new: bool) -> None:
    if connection.exec_driver_sql("SELECT to_regclass('public.database_mark') IS NULL").scalar_one():
        return
    if is_new:
        connection.execute(sa_text("INSERT INTO database_mark (sandbox) VALUES (:sandbox)"), {"sandbox": sandbox})
        return
    marked = connection.exec_driver_sql("SELECT sandbox FROM database_mark").scalar_one_or_none()
    if sandbox and not marked:
        raise ConfigError(
            "This database was migrated for real data and cannot become a sandbox.",
            next_step="Use an empty database for made-up data, or set the keys that the real data came by.",
        )


async def read_sandbox_mark(connection: Connection) -> bool:
    """Return whether the database is marked for made-up data."""
    return bool(await connection.fetchval("SELECT sandbox FROM database_mark"))


async def _migrate(database: DatabaseSettings, *, sandbox: bool) -> tuple[str, ReaderState]:
    dsn = database.require_dsn()
    hide_secrets([read_password(dsn)])
    revision = await upgrade_database(dsn, sandbox=sandbox)
    password = database.sra_reader_password
    return revision, await set_up_reader(dsn, password.get_secret_value() if password else None)


def main() -> int:
    """Migrate the database that the settings name, as a deploy's first step, and set the password of sra_reader.

    What is left for a person to do stands on stdout, and does not fail the deploy.
    """
    try:
        database, service = DatabaseSettings(), ServiceSettings()
    except ValidationError as error:
        sys.stderr.write(f"migrate does not start: {describe_settings_error(error)}\n")
        return ConfigError.exit_code
    configure_logs(service="migrate", level=service.log_level, form=service.log_format)
    log = get_logger(__name__)
    try:
        revision, reader = asyncio.run(_migrate(database, sandbox=service.sra_sandbox))
    except SraError as error:
        log.error("migration_refused", message=error.message, next_step=error.next_step)
        return error.exit_code
    except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
        log.error("migration_failed", error=str(error), error_type=type(error).__name__)
        return SraError.exit_code
    log.info("migrated", revision=revision, newer_than_code=is_newer(revision), reader_ready=reader.ready)
    for line in (describe_revision(revision), *describe_reader(reader)):
        sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
