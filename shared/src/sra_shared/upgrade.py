"""Runs the migrations. It is imported where there is something to migrate: it brings SQLAlchemy and Alembic along."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text as sa_text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from sra_shared.connect import SessionConnection, connect
from sra_shared.errors import ConfigError
from sra_shared.revision import is_newer

_LOCK_KEY = 7_302_461
_OLDEST_SERVER = 150_000


def _make_config(connection: SyncConnection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def open_engine(dsn: str, *, application_name: str) -> AsyncEngine:
    """Return an engine for migrations and metadata, whose sessions are like all others."""

    async def connect_one() -> SessionConnection:
        # SQLAlchemy sets json codecs of its own, so ours are left out here
        return await connect(dsn, application_name=application_name)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect_one, poolclass=NullPool)


async def upgrade(dsn: str, *, sandbox: bool, revision: str) -> str:
    """As `sra_shared.migrate.upgrade_database`, whatever the database stands at."""
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
