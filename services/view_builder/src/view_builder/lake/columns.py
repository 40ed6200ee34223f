"""The columns of a table of the lake, from the columns of its view."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sra_contract.base import Column
from view_builder.compile import quote_name
from view_builder.sql_files import hash_text

EXACT_SUFFIX = "_exact"
EXACT_VALUES = "exact_values"
DECIMALS = 18
_ROUNDED = f"decimal(38,{DECIMALS})"
_TYPES = {
    "text": "string",
    "uuid": "string",
    "jsonb": "string",
    "bytea": "string",
    "smallint": "int",
    "integer": "int",
    "bigint": "long",
    "boolean": "boolean",
    "date": "date",
    "timestamp with time zone": "timestamptz",
    "numeric": _ROUNDED,
}
_BOUNDED = re.compile(r"numeric\((\d+),(\d+)\)")


@dataclass(frozen=True)
class LakeColumn:
    """A column: its Iceberg type, its meaning, and the expression that reads it, NULL for `exact_values`."""

    name: str
    iceberg_type: str
    meaning: str
    expression: str | None

    @property
    def decimal(self) -> tuple[int, int] | None:
        """Digits and decimals of a decimal; None for other types."""
        found = re.fullmatch(r"decimal\((\d+),(\d+)\)", self.iceberg_type)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def may_be_rounded(self) -> bool:
        """Whether a value with more decimals is rounded and stored in `exact_values` too."""
        return self.iceberg_type == _ROUNDED and self.expression == quote_name(self.name)


def list_lake_columns(columns: Sequence[Column]) -> tuple[LakeColumn, ...]:
    """Return the columns of a table; the last one has the exact values of rounded decimals, if the table has such decimals."""
    found = [lake_column for column in columns for lake_column in _map_column(column)]
    if any(column.may_be_rounded for column in found):
        meaning = f"Values of the row with more than {DECIMALS} decimals, as JSON by column; NULL if all are exact."
        found.append(LakeColumn(EXACT_VALUES, "string", meaning, None))
    return tuple(found)


def hash_columns(columns: Sequence[LakeColumn]) -> str:
    """Return the digest of names and types: a table with other columns starts again."""
    return hash_text("\n".join(f"{column.name} {column.iceberg_type}" for column in columns))


def _map_column(column: Column) -> list[LakeColumn]:
    name, meaning = quote_name(column.name), column.comment
    bounded = _BOUNDED.fullmatch(column.sql_type)
    if bounded:
        return [LakeColumn(column.name, f"decimal({bounded[1]},{bounded[2]})", meaning, name)]
    # a cumulative factor has more digits than any decimal of Iceberg
    if column.sql_type == "numeric" and column.unit in (None, "factor"):
        exact = f"All digits of {column.name}, which is rounded."
        return [
            LakeColumn(
                column.name, _ROUNDED, f"{meaning} Rounded to {DECIMALS} decimals.", f"round({name}, {DECIMALS})"
            ),
            LakeColumn(f"{column.name}{EXACT_SUFFIX}", "string", exact, f"{name}::text"),
        ]
    return [LakeColumn(column.name, _TYPES[column.sql_type], meaning, name)]
