"""Types a batch of text records: required keys, numbers, dates, raw_json and content_hash, column by column."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from fundata_ingest.catalogue import BASE_COLUMNS, ColumnType, FundataDataset, normalise_name
from fundata_ingest.formats.batches import (
    ELEMENT_SCHEMA,
    FieldWarning,
    Reject,
    RejectReason,
    TextBatch,
    TypedBatch,
    WarningReason,
)
from fundata_ingest.formats.keys import INVISIBLE, find_respelled, normalise_keys
from fundata_ingest.transform.content_hash import build_raw_json, hash_records
from fundata_ingest.transform.dates import add_years, type_dates
from fundata_ingest.transform.numbers import type_numbers
from sra_shared.kit.json_stream import ROW_LIMIT

# The version of this package's rules. Raise it when any result changes; `load --reparse` then applies it to old rows.
RULES_VERSION = 2

_NO_VALUE = r"^[ \t\r\n]*(?:[Nn][Uu][Ll][Ll]|[Nn][Oo][Nn][Ee]|[Nn]/[Aa])?[ \t\r\n]*$"
# No key of an instrument or record is longer; a B-tree index could not hold a much longer one.
MAX_KEY_BYTES = 200
_EARLIEST = date(1900, 1, 1)

_DTYPES: dict[ColumnType, pl.DataType] = {
    "text": pl.String(),
    "identifier": pl.String(),
    "number": pl.String(),
    "date": pl.Date(),
}


@dataclass
class _Columns:
    """The columns of one batch while it is typed: by delivered name, the hash form and the typed values."""

    canonical: dict[str, pl.Series] = field(default_factory=dict)
    typed: dict[str, pl.Series] = field(default_factory=dict)
    problems: list[tuple[int, str, WarningReason]] = field(default_factory=list)
    negative: dict[str, pl.Series] = field(default_factory=dict)


def type_batch(batch: TextBatch, *, today: date) -> TypedBatch:
    """Return the batch ready for the database; `today` (UTC) bounds the dates of quotes at a year ahead.

    Records that break a rule become rejects after those of the reader, all in line order; values that cannot be kept become NULL
    with a warning. Raises nothing for the content of the values.
    """
    dataset, roles = batch.dataset, batch.dataset.roles
    columns = _type_columns(batch, today)
    identifier = columns.canonical[roles.identifier]
    record_id = columns.canonical.get(roles.record_id, pl.repeat("", batch.frame.height, dtype=pl.String, eager=True))
    reasons = _find_rejects(batch, columns, identifier, record_id, today)
    good = _all_true(batch.frame.height)
    for mask, _, _ in reasons:
        good = good & ~mask
    rejects = list(batch.rejects) + _make_rejects(batch, reasons)
    rejects.sort(key=lambda reject: reject.line)
    extra = batch.json.extra if batch.json is not None else None
    raw_json = batch.json.raw_json if batch.json is not None else build_raw_json(batch)
    hashes = hash_records(dataset, columns.canonical, batch.frame.height, extra)
    target = dataset.table_columns
    frame = pl.DataFrame(
        [
            batch.frame["source_line"],
            identifier.alias("identifier"),
            record_id.alias("record_id"),
            _typed_or_null(columns.typed, roles.record_state, batch.frame.height, pl.String()).alias("record_state"),
            _take_change_date(batch, columns).alias("change_date"),
            hashes.alias("content_hash"),
            raw_json.alias("raw_json"),
            _take_api_version(batch).alias("api_version"),
            *[column.alias(target[name]) for name, column in columns.typed.items() if target[name] not in BASE_COLUMNS],
        ]
    )
    all_good = bool(good.all())
    return TypedBatch(
        dataset=dataset,
        frame=frame if all_good else frame.filter(good),
        elements=_take_elements(batch, good, all_good=all_good),
        rejects=tuple(rejects),
        warnings=_make_warnings(batch, columns, good),
        start=batch.start,
        end=batch.end,
        read=batch.read,
    )


def number_parser(dataset: FundataDataset) -> int:
    """Return the value of `parser_version`: a thousand times the version of the rules plus that of the catalogue."""
    return RULES_VERSION * 1000 + dataset.catalogue_version


def explode(typed: TypedBatch) -> pl.DataFrame:
    """Return one row per table row: `frame` followed by row_ordinal Int32 and the three array columns.

    A record without list elements is one row with ordinal 0 and null array columns; row_ordinal counts from 0 within a record,
    field after field.
    """
    elements = typed.elements.with_columns(row_ordinal=pl.int_range(pl.len(), dtype=pl.Int32).over("source_line"))
    joined = typed.frame.join(elements, on="source_line", how="left", maintain_order="left_right")
    return joined.with_columns(pl.col("row_ordinal").fill_null(0))


def bucket_identifiers(identifiers: pl.Series, buckets: int) -> pl.Series:
    """Return for each identifier a number below `buckets` that is the same in every process and release (CRC-32)."""
    texts = identifiers.unique().to_list()
    if not texts:  # Polars turns an empty mapping into texts
        return pl.Series(identifiers.name, [], dtype=pl.Int32)
    numbers = [zlib.crc32(text.encode("utf-8")) % buckets for text in texts]
    return identifiers.replace_strict(texts, numbers, return_dtype=pl.Int32)


def _type_columns(batch: TextBatch, today: date) -> _Columns:
    dataset, roles = batch.dataset, batch.dataset.roles
    columns = _Columns()
    for name, kind in dataset.types.items():
        if name not in batch.frame.columns:
            columns.typed[name] = pl.repeat(None, batch.frame.height, dtype=_DTYPES[kind], eager=True)
            continue
        column = batch.frame[name]
        if kind == "number":
            numbers = type_numbers(column)
            columns.canonical[name], columns.typed[name] = numbers.canonical, numbers.value
            columns.problems.extend((row, name, reason) for row, reason in numbers.problems)
            if dataset.table == "quotes" and name in (roles.navps, roles.previous_navps):
                columns.negative[name] = numbers.find_negative()
        elif kind == "date":
            dates = type_dates(column, dataset.date_formats, today)
            columns.canonical[name], columns.typed[name] = dates.canonical, dates.day
            if dates.bad is not None:
                columns.problems.extend((row, name, "bad_date") for row in dates.bad.arg_true().to_list())
        elif roles.is_key(name):
            _type_keys(columns, name, column)
        else:
            columns.canonical[name], columns.typed[name] = column, _type_texts(column)
    _drop_negative(columns, roles.previous_navps)
    return columns


def _type_keys(columns: _Columns, name: str, column: pl.Series) -> None:
    """Type a column of keys; their normal form is also their form in the hash."""
    keys = normalise_keys(column)
    columns.canonical[name] = keys
    columns.typed[name] = keys if keys is column else keys.set(keys == "", None)
    if keys is not column:
        rows = find_respelled(column).arg_true().to_list()
        columns.problems.extend((row, name, "normalised_key") for row in rows)


def _drop_negative(columns: _Columns, name: str) -> None:
    """Make negative values of a column NULL, with a warning."""
    negative = columns.negative.get(name)
    if negative is not None and negative.any():
        known = {row for row, field_name, _ in columns.problems if field_name == name}
        columns.problems.extend((row, name, "bad_number") for row in negative.arg_true() if row not in known)
        columns.typed[name] = columns.typed[name].set(negative, None)


def _type_texts(column: pl.Series) -> pl.Series:
    nothing = column.str.contains(_NO_VALUE)
    return column.set(nothing, None) if nothing.any() else column


def _typed_or_null(typed: Mapping[str, pl.Series], name: str, height: int, kind: pl.DataType) -> pl.Series:
    return typed[name] if name in typed else pl.repeat(None, height, dtype=kind, eager=True)


def _all_true(height: int) -> pl.Series:
    return pl.repeat(value=True, n=height, dtype=pl.Boolean, eager=True)


def _take_change_date(batch: TextBatch, columns: _Columns) -> pl.Series:
    dates = _typed_or_null(columns.typed, batch.dataset.roles.change_date, batch.frame.height, pl.Date())
    default = batch.json.default_change_date if batch.json is not None else None
    return dates.fill_null(pl.lit(default, dtype=pl.Date)) if default is not None else dates


def _take_api_version(batch: TextBatch) -> pl.Series:
    if batch.json is not None:
        return batch.json.api_version
    return pl.repeat(None, batch.frame.height, dtype=pl.String, eager=True)


def _take_elements(batch: TextBatch, good: pl.Series, *, all_good: bool) -> pl.DataFrame:
    if batch.json is None:
        return pl.DataFrame(schema=ELEMENT_SCHEMA)
    elements = batch.json.elements
    return (
        elements
        if all_good
        else elements.filter(elements["source_line"].is_in(batch.frame["source_line"].filter(good).implode()))
    )


def _find_rejects(
    batch: TextBatch, columns: _Columns, identifier: pl.Series, record_id: pl.Series, today: date
) -> list[tuple[pl.Series, RejectReason, str]]:
    """Return (which rows, reason, detail) in the order in which the reasons are tested."""
    dataset, roles = batch.dataset, batch.dataset.roles
    found: list[tuple[pl.Series, RejectReason, str]] = [
        (_find_headers(batch), "repeated_header", "Every value is the name of its column: a header, not a record."),
        (
            (identifier == "") | (identifier.str.len_bytes() > MAX_KEY_BYTES),
            "missing_identifier",
            f"{roles.identifier} is empty or longer than {MAX_KEY_BYTES} bytes.",
        ),
    ]
    if dataset.table == "quotes":
        latest = add_years(today, 1)
        day = _typed_or_null(columns.typed, roles.quote_date, batch.frame.height, pl.Date())
        fits = day.is_between(_EARLIEST, latest).fill_null(value=False)
        detail = f"{roles.quote_date} is empty, unreadable or outside {_EARLIEST} to {latest}."
        found.append((~fits, "missing_date", detail))
        if roles.navps in columns.negative:
            found.append((columns.negative[roles.navps], "negative_navps", f"{roles.navps} is below zero."))
    else:
        unusable = record_id.str.len_bytes() > MAX_KEY_BYTES
        if batch.json is None:
            unusable = unusable | (record_id == "")
        detail = f"{roles.record_id} is empty or longer than {MAX_KEY_BYTES} bytes."
        found.append((unusable, "ambiguous_key", detail))
    if batch.json is not None:
        detail = f"Several records of this response have this key, no {roles.record_id} and different content."
        found.append((batch.json.ambiguous, "ambiguous_key", detail))
    return [(mask, reason, detail) for mask, reason, detail in found if mask.any()]


def _find_headers(batch: TextBatch) -> pl.Series:
    """Return which rows repeat a header, as when files were joined with their headers."""
    if batch.json is not None:
        return ~_all_true(batch.frame.height)
    identifier = batch.dataset.roles.identifier
    # hardly any key is as long as its column's name, so the texts need not be compared
    found = batch.frame[identifier].str.len_bytes() >= len(normalise_name(identifier))
    for name in (identifier, *batch.frame.columns[1:]):
        if not found.any():
            break
        found = found & _is_name(batch.frame[name], name)
    return found


def _is_name(column: pl.Series, name: str) -> pl.Series:
    bare = column.str.strip_chars(INVISIBLE).str.replace_all("_", "", literal=True)
    return bare.str.to_lowercase() == normalise_name(name)


def _make_rejects(batch: TextBatch, reasons: list[tuple[pl.Series, RejectReason, str]]) -> list[Reject]:
    lines = batch.frame["source_line"]
    rejects: dict[int, Reject] = {}
    for mask, reason, detail in reasons:
        for row in mask.arg_true().to_list():
            if row not in rejects:
                rejects[row] = Reject(int(lines[row]), reason, batch.raw.get(row)[:ROW_LIMIT], detail)
    return list(rejects.values())


def _make_warnings(batch: TextBatch, columns: _Columns, good: pl.Series) -> tuple[FieldWarning, ...]:
    lines = batch.frame["source_line"]
    order = {name: place for place, name in enumerate(batch.dataset.column_names)}
    kept = sorted((row, order[name], name, reason) for row, name, reason in columns.problems if good[row])
    return tuple(
        FieldWarning(int(lines[row]), name, str(batch.frame[name][row]), reason) for row, _, name, reason in kept
    )
