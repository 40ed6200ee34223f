"""The rate and the remaining time of a file's load, over all its streams."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sra_shared.kit.db import Connection, Pool

_SQL_SUM = """
SELECT sum(least(resume_offset, $2))::bigint AS bytes, sum(read_count)::bigint AS rows, count(*)::int AS streams
FROM file_stream WHERE file_id = $1
"""
_SHORTEST = 0.001


class FilePace:
    """Measures one file from the moment at which this process began to load it; each unit reports the file as a whole.

    Each stream reads the whole file and takes its share of the rows, so the bytes done are the mean over the streams.
    """

    def __init__(self, file: str, size: int, file_id: int, done: float, rows: int) -> None:
        """`done` and `rows` are the bytes and rows that were loaded before."""
        self._file, self._size, self._file_id = file, size, file_id
        self._first_done, self._first_rows = done, rows
        self._began = time.monotonic()

    async def measure(self, connection: Connection) -> Mapping[str, Any]:
        """Return a unit's progress after a chunk, in the transaction of the chunk.

        `bytes_done` of `bytes_total`, `rows` read so far, `rows_per_second` and `bytes_per_second` in this process, `eta_seconds`
        until the end.
        """
        done, rows = await _read_sums(connection, self._file_id, self._size)
        seconds = max(time.monotonic() - self._began, _SHORTEST)
        bytes_per_second = (done - self._first_done) / seconds
        return {
            "file": self._file,
            "bytes_done": round(done),
            "bytes_total": self._size,
            "rows": rows,
            "rows_per_second": round((rows - self._first_rows) / seconds),
            "bytes_per_second": round(bytes_per_second),
            "eta_seconds": round((self._size - done) / bytes_per_second) if bytes_per_second else None,
        }


async def open_pace(pool: Pool, file: str, size: int, file_id: int) -> FilePace:
    """Begin to measure a file of `size` bytes from its current resume points."""
    async with pool.acquire() as connection:
        return FilePace(file, size, file_id, *await _read_sums(connection, file_id, size))


async def _read_sums(connection: Connection, file_id: int, size: int) -> tuple[float, int]:
    row = await connection.fetchrow(_SQL_SUM, file_id, size)
    return (row["bytes"] / row["streams"], row["rows"]) if row is not None and row["streams"] else (0.0, 0)
