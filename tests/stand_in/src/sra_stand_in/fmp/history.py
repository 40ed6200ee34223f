"""Responses about one listing over time: end-of-day prices, splits, dividends and their calendars."""

from __future__ import annotations

from collections.abc import Iterator

from sra_stand_in.fmp.prices import (
    Bar,
    Dividend,
    Split,
    adjust_bar,
    annual_dividend,
    calendar_of,
    close_on,
    list_dividends,
    list_splits,
    make_bar,
    share_factor,
    smooth_price,
)
from sra_stand_in.fmp.universe import INDEX, Security
from sra_stand_in.fmp.world import Row, World, iso, shift_years
from sra_stand_in.randomness import mix

MAX_ROWS = 5000
_DEFAULT_YEARS = 5
CALENDAR_ROWS = 4000
DECLARED_AHEAD_DAYS = 45


def list_bars(world: World, one: Security, first: int | None, last: int | None, *, adjusted: bool) -> Iterator[Bar]:
    """Bars of a range, newest first, at most the 5,000 newest; without a start, five years."""
    end = min(day for day in (world.as_of, last, one.ended) if day is not None)
    start = max(one.ipo, first if first is not None else shift_years(end, -_DEFAULT_YEARS))
    calendar = calendar_of(one)
    days = calendar.between(start, end)[-MAX_ROWS:]
    if not days:
        return
    now = share_factor(one, world.as_of)
    has_split = adjusted and bool(list_splits(one, world.as_of))
    smooth = [smooth_price(one, day) for day in (calendar.latest_before(days[0]), *days)]
    for position in range(len(days) - 1, -1, -1):
        bar = make_bar(one, days[position], smooth[position + 1], smooth[position])
        yield adjust_bar(bar, now / share_factor(one, bar.day)) if has_split else bar


def _average(one: Security, bar: Bar) -> float:
    if one.kind == INDEX:
        return round((bar.high + bar.low + bar.close) / 3, 4)
    return round((bar.open + bar.high + bar.low + bar.close) / 4, 4)


def encode_full(one: Security, bars: Iterator[Bar]) -> bytes:
    """The ten fields of `historical-price-eod/full`, built as text because thousands of rows are requested."""
    parts = []
    for bar in bars:
        change = round(bar.close - bar.open, 6)
        parts.append(
            f'{{"symbol":"{one.symbol}","date":"{iso(bar.day)}","open":{bar.open!r},"high":{bar.high!r},'
            f'"low":{bar.low!r},"close":{bar.close!r},"volume":{_show(bar.volume)},"change":{_show(change)},'
            f'"changePercent":{round(change / bar.open * 100, 5):.5f},"vwap":{_average(one, bar)!r}}}'
        )
    return ("[" + ",".join(parts) + "]").encode()


def encode_light(one: Security, bars: Iterator[Bar]) -> bytes:
    """The four fields of `historical-price-eod/light`; its volume differs a little, as the vendor's does."""
    parts = [
        f'{{"symbol":"{one.symbol}","date":"{iso(bar.day)}","price":{bar.close!r},"volume":{int(bar.volume * 0.9994)}}}'
        for bar in bars
    ]
    return ("[" + ",".join(parts) + "]").encode()


def encode_unadjusted(one: Security, bars: Iterator[Bar]) -> bytes:
    """The fields of `historical-price-eod/non-split-adjusted`: raw prices under the names adjOpen to adjClose."""
    parts = [
        f'{{"symbol":"{one.symbol}","date":"{iso(bar.day)}","adjOpen":{bar.open!r},"adjHigh":{bar.high!r},'
        f'"adjLow":{bar.low!r},"adjClose":{bar.close!r},"volume":{_show(bar.volume)}}}'
        for bar in bars
    ]
    return ("[" + ",".join(parts) + "]").encode()


def _show(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def split_row(one: Security, split: Split) -> Row:
    """One row of `splits`."""
    return {
        "symbol": one.symbol,
        "date": iso(split.day),
        "numerator": split.numerator,
        "denominator": split.denominator,
    }


def dividend_row(world: World, one: Security, dividend: Dividend) -> Row:
    """One row of `dividends`; payment dates are at times not known (an empty text)."""
    later = share_factor(one, world.as_of) / share_factor(one, min(dividend.ex_day, world.as_of))
    price_day = calendar_of(one).latest_at(min(dividend.ex_day, world.as_of))
    paid = annual_dividend(one, dividend.ex_day)
    vague = mix(one.salt, dividend.ex_day) % 25 == 0
    return {
        "symbol": one.symbol,
        "date": iso(dividend.ex_day),
        "recordDate": "" if vague else iso(dividend.ex_day + 1),
        "paymentDate": "" if vague else iso(dividend.ex_day + 15),
        "declarationDate": "" if vague else iso(dividend.ex_day - 30),
        "adjDividend": round(dividend.amount / later, 6),
        "dividend": dividend.amount,
        "yield": round(paid / close_on(one, price_day) * 100, 6),
        "frequency": dividend.frequency,
    }


def list_split_rows(world: World, one: Security) -> list[Row]:
    """Rows of `splits`, newest first."""
    return [split_row(one, split) for split in reversed(list_splits(one, world.as_of))]


def list_dividend_rows(world: World, one: Security) -> list[Row]:
    """Rows of `dividends`, newest first, the next declared one included."""
    found = list_dividends(one, one.ipo, world.as_of + DECLARED_AHEAD_DAYS)
    return [dividend_row(world, one, dividend) for dividend in reversed(found)]


def list_split_calendar(world: World, first: int, last: int) -> list[Row]:
    """Splits of every listing in a range, newest first; splits are announced some weeks ahead."""
    until = min(last, world.as_of + 14)
    rows = [
        split_row(one, split)
        for one in world.universe.listings
        for split in list_splits(one, until)
        if split.day >= first
    ]
    rows.sort(key=lambda row: (str(row["date"]), str(row["symbol"])), reverse=True)
    return rows[:CALENDAR_ROWS]


def list_dividend_calendar(world: World, first: int, last: int) -> list[Row]:
    """Dividends of every listing in a range, newest first, at most 4,000."""
    until = min(last, world.as_of + DECLARED_AHEAD_DAYS)
    found = [
        (dividend.ex_day, one.symbol, one, dividend)
        for one in world.universe.listings
        for dividend in list_dividends(one, first, until)
    ]
    found.sort(key=lambda item: item[:2], reverse=True)
    return [dividend_row(world, one, dividend) for _, _, one, dividend in found[:CALENDAR_ROWS]]
