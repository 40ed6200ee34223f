"""Writes the rows of a table as Parquet files, one or more for each partition."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.transforms import BucketTransform
from pyiceberg.typedef import Record
from pyiceberg.types import StringType

from view_builder.lake.storage import LakeFiles
from view_builder.lake.tables import BUCKETS, LakeTable

# of all open partitions together this bounds the memory: 16 of a year
_GROUP_ROWS = 20_000
_FILE_BYTES = 16 << 20
EPOCH_YEAR = 1970
"""Iceberg counts years from this one."""
_find_bucket = BucketTransform[str](BUCKETS).transform(StringType())

Partition = tuple[int, int] | tuple[()]


def choose_bucket(key: str) -> int:
    """Return the bucket that Iceberg assigns to a key."""
    return _find_bucket(key) or 0


class RowWriter:
    """Distributes rows to the files of their partitions; memory does not grow with the number of rows."""

    def __init__(self, files: LakeFiles, table: LakeTable, metadata: TableMetadata) -> None:
        """The metadata are those of the table that the files will belong to."""
        self._files = files
        self._table = table
        self._metadata = metadata
        self._schema: pa.Schema = schema_to_pyarrow(metadata.schema())
        self._buckets: dict[str, int] = {}
        self._open: dict[Partition, _FileWriter] = {}
        self._written: list[DataFile] = []

    def write(self, batch: pa.RecordBatch, *, without: Collection[Partition] = ()) -> None:
        """Add the rows, except those of some partitions."""
        rows = pa.Table.from_batches([batch]).cast(self._schema)
        for partition, part in self._split(rows):
            if partition in without:
                continue
            if partition not in self._open:
                self._open[partition] = _FileWriter(self._schema)
            self._open[partition].add(part)
            if self._open[partition].size >= _FILE_BYTES:
                self._finish(partition)

    def finish_all(self) -> list[DataFile]:
        """Upload what is open and return all files since the last call."""
        for partition in list(self._open):
            self._finish(partition)
        written, self._written = self._written, []
        return written

    def _split(self, rows: pa.Table) -> Iterator[tuple[Partition, pa.Table]]:
        if self._table.key is None or self._table.day is None:
            yield (), rows
            return
        keys = rows.column(self._table.key).combine_chunks().dictionary_encode()
        buckets = pa.array([self._choose_bucket(key) for key in keys.dictionary.to_pylist()], pa.int32())
        of_rows = buckets.take(keys.indices)
        years = pc.subtract(pc.year(rows.column(self._table.day)), EPOCH_YEAR)
        codes = pc.add(pc.multiply(years, BUCKETS), pc.cast(of_rows, pa.int64()))
        for code in pc.unique(codes).to_pylist():
            yield divmod(code, BUCKETS), rows.filter(pc.equal(codes, code))

    def _choose_bucket(self, key: str) -> int:
        if key not in self._buckets:
            self._buckets[key] = choose_bucket(key)
        return self._buckets[key]

    def _finish(self, partition: Partition) -> None:
        content, metadata = self._open.pop(partition).close()
        location = f"{self._metadata.location}/data/{uuid4()}.parquet"
        self._files.write(location, content)
        schema = self._metadata.schema()
        statistics = data_file_statistics_from_parquet_metadata(
            parquet_metadata=metadata,
            stats_columns=compute_statistics_plan(schema, self._metadata.properties),
            parquet_column_mapping=parquet_path_to_id_mapping(schema),
        )
        file = DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=location,
            file_format=FileFormat.PARQUET,
            partition=Record(*partition),
            file_size_in_bytes=len(content),
            sort_order_id=None,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )
        file.spec_id = self._metadata.default_spec_id
        self._written.append(file)


class _FileWriter:
    """One Parquet file in memory."""

    def __init__(self, schema: pa.Schema) -> None:
        self._sink = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd", store_decimal_as_integer=True)
        self._waiting: list[pa.Table] = []
        self._rows = 0

    @property
    def size(self) -> int:
        """Bytes that are written already."""
        return int(self._sink.tell())

    def add(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        self._rows += rows.num_rows
        if self._rows >= _GROUP_ROWS:
            self._flush()

    def close(self) -> tuple[pa.Buffer, pq.FileMetaData]:
        self._flush()
        self._writer.close()
        return self._sink.getvalue(), self._writer.writer.metadata

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting, self._rows = [], 0
