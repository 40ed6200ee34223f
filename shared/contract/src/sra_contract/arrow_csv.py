"""How Arrow reads the CSV of PostgreSQL's COPY. Only what writes and reads frames needs pyarrow."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.csv as pa_csv

PARSING = pa_csv.ParseOptions(newlines_in_values=True)


def choose_conversion(types: Mapping[str, pa.DataType]) -> pa_csv.ConvertOptions:
    """Return the conversion to these types: an empty value is NULL unless it is quoted, as COPY writes an empty text."""
    return pa_csv.ConvertOptions(
        column_types=types,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
