"""Adjusts prices for splits and dividends, as the views do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

import polars as pl

from sra_contract.reader.errors import UnknownColumnError

_EXACT = Context(prec=2000, rounding=ROUND_HALF_UP)
_DECIMALS = 12
_ADJUSTED = pl.Decimal(38, _DECIMALS)
_FACTORS = ("split_factor", "total_return_factor", "share_factor")
_BASES = {
    **{f"split_adjusted_{name}": (name, "split_factor") for name in ("open", "high", "low", "close")},
    "split_adjusted_volume": ("volume", "share_factor"),
    "total_return_close": ("close", "total_return_factor"),
}


def adjust(prices: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return prices with the adjusted columns of equity_quote_history, computed from the events.

    `prices` has symbol, date and some of open, high, low, close, volume, all as delivered; `events` are rows of price_adjustment,
    or of a past state of it. The first event of the symbol after a day adjusts that day. Text and decimals are computed exactly,
    as PostgreSQL does it, and become decimals of twelve decimals; floats stay floats.
    """
    _require(prices, ("symbol", "date"), "prices")
    _require(events, ("symbol", "ex_date", *_FACTORS), "events")
    factors = events.select("symbol", "ex_date", *_FACTORS).sort("ex_date")
    joined = (
        prices.drop(_FACTORS, strict=False)
        .with_row_index("_row")
        .sort("date")
        .join_asof(
            factors,
            left_on="date",
            right_on="ex_date",
            by="symbol",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .sort("_row")
    )
    made = [
        _adjust_column(joined, name, base, factor) for name, (base, factor) in _BASES.items() if base in prices.columns
    ]
    return prices.with_columns(made)


def _require(frame: pl.DataFrame, names: Sequence[str], what: str) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise UnknownColumnError(f"The {what} have no column {', '.join(missing)}. Read the frame with these columns.")


def _adjust_column(joined: pl.DataFrame, name: str, base: str, factor: str) -> pl.Series:
    is_volume = factor == "share_factor"
    if joined.schema[base].is_float():
        by = pl.when(pl.col("ex_date").is_null()).then(1.0).otherwise(pl.col(factor).cast(pl.Float64))
        amount = pl.col(base) * by if is_volume else pl.col(base) / by
        return joined.select(amount.alias(name)).to_series()
    combine: Callable[[Decimal, Decimal], Decimal] = _EXACT.multiply if is_volume else _divide
    values = [
        _adjust_value(amount, by, combine, is_adjusted=day is not None)
        for amount, by, day in zip(_read(joined[base]), _read(joined[factor]), joined["ex_date"], strict=True)
    ]
    return pl.Series(name, values, _ADJUSTED)


def _read(values: pl.Series) -> list[Decimal | None]:
    return [None if value is None else Decimal(value) for value in values]


def _adjust_value(
    amount: Decimal | None,
    factor: Decimal | None,
    combine: Callable[[Decimal, Decimal], Decimal],
    *,
    is_adjusted: bool,
) -> Decimal | None:
    if amount is None or (is_adjusted and factor is None):
        return None
    adjusted = combine(amount, factor) if is_adjusted and factor is not None else amount
    return _round(adjusted, _DECIMALS)


def _round(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)


def _divide(amount: Decimal, factor: Decimal) -> Decimal:
    """Return the quotient with as many decimals as PostgreSQL gives it: sixteen digits at least, in groups of four."""
    if not amount:
        return amount
    (group, first), (factor_group, factor_first) = _find_first_group(amount), _find_first_group(factor)
    groups = group - factor_group - (first <= factor_first)
    decimals = max(16 - 4 * groups, _count_decimals(amount), _count_decimals(factor), 0)
    return _round(_EXACT.divide(amount, factor), decimals)


def _find_first_group(value: Decimal) -> tuple[int, int]:
    """Return the place of the first group of four digits that is not zero, counted from the point, and the group."""
    group = value.adjusted() // 4
    return group, int(_EXACT.scaleb(abs(value), -4 * group))


def _count_decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
