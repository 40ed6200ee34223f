"""Tables of Fundata: every version of every record, the versions that are no longer the latest, and the exports.

`fundata_data`, `fundata_quotes` and the two `..._superseded` tables are append-only; triggers refuse anything else. A
version that is no longer the latest of its key has a row in the side table, so that exactly one version of a key has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.schema.tables.fundata_columns import DATA_DATES, DATA_NUMBERS, DATA_TEXTS, QUOTE_NUMBERS
from sra_shared.schema.tables.metadata import metadata, written_by

FIRST_YEAR, LAST_YEAR = 1980, 2040
DATA_SOURCES = ("CSV", "API")
EXPORT_STATES = ("requesting", "requested", "ready", "loading", "loaded", "repeated", "failed")

_IDENTIFIER = "InstrumentKey in its normal form: identifies the fund, series or benchmark in every dataset."
_DATASET = "Dataset of the catalogue, such as FundGeneral."
_RECORD_ID = "RecordId of the vendor, unique within the dataset; empty if the dataset has none."
_VERSION = "Version of the record within its key, from 1."
_LANGUAGE = "Language that the export was requested in; empty if the endpoint takes none."


def _now(name: str, comment: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"), comment=comment)


def _provenance() -> list[Column[object]]:
    """Columns of both tables that every row fills or that are narrow, in an order that wastes no padding."""
    return [
        Column("run_id", Uuid, nullable=False, comment="The run that stored this version."),
        Column("source_line", BigInteger, comment="Physical line where the record starts; the header is 1."),
        _now("processed_at", "When the version was stored (UTC); known_at of the as_of functions."),
        _now("updated_at", "When the version was stored (UTC)."),
        Column("data_version", Integer, nullable=False, comment=_VERSION),
        Column("array_element_index", Integer, comment="Position of the list's element, from 0; NULL in other rows."),
        Column("change_date", Date, comment="ChangeDate of the vendor: the day of the record's last change."),
        Column(
            "row_ordinal", SmallInteger, nullable=False, comment="Number of the row within its record's rows, from 0."
        ),
        Column(
            "parser_version",
            SmallInteger,
            nullable=False,
            comment="Version of the rules that typed the row, times 1000, plus the version of the catalogue.",
        ),
        Column("identifier", Text, nullable=False, comment=_IDENTIFIER),
        Column("dataset", Text, nullable=False, comment=_DATASET),
        Column("record_id", Text, nullable=False, server_default=text("''"), comment=_RECORD_ID),
        Column("data_source", Text, nullable=False, comment="How the record arrived: CSV (seed file) or API (export)."),
        Column("content_hash", LargeBinary, nullable=False, comment="BLAKE2b-128 over the delivered columns."),
        Column("source_file", Text, comment="Path of the seed file, or api/ with the dataset and the export's id."),
        Column(
            "record_state", Text, comment="RecordState of the vendor, such as Active; current views show active ones."
        ),
        Column("api_version", Text, comment="Version of the API that a JSON record names."),
        Column("execution_id", Text, comment="The vendor's id of the export that delivered it; NULL for a seed file."),
        Column("array_source_field", Text, comment="List field of a JSON record, of which the row is one element."),
        Column("array_element_value", Text, comment="That element, as text or JSON."),
        Column("raw_json", JSONB, nullable=False, comment="The record as delivered, every column as text, all digits."),
    ]


def _superseded() -> list[Column[object]]:
    return [
        Column("data_version", Integer, comment="The version that is not the latest."),
        Column("superseded_by", Integer, nullable=False, comment="The version that was the latest from then on."),
        _now("superseded_at", "When that version was stored (UTC)."),
        Column("run_id", Uuid, nullable=False, comment="The run that stored it."),
    ]


def _rules() -> list[CheckConstraint]:
    sources = ", ".join(repr(source) for source in DATA_SOURCES)
    return [
        CheckConstraint(f"data_source IN ({sources})", name="data_source_known"),
        CheckConstraint("data_version >= 1", name="data_version_counts"),
    ]


def _numbers(comments: Mapping[str, str]) -> list[Column[object]]:
    return [Column(name, Numeric(12, 2), comment=comment) for name, comment in comments.items()]


def _dates(comments: Mapping[str, str]) -> list[Column[object]]:
    return [Column(name, Date, comment=comment) for name, comment in comments.items()]


def _texts(comments: Mapping[str, str]) -> list[Column[object]]:
    return [Column(name, Text, comment=comment) for name, comment in comments.items()]


fundata_data = Table(
    "fundata_data",
    metadata,
    *_provenance(),
    *_texts(DATA_TEXTS),
    *_dates(DATA_DATES),
    *_numbers(DATA_NUMBERS),
    PrimaryKeyConstraint("identifier", "dataset", "record_id", "data_version", "row_ordinal"),
    *_rules(),
    # a run's rows are adjacent, so a block index finds them, and costs inserts almost nothing
    Index(
        "ix_fundata_data_run",
        "run_id",
        "dataset",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32, "autosummarize": True},
    ),
    comment="Every version of every Fundata record except quotes; numbers at two decimals, all digits in raw_json; append-only.",
    info=written_by("fundata_ingest"),
)

fundata_quotes = Table(
    "fundata_quotes",
    metadata,
    *_provenance(),
    Column("date", Date, nullable=False, comment="Day of the net asset value."),
    Column("previous_date", Date, comment="Day of previous_navps."),
    Column("distribution_pay_date", Date, comment="Day on which the distribution is paid."),
    Column("split", Text, comment="Split of the day, as delivered in Split or SplitFactor."),
    *_numbers(QUOTE_NUMBERS),
    PrimaryKeyConstraint("identifier", "date", "dataset", "data_version", "row_ordinal"),
    *_rules(),
    CheckConstraint("navps >= 0", name="navps_not_negative"),
    Index("ix_fundata_quotes_date", "date"),
    Index(
        "ix_fundata_quotes_run",
        "run_id",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32, "autosummarize": True},
    ),
    postgresql_partition_by="RANGE (date)",
    comment="Every version of every Fundata quote; numbers at two decimals, all digits in raw_json; append-only.",
    info=written_by("fundata_ingest"),
)

fundata_data_superseded = Table(
    "fundata_data_superseded",
    metadata,
    Column("identifier", Text, comment=_IDENTIFIER),
    Column("dataset", Text, comment=_DATASET),
    Column("record_id", Text, comment=_RECORD_ID),
    *_superseded(),
    PrimaryKeyConstraint("identifier", "dataset", "record_id", "data_version"),
    comment="Versions of fundata_data that are not the latest of their key; append-only.",
    info=written_by("fundata_ingest"),
)

fundata_quotes_superseded = Table(
    "fundata_quotes_superseded",
    metadata,
    Column("identifier", Text, comment=_IDENTIFIER),
    Column("date", Date, comment="Day of the net asset value."),
    Column("dataset", Text, comment=_DATASET),
    *_superseded(),
    PrimaryKeyConstraint("identifier", "date", "dataset", "data_version"),
    comment="Versions of fundata_quotes that are not the latest of their key; append-only.",
    info=written_by("fundata_ingest"),
)

fundata_export = Table(
    "fundata_export",
    metadata,
    Column("export_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the export."),
    Column("run_id", Uuid, nullable=False, comment="The run that requests and loads the export."),
    Column("dataset", Text, nullable=False, comment=_DATASET),
    Column("language", Text, nullable=False, server_default=text("''"), comment=_LANGUAGE),
    Column("from_date", Date, nullable=False, comment="First ChangeDate that was requested."),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'requesting'"),
        comment="State: requesting, requested, ready, loading, loaded, repeated or failed.",
    ),
    Column("execution_id", Text, comment="The vendor's id of the export; NULL until it is requested."),
    Column("repeats", BigInteger, comment="The earlier export that loaded this execution; only in state repeated."),
    Column("file_hash", Text, comment="SHA-256 of the downloaded file, in hex."),
    Column("size_bytes", BigInteger, comment="Size of the downloaded file, in bytes."),
    Column("error", Text, comment="Last error; NULL if there was none."),
    _now("requested_at", "When the export was requested (UTC)."),
    Column("ready_at", DateTime(timezone=True), comment="When the vendor had prepared the export (UTC)."),
    Column("loaded_at", DateTime(timezone=True), comment="When the whole export was stored (UTC)."),
    UniqueConstraint("execution_id"),
    UniqueConstraint("run_id", "dataset", "language"),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in EXPORT_STATES)})", name="state_known"),
    CheckConstraint(
        "state IN ('requesting', 'repeated', 'failed') OR execution_id IS NOT NULL", name="execution_id_known"
    ),
    CheckConstraint("(state = 'repeated') = (repeats IS NOT NULL)", name="repeats_known"),
    comment="Exports of the update API and the state of each.",
    info=written_by("fundata_ingest"),
)

fundata_cursor = Table(
    "fundata_cursor",
    metadata,
    Column("dataset", Text, primary_key=True, comment=_DATASET),
    Column("language", Text, primary_key=True, server_default=text("''"), comment=_LANGUAGE),
    Column("changed_until", Date, nullable=False, comment="Day up to which all changes were requested and loaded."),
    Column("run_id", Uuid, nullable=False, comment="The run that last moved the cursor."),
    _now("updated_at", "When the row was last written (UTC)."),
    comment="Day up to which the changes of each dataset are loaded; the next update begins there.",
    info=written_by("fundata_ingest"),
)

fundata_odd_key = Table(
    "fundata_odd_key",
    metadata,
    Column("dataset", Text, primary_key=True, comment=_DATASET),
    Column("identifier", Text, primary_key=True, comment="Identifier under which records are stored."),
    Column(
        "record_id",
        Text,
        primary_key=True,
        server_default=text("''"),
        comment="RecordId under which the record is stored; empty for quotes.",
    ),
    Column("normal_identifier", Text, nullable=False, comment="Normal form of the identifier."),
    Column("normal_record_id", Text, nullable=False, comment="Normal form of the record_id."),
    _now("listed_at", "When the key was listed (UTC)."),
    comment="Keys that an older release did not store in their normal form, until `./sra load --reparse` moves them.",
    info=written_by("the migration", "fundata_ingest"),
)
