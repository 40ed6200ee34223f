"""Compares the files of a build with PostgreSQL: counts, exact sums and limits of every column, and some rows whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import schema_to_pyarrow

from sra_shared.kit.db import Connection, open_connection
from view_builder.compile import quote_name, quote_text
from view_builder.lake.arrow_rows import read_rows
from view_builder.lake.copying import COPY_SECONDS, copy_rows
from view_builder.lake.exchange import Checked, CheckOrder, TableState, TableVerdict
from view_builder.lake.iceberg import CurrentTable, load_table
from view_builder.lake.storage import LakeFiles
from view_builder.lake.tables import LakeTable

_SAMPLED_FILES = 20
_WIDE = 76

SQL_READ_BUILDS = "SELECT relation, filled, builds FROM public.published_view"


@dataclass
class _ColumnSums:
    nulls: int = 0
    total: Any = 0
    least: Any = None
    greatest: Any = None

    def add(self, values: pa.Array) -> None:
        self.nulls += values.null_count
        if values.null_count == len(values):
            return
        self.total += _sum(values)
        limits = pc.min_max(values).as_py()
        self.least = limits["min"] if self.least is None else min(self.least, limits["min"])
        self.greatest = limits["max"] if self.greatest is None else max(self.greatest, limits["max"])


@dataclass
class _Sums:
    """Count, sums and limits of rows, independent of their order."""

    rows: int = 0
    columns: dict[str, _ColumnSums] = field(default_factory=dict)

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            self.columns.setdefault(name, _ColumnSums()).add(values)

    def list_differences(self, other: _Sums) -> list[str]:
        """Return how the rows of the lake, these, differ from those of PostgreSQL."""
        if self.rows != other.rows:
            return [f"it has {self.rows} rows, PostgreSQL has {other.rows}"]
        return [
            f"column {name} differs in its sum, limits or number of NULLs"
            for name in self.columns
            if self.columns[name] != other.columns[name]
        ]


async def check_build(order: CheckOrder, tables: Sequence[LakeTable]) -> Checked:
    """Read every file of a build, and compare it with the views that were not built since."""
    files = LakeFiles(order.storage)
    files.require_mark(order.mark, is_new=False)
    known = {table.relation: table for table in tables}
    connection = await open_connection(order.dsn, application_name="sra:lake", command_timeout=COPY_SECONDS)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'")
            verdicts = [
                await _check_table(connection, files, state, known.get(state.relation)) for state in order.tables
            ]
    finally:
        await connection.close()
    return Checked(tables=verdicts)


async def _check_table(
    connection: Connection, files: LakeFiles, state: TableState, table: LakeTable | None
) -> TableVerdict:
    current = load_table(files, state.relation, state.metadata_location)
    in_lake, problems = _Sums(), []
    for batch in _read_batches(files.io, current):
        in_lake.add(batch)
    if in_lake.rows != state.row_count:
        problems.append(f"its files have {in_lake.rows} rows, the build has {state.row_count}")
    is_compared = table is not None and await _is_current(connection, state, table)
    if table is not None and is_compared:
        problems += in_lake.list_differences(await _sum_database(connection, table))
        problems += await _compare_rows(connection, files.io, current, table)
    return TableVerdict(relation=state.relation, rows=in_lake.rows, is_compared=is_compared, problems=problems)


async def _is_current(connection: Connection, state: TableState, table: LakeTable) -> bool:
    row = await connection.fetchrow(f"{SQL_READ_BUILDS} WHERE relation = $1", state.relation)
    if row is None or row["filled"] != state.view_digest or table.columns_digest != state.columns_digest:
        return False
    return bool(row["builds"] == state.view_builds)


async def _sum_database(connection: Connection, table: LakeTable) -> _Sums:
    sums = _Sums()

    def read(stream: BinaryIO) -> None:
        for batch in read_rows(stream, table):
            sums.add(batch)

    await copy_rows(connection, table.select, read=read)
    return sums


async def _compare_rows(connection: Connection, io: FileIO, current: CurrentTable, table: LakeTable) -> list[str]:
    """Compare the first and the last row of some files with PostgreSQL, every column."""
    sampled: dict[str, dict[str, Any]] = {}
    for file in current.files[:_SAMPLED_FILES]:
        found = _read_file(io, file.file_path, current)
        ends = [*found.slice(0, 1).to_pylist(), *found.slice(found.num_rows - 1).to_pylist()]
        sampled |= {_read_key(row, table): row for row in ends}
    if not sampled:
        return []
    conditions = (" AND ".join(_match(name, row[name]) for name in table.order) for row in sampled.values())
    stored: list[dict[str, Any]] = []

    def read(stream: BinaryIO) -> None:
        for batch in read_rows(stream, table):
            stored.extend(batch.to_pylist())

    await copy_rows(connection, f"{table.select} WHERE {' OR '.join(f'({c})' for c in conditions)}", read=read)
    return [f"the row of {key} differs" for key, row in sampled.items() if row not in stored]


def _match(name: str, value: object) -> str:
    # a live view may have rows whose issuer is unknown
    return f"r.{quote_name(name)} {'IS NULL' if value is None else f'= {quote_text(str(value))}'}"


def _read_key(row: dict[str, Any], table: LakeTable) -> str:
    return ", ".join(str(row[name]) for name in table.order)


def _read_batches(io: FileIO, current: CurrentTable) -> Iterator[pa.RecordBatch]:
    for file in current.files:
        yield from _read_file(io, file.file_path, current).to_batches()


def _read_file(io: FileIO, location: str, current: CurrentTable) -> pa.Table:
    with io.new_input(location).open() as stream:
        table = pq.read_table(stream)
    return table.cast(_plain_schema(current))


def _plain_schema(current: CurrentTable) -> pa.Schema:
    """The schema with the types that the rows of PostgreSQL are converted to."""
    found: Iterable[pa.Field] = schema_to_pyarrow(current.metadata.schema(), include_field_ids=False)
    return pa.schema(
        pa.field(one.name, pa.string() if pa.types.is_large_string(one.type) else one.type) for one in found
    )


def _sum(values: pa.Array) -> Any:
    if pa.types.is_decimal(values.type):
        return pc.sum(values.cast(pa.decimal256(_WIDE, values.type.scale))).as_py()
    if pa.types.is_integer(values.type):
        return pc.sum(values.cast(pa.int64())).as_py()
    if pa.types.is_string(values.type):
        return pc.sum(pc.binary_length(values)).as_py()
    return 0
