"""Ledger of deliveries: files and their streams, rejected rows and warnings, and the outbox of completions for view_builder."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.runs.reject_state import REJECT_IS_OPEN
from sra_shared.schema.tables.ledger_columns import (
    DATASET,
    FIRST_LINE,
    VENDOR,
    limit_values,
    list_counts,
    make_conservation,
    make_count,
    make_json,
    make_time,
)
from sra_shared.schema.tables.metadata import metadata, written_by

FILE_STATUSES = ("processing", "completed", "skipped", "rejected", "failed", "missing")
_COMPLETION_SOURCE = "Source that the run collected: fmp or fundata."
_DATASETS = "Names of the run's datasets: a list."

file_processing_tracker = Table(
    "file_processing_tracker",
    metadata,
    Column("file_id", BigInteger, Identity(always=True), nullable=False, unique=True, comment="Number of the file."),
    Column("file_path", Text, primary_key=True, comment="Path within the seed tree, or api/ with dataset and export."),
    Column(
        "file_hash", Text, primary_key=True, comment="SHA-256 of the content, in hex; empty if it could not be read."
    ),
    Column("dataset", Text, comment="Dataset of the catalogue; NULL if the file belongs to none."),
    Column("file_size_bytes", BigInteger, comment="Size, in bytes."),
    make_count("records_count", "Source records read, once the whole file is read."),
    make_time("first_processed_at", "When it was first delivered (UTC).", required=True),
    make_time("last_processed_at", "When it was last delivered or loaded (UTC).", required=True),
    Column(
        "processing_count",
        Integer,
        nullable=False,
        server_default=text("1"),
        comment="Number of runs that received it.",
    ),
    Column(
        "status",
        Text,
        nullable=False,
        server_default="processing",
        comment="Status: processing, completed, skipped (the content is loaded already), rejected, failed or missing.",
    ),
    Column(
        "streams", SmallInteger, nullable=False, server_default=text("1"), comment="Number of streams that read it."
    ),
    Column("error", Text, comment="Reason of its rejection or failure; NULL if there is none."),
    Column("run_id", Uuid, comment="The run that last processed it."),
    limit_values("status", FILE_STATUSES),
    Index("ix_file_processing_tracker_dataset_hash", "dataset", "file_hash"),
    comment="Delivered files and exports of Fundata; each content is loaded once.",
    info=written_by("fundata_ingest"),
)

file_stream = Table(
    "file_stream",
    metadata,
    Column(
        "file_id",
        BigInteger,
        ForeignKey("file_processing_tracker.file_id"),
        primary_key=True,
        comment="The file.",
    ),
    Column(
        "stream",
        SmallInteger,
        primary_key=True,
        comment="Number of the stream, from 0; a hash of the identifier assigns records to streams.",
    ),
    Column(
        "resume_offset",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Resume point in the file, in bytes.",
    ),
    Column(
        "resume_line",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Physical line of the resume point.",
    ),
    Column(
        "done",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether the stream read the file to its end.",
    ),
    *list_counts(),
    Column("newest_change", Date, comment="Latest ChangeDate that it read, except days in the future."),
    make_time("updated_at", "When the row was last written (UTC).", required=True),
    Column(
        "split_rules",
        SmallInteger,
        nullable=False,
        server_default=text("2"),
        comment="Form of the identifiers that are hashed: 1 without surrounding blanks, 2 normal.",
    ),
    make_conservation(),
    comment="Streams of each file, with resume point and counts.",
    info=written_by("fundata_ingest"),
)

rejected_record = Table(
    "rejected_record",
    metadata,
    Column("reject_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the reject."),
    Column("run_id", Uuid, nullable=False, comment="The run that first read the row."),
    Column("source", Text, nullable=False, comment=VENDOR),
    Column("dataset", Text, nullable=False, comment=DATASET),
    Column("file_path", Text, comment="File or export of Fundata, or path of the FMP endpoint."),
    Column("file_hash", Text, comment="SHA-256 of the file, in hex; NULL for FMP."),
    Column("line", BigInteger, comment=FIRST_LINE),
    Column("record_key", Text, comment="Symbol or key of a record that has no line."),
    Column("reason", Text, nullable=False, comment="Reason as a code, such as bad_price."),
    Column("detail", Text, comment="Reason in a sentence."),
    Column("raw", LargeBinary, nullable=False, comment="The bytes as delivered."),
    Column("data_source", Text, comment="How the row arrived: CSV (seed file) or API."),
    Column(
        "delivered_on",
        DateTime(timezone=True),
        comment="When it was delivered (UTC): time of the call, of the export's request, or of the load.",
    ),
    make_time("created_at", "When it was first rejected (UTC).", required=True),
    make_time("resolved_at", "When a replay resolved it (UTC)."),
    Column("resolved_by", Uuid, comment="The run that resolved it."),
    Column("resolution", Text, comment="How it was resolved, such as replayed."),
    Column("identity", LargeBinary, comment="Digest that identifies the row when it is delivered again."),
    Column(
        "occurrence",
        Integer,
        comment="Position among equal rows of one delivery, from 1; NULL if a row delivered again is a separate reject.",
    ),
    Column("delivery", Text, comment="The file, or the FMP run, that last delivered it."),
    Column(
        "seen_count",
        BigInteger,
        nullable=False,
        server_default=text("1"),
        comment="Number of deliveries that contained it.",
    ),
    make_time("last_seen_at", "When it was last delivered (UTC).", required=True),
    Column("last_run_id", Uuid, comment="The run that last read it; NULL if it is run_id."),
    Column("call_id", BigInteger, comment="The call that returned it, as in fmp_call; NULL for Fundata."),
    Column("origin", JSONB, comment="Request of the FMP call: path, subject, and the values that it adds to rows."),
    make_time("dismissed_at", "When a person dismissed it (UTC)."),
    Column("dismissed_by", Text, comment="Who dismissed it: token and address, or the user of the operating system."),
    Column("dismissal", Text, comment="Why it was dismissed."),
    Index("ix_rejected_record_run", "run_id"),
    Index("ix_rejected_record_last_run", text("coalesce(last_run_id, run_id)")),
    Index("ix_rejected_record_dataset_reason", "dataset", "reason"),
    Index("ix_rejected_record_open", "reject_id", postgresql_where=text(REJECT_IS_OPEN)),
    Index("ix_rejected_record_open_kind", "dataset", "reason", postgresql_where=text(REJECT_IS_OPEN)),
    Index("uq_rejected_record_identity", "identity", "occurrence", unique=True),
    comment="Quarantine: rejected rows with their bytes and reasons; open until they are resolved or dismissed.",
    info=written_by("fmp_ingest", "fundata_ingest", "gateway"),
)

field_warning = Table(
    "field_warning",
    metadata,
    Column("warning_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the warning."),
    Column("run_id", Uuid, nullable=False, comment="The run that read the record."),
    Column("source", Text, nullable=False, comment="Source: fundata."),
    Column("dataset", Text, nullable=False, comment="Dataset of the catalogue."),
    Column("file_path", Text, comment="File or export of the record."),
    Column("line", BigInteger, comment=FIRST_LINE),
    Column("record_key", Text, comment="Always NULL; file_path and line identify the record."),
    Column("field", Text, nullable=False, comment="Name of the field, as delivered."),
    Column("value", Text, comment="Value of the field, as delivered."),
    Column("reason", Text, nullable=False, comment="Reason as a code, such as bad_date."),
    make_time("created_at", "When it was recorded (UTC).", required=True),
    Index("ix_field_warning_run", "run_id"),
    comment="Values of Fundata records that were stored as NULL, and other warnings of a load.",
    info=written_by("fundata_ingest"),
)

completion_outbox = Table(
    "completion_outbox",
    metadata,
    Column("event_id", Uuid, primary_key=True, comment="Id of the event."),
    Column("run_id", Uuid, ForeignKey("task_execution_log.task_id"), nullable=False, comment="The run that ended."),
    Column("source", Text, nullable=False, comment=_COMPLETION_SOURCE),
    make_json("datasets", _DATASETS, "[]"),
    make_time("created_at", "When the run ended (UTC).", required=True),
    Column("attempts", Integer, nullable=False, server_default=text("0"), comment="Attempts to deliver it."),
    make_time("next_attempt_at", "When the next attempt is due (UTC).", required=True),
    make_time("delivered_at", "When view_builder acknowledged it (UTC); NULL until then."),
    Column("last_error", Text, comment="Error of the last attempt; NULL if there was none."),
    UniqueConstraint("run_id"),
    Index("ix_completion_outbox_open", "next_attempt_at", postgresql_where=text("delivered_at IS NULL")),
    comment="Completion events of finished runs, sent to view_builder until it acknowledges them.",
    info=written_by("fmp_ingest", "fundata_ingest"),
)

completion_inbox = Table(
    "completion_inbox",
    metadata,
    Column("event_id", Uuid, primary_key=True, comment="Id of the event."),
    Column("run_id", Uuid, nullable=False, comment="The run that ended."),
    Column("source", Text, nullable=False, comment=_COMPLETION_SOURCE),
    make_json("datasets", _DATASETS, "[]"),
    make_time("received_at", "When it was first received (UTC).", required=True),
    Column(
        "deliveries", Integer, nullable=False, server_default=text("1"), comment="Number of times that it was received."
    ),
    Column("build_id", Uuid, comment="The build that covers the event."),
    make_time("handled_at", "When that build ended (UTC); NULL until then."),
    Index("ix_completion_inbox_open", "received_at", postgresql_where=text("handled_at IS NULL")),
    comment="Completion events that view_builder received, and the build that covers each.",
    info=written_by("view_builder"),
)
