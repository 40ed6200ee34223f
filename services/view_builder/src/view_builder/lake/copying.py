"""Streams rows out of PostgreSQL into a consumer that reads a file."""

from __future__ import annotations

import asyncio
import hashlib
import io
import queue
from collections.abc import Callable
from typing import BinaryIO, cast

from sra_shared.kit.db import Connection

_CHUNKS = 64
_LOOK_SECONDS = 1.0
_READ_BYTES = 1 << 18
COPY_SECONDS = 14_400.0


class _Feed(io.RawIOBase):
    """The reading end of a stream that another thread fills; it counts and hashes what passes."""

    def __init__(self) -> None:
        self._chunks: queue.Queue[bytes] = queue.Queue(_CHUNKS)
        self._rest = memoryview(b"")
        self._hash = hashlib.blake2b(digest_size=16)
        self._is_done = False
        self.is_abandoned = False

    @property
    def content_hash(self) -> str:
        """Digest of everything that was put in."""
        return self._hash.hexdigest()

    def put(self, chunk: bytes) -> None:
        """Add a chunk; an empty one is the end. Waits while the reader is behind, unless it has stopped reading."""
        self._hash.update(chunk)
        while not self.is_abandoned:
            try:
                self._chunks.put(chunk, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._rest and not self._is_done:
            self._rest = memoryview(self._chunks.get())
            self._is_done = not self._rest
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


async def copy_rows(connection: Connection, query: str, *arguments: object, read: Callable[[BinaryIO], None]) -> str:
    """Run the query and let `read` consume its rows as CSV in a thread; return the digest of the rows.

    `read` is not called if there are no rows.
    """
    feed = _Feed()
    reading: asyncio.Task[None] | None = None

    async def put(chunk: bytes) -> None:
        nonlocal reading
        if reading is None:
            reading = asyncio.create_task(asyncio.to_thread(_consume, feed, read))
        elif reading.done():
            # its error is raised below
            return
        await asyncio.to_thread(feed.put, bytes(chunk))

    try:
        await connection.copy_from_query(query, *arguments, output=put, format="csv", timeout=COPY_SECONDS)
    finally:
        if reading is not None:
            await asyncio.to_thread(feed.put, b"")
            await reading
    return feed.content_hash


def _consume(feed: _Feed, read: Callable[[BinaryIO], None]) -> None:
    try:
        read(cast("BinaryIO", io.BufferedReader(feed, _READ_BYTES)))
    finally:
        feed.is_abandoned = True
