"""The identity of a record's content: its JSON text as delivered, and its content hash."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import polars as pl

from fundata_ingest.catalogue import FundataDataset
from fundata_ingest.formats.batches import TextBatch

HASH_BYTES: Final = 16
# Bounds the memory of what is joined for a batch.
_ROWS_AT_ONCE: Final = 10_000

_SPECIAL = r'["\\\x00-\x1f]'
_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    **{chr(code): f"\\u{code:04x}" for code in range(0x20)},
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}


def build_raw_json(batch: TextBatch) -> pl.Series:
    """Return each record as a JSON object of all delivered columns as text, under their catalogued names."""
    parts: list[pl.Expr] = []
    lead = "{"
    values = []
    for name in batch.frame.columns[1:]:
        column = batch.frame[name]
        if batch.needs_escape:
            column = escape_json(column)
        values.append(column)
        parts.extend((pl.lit(f'{lead}"{name}":"'), pl.col(name)))
        lead = '",'
    whole = pl.concat_str([*parts, pl.lit('"}')]).alias("raw_json")
    pieces = [part.select(whole) for part in pl.DataFrame(values).iter_slices(_ROWS_AT_ONCE)]
    return pl.concat(pieces).to_series() if pieces else pl.Series("raw_json", [], dtype=pl.String)


def escape_json(column: pl.Series) -> pl.Series:
    """Return a String column escaped for use between the quotes of a JSON string."""
    if not column.str.contains(_SPECIAL).any():
        return column
    return column.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))


def hash_records(
    dataset: FundataDataset, canonical: Mapping[str, pl.Series], height: int, extra: pl.Series | None = None
) -> pl.Series:
    """Return the content hash of each record: BLAKE2b with 16 bytes over its canonical form, as Binary.

    The canonical form is UTF-8 text: the columns of the dataset in catalogue order, without RecordId for quotes, each in its
    canonical form (numbers as plain decimals, dates as ISO, texts and unreadable values as delivered, "" for NULL and for a
    column that was not delivered), joined by NUL, which no value holds; then, for JSON records, NUL and `extra`. Trailing NULs
    are cut off, so that a new column at the end of the catalogue does not change old hashes. It depends neither on the parser's
    version nor on the form of delivery.
    """
    absent = pl.repeat("", height, dtype=pl.String, eager=True)
    skipped = dataset.roles.record_id if dataset.table == "quotes" else None
    columns = [canonical.get(name, absent).alias(name) for name in dataset.column_names if name != skipped]
    if extra is not None:
        columns.append(extra.alias("extra of JSON"))
    frame = pl.DataFrame(columns)
    canonical_form = pl.concat_str(pl.all(), separator="\0").str.strip_chars_end("\0").cast(pl.Binary)
    digests: list[bytes] = []
    for part in frame.iter_slices(_ROWS_AT_ONCE):
        texts = part.select(canonical_form).to_series().to_list()
        digests.extend([blake2b(text, digest_size=HASH_BYTES).digest() for text in texts])
    return pl.Series(digests, dtype=pl.Binary)
