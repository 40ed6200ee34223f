"""Stages the metadata of a table: writes it without publishing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata
from pyiceberg.table.update.snapshot import ExpireSnapshots
from pyiceberg.transforms import BucketTransform, IdentityTransform, YearTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

from view_builder.lake.columns import LakeColumn
from view_builder.lake.storage import LakeFiles
from view_builder.lake.tables import BUCKETS, LakeTable

_TYPES: dict[str, IcebergType] = {
    "string": StringType(),
    "int": IntegerType(),
    "long": LongType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "timestamptz": TimestamptzType(),
}
# a build adds a manifest to a series; of many, most would be read for nothing
_PROPERTIES = {"commit.manifest-merge.enabled": "true", "commit.manifest.min-count-to-merge": "16"}
_FIRST_FIELD = 1000


@dataclass(frozen=True)
class CurrentTable:
    """A table with its present data files; one that was never written has no location of metadata."""

    table: Table
    files: tuple[DataFile, ...]

    @property
    def metadata(self) -> TableMetadata:
        """The table's metadata."""
        return self.table.metadata


class _StagingCatalog(NoopCatalog):
    """Writes metadata to a separate file; the caller publishes its address."""

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        metadata = update_table_metadata(
            base_metadata=table.metadata, updates=updates, metadata_location=table.metadata_location or None
        )
        return CommitTableResponse(metadata=metadata, metadata_location=_write_metadata(table, metadata))


def create_table(files: LakeFiles, lake_table: LakeTable) -> CurrentTable:
    """Return a table without rows, at its own location."""
    schema = Schema(*(_make_field(number, column) for number, column in enumerate(lake_table.columns, 1)))
    metadata = new_table_metadata(
        schema,
        _partition(schema, lake_table),
        SortOrder(*(SortField(schema.find_field(name).field_id, IdentityTransform()) for name in lake_table.order)),
        f"{files.root}/{lake_table.relation}/{uuid4().hex[:12]}",
        {**_PROPERTIES, "comment": lake_table.description},
    )
    return CurrentTable(Table(("lake", lake_table.relation), metadata, "", files.io, _StagingCatalog("staging")), ())


def load_table(files: LakeFiles, relation: str, metadata_location: str) -> CurrentTable:
    """Return the table of a build."""
    metadata = FromInputFile.table_metadata(files.io.new_input(metadata_location))
    table = Table(("lake", relation), metadata, metadata_location, files.io, _StagingCatalog("staging"))
    snapshot = metadata.current_snapshot()
    manifests = snapshot.manifests(files.io) if snapshot is not None else []
    found = (entry.data_file for manifest in manifests for entry in manifest.fetch_manifest_entry(files.io))
    return CurrentTable(table, tuple(found))


def stage_table(current: CurrentTable, removed: Sequence[DataFile], added: Sequence[DataFile]) -> CurrentTable:
    """Write the metadata of the table after a change of its files.

    They name the new snapshot only: former ones are read by the metadata of their build.
    """
    table = current.table
    if not removed and not added:
        table.metadata_location = _write_metadata(table, table.metadata)
        return current
    former = [snapshot.snapshot_id for snapshot in table.metadata.snapshots]
    transaction = table.transaction()
    update = transaction.update_snapshot()
    with update.overwrite() if removed else update.merge_append() as change:
        for file in removed:
            change.delete_data_file(file)
        for file in added:
            change.append_data_file(file)
    if former:
        ExpireSnapshots(transaction).by_ids(former).commit()
    transaction.commit_transaction()
    gone = {file.file_path for file in removed}
    return CurrentTable(table, (*(file for file in current.files if file.file_path not in gone), *added))


def _write_metadata(table: Table, metadata: TableMetadata) -> str:
    # without a number: a reader of the folder must not take the highest one, which may be unpublished
    location = f"{metadata.location}/metadata/{uuid4()}.metadata.json"
    ToOutputFile.table_metadata(metadata, table.io.new_output(location))
    return location


def _make_field(number: int, column: LakeColumn) -> NestedField:
    decimal = column.decimal
    kind = DecimalType(*decimal) if decimal else _TYPES[column.iceberg_type]
    return NestedField(number, column.name, kind, required=False, doc=column.meaning)


def _partition(schema: Schema, lake_table: LakeTable) -> PartitionSpec:
    if lake_table.key is None or lake_table.day is None:
        return UNPARTITIONED_PARTITION_SPEC
    day, key = (schema.find_field(name).field_id for name in (lake_table.day, lake_table.key))
    return PartitionSpec(
        PartitionField(day, _FIRST_FIELD, YearTransform(), f"{lake_table.day}_year"),
        PartitionField(key, _FIRST_FIELD + 1, BucketTransform(BUCKETS), f"{lake_table.key}_bucket"),
    )
