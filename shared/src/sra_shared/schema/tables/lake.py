"""The Iceberg lake: its builds with the pointers of their tables, and the changes that the next build has to write."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from sra_shared.schema.tables.ledger_columns import make_time
from sra_shared.schema.tables.metadata import metadata, written_by

_WRITERS = written_by("view_builder", "`./sra lake`")

lake_root = Table(
    "lake_root",
    metadata,
    Column("root", Text, primary_key=True, comment="Address of the lake: a folder or s3://bucket/prefix."),
    Column(
        "lake_id", Uuid, nullable=False, comment="Id in the mark at the root, which no other database may write to."
    ),
    make_time("created_at", "When this database first published there (UTC).", required=True),
    comment="The places where this database publishes its lake.",
    info=_WRITERS,
)

lake_build = Table(
    "lake_build",
    metadata,
    Column("build_id", BigInteger, primary_key=True, autoincrement=False, comment="Number of the build, from 1."),
    Column("root", Text, nullable=False, comment="Address of the lake that has the build."),
    Column("name", Text, unique=True, comment="Name given by a person, which keeps the build; NULL without one."),
    Column("run_id", Uuid, nullable=False, comment="The run that published it."),
    Column("contract_version", Integer, nullable=False, comment="Contract version of its tables."),
    Column("snapshot_at", DateTime(timezone=True), nullable=False, comment="When its tables were read (UTC)."),
    make_time("published_at", "When readers could see it (UTC).", required=True),
    Column("changed_tables", Integer, nullable=False, comment="Number of tables that differ from the build before."),
    Column("written_files", BigInteger, nullable=False, comment="Number of data files written for it."),
    Column("written_bytes", BigInteger, nullable=False, comment="Size of the data files written for it, in bytes."),
    Column("peak_memory_mb", Integer, nullable=False, comment="Peak memory of the process that wrote it, in MB."),
    CheckConstraint("build_id >= 1", name="build_counts"),
    comment="Builds of the lake; each is a namespace of the catalog.",
    info=_WRITERS,
)

lake_table = Table(
    "lake_table",
    metadata,
    Column(
        "build_id",
        BigInteger,
        ForeignKey("lake_build.build_id"),
        primary_key=True,
        comment="The build.",
    ),
    Column("relation", Text, primary_key=True, comment="Name of the table, that of the view."),
    Column("metadata_location", Text, nullable=False, comment="Address of the table's Iceberg metadata."),
    Column("columns_digest", Text, nullable=False, comment="Digest of its columns; other columns begin another table."),
    Column("view_digest", Text, nullable=False, comment="Digest of the model that its rows were built from."),
    Column("view_builds", BigInteger, nullable=False, comment="Number of builds of the view when it was read."),
    Column("content_hash", Text, comment="Hash of all rows of a table that is written whole; NULL for a series."),
    Column("row_count", BigInteger, nullable=False, comment="Number of rows."),
    Column("file_count", BigInteger, nullable=False, comment="Number of data files."),
    Column("byte_count", BigInteger, nullable=False, comment="Size of the data files in bytes."),
    Index("ix_lake_table_metadata_location", "metadata_location"),
    comment="The tables of each build of the lake.",
    info=_WRITERS,
)

lake_metadata = Table(
    "lake_metadata",
    metadata,
    Column("metadata_location", Text, primary_key=True, comment="Address of the Iceberg metadata in the lake."),
    Column("metadata", Text, nullable=False, comment="Its content, which the catalog serves."),
    comment="Iceberg metadata of the tables of all kept builds.",
    info=_WRITERS,
)

lake_series = Table(
    "lake_series",
    metadata,
    Column("relation", Text, primary_key=True, comment="Name of the view."),
    make_time("recorded_since", "Since when builds record its changed rows (UTC).", required=True),
    comment="The daily series whose changed rows are recorded for the lake.",
    info=_WRITERS,
)

lake_change = Table(
    "lake_change",
    metadata,
    Column("change_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the change."),
    Column("relation", Text, nullable=False, comment="Name of the view."),
    Column("key", Text, comment="Identifier or symbol of the row; NULL if all rows may have changed."),
    Column("day", Date, comment="Day of the row; NULL if all rows may have changed."),
    Column(
        "is_insert",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether the row was added; otherwise it was replaced or removed.",
    ),
    Column(
        "transaction_id",
        BigInteger,
        nullable=False,
        server_default=text("(pg_current_xact_id())::text::bigint"),
        comment="Transaction that changed it: a build of the lake contains those that its snapshot sees.",
    ),
    Index("ix_lake_change_relation", "relation"),
    comment="Rows of series that builds changed since the newest build of the lake.",
    info=_WRITERS,
)
