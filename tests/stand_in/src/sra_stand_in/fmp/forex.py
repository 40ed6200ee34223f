"""Daily series of currency pairs: units of a currency for one US dollar, on every weekday."""

from __future__ import annotations

import datetime as dt
import math

from sra_stand_in.calendars import SATURDAY
from sra_stand_in.fmp.history import MAX_ROWS
from sra_stand_in.fmp.world import Row, World, iso, shift_years
from sra_stand_in.randomness import NOISE, NOISE_MASK

RATES = {
    "AUD": 1.52, "CAD": 1.37, "CHF": 0.88, "CNY": 7.2, "DKK": 6.9, "EUR": 0.92, "GBP": 0.79, "HKD": 7.8, "ILS": 3.7,
    "INR": 83.5, "JPY": 151.0, "KRW": 1370.0, "MXN": 18.1, "NOK": 10.7, "SEK": 10.5, "SGD": 1.34, "TWD": 32.2,
    "ZAR": 18.4,
}  # fmt: skip
_DEFAULT_YEARS = 5
_FIRST_DAY = dt.date(1999, 1, 4).toordinal()


def find_currency(symbol: str) -> str | None:
    """The currency of a pair such as USDCAD; None where it is no pair of the US dollar."""
    code = symbol.strip().upper()
    return code[3:] if code.startswith("USD") and code[3:] in RATES else None


def list_rates(world: World, currency: str, first: int | None, last: int | None) -> list[Row]:
    """The rows of `historical-price-eod/full` of a pair, newest first, at most the 5,000 newest; without a start, five years."""
    end = min(world.as_of, world.as_of if last is None else last)
    start = max(_FIRST_DAY, shift_years(end, -_DEFAULT_YEARS) if first is None else first)
    days = [day for day in range(start, end + 1) if dt.date.fromordinal(day).weekday() < SATURDAY][-MAX_ROWS:]
    return [_make_row(currency, day) for day in reversed(days)]


def _level(currency: str, day: int) -> float:
    place = sum(map(ord, currency))
    wave = 0.06 * math.sin(day / 410.0 + place) + 0.02 * math.sin(day / 61.0 + 2 * place)
    return RATES[currency] * math.exp(wave + 0.003 * NOISE[(day * 31 + place) & NOISE_MASK])


def _make_row(currency: str, day: int) -> Row:
    opened, close = round(_level(currency, day - 1), 5), round(_level(currency, day), 5)
    high, low = round(max(opened, close) * 1.002, 5), round(min(opened, close) * 0.998, 5)
    change = round(close - opened, 6)
    return {
        "symbol": f"USD{currency}",
        "date": iso(day),
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "volume": 100_000 + day % 7919,
        "change": change,
        "changePercent": round(change / opened * 100, 5),
        "vwap": round((opened + high + low + close) / 4, 5),
    }
