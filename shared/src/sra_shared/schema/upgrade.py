"""Runs the migrations; imported only when there is something to migrate, because it imports SQLAlchemy and Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text as sa_text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from sra_shared.kit.database.connect import SessionConnection, connect
from sra_shared.kit.database.revision import find_next_revision
from sra_shared.kit.errors import ConfigError, RetryableError

# a migration of a large database takes minutes, and a deploy that waits for it should not fail
_WAIT_SECONDS = 600
# as Alembic creates it
_SQL_MAKE_VERSIONS = """
CREATE TABLE IF NOT EXISTS public.alembic_version (
  version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)
"""
_LOCK_NOT_AVAILABLE = "55P03"
_ALREADY_MADE = ("23505", "42P07", "42710")
_OLDEST_SERVER = 150_000


def _make_config(connection: SyncConnection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def open_engine(dsn: str, *, application_name: str) -> AsyncEngine:
    """Return an engine for migrations and metadata whose sessions have the same settings as all others."""

    async def connect_one() -> SessionConnection:
        # SQLAlchemy sets its own json codecs, so ours are omitted
        return await connect(dsn, application_name=application_name)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect_one, poolclass=NullPool)


async def upgrade(dsn: str, *, sandbox: bool, revision: str) -> str:
    """As `sra_shared.migrate.upgrade_database`, whatever the database's revision is."""
    engine = open_engine(dsn, application_name="sra:migrate")
    try:
        async with engine.connect() as connection:
            reached = await connection.run_sync(_upgrade, sandbox, revision)
    finally:
        await engine.dispose()
    return reached


def _upgrade(connection: SyncConnection, sandbox: bool, revision: str) -> str:
    number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    if number < _OLDEST_SERVER:
        raise ConfigError(f"The server is PostgreSQL {number // 10_000}.", next_step="SRA Data needs 15 to 18.")
    connection.rollback()
    while True:
        with connection.begin():
            reached = _take_step(connection, sandbox, revision)
        if reached is not None:
            return reached


def _take_step(connection: SyncConnection, sandbox: bool, target: str) -> str | None:
    """Upgrade the database by one revision in the caller's transaction; return its revision if it has reached the target.

    The next revision is determined under the lock: a concurrent start may have migrated any number of steps in the
    meantime.
    """
    _lock_versions(connection)
    current = connection.exec_driver_sql("SELECT version_num FROM public.alembic_version").scalar_one_or_none()
    if current is None:
        _require_empty(connection)
    following = find_next_revision(current, target)
    if following is None:
        _check_mark(connection, sandbox=sandbox)
        return current
    command.upgrade(_make_config(connection), following)
    if current is None:
        connection.execute(sa_text("INSERT INTO database_mark (sandbox) VALUES (:sandbox)"), {"sandbox": sandbox})
    return None


def _lock_versions(connection: SyncConnection) -> None:
    """Block other migrations until the transaction ends, with a lock on a table that only the owner can lock.

    The table is created if it is missing, since an empty database has no other. Reading the revision does not wait for the
    lock.
    """
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'")
    try:
        _make_versions(connection)
        connection.exec_driver_sql("LOCK TABLE public.alembic_version IN SHARE ROW EXCLUSIVE MODE")
    except DBAPIError as error:
        if _read_state(error) != _LOCK_NOT_AVAILABLE:
            raise
        raise RetryableError(
            f"Another session has locked the table alembic_version for more than {_WAIT_SECONDS} s.",
            next_step="Migrate again when it has finished; pg_stat_activity shows it.",
        ) from error
    connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")


def _make_versions(connection: SyncConnection) -> None:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(_SQL_MAKE_VERSIONS)
    except DBAPIError as error:
        # IF NOT EXISTS does not see a table that another session is creating; it waits for that session and then fails
        if _read_state(error) not in _ALREADY_MADE:
            raise


def _read_state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _require_empty(connection: SyncConnection) -> None:
    tables = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND relname <> 'alembic_version'"
    ).scalar_one()
    if tables:
        raise ConfigError(
            f"The database contains {tables} tables that SRA Data did not create.",
            next_step="Use a separate database.",
        )


def _check_mark(connection: SyncConnection, *, sandbox: bool) -> None:
    if sandbox and not connection.exec_driver_sql("SELECT sandbox FROM database_mark").scalar_one_or_none():
        raise ConfigError(
            "This database was migrated for real data and cannot become a sandbox.",
            next_step="Use an empty database for made-up data, or set the vendors' keys.",
        )
