"""Connections: asyncpg pools with timeouts and keepalives, and the SQLAlchemy engine that migrations use."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OUTAGE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
)
"""What asyncpg raises while the server is away, restarting, full or out of connections: later it may well answer."""

_SERVER_SETTINGS = {
    "timezone": "UTC",
    # a user named sra would else find the views of schema sra before the tables
    "search_path": "public",
    # a worker that was paused inside a transaction must not keep its locks for ever
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "jit": "off",
}


def dump_json(value: Any) -> str:
    """Return compact JSON text; Decimal and date values stand as text, so that no digit is lost."""
    return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))


def load_json(text: str) -> Any:
    """Return the value of JSON text, fractions as Decimal."""
    return json.loads(text, parse_float=Decimal)


async def prepare_connection(connection: Connection) -> None:
    """Make a new connection read and write json and jsonb as Python values."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=dump_json, decoder=load_json, schema="pg_catalog")


async def open_connection(
    dsn: str, *, application_name: str, command_timeout: float | None = 60
) -> asyncpg.Connection[asyncpg.Record]:
    """Open one prepared connection of its own.

    Raises OSError or asyncpg.PostgresError where the server does not answer within 10 s.
    """
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        dsn,
        timeout=10,
        command_timeout=command_timeout,
        server_settings={**_SERVER_SETTINGS, "application_name": application_name[:63]},
    )
    await prepare_connection(connection)
    return connection


async def open_pool(
    dsn: str,
    *,
    application_name: str,
    min_size: int = 1,
    max_size: int = 10,
    command_timeout: float = 300,
) -> Pool:
    """Open a pool of prepared connections; `command_timeout` (seconds) bounds every statement, so that none hangs."""
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        timeout=10,
        command_timeout=command_timeout,
        max_inactive_connection_lifetime=300,
        init=prepare_connection,
        server_settings={**_SERVER_SETTINGS, "application_name": application_name[:63]},
    )


def open_engine(dsn: str, *, application_name: str) -> AsyncEngine:
    """Return an engine for migrations and metadata; the address goes to asyncpg as it is, which knows `sslmode`."""

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        # SQLAlchemy sets json codecs of its own, so ours are left out here
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            dsn,
            timeout=10,
            server_settings={"timezone": "UTC", "search_path": "public", "application_name": application_name[:63]},
        )
        return connection

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
