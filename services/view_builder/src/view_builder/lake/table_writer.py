"""Writes the files of one table: all rows, or the changed rows and partitions of a daily series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO

from pyiceberg.manifest import DataFile

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from view_builder.compile import quote_name
from view_builder.lake.arrow_rows import read_rows
from view_builder.lake.copying import copy_rows
from view_builder.lake.iceberg import CurrentTable
from view_builder.lake.parquet_files import EPOCH_YEAR, Partition, RowWriter, choose_bucket
from view_builder.lake.storage import LakeFiles
from view_builder.lake.tables import BUCKETS, LakeTable

# a partition with more files is rewritten, a few partitions in each build
MOST_FILES = 8
_COMPACTED = 4

SQL_IS_COMPLETE = "SELECT EXISTS (SELECT FROM public.lake_series WHERE relation = $1 AND recorded_since <= $2)"
SQL_READ_CHANGES = """
SELECT key, day, bool_and(is_insert) AS is_insert FROM public.lake_change WHERE relation = $1 GROUP BY key, day
"""
SQL_JOIN_CHANGED = """
JOIN (SELECT DISTINCT key, day FROM public.lake_change WHERE relation = $1) c ON r.{key} = c.key AND r.{day} = c.day
"""
# changed rows are looked up by key, however large the planner thinks their number is
_LOOK_UP = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"
_PLAN_FREELY = (
    "SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL enable_seqscan TO DEFAULT"
)


@dataclass(frozen=True)
class WrittenFiles:
    """What replaces what; `content_hash` is that of all rows of a table that is written whole."""

    removed: Sequence[DataFile]
    added: Sequence[DataFile]
    content_hash: str | None = None


class TableWriter:
    """Writes the files of one table in the snapshot of the connection."""

    def __init__(self, connection: Connection, files: LakeFiles, table: LakeTable, current: CurrentTable) -> None:
        self._connection = connection
        self._table = table
        self._current = current
        self._rows = RowWriter(files, table, current.metadata)

    async def write_whole(self) -> WrittenFiles:
        """Write all rows in the order of the key."""
        content_hash = await self._copy(f"{self._table.select} {self._table.order_by}")
        return WrittenFiles(self._current.files, self._rows.finish_all(), content_hash)

    async def write_series(self) -> WrittenFiles:
        """Write all rows of a series, year by year."""
        names = {"source": self._table.source, "day": self._day}
        limits = await self._connection.fetchrow(
            compose("SELECT min({day}) AS first, max({day}) AS last FROM {source}", **names)
        )
        added: list[DataFile] = []
        if limits is not None and limits["first"] is not None:
            for year in range(limits["first"].year, limits["last"].year + 1):
                added += await self._write_year(year)
        return WrittenFiles(self._current.files, added)

    async def write_changes(self, since: datetime) -> WrittenFiles | None:
        """Add the rows that were inserted, and replace the partitions in which rows changed; None if nothing did.

        Unless all changes were recorded from `since` on, write all rows.
        """
        if not await self._connection.fetchval(SQL_IS_COMPLETE, self._table.relation, since):
            return await self.write_series()
        changes = await self._connection.fetch(SQL_READ_CHANGES, self._table.relation)
        if any(row["key"] is None for row in changes):
            return await self.write_series()
        replaced = {_find_partition(row) for row in changes if not row["is_insert"]} | self._choose_crowded()
        if not changes and not replaced:
            return None
        added = await self._add_inserted(replaced)
        for year in sorted({partition[0] for partition in replaced}):
            buckets = {bucket for found, bucket in replaced if found == year}
            added += await self._write_year(year + EPOCH_YEAR, buckets)
        removed = [file for file in self._current.files if (file.partition[0], file.partition[1]) in replaced]
        return WrittenFiles(removed, added)

    @property
    def _day(self) -> str:
        return quote_name(self._table.day or "")

    @property
    def _key(self) -> str:
        return quote_name(self._table.key or "")

    def _choose_crowded(self) -> set[tuple[int, int]]:
        counts = Counter((file.partition[0], file.partition[1]) for file in self._current.files)
        return {partition for partition, count in counts.most_common(_COMPACTED) if count > MOST_FILES}

    async def _add_inserted(self, replaced: Collection[Partition]) -> list[DataFile]:
        """Write the inserted rows of the partitions that are not replaced."""
        changed = compose(SQL_JOIN_CHANGED, key=self._key, day=self._day)
        await self._connection.execute(_LOOK_UP)
        query = f"{self._table.select} {changed} {self._table.order_by}"
        await self._copy(query, self._table.relation, without=replaced)
        await self._connection.execute(_PLAN_FREELY)
        return self._rows.finish_all()

    async def _write_year(self, year: int, buckets: Collection[int] | None = None) -> list[DataFile]:
        """Write the rows of a year, or only those of some of its buckets."""
        within = f"r.{self._day} >= $1 AND r.{self._day} < $2"
        arguments: list[Any] = [date(year, 1, 1), date(year + 1, 1, 1)]
        if buckets is not None and len(buckets) < BUCKETS:
            names = {"key": self._key, "source": self._table.source, "within": within}
            keys = await self._connection.fetch(
                compose("SELECT DISTINCT r.{key} AS key FROM {source} r WHERE {within}", **names), *arguments
            )
            within += f" AND r.{self._key} = ANY($3)"
            arguments.append([row["key"] for row in keys if choose_bucket(row["key"]) in buckets])
        await self._copy(f"{self._table.select} WHERE {within} {self._table.order_by}", *arguments)
        return self._rows.finish_all()

    async def _copy(self, query: str, *arguments: object, without: Collection[Partition] = ()) -> str:
        def read(stream: BinaryIO) -> None:
            for batch in read_rows(stream, self._table):
                self._rows.write(batch, without=without)

        return await copy_rows(self._connection, query, *arguments, read=read)


def _find_partition(change: Any) -> tuple[int, int]:
    return change["day"].year - EPOCH_YEAR, choose_bucket(change["key"])
