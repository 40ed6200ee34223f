"""Prepared connections, and pools of them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, TypeAlias, cast

import asyncpg

from sra_shared.kit.database.connect import SessionConnection, connect

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OUTAGE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # raised if a connection breaks between two steps of one statement, which leaves the driver's protocol in a wrong state
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
)
"""What asyncpg raises while the server is down, restarting, full or out of connections; a retry may succeed."""


def dump_json(value: Any) -> str:
    """Return compact JSON text; Decimal and date values become strings, so that no digit is lost."""
    return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))


def load_json(text: str) -> Any:
    """Return the value of JSON text, with fractions as Decimal."""
    return json.loads(text, parse_float=Decimal)


async def prepare_connection(connection: Connection) -> None:
    """Make a new connection convert json and jsonb to and from Python values."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=dump_json, decoder=load_json, schema="pg_catalog")


async def open_connection(
    dsn: str, *, application_name: str, command_timeout: float | None = 60
) -> asyncpg.Connection[asyncpg.Record]:
    """Open a single prepared connection.

    Raises OSError or asyncpg.PostgresError if the server does not respond within 10 s.
    """
    connection = await connect(dsn, application_name=application_name, command_timeout=command_timeout)
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
    """Open a pool of prepared connections; `command_timeout` (seconds) bounds every statement."""

    async def connect_one(*_address: object, **_options: object) -> SessionConnection:
        return await connect(dsn, application_name=application_name, command_timeout=command_timeout)

    pool: Pool = await asyncpg.create_pool(
        min_size=min_size,
        max_size=max_size,
        max_inactive_connection_lifetime=300,
        init=prepare_connection,
        connect=cast("Any", connect_one),
        connection_class=SessionConnection,
    )
    return pool
