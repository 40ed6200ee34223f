"""Loads one stream of a file, chunk by chunk from its resume point; seed files and exports alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fundata_ingest.formats.batches import Position, TextBatch
from fundata_ingest.store.chunk_commit import store_chunk
from fundata_ingest.store.chunks import Chunk, DeliveryContext, prefetch, prepare_chunks, take_share
from fundata_ingest.store.drop_check import check_drops
from fundata_ingest.store.file_tracker import StreamState, save_stream
from fundata_ingest.store.load_progress import FilePace, open_pace
from fundata_ingest.store.met_keys import collect_met_keys
from fundata_ingest.transform.versions import KeySet
from sra_shared.kit.db import Connection
from sra_shared.runs import UnitContext
from sra_shared.runs.counts import Counts

# records in one transaction; two streams with a chunk ahead each hold some 60 MB of these
CHUNK_ROWS = 16_000
# A chunk need not wait for the disk: a crash of the server can lose only the newest commits, each with its rows, counts and
# resume point, and the file can be read again. The last transaction waits for the disk, and all earlier ones are then safe
# with it.
_SQL_COMMIT_LAZILY = "SET LOCAL synchronous_commit TO off"

ReadFrom = Callable[[Position | None], Iterator[TextBatch]]
Concluding = Callable[[Connection], Awaitable[None]]


async def _conclude_nothing(_: Connection) -> None:
    return None


@dataclass(frozen=True)
class FileStream:
    """One stream of a file, as the ledger of files records it; `start_line` is that of its first record.

    A CSV `ends_with_records`: the chunk that reaches its size is the last one. JSON is complete only after its closing bracket.
    """

    file_id: int
    name: str
    size: int
    stream: int = 0
    streams: int = 1
    start_line: int = 0
    ends_with_records: bool = True


class ChunkLoader:
    """Loads one stream in the unit of `context`, and ends the unit in the transaction that completes the stream."""

    def __init__(
        self,
        context: UnitContext,
        delivery: DeliveryContext,
        file: FileStream,
        *,
        conclude: Concluding = _conclude_nothing,
    ) -> None:
        """`conclude` is called in the last transaction, before the unit ends."""
        self._context = context
        self._delivery = delivery
        self._file = file
        self._conclude = conclude

    async def load(self, state: StreamState, read: ReadFrom) -> None:
        """Load what `state` lacks; `read` returns the file's batches from a position, or from the beginning.

        Raises RetryableError if another run works on the file, RunHeldError if too many records would leave the current views.
        """
        if not state.done:
            state = await self._load_rest(state, read)
        if not self._context.finished:
            await self._finish(state)

    async def _load_rest(self, state: StreamState, read: ReadFrom) -> StreamState:
        file, delivery = self._file, self._delivery
        before = (take_share(batch, file.stream, file.streams, state.split_rules) for batch in read(None))
        met = await asyncio.to_thread(collect_met_keys, before, delivery, state)
        chunks = prepare_chunks(
            read(state.position), delivery, stream=file.stream, streams=file.streams, split_rules=state.split_rules
        )
        pace = await open_pace(self._context.pool, file.name, file.size, file.file_id)
        async with aclosing(prefetch(chunks)) as prepared:
            async for chunk in prepared:
                state = await self._commit(state, chunk, met, pace)
        return state

    async def _commit(self, state: StreamState, chunk: Chunk, met: KeySet, pace: FilePace) -> StreamState:
        file, context, end = self._file, self._context, chunk.typed.end
        is_last = file.ends_with_records and end.offset >= file.size
        async with context.transaction() as connection:
            if not is_last:
                await connection.execute(_SQL_COMMIT_LAZILY)
            delta = await store_chunk(connection, self._delivery, chunk, met)
            await check_drops(connection, context, self._delivery, chunk)
            after = await save_stream(
                connection,
                file.file_id,
                file.stream,
                state,
                delta,
                end,
                done=is_last,
                newest_change=chunk.newest_change,
            )
            place: dict[str, Any] = {
                "resume": {"offset": end.offset, "line": end.line},
                "progress": await pace.measure(connection),
            }
            if is_last:
                await self._conclude(connection)
                await context.finish(connection, delta, **place)
            else:
                await context.commit(connection, delta, **place)
        return after

    async def _finish(self, state: StreamState) -> None:
        file = self._file
        async with self._context.transaction() as connection:
            if not state.done:
                end = Position(max(file.size, state.offset + 1), max(state.line, file.start_line))
                await save_stream(connection, file.file_id, file.stream, state, Counts(), end, done=True)
            await self._conclude(connection)
            await self._context.finish(connection)
