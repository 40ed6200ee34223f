"""The results of the parsing half: source records as text, then typed, with rejects, warnings and the resume point.

inspect_file(head, path, catalogue)        -> FileHead | FileProblem            formats/file_heads.py
read_batches(stream, head, start=...)      -> Iterator[TextBatch]               formats/csv_reader.py
read_json_batches(stream, dataset, ...)    -> Iterator[TextBatch]               transform/json_batches.py
type_batch(batch, today=...)               -> TypedBatch                        transform/typed_batches.py
explode(typed)                             -> DataFrame, one row per table row  transform/typed_batches.py
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import polars as pl

from fundata_ingest.catalogue import FundataDataset

# In the order of the tests; the first one that applies is the reason.
RejectReason = Literal[
    "row_too_long",
    "bad_encoding",
    "nul_byte",
    "stray_quote",
    "field_count",
    "repeated_header",
    "missing_identifier",
    "missing_date",
    "negative_navps",
    "ambiguous_key",
]
# the list elements of JSON records, see TypedBatch
ELEMENT_SCHEMA = {
    "source_line": pl.Int64(),
    "array_source_field": pl.String(),
    "array_element_index": pl.Int32(),
    "array_element_value": pl.String(),
}
WarningReason = Literal["bad_number", "bad_date", "numeric_overflow", "normalised_key"]


@dataclass(frozen=True)
class Position:
    """Where a record starts: byte offset in the file and physical line (JSON: number of the record, from 1)."""

    offset: int
    line: int


@dataclass(frozen=True)
class Reject:
    """One quarantined source record: the `line` where it starts, its bytes (at most ROW_LIMIT), and what is wrong."""

    line: int
    reason: RejectReason
    raw: bytes
    detail: str


@dataclass(frozen=True)
class FieldWarning:
    """One value of a stored record that became NULL, or a key that is stored in its normal form (`normalised_key`).

    `field` is the column as catalogued, `value` as delivered.
    """

    line: int
    field: str
    value: str
    reason: WarningReason


class RawRows(Protocol):
    """Returns the raw bytes of good records by their row number in the batch."""

    def get(self, row: int) -> bytes: ...


@dataclass(frozen=True)
class TextBatch:
    """Records of one dataset as delivered, in line order.

    `frame`: `source_line` Int64, then every delivered column under its catalogued name, all String, no nulls (a JSON null is the
    empty string). A catalogued column that was not delivered is absent. `rejects`: the records of this stretch that have no
    fields. `start` and `end` are record boundaries: reading from `end` yields exactly what follows.
    """

    dataset: FundataDataset
    frame: pl.DataFrame
    rejects: tuple[Reject, ...]
    start: Position
    end: Position
    raw: RawRows
    # False if no value holds a quote, a backslash or a control character.
    needs_escape: bool = True
    # JSON form only: per row, what cannot be derived from the columns.
    json: JsonExtras | None = None

    @property
    def read(self) -> int:
        return self.frame.height + len(self.rejects)


@dataclass(frozen=True)
class JsonExtras:
    """The content of JSON records besides catalogued columns; each series has one value per row of the batch.

    `raw_json`: the whole record; `extra`: canonical text of the fields that the catalogue does not name, for the hash;
    `api_version`: null if not given; `ambiguous`: another record of this response has the same key and other content;
    `default_change_date`: used for a record without a ChangeDate; `elements`: see TypedBatch.
    """

    raw_json: pl.Series
    extra: pl.Series
    api_version: pl.Series
    ambiguous: pl.Series
    default_change_date: date | None
    elements: pl.DataFrame


@dataclass(frozen=True)
class TypedBatch:
    """Records ready for the database, one row of `frame` per source record, in line order.

    `frame` columns, in this order: source_line Int64; identifier, record_id String ("" if none); record_state String or null;
    change_date Date or null; content_hash Binary (16 bytes); raw_json String; api_version String or null; then the dataset's
    flattened columns (Catalogue.flattened_columns) under their table names: numbers as String for PostgreSQL's numeric input,
    unrounded (numeric(12,2) rounds as required), dates as Date, texts as String, each null for NULL. `elements`: list elements of
    JSON records: source_line Int64, array_source_field String, array_element_index Int32, array_element_value String or null.
    Empty for CSV.
    """

    dataset: FundataDataset
    frame: pl.DataFrame
    elements: pl.DataFrame
    rejects: tuple[Reject, ...]
    warnings: tuple[FieldWarning, ...]
    start: Position
    end: Position
    read: int

    @property
    def rejected_by(self) -> Mapping[str, int]:
        return Counter(reject.reason for reject in self.rejects)

    @property
    def warnings_by(self) -> Mapping[str, int]:
        return Counter(warning.reason for warning in self.warnings)


ProblemKind = Literal[
    "unknown_file",
    "empty_file",
    "lfs_pointer",
    "html",
    "compressed",
    "utf16",
    "not_text",
    "line_ends",
    "outside_link",
    "header",
    "unreadable",
    "missing",
]


@dataclass(frozen=True)
class FileProblem:
    """Why a whole file is not loaded; `status` appears in file_processing_tracker and the load's report."""

    path: str
    kind: ProblemKind
    status: Literal["rejected", "missing"]
    message: str
    dataset: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class FileHead:
    """A readable file: its dataset, the catalogued column at each position, and where the first record starts."""

    dataset: FundataDataset
    columns: tuple[str, ...]
    start: Position
