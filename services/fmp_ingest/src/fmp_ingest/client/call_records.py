"""Calls that returned rows: their numbers, and the record of those whose rows were stored."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from fmp_collectors.call import Call
from sra_shared.kit.db import Connection, Pool, dump_json

_BLOCK = 100
DIGEST_BYTES = 32

SQL_TAKE_NUMBERS = "SELECT nextval('fmp_call_number') FROM generate_series(1, $1)"
SQL_KEEP = """
INSERT INTO fmp_call (call_id, answered_at, size_bytes, rows, status, run_id, path, parameters, digest)
SELECT c.call_id, c.answered_at, c.size_bytes, c.rows, c.status, c.run_id, c.path, c.parameters::jsonb, c.digest
FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::integer[], $5::smallint[], $6::uuid[], $7::text[],
            $8::text[], $9::bytea[])
  AS c (call_id, answered_at, size_bytes, rows, status, run_id, path, parameters, digest)
ON CONFLICT (call_id) DO NOTHING
"""
SQL_READ = "SELECT * FROM fmp_call WHERE call_id = $1"
SQL_IS_KEPT = (
    "SELECT EXISTS (SELECT FROM fmp_call WHERE call_id = $1 AND path = $2 AND parameters = $3 AND digest = $4)"
)


@dataclass(frozen=True)
class Receipt:
    """The measures of a successful response; `digest` is computed from the decompressed body."""

    answered_at: datetime
    status: int
    size: int
    digest: bytes
    rows: int


class BodyMeter:
    """Measures a body while it arrives."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)

    def add(self, chunk: bytes) -> None:
        """Add the next part of the body."""
        self.size += len(chunk)
        self._hash.update(chunk)

    def make_receipt(self, status: int, rows: int) -> Receipt:
        """Return the receipt of the whole body."""
        return Receipt(datetime.now(UTC), status, self.size, self._hash.digest(), rows)


class Numbers(Protocol):
    """Numbers calls."""

    async def make_call(self, path: str, parameters: Mapping[str, str], receipt: Receipt) -> Call:
        """Return the numbered record of a call."""


class CallNumbers:
    """Numbers for the calls of one run; unused ones leave gaps."""

    def __init__(self, pool: Pool, run_id: UUID) -> None:
        self._pool = pool
        self._run_id = run_id
        self._free: list[int] = []
        self._lock = asyncio.Lock()

    async def make_call(self, path: str, parameters: Mapping[str, str], receipt: Receipt) -> Call:
        """Return the numbered record of a call; one query reserves many numbers."""
        async with self._lock:
            if not self._free:
                rows = await self._pool.fetch(SQL_TAKE_NUMBERS, _BLOCK)
                self._free = [row[0] for row in reversed(rows)]
            number = self._free.pop()
        return describe_call(number, self._run_id, path, parameters, receipt)


def describe_call(number: int, run_id: UUID, path: str, parameters: Mapping[str, str], receipt: Receipt) -> Call:
    """Return the record of a call."""
    return Call(
        call_id=number,
        run_id=run_id,
        path=path,
        parameters=dict(parameters),
        answered_at=receipt.answered_at,
        status=receipt.status,
        size=receipt.size,
        digest=receipt.digest,
        rows=receipt.rows,
    )


async def keep_calls(connection: Connection, calls: Iterable[Call]) -> None:
    """Record calls in the transaction that stores their rows; a call already recorded stays as it is."""
    ordered = sorted(calls, key=lambda call: call.call_id)
    if not ordered:
        return
    await connection.execute(
        SQL_KEEP,
        [call.call_id for call in ordered],
        [call.answered_at for call in ordered],
        [call.size for call in ordered],
        [call.rows for call in ordered],
        [call.status for call in ordered],
        [call.run_id for call in ordered],
        [call.path for call in ordered],
        [dump_json(call.parameters) for call in ordered],
        [call.digest for call in ordered],
    )


async def read_call(connection: Connection, call_id: int | None) -> Call | None:
    """Return a recorded call, or None."""
    row = await connection.fetchrow(SQL_READ, call_id) if call_id is not None else None
    if row is None:
        return None
    return Call(
        call_id=row["call_id"],
        run_id=row["run_id"],
        path=row["path"],
        parameters=row["parameters"],
        answered_at=row["answered_at"],
        status=row["status"],
        size=row["size_bytes"],
        digest=row["digest"],
        rows=row["rows"],
    )


async def is_kept(connection: Connection, call_id: int, call: Call) -> bool:
    """Whether `call_id` is the record of the same request with the same response."""
    return bool(await connection.fetchval(SQL_IS_KEPT, call_id, call.path, call.parameters, call.digest))
