"""From blocks of PostgreSQL's CSV to Arrow batches."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.csv as pa_csv

from sra_contract.arrow_csv import PARSING, choose_conversion
from sra_contract.reader.errors import ReaderError


class FrameValueError(ReaderError):
    """A value that the type of its column cannot hold."""


def parse_block(block: bytes, schema: pa.Schema) -> pa.RecordBatch:
    """Return whole rows of CSV as one batch; raises FrameValueError that names the column and the value."""
    # numbers as text first: the reader of CSV would round what a decimal cannot hold
    types = {field.name: pa.string() if _is_number(field.type) else field.type for field in schema}
    try:
        table = pa_csv.read_csv(
            io.BytesIO(block),
            read_options=pa_csv.ReadOptions(column_names=schema.names, block_size=len(block) + 1, use_threads=False),
            parse_options=PARSING,
            convert_options=choose_conversion(types),
        )
    except pa.ArrowInvalid as error:
        raise FrameValueError(f"A value does not fit its column: {error}. Leave out the column, or the row.") from error
    arrays = [_convert(table.column(field.name).combine_chunks(), field) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind) or pa.types.is_floating(kind))


def _convert(texts: pa.Array, field: pa.Field) -> pa.Array:
    if not _is_number(field.type):
        return texts
    try:
        return texts.cast(field.type)
    except pa.ArrowInvalid:
        text = next(text for text in texts.to_pylist() if text is not None and not _fits(text, field.type))
        raise FrameValueError(
            f"Column {field.name} has the value {text}, which {field.type} cannot hold exactly. Read it as text or float."
        ) from None


def _fits(text: str, kind: pa.DataType) -> bool:
    try:
        pa.array([text]).cast(kind)
    except pa.ArrowInvalid:
        return False
    return True
