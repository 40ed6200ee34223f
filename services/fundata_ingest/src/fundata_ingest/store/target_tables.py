"""The two Fundata tables as the loader sees them, and rows as the bytes that PostgreSQL's COPY reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
import polars as pl

from fundata_ingest.catalogue import FundataDataset, TableName
from sra_shared.kit.db import Connection

_PIECE = 1 << 19
# rows are encoded in slices of this many bytes of raw_json: exploded records repeat it in every row
_SLICE = 16 << 20
_SPECIAL: Final = r"[\\\t\n\r]"
_ESCAPES: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


@dataclass(frozen=True)
class TargetTable:
    """A table: its name, the column that forms its key with dataset and identifier, and that column's type in SQL."""

    table: str
    key_column: str
    key_type: str

    @property
    def superseded(self) -> str:
        """The side table of versions that are no longer the latest."""
        return f"{self.table}_superseded"

    @property
    def key(self) -> list[str]:
        """The columns that form a record's key within its dataset."""
        return ["identifier", self.key_column]


TARGETS: Final[dict[TableName, TargetTable]] = {
    "data": TargetTable("fundata_data", "record_id", "text"),
    "quotes": TargetTable("fundata_quotes", "date", "date"),
}


def find_target_table(dataset: FundataDataset) -> TargetTable:
    """Return the table of a dataset."""
    return TARGETS[dataset.table]


def encode_rows(frame: pl.DataFrame) -> memoryview:
    """Return the rows in COPY's text format, columns in the order of the frame; Binary columns are for bytea."""
    escaped = [
        pl.Series(column.name, "\\\\x" + column.bin.encode("hex"))
        for column in frame.iter_columns()
        if column.dtype == pl.Binary
    ]
    texts = [column for column in frame.iter_columns() if column.dtype == pl.String]
    if "raw_json" in frame.columns and not frame["raw_json"].str.contains("\\", literal=True).any():
        # JSON escapes the same characters, so if raw_json has no escape, no delivered column holds any
        texts = [column for column in texts if column.name in ("source_file", "execution_id")]
    escaped += [
        pl.Series(column.name, column.str.replace_many(list(_ESCAPES), list(_ESCAPES.values())))
        for column in texts
        if column.str.contains(_SPECIAL).any()
    ]
    buffer = BytesIO()
    frame.with_columns(escaped).write_csv(
        buffer, include_header=False, separator="\t", quote_style="never", null_value="\\N"
    )
    return buffer.getbuffer()


async def copy_bytes(connection: Connection, table: str, columns: list[str], rows: memoryview) -> None:
    """Append encoded rows to a table."""
    await connection.copy_to_table(table, source=_cut(rows), columns=columns, format="text")


async def copy_frame(connection: Connection, table: str, frame: pl.DataFrame) -> None:
    """Append the rows of a frame with the table's column names, in memory that does not grow with them."""
    if frame.height:
        rows = _encode_slices(frame)
        await connection.copy_to_table(table, source=rows, columns=frame.columns, format="text")


async def _encode_slices(frame: pl.DataFrame) -> AsyncIterator[bytes]:
    for part in cut_rows(frame):
        async for piece in _cut(await asyncio.to_thread(encode_rows, part)):
            yield piece


def cut_rows(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows of a frame in slices of about 16 MB of raw_json; all at once if it has none."""
    if "raw_json" not in frame.columns:
        yield frame
        return
    slices = frame["raw_json"].str.len_bytes().cast(pl.Int64).cum_sum().to_numpy() // _SLICE
    starts = np.flatnonzero(np.diff(slices, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], frame.height], strict=True):
        yield frame.slice(start, end - start)


async def _cut(rows: memoryview) -> AsyncIterator[bytes]:
    for start in range(0, len(rows), _PIECE):
        yield bytes(rows[start : start + _PIECE])
