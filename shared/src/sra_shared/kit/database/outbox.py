"""Messages that a table keeps until they are delivered: each is sent at least once, by any number of processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Pool
from sra_shared.kit.retry import Backoff

_SQL_CLAIM = """
UPDATE {table} AS entry
SET attempts = entry.attempts + 1, next_attempt_at = clock_timestamp() + $1::interval
FROM (
    SELECT {key} FROM {table}
    WHERE delivered_at IS NULL AND next_attempt_at <= clock_timestamp()
    ORDER BY {order}
    LIMIT 1
    FOR UPDATE SKIP LOCKED
) AS due
WHERE entry.{key} = due.{key}
RETURNING entry.*
"""
_SQL_DELIVERED = "UPDATE {table} SET delivered_at = clock_timestamp(), last_error = NULL WHERE {key} = $1"
_SQL_POSTPONE = """
UPDATE {table} SET next_attempt_at = clock_timestamp() + $2::interval, last_error = $3
WHERE {key} = $1 AND delivered_at IS NULL
"""


@dataclass(frozen=True)
class OutboxTable:
    """A table with the columns `attempts`, `next_attempt_at`, `delivered_at` and `last_error`, its key and its order."""

    name: str
    key: str
    order: str


@dataclass(frozen=True)
class SentMessage:
    """A message after an attempt to send it; without `problem` it was delivered."""

    message: asyncpg.Record
    problem: str | None


class Outbox:
    """Sends the messages of one table.

    A process claims a message before it sends it, so that no two send it at once. If the process dies, the message is due again
    after the claim; if the receiver does not accept it, after a pause of `backoff`.
    """

    def __init__(
        self, table: OutboxTable, send: Callable[[asyncpg.Record], Awaitable[str | None]], backoff: Backoff
    ) -> None:
        """`send` returns None if the receiver accepted the message, else the error."""
        self._table = table
        self._send = send
        self._backoff = backoff

    async def send_next(self, pool: Pool, *, claim_seconds: float) -> SentMessage | None:
        """Claim the oldest due message and send it; None if none is due."""
        table, key, order = self._table.name, self._table.key, self._table.order
        claim = compose(_SQL_CLAIM, table=table, key=key, order=order)
        message = await pool.fetchrow(claim, timedelta(seconds=claim_seconds))
        if message is None:
            return None
        problem = await self._send(message)
        if problem is None:
            await pool.execute(compose(_SQL_DELIVERED, table=table, key=key), message[key])
        else:
            pause = timedelta(seconds=self._backoff.pause(message["attempts"]))
            await pool.execute(compose(_SQL_POSTPONE, table=table, key=key), message[key], pause, problem)
        return SentMessage(message, problem)
