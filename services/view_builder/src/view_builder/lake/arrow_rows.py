"""From PostgreSQL's CSV to Arrow: every value exact, or refused with its key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

from sra_contract.arrow_csv import PARSING, choose_conversion
from sra_shared.kit.errors import FatalError
from view_builder.lake.columns import DECIMALS, LakeColumn
from view_builder.lake.tables import LakeTable

_BLOCK = 1 << 20
_STEP = Decimal(1).scaleb(-DECIMALS)
# numerics of PostgreSQL have far fewer digits than this, except by mistake
_CONTEXT = Context(prec=2000, traps=[InvalidOperation])
_TOO_LARGE = Decimal(10) ** (38 - DECIMALS)
_TYPES = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}


class MisfitError(FatalError):
    """A value that the type of its column cannot hold."""


def read_rows(stream: BinaryIO, table: LakeTable) -> Iterator[pa.RecordBatch]:
    """Return the rows of a CSV without header as batches in the types of the table.

    Raises MisfitError that names the column, and of a decimal the key.
    """
    read = [column for column in table.columns if column.expression is not None]
    # decimals as text: the reader of CSV would take a value of 39 digits
    types = {column.name: _TYPES.get(column.iceberg_type, pa.string()) for column in read}
    try:
        reader = pa_csv.open_csv(
            stream,
            read_options=pa_csv.ReadOptions(column_names=list(types), block_size=_BLOCK, use_threads=False),
            parse_options=PARSING,
            convert_options=choose_conversion(types),
        )
        for batch in reader:
            yield _convert(batch, table)
    except pa.ArrowInvalid as error:
        raise MisfitError(
            f"Table {table.relation} has a value that its column cannot hold: {error}.",
            next_step="Correct the value; the next build tries again.",
        ) from error


def _convert(batch: pa.RecordBatch, table: LakeTable) -> pa.RecordBatch:
    exact: list[dict[str, str]] = [{} for _ in range(batch.num_rows)]
    arrays = []
    for column in table.columns:
        if column.expression is None:
            arrays.append(pa.array([json.dumps(row) if row else None for row in exact], pa.string()))
        elif column.decimal is None:
            arrays.append(batch.column(column.name))
        else:
            arrays.append(_read_decimals(batch, column, table, exact))
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in table.columns])


def _read_decimals(
    batch: pa.RecordBatch, column: LakeColumn, table: LakeTable, exact: list[dict[str, str]]
) -> pa.Array:
    texts = batch.column(column.name)
    wanted = pa.decimal128(*(column.decimal or (38, DECIMALS)))
    try:
        return texts.cast(wanted)
    except pa.ArrowInvalid:
        values = [None if text is None else _round(text) for text in texts.to_pylist()]
    for row, text in enumerate(texts.to_pylist()):
        value = values[row]
        if value is None and text is None:
            continue
        if value is None or (value != Decimal(text) and not column.may_be_rounded):
            key = ", ".join(f"{name} {batch.column(name)[row].as_py()}" for name in table.order)
            raise MisfitError(
                f"Table {table.relation}, {key}: {column.name} has more digits than its column can hold.",
                next_step="Correct the value; the next build tries again.",
            )
        if value != Decimal(text):
            exact[row][column.name] = text
    return pa.array(values, wanted)


def _round(text: str) -> Decimal | None:
    """Return the value rounded half up; None if it has too many digits before the point, or is no number."""
    try:
        value = Decimal(text).quantize(_STEP, ROUND_HALF_UP, _CONTEXT)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < _TOO_LARGE else None
