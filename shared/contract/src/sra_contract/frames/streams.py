"""Reads rows by COPY as Arrow batches, or all of them as one Polars frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import polars as pl
import pyarrow as pa

from sra_contract.base import ViewModel
from sra_contract.frames.blocks import parse_block
from sra_contract.frames.types import Numbers, make_schema
from sra_contract.reader.query import Query, Wanted, compose, find_column, index_columns, parse_order
from sra_contract.reader.rows import Connection, Source, borrow

BLOCK_BYTES = 1 << 22


async def read_frame(
    source: Source,
    model: type[ViewModel],
    /,
    *,
    columns: Sequence[str] = (),
    numbers: Numbers = "text",
    order_by: str | Sequence[str] = (),
    arguments: Mapping[str, Any] | None = None,
    **filters: Any,
) -> pl.DataFrame:
    """Return the rows with these values as a Polars frame, in the order of the key.

    Filters and order are those of `read_list`. The model of a past state has the `arguments` of its function. Columns default to
    all; `numbers` says what becomes of a numeric without declared digits. Raises FrameValueError for a value that its type cannot
    hold.
    """
    wanted = _want(model, columns, order_by, arguments, filters)
    async with aclosing(_stream(source, wanted, numbers, BLOCK_BYTES)) as stream:
        batches = [batch async for batch in stream]
    table = pa.Table.from_batches(batches, schema=make_schema(wanted.columns, numbers))
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table is a frame
    return frame


async def stream_batches(
    source: Source,
    model: type[ViewModel],
    /,
    *,
    columns: Sequence[str] = (),
    numbers: Numbers = "text",
    order_by: str | Sequence[str] = (),
    arguments: Mapping[str, Any] | None = None,
    block_bytes: int = BLOCK_BYTES,
    **filters: Any,
) -> AsyncGenerator[pa.RecordBatch, None]:
    """Yield the rows of `read_frame` as Arrow batches while they arrive.

    A batch is at least `block_bytes` of text, except the last one. At most three of them are in memory: PostgreSQL waits while
    the consumer is behind. If it stops before the end, the connection is closed; a pool opens another one.
    """
    wanted = _want(model, columns, order_by, arguments, filters)
    async with aclosing(_stream(source, wanted, numbers, block_bytes)) as stream:
        async for batch in stream:
            yield batch


def _want(
    model: type[ViewModel],
    columns: Sequence[str],
    order_by: str | Sequence[str],
    arguments: Mapping[str, Any] | None,
    filters: Mapping[str, Any],
) -> Wanted:
    chosen = tuple(find_column(model, name) for name in columns) or tuple(index_columns(model).values())
    return Wanted(model, filters, parse_order(model, order_by), columns=chosen, arguments=arguments)


async def _stream(
    source: Source, wanted: Wanted, numbers: Numbers, block_bytes: int
) -> AsyncGenerator[pa.RecordBatch, None]:
    schema = make_schema(wanted.columns, numbers)
    blocks: asyncio.Queue[bytes] = asyncio.Queue(1)
    async with borrow(source) as connection:
        copying = asyncio.create_task(_copy(connection, compose(wanted), blocks, block_bytes))
        try:
            while (block := await _take_block(blocks, copying)) is not None:
                yield await asyncio.to_thread(parse_block, block, schema)
            await copying
        finally:
            if not copying.done():
                # a server that waits for this reader does not notice a cancelled query
                connection.terminate()
                copying.cancel()
            await asyncio.gather(copying, return_exceptions=True)


async def _copy(connection: Connection, query: Query, blocks: asyncio.Queue[bytes], block_bytes: int) -> None:
    """Put blocks of whole rows into the queue: a message of PostgreSQL is one row."""
    block = bytearray()

    async def take(chunk: bytes) -> None:
        block.extend(chunk)
        if len(block) >= block_bytes:
            full = bytes(block)
            block.clear()
            await blocks.put(full)

    await connection.copy_from_query(query.text, *query.arguments, output=take, format="csv")
    if block:
        await blocks.put(bytes(block))


async def _take_block(blocks: asyncio.Queue[bytes], copying: asyncio.Task[None]) -> bytes | None:
    """Return the next block, or None if the copy has ended and left none."""
    taking = asyncio.create_task(blocks.get())
    try:
        await asyncio.wait({taking, copying}, return_when=asyncio.FIRST_COMPLETED)
        if taking.done():
            return taking.result()
    finally:
        taking.cancel()
    return None if blocks.empty() else blocks.get_nowait()
