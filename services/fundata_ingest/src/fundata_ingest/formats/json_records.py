"""The JSON form of a delivery, as the same text batches as a CSV's: list fields become elements of their record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import BinaryIO

import polars as pl

from fundata_ingest.catalogue import FundataDataset, normalise_name
from fundata_ingest.formats.batches import ELEMENT_SCHEMA, JsonExtras, Position, Reject, RejectReason, TextBatch
from fundata_ingest.formats.csv_reader import BATCH_ROWS
from fundata_ingest.formats.json_text import MOST_DEPTH, NumberText, TooDeepError, dump_value, write_element
from fundata_ingest.formats.keys import normalise_keys
from sra_shared.kit.json_stream import ROW_LIMIT, BrokenJsonError, Element, iterate_elements

_BATCH_CHARACTERS = 8 << 20
# A record with lists becomes one row per element, each with all of raw_json. This bounds the total of a batch's rows, and the
# rows of one record. `row_ordinal` is a smallint.
_BATCH_EXPLODED = 32 << 20
MOST_ELEMENTS = 32_767
MOST_EXPLODED = 1 << 30
# approximate size of a row besides raw_json
_ROW_CHARACTERS = 400
_IDENTIFIER_ALIAS = "identifier"
_API_VERSION = "apiversion"
_NUL_ESCAPE = r"\u0000"
_DECODER = json.JSONDecoder(parse_float=NumberText, parse_int=NumberText, parse_constant=NumberText, strict=False)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class JsonRows:
    """Raw text of the good records of a JSON batch."""

    texts: Sequence[str]

    def get(self, row: int) -> bytes:
        return self.texts[row].encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class FlatRecord:
    """One JSON record: catalogued columns as text, list fields, the other fields, and the whole as JSON text.

    Each list field is a name and its elements as text. All of it is the same for a delivered record and for its raw_json.
    """

    fields: Mapping[str, str]
    lists: tuple[tuple[str, list[str | None]], ...]
    extra: str
    api_version: str | None
    raw_json: str

    @property
    def elements(self) -> int:
        """The number of elements in all list fields."""
        return sum(len(values) for _, values in self.lists)

    @property
    def exploded(self) -> int:
        """The approximate number of characters in all its rows."""
        return max(1, self.elements) * (len(self.raw_json) + _ROW_CHARACTERS)


@dataclass
class _Collected:
    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    records: list[FlatRecord] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    characters: int = 0
    exploded: int = 0

    @property
    def read(self) -> int:
        return len(self.records) + len(self.rejects)

    def is_full(self, batch_rows: int) -> bool:
        return self.read >= batch_rows or self.characters >= _BATCH_CHARACTERS or self.exploded >= _BATCH_EXPLODED


def read_json_records(
    stream: BinaryIO,
    dataset: FundataDataset,
    *,
    delivered_on: date | None,
    ambiguous: frozenset[str],
    start: Position | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[TextBatch]:
    """Yield the records of a JSON array in `stream` from `start` (default: all; else an earlier batch's `end`).

    `delivered_on` is the change date of records without one. `source_line` is the number of the record, from 1. `ambiguous`
    are the identifiers whose records without record_id become rejects. Raises BrokenJsonError for anything but a whole array; a
    record that is not an object is a reject (`field_count`).
    """
    position = start or Position(0, 1)
    collected = _Collected()
    begin = None if start is None else (start.offset, start.line)
    for element in iterate_elements(stream, dataset.name, _DECODER, begin):
        _collect(collected, element, dataset)
        if collected.is_full(batch_rows):
            end = Position(element.end, element.number + 1)
            yield _build_batch(collected, dataset, position, end, delivered_on, ambiguous)
            position, collected = end, _Collected()
        last = Position(element.end, element.number + 1)
    if collected.read:
        yield _build_batch(collected, dataset, position, last, delivered_on, ambiguous)


def decode_value(text: str) -> object:
    """Parse one JSON text with numbers as NumberText; raises BrokenJsonError."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise BrokenJsonError(f"A stored record is not valid JSON: {error}.") from error


def read_stored_records(dataset: FundataDataset, lines: Sequence[int], raw_json: Sequence[str]) -> TextBatch:
    """Return stored records as a batch again, to be typed under the current rules.

    `lines` must be distinct; they are returned as `source_line`. Raises BrokenJsonError for what is not JSON.
    """
    records = [flatten_record(_as_object(decode_value(text)), dataset) for text in raw_json]
    collected = _Collected(list(lines), list(raw_json), records)
    nowhere = Position(0, 1)
    return _build_batch(collected, dataset, nowhere, nowhere, None, frozenset(), raw_json)


def flatten_record(record: Mapping[str, object], dataset: FundataDataset) -> FlatRecord:
    """Sort the fields of one record: names are compared without case and underscores, `identifier` is the InstrumentKey.

    Of several fields with one name, the one written as catalogued counts, else the first in order; the others stay under their
    own names. List fields are sorted by name. Raises TooDeepError.
    """
    fields: dict[str, str] = {}
    whole: dict[str, object] = {}
    lists: list[tuple[str, list[str | None]]] = []
    extra: dict[str, object] = {}
    api_version: str | None = None
    names = dataset.names_by_normal_form
    has_key = any(normalise_name(key) == normalise_name(dataset.roles.identifier) for key in record)
    for key, value in sorted(record.items(), key=lambda item: (names.get(normalise_name(item[0])) != item[0], item[0])):
        normal = normalise_name(key)
        name = names.get(normal)
        if normal == _IDENTIFIER_ALIAS and not has_key:
            name = dataset.roles.identifier
        if name in whole:
            name = None
        place = name or key
        whole[place] = value if isinstance(value, dict | list) or value is None else write_scalar(value)
        if isinstance(value, list):
            if value:
                lists.append((place, [write_element(item) for item in value]))
                extra[place] = value
        elif name is not None:
            fields[name] = write_scalar(value)
        elif normal == _API_VERSION:
            api_version = write_scalar(value) or None
        elif value is not None and value != "":
            extra[place] = whole[place]
    canonical = dump_value(extra) if extra else ""
    return FlatRecord(fields, tuple(sorted(lists, key=itemgetter(0))), canonical, api_version, dump_value(whole))


def write_scalar(value: object) -> str:
    """Return a value of a record as text: numbers as delivered, objects and lists as JSON, null as ""."""
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    return dump_value(value)


def _collect(collected: _Collected, element: Element, dataset: FundataDataset) -> None:
    collected.characters += len(element.text)
    record = None
    try:
        verdict = _check_element(element)
        if verdict is None:
            record = flatten_record(_as_object(element.value), dataset)
            verdict = _check_text(record.raw_json) or _check_size(record)
    except TooDeepError as error:
        verdict = "field_count", str(error)
    if verdict is not None or record is None:
        reason, detail = verdict or ("field_count", "")
        raw = element.text.encode("utf-8", "surrogateescape")[:ROW_LIMIT]
        collected.rejects.append(Reject(element.number, reason, raw, detail))
        return
    collected.numbers.append(element.number)
    collected.texts.append(element.text)
    collected.records.append(record)
    collected.exploded += record.exploded


def _check_element(element: Element) -> tuple[RejectReason, str] | None:
    size = element.length if element.length > ROW_LIMIT else len(element.text.encode("utf-8", "surrogateescape"))
    if size > ROW_LIMIT:
        return "row_too_long", f"The record has {element.length:,} characters; at most {ROW_LIMIT:,} bytes are kept."
    if element.is_deep:
        raise TooDeepError(f"The record is nested deeper than {MOST_DEPTH} levels.")
    if not isinstance(element.value, dict):
        verdict = _check_text(dump_value(element.value))
        return verdict or ("field_count", f"The record is not an object but {element.text[:60]!r}.")
    return None


def _check_text(text: str) -> tuple[RejectReason, str] | None:
    """Return why PostgreSQL's jsonb cannot hold a record: lone surrogates (bytes that are not UTF-8) or NUL."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "bad_encoding", "A text value of the record is not UTF-8."
    if _NUL_ESCAPE in text and _NUL.search(text):
        return "nul_byte", "A text value of the record contains a NUL."
    return None


def _check_size(record: FlatRecord) -> tuple[RejectReason, str] | None:
    """Return why a record is too large to store: each of its rows repeats the record."""
    if record.elements > MOST_ELEMENTS or record.exploded > MOST_EXPLODED:
        return "row_too_long", (
            f"The record would become {record.elements:,} rows with {record.exploded:,} characters in total; the"
            f" limits are {MOST_ELEMENTS:,} rows and {MOST_EXPLODED:,} characters."
        )
    return None


def _as_object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _build_batch(
    collected: _Collected,
    dataset: FundataDataset,
    start: Position,
    end: Position,
    delivered_on: date | None,
    ambiguous: frozenset[str],
    raw_json: Sequence[str] | None = None,
) -> TextBatch:
    records = collected.records
    columns = [
        pl.Series(name, [record.fields.get(name, "") for record in records], dtype=pl.String)
        for name in dataset.column_names
    ]
    frame = pl.DataFrame([pl.Series("source_line", collected.numbers, dtype=pl.Int64), *columns])
    json = JsonExtras(
        raw_json=pl.Series(raw_json or [record.raw_json for record in records], dtype=pl.String),
        extra=pl.Series([record.extra for record in records], dtype=pl.String),
        api_version=pl.Series([record.api_version for record in records], dtype=pl.String),
        ambiguous=_mark_ambiguous(frame, dataset, ambiguous),
        default_change_date=delivered_on,
        elements=_list_elements(collected),
    )
    rejects = tuple(collected.rejects)
    return TextBatch(dataset, frame, rejects, start, end, JsonRows(collected.texts), needs_escape=True, json=json)


def _mark_ambiguous(frame: pl.DataFrame, dataset: FundataDataset, ambiguous: frozenset[str]) -> pl.Series:
    identifier = normalise_keys(frame[dataset.roles.identifier])
    listed = identifier.is_in(sorted(ambiguous))
    if not dataset.has_record_id:
        return listed & False
    return listed & (normalise_keys(frame[dataset.roles.record_id]) == "")


def _list_elements(collected: _Collected) -> pl.DataFrame:
    rows: list[tuple[int, str, int, str | None]] = [
        (number, key, index, value)
        for number, record in zip(collected.numbers, collected.records, strict=True)
        for key, values in record.lists
        for index, value in enumerate(values)
    ]
    return pl.DataFrame(rows, schema=ELEMENT_SCHEMA, orient="row")
