"""Computes the factors of splits and dividends from the events themselves, by the rules of price_adjustment."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from sra_contract.frames.numerics import EXACT, divide, read_numbers, require_columns, round_half_up

_ONE = Decimal(1)
_DECIMALS = 40
_LEAST = _ONE.scaleb(-_DECIMALS)
_REINVESTED_WITHIN = timedelta(days=7)


@dataclass
class _EventDay:
    """What happens to a listing on one day; `close_index` is the place of the close at which its dividend is reinvested."""

    day: date
    split_ratio: Decimal = _ONE
    share_ratio: Decimal = _ONE
    dividend: Decimal | None = None
    close_index: int | None = None


def make_events(prices: pl.DataFrame, splits: pl.DataFrame, dividends: pl.DataFrame) -> pl.DataFrame:
    """Return the events of the listings in `prices` with their factors, as `adjust` takes them.

    `prices` has symbol, date and close of whole histories, as delivered; `splits` and `dividends` are rows of the views of these
    names, or a study's own. Numbers must be exact. It computes what price_adjustment has, except that it knows no currencies:
    the dividends of a listing whose currency_basis is doubtful are reinvested too.
    """
    require_columns(prices, ("symbol", "date", "close"), "prices")
    closes = defaultdict[str, list[tuple[date, Decimal]]](list)
    ordered = prices.sort("symbol", "date")
    for symbol, day, close in zip(ordered["symbol"], ordered["date"], read_numbers(ordered["close"]), strict=True):
        if close is not None and close > 0:
            closes[symbol].append((day, close))
    days = _collect_days(splits, dividends)
    rows = [
        (symbol, *row)
        for symbol, of_listing in closes.items()
        for row in _compute_factors(of_listing, [days[symbol][day] for day in sorted(days[symbol])])
    ]
    names = ("symbol", "ex_date", "split_factor", "total_return_factor", "share_factor")
    types = (pl.String, pl.Date, pl.String, pl.String, pl.String)
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def _collect_days(splits: pl.DataFrame, dividends: pl.DataFrame) -> Mapping[str, dict[date, _EventDay]]:
    require_columns(splits, ("symbol", "date", "split_numerator", "split_denominator", "kind"), "splits")
    require_columns(dividends, ("symbol", "ex_date", "amount"), "dividends")
    days = defaultdict[str, dict[date, _EventDay]](dict)
    ratios = zip(read_numbers(splits["split_numerator"]), read_numbers(splits["split_denominator"]), strict=True)
    for symbol, day, kind, (new, old) in zip(splits["symbol"], splits["date"], splits["kind"], ratios, strict=True):
        if new and old:
            event = days[symbol].setdefault(day, _EventDay(day))
            event.split_ratio = _quotient(new, old)
            event.share_ratio = _ONE if kind == "price_factor" else event.split_ratio
    for symbol, day, amount in zip(
        dividends["symbol"], dividends["ex_date"], read_numbers(dividends["amount"]), strict=True
    ):
        if amount is not None and amount > 0:
            event = days[symbol].setdefault(day, _EventDay(day))
            event.dividend = EXACT.add(event.dividend or Decimal(0), amount)
    return days


def _compute_factors(
    closes: Sequence[tuple[date, Decimal]], events: Sequence[_EventDay]
) -> Iterator[tuple[date, str, str | None, str]]:
    """Yield the events that count, the last one first, with the products of their own ratios and all later ones."""
    first, newest = closes[0][0], closes[-1][0]
    counted = [event for event in events if event.day <= newest]
    _place_dividends(closes, counted)
    split, share = _ONE, _ONE
    total: Decimal | None = _ONE
    for event in reversed(counted):
        split, share = EXACT.multiply(split, event.split_ratio), EXACT.multiply(share, event.share_ratio)
        ratio = _find_total_ratio(event, counted, closes, first)
        total = None if ratio is None or total is None else EXACT.multiply(total, ratio)
        yield event.day, _write_factor(split), None if total is None else _write_factor(total), _write_factor(share)


def _place_dividends(closes: Sequence[tuple[date, Decimal]], events: Sequence[_EventDay]) -> None:
    for event in events:
        index = bisect_left(closes, event.day, key=lambda close: close[0])
        if event.dividend is not None and closes[index][0] <= event.day + _REINVESTED_WITHIN:
            event.close_index = index


def _find_total_ratio(
    event: _EventDay, events: Sequence[_EventDay], closes: Sequence[tuple[date, Decimal]], first: date
) -> Decimal | None:
    """Return the ratio with the dividend reinvested; None if it cannot be placed.

    Dividends that share a close count together, on the last of their days.
    """
    if event.dividend is None:
        return event.split_ratio
    if event.close_index is None:
        return event.split_ratio if event.day <= first else None
    together = [one for one in events if one.close_index == event.close_index]
    if event.day < together[-1].day:
        return event.split_ratio
    gain = _ONE
    for one in together:
        day, close = closes[event.close_index]
        # in shares of the ex-date
        for later in events:
            if one.day < later.day <= day:
                close = EXACT.multiply(close, later.split_ratio)
        gain = EXACT.add(gain, _quotient(one.dividend or Decimal(0), close))
    return EXACT.multiply(event.split_ratio, gain)


def _quotient(above: Decimal, below: Decimal) -> Decimal:
    return divide(above, round_half_up(below, _DECIMALS))


def _write_factor(factor: Decimal) -> str:
    return f"{max(round_half_up(factor, _DECIMALS), _LEAST):f}"
