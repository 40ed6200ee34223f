"""Adjusts prices for splits and dividends, as the views do."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import polars as pl

from sra_contract.frames.numerics import EXACT, divide, read_numbers, require_columns, round_half_up

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

    `prices` has symbol, date and some of open, high, low, close, volume, all as delivered. `events` are rows of price_adjustment,
    of a past state of it, or of `make_events`. The first event of the symbol after a day adjusts that day. Text and decimals are
    computed exactly, as PostgreSQL does it, and become decimals of twelve decimals; floats stay floats.
    """
    require_columns(prices, ("symbol", "date"), "prices")
    require_columns(events, ("symbol", "ex_date", *_FACTORS), "events")
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


def _adjust_column(joined: pl.DataFrame, name: str, base: str, factor: str) -> pl.Series:
    is_volume = factor == "share_factor"
    if joined.schema[base].is_float():
        by = pl.when(pl.col("ex_date").is_null()).then(1.0).otherwise(pl.col(factor).cast(pl.Float64))
        amount = pl.col(base) * by if is_volume else pl.col(base) / by
        return joined.select(amount.alias(name)).to_series()
    combine: Callable[[Decimal, Decimal], Decimal] = EXACT.multiply if is_volume else divide
    rows = zip(read_numbers(joined[base]), read_numbers(joined[factor]), joined["ex_date"], strict=True)
    values = [_adjust_value(amount, by, combine, is_adjusted=day is not None) for amount, by, day in rows]
    return pl.Series(name, values, _ADJUSTED)


def _adjust_value(
    amount: Decimal | None, factor: Decimal | None, combine: Callable[[Decimal, Decimal], Decimal], *, is_adjusted: bool
) -> Decimal | None:
    if amount is None or (is_adjusted and factor is None):
        return None
    adjusted = combine(amount, factor) if is_adjusted and factor is not None else amount
    return round_half_up(adjusted, _DECIMALS)
