"""Delivered numbers: which are readable, their plain decimal form, and whether they fit numeric(12,2).

No binary float is involved: a number stays text from the file to PostgreSQL, whose numeric(12,2) input rounds half away from
zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

import numpy as np
import polars as pl

from fundata_ingest.formats.batches import WarningReason

# What counts as blank around a value, and the words that mean no value, in any case.
BLANKS = " \t\r\n"
NULL_WORDS = frozenset({"", "NULL", "NONE", "N/A"})

# Optional sign, $, digits with or without groups of three, fraction, exponent. PostgreSQL's regular expressions read this pattern
# in the same way.
NUMBER_PATTERN = (
    r"^[ \t\r\n]*([+-]?)[$]?(?:([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:[.]([0-9]*))?|[.]([0-9]+))"
    r"(?:[eE]([+-]?[0-9]+))?[ \t\r\n]*$"
)
_NUMBER = re.compile(NUMBER_PATTERN.removesuffix("$") + r"\Z")

# A readable number that is its own plain form and far from an overflow: nearly every value.
_PLAIN = r"^(?:0|-?[1-9][0-9]{0,8}|-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,29}[1-9])$"
_ENDS_IN_ZEROS = r"^-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,29}0$"

# Digits before the point of the first value that cannot fit, and the least digits that round up to it.
_MAX_WHOLE_DIGITS = 10
_ROUNDS_TO_OVERFLOW = "9999999999995"
# Numbers with a longer plain form than this keep an exponent in the hash; PostgreSQL gets this many decimals of long ones.
_MAX_PLAIN_EXPONENT = 1000
_MAX_DECIMALS = 30
_MAX_VALUE_LENGTH = _MAX_WHOLE_DIGITS + _MAX_DECIMALS + 2
_MAX_EXPONENT_DIGITS = 9
# Longer texts are not cached, so that the cache stays small.
CACHED_LENGTH = 64


@dataclass(frozen=True)
class ParsedNumber:
    """One delivered number.

    `canonical`: its plain decimal without trailing zeros ("" for none, the delivered text if unreadable); `value`: the input for
    PostgreSQL's numeric, None for NULL; `reason`: why a present value became NULL.
    """

    canonical: str
    value: str | None
    reason: WarningReason | None


@dataclass(frozen=True)
class NumberColumn:
    """A column of delivered numbers: `canonical` (no nulls) and `value` as in ParsedNumber; row and reason of NULLs."""

    canonical: pl.Series
    value: pl.Series
    problems: list[tuple[int, WarningReason]]

    def find_negative(self) -> pl.Series:
        """Return which rows hold a readable number below zero."""
        negative = self.canonical.str.starts_with("-")
        bad = [row for row, reason in self.problems if reason == "bad_number"]
        return negative & ~pl.Series(np.isin(np.arange(negative.len()), bad)) if bad else negative


def round_money(number: Decimal) -> Decimal:
    """Return `number` with two decimals, rounded half away from zero, as numeric(12,2) holds it; any size, exactly."""
    context = Context(prec=max(28, number.adjusted() + 4), rounding=ROUND_HALF_UP)
    return number.quantize(Decimal("0.01"), context=context)


def parse_number(text: str) -> ParsedNumber:
    """Read one delivered number; any text is allowed."""
    return _parse_cached(text) if len(text) <= CACHED_LENGTH else _parse(text)


def _parse(text: str) -> ParsedNumber:
    match = _NUMBER.match(text)
    if match is None:
        if text.strip(BLANKS).upper() in NULL_WORDS:
            return ParsedNumber("", None, None)
        return ParsedNumber(text, None, "bad_number")
    whole = (match[2] or "").replace(",", "")
    digits = whole + (match[3] or match[4] or "")
    point = len(whole) + _read_exponent(match[5] or "0")
    significant = digits.lstrip("0")
    point -= len(digits) - len(significant)
    significant = significant.rstrip("0")
    if not significant:
        return ParsedNumber("0", "0", None)
    sign = "-" if match[1] == "-" else ""
    canonical = sign + _write_plain(significant, point)
    if point > _MAX_WHOLE_DIGITS or (
        point == _MAX_WHOLE_DIGITS and significant[:13].ljust(13, "0") >= _ROUNDS_TO_OVERFLOW
    ):
        return ParsedNumber(canonical, None, "numeric_overflow")
    return ParsedNumber(canonical, _write_value(canonical, sign, significant, point), None)


_parse_cached = lru_cache(maxsize=65_536)(_parse)


def _write_value(canonical: str, sign: str, digits: str, point: int) -> str:
    """Return a number that fits in the form for PostgreSQL: only the third decimal decides the rounding, so it may be cut."""
    if len(canonical) <= _MAX_VALUE_LENGTH:
        return canonical
    return "0" if point < -2 else sign + _write_plain(digits[: max(point, 0) + _MAX_DECIMALS], point)


def _read_exponent(text: str) -> int:
    digits = text.lstrip("+-").lstrip("0")
    size = int(digits or "0") if len(digits) <= _MAX_EXPONENT_DIGITS else 10**_MAX_EXPONENT_DIGITS
    return -size if text.startswith("-") else size


def _write_plain(digits: str, point: int) -> str:
    """Return 0.`digits` times ten to the power `point`; with an exponent if it would otherwise be very long."""
    if abs(point) > _MAX_PLAIN_EXPONENT:
        return f"0.{digits}E{point}"
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    if len(digits) <= point:
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def type_numbers(column: pl.Series) -> NumberColumn:
    """Read a String column without nulls; equals parse_number for every value."""
    plain = column.str.contains(_PLAIN)
    if plain.all():
        return NumberColumn(column, column, [])
    empty = column == ""
    rest = ~(plain | empty)
    if not rest.any():
        return NumberColumn(column, _set_null(column, empty), [])
    values = column.filter(rest)
    canonical, is_null, problems = _type_unusual(values)
    rows = rest.arg_true()
    whole_canonical = _replace_rows(column, rest, canonical)
    nulls = empty | _replace_rows(empty, rest, is_null)
    # A value cut for PostgreSQL has an over-long canonical form; those few are set one by one.
    value = _set_null(whole_canonical, nulls)
    long = (value.str.len_bytes() > _MAX_VALUE_LENGTH).fill_null(value=False)
    if long.any():
        cut = pl.Series([parse_number(text).value for text in value.filter(long)], dtype=pl.String)
        value = _replace_rows(value, long, cut)
    return NumberColumn(whole_canonical, value, [(int(rows[at]), reason) for at, reason in problems])


def _type_unusual(values: pl.Series) -> tuple[pl.Series, pl.Series, list[tuple[int, WarningReason]]]:
    """Return canonical form, whether NULL, and (row, reason) of values that are not their own plain form."""
    zeros = values.str.contains(_ENDS_IN_ZEROS)
    canonical = values.str.strip_chars_end("0").str.strip_chars_end(".").replace({"-0": "0"})
    other = ~zeros
    if not other.any():
        return canonical, pl.repeat(value=False, n=values.len(), dtype=pl.Boolean, eager=True), []
    parsed = [parse_number(text) for text in values.filter(other)]
    rows = other.arg_true().to_list()
    problems = [(row, p.reason) for row, p in zip(rows, parsed, strict=True) if p.reason is not None]
    texts = pl.Series([p.canonical for p in parsed], dtype=pl.String)
    nulls = pl.Series([p.value is None for p in parsed], dtype=pl.Boolean)
    no_nulls = pl.repeat(value=False, n=values.len(), dtype=pl.Boolean, eager=True)
    return _replace_rows(canonical, other, texts), _replace_rows(no_nulls, other, nulls), problems


def _replace_rows(column: pl.Series, mask: pl.Series, values: pl.Series) -> pl.Series:
    """Return `column` with the rows of `mask` replaced by `values`, one for each such row in order."""
    place = (mask.cast(pl.Int64).cum_sum() - 1).clip(lower_bound=0)
    return values.gather(place).zip_with(mask, column).alias(column.name)


def _set_null(column: pl.Series, mask: pl.Series) -> pl.Series:
    return column.set(mask, None)
