"""Arithmetic with the rounding of PostgreSQL, so that figures computed here equal those of the views in every digit."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

import polars as pl

from sra_contract.reader.errors import ReaderError, UnknownColumnError

# as many digits as a numeric may have after the point
EXACT = Context(prec=16_383, rounding=ROUND_HALF_UP)


def require_columns(frame: pl.DataFrame, names: tuple[str, ...], what: str) -> None:
    """Raise UnknownColumnError if a frame lacks a column."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise UnknownColumnError(f"The {what} have no column {', '.join(missing)}. Read the frame with these columns.")


def read_numbers(values: pl.Series) -> list[Decimal | None]:
    """Return the numbers of a column of text, decimals or integers; raises ReaderError for floats, which are not exact."""
    if values.dtype.is_float():
        raise ReaderError(f"Column {values.name} has floats. Read the frame with numbers='text' or 'decimal'.")
    return [None if value is None else Decimal(value) for value in values]


def round_half_up(value: Decimal, decimals: int) -> Decimal:
    """Return the value with so many decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), context=EXACT)


def divide(above: Decimal, below: Decimal) -> Decimal:
    """Return the quotient with as many decimals as PostgreSQL gives it: sixteen digits at least, in groups of four."""
    if not above:
        return above
    (group, first), (group_below, first_below) = _find_first_group(above), _find_first_group(below)
    groups = group - group_below - (first <= first_below)
    decimals = max(16 - 4 * groups, _count_decimals(above), _count_decimals(below), 0)
    # cut off, not rounded, so that it is rounded once
    digits = above.adjusted() - below.adjusted() + decimals + 3
    quotient = Context(prec=max(digits, 1), rounding=ROUND_DOWN).divide(above, below)
    return round_half_up(quotient, decimals)


def _find_first_group(value: Decimal) -> tuple[int, int]:
    """Return the place of the first group of four digits that is not zero, counted from the point, and the group."""
    group = value.adjusted() // 4
    return group, int(value.copy_abs().scaleb(-4 * group, EXACT))


def _count_decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
