"""Preparation of one file stream's chunks: its share of each batch, typed, with keys, and encoded ahead of the commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from fundata_ingest.catalogue import FundataDataset
from fundata_ingest.formats.batches import RawRows, TextBatch, TypedBatch
from fundata_ingest.formats.keys import normalise_keys
from fundata_ingest.store.target_tables import TargetTable, encode_rows, find_target_table
from fundata_ingest.transform.numbers import BLANKS
from fundata_ingest.transform.typed_batches import bucket_identifiers, explode, number_parser, type_batch
from fundata_ingest.transform.versions import DataSource, number_keys

# Writers of one dataset lock identifiers in this many groups; streams share whole groups.
LOCK_BUCKETS = 64
# Streams split a file by its identifiers in one of these forms: with blanks stripped, or normal.
_SPLIT_BARE, SPLIT_NORMAL = 1, 2
Item = TypeVar("Item")


@dataclass
class DeliveryContext:
    """What all records of one file or response share; `ahead` turns false once encoding ahead was wasted.

    `drop_limit` is the share of the dataset that may leave the current views in a run; None for no limit.
    """

    dataset: FundataDataset
    run_id: UUID
    data_source: DataSource
    source_file: str | None
    today: date
    file_hash: str | None = None
    execution_id: str | None = None
    delivered_at: datetime | None = None
    drop_limit: Decimal | None = None
    ahead: bool = True
    file_runs: list[UUID] = field(default_factory=list)

    @property
    def target(self) -> TargetTable:
        return find_target_table(self.dataset)


@dataclass(frozen=True)
class Chunk:
    """The content of one transaction: typed records, the row of each key's first record, the lock groups they touch.

    `newest_change`: the greatest ChangeDate that is not in the future. `encoded`: the first record of every key as version 1,
    ready for COPY; None if not encoded ahead.
    """

    typed: TypedBatch
    keys: npt.NDArray[np.int64]
    buckets: list[int]
    newest_change: date | None
    encoded: tuple[list[str], memoryview] | None

    @property
    def is_first(self) -> npt.NDArray[np.bool_]:
        """Per record, whether its key is new in the chunk."""
        first: npt.NDArray[np.bool_] = self.keys == np.arange(len(self.keys))
        return first


@dataclass(frozen=True)
class _SomeRows:
    """Raw bytes of some records of a batch."""

    raw: RawRows
    rows: npt.NDArray[np.int64]

    def get(self, row: int) -> bytes:
        return self.raw.get(int(self.rows[row]))


def take_share(batch: TextBatch, stream: int, streams: int, rules: int = SPLIT_NORMAL) -> TextBatch:
    """Return the records of a batch that belong to a stream; those without fields belong to the first one.

    `rules` are those under which the file's load began.
    """
    if streams == 1:
        return batch
    identifiers = batch.frame[batch.dataset.roles.identifier]
    identifiers = identifiers.str.strip_chars(BLANKS) if rules == _SPLIT_BARE else normalise_keys(identifiers)
    mask = bucket_identifiers(identifiers, LOCK_BUCKETS) % streams == stream
    rows = mask.arg_true().to_numpy().astype(np.int64)
    return replace(
        batch,
        frame=batch.frame.filter(mask),
        rejects=batch.rejects if stream == 0 else (),
        raw=_SomeRows(batch.raw, rows),
    )


def prepare_chunks(
    batches: Iterable[TextBatch],
    delivery: DeliveryContext,
    *,
    stream: int = 0,
    streams: int = 1,
    split_rules: int = SPLIT_NORMAL,
) -> Iterator[Chunk]:
    """Yield the stream's share of each batch, ready to commit; skip shares without records."""
    for batch in batches:
        share = take_share(batch, stream, streams, split_rules)
        if share.read:
            yield prepare_chunk(type_batch(share, today=delivery.today), delivery)


def prepare_chunk(typed: TypedBatch, delivery: DeliveryContext) -> Chunk:
    """Return typed records as a chunk."""
    frame = typed.frame
    keys = number_keys(frame, delivery.target.key)
    buckets = sorted(bucket_identifiers(frame["identifier"], LOCK_BUCKETS).unique().to_list()) if frame.height else []
    chunk = Chunk(typed, keys, buckets, _find_newest_change(typed, delivery.today), None)
    # exploded rows are encoded in slices while they are sent
    if not delivery.ahead or not frame.height or typed.elements.height:
        return chunk
    first = chunk.is_first
    rows = build_rows(delivery, typed, first, np.ones(len(keys), dtype=np.int32))
    return replace(chunk, encoded=(rows.columns, encode_rows(rows)))


def _find_newest_change(typed: TypedBatch, today: date) -> date | None:
    changes = typed.frame["change_date"]
    newest = changes.max()
    if isinstance(newest, date) and newest > today:
        newest = changes.filter(changes <= today).max()
    return newest if isinstance(newest, date) else None


def build_rows(
    delivery: DeliveryContext, typed: TypedBatch, stored: npt.NDArray[np.bool_], version: npt.NDArray[np.int32]
) -> pl.DataFrame:
    """Return the table rows of the records to store, with the table's column names."""
    frame = typed.frame.with_columns(pl.Series("data_version", version))
    if not stored.all():
        frame = frame.filter(pl.Series(stored))
    if typed.elements.height:
        lines = frame["source_line"]
        elements = typed.elements.filter(typed.elements["source_line"].is_in(lines.implode()))
        frame = explode(replace(typed, frame=frame, elements=elements))
    else:
        frame = frame.with_columns(row_ordinal=pl.lit(0, dtype=pl.Int16))
    constants = {
        "dataset": delivery.dataset.name,
        "data_source": delivery.data_source,
        "run_id": str(delivery.run_id),
        "parser_version": str(number_parser(delivery.dataset)),
    }
    if delivery.source_file is not None:
        constants["source_file"] = delivery.source_file
    if delivery.execution_id is not None:
        constants["execution_id"] = delivery.execution_id
    if frame["api_version"].null_count() == frame.height:
        frame = frame.drop("api_version")
    return frame.with_columns(pl.lit(value).alias(name) for name, value in constants.items())


def hash_keys(typed: TypedBatch, target: TargetTable) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each record's key, valid within one process."""
    key = pl.concat_str(pl.col("identifier"), pl.lit("\0"), pl.col(target.key_column).cast(pl.String))
    return typed.frame.select(key.hash(seed=1)).to_series().to_numpy()


async def prefetch(items: Iterator[Item]) -> AsyncGenerator[Item, None]:
    """Yield the items, preparing each in a thread while the previous one is processed."""
    pending = asyncio.ensure_future(asyncio.to_thread(next, items, None))
    try:
        while (item := await asyncio.shield(pending)) is not None:
            pending = asyncio.ensure_future(asyncio.to_thread(next, items, None))
            yield item
    finally:
        # the thread still reads the file, which the caller closes next
        await asyncio.wait({pending})
