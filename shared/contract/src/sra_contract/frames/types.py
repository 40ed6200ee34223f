"""The Arrow types of columns. Every value is exact unless the caller asks for floats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

import pyarrow as pa

from sra_contract.base import Column

Numbers: TypeAlias = Literal["text", "decimal", "float"]
"""What becomes of a numeric without declared digits.

text: all its digits. decimal: decimal128(38, 18); a value that does not fit is an error, never rounded. float: the nearest
double.
"""

_BOUNDED = re.compile(r"numeric\((\d+),(\d+)\)")
_UNBOUNDED: dict[Numbers, pa.DataType] = {"text": pa.string(), "decimal": pa.decimal128(38, 18), "float": pa.float64()}
_TYPES = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
}


def make_schema(columns: Sequence[Column], numbers: Numbers) -> pa.Schema:
    """Return the types of a frame with these columns; text, ids, lists and bytes are strings."""
    return pa.schema([(column.name, _choose_type(column.sql_type, numbers)) for column in columns])


def _choose_type(sql_type: str, numbers: Numbers) -> pa.DataType:
    bounded = _BOUNDED.fullmatch(sql_type)
    if bounded:
        return pa.decimal128(int(bounded[1]), int(bounded[2]))
    return _UNBOUNDED[numbers] if sql_type == "numeric" else _TYPES.get(sql_type, pa.string())
