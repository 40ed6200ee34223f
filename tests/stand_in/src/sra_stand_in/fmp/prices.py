"""Prices, splits and dividends of a listing, each computed directly from (listing, day).

What once happened never changes when the day of the world moves on; only adjusted figures do, as at the vendor.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import lru_cache

from sra_stand_in.calendars import SessionCalendar, open_calendar
from sra_stand_in.fmp.universe import CRYPTO, EQUITY, INDEX, PREFERRED, Security
from sra_stand_in.randomness import NOISE, NOISE_MASK, between, mix, unit

ANCHOR = dt.date(2024, 1, 2).toordinal()
_FIRST_SPLIT_YEAR, _LAST_SPLIT_YEAR = 2000, 2045


@dataclass(frozen=True, slots=True)
class Bar:
    """One session of one listing; prices in the listing's currency, `volume` in shares."""

    day: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Split:
    """`numerator` new shares for `denominator` old ones, from the session `day` on."""

    day: int
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Dividend:
    """One cash dividend per share of its own day, in the listing's currency."""

    ex_day: int
    amount: float
    frequency: str


def round_price(value: float) -> float:
    """Two decimals, four below one, nine below a thousandth."""
    return round(value, 2 if value >= 1 else 4 if value >= 0.001 else 9)


@lru_cache(maxsize=16384)
def _market_factor(day: int) -> float:
    return 0.06 * math.sin(day / 97.0) + 0.03 * math.sin(day / 23.0) + 0.006 * NOISE[(day * 7919) & NOISE_MASK]


def smooth_price(security: Security, day: int) -> float:
    """The value of one original share, as if there had never been a split."""
    height1, speed1, phase1, height2, speed2, phase2 = security.waves
    return math.exp(
        security.log_price
        + security.drift * (day - ANCHOR)
        + height1 * math.sin(day * speed1 + phase1)
        + height2 * math.sin(day * speed2 + phase2)
        + security.volatility * NOISE[(day * 2_654_435 + security.salt) & NOISE_MASK]
        + security.beta * _market_factor(day)
    )


def calendar_of(security: Security) -> SessionCalendar:
    """The session calendar that the listing follows."""
    return open_calendar(security.market)


@lru_cache(maxsize=65536)
def _list_splits(salt: int, ipo: int, market: str) -> tuple[Split, ...]:
    calendar, ratio, found = open_calendar(market), 1.0, []
    for quarter in range(_FIRST_SPLIT_YEAR * 4, _LAST_SPLIT_YEAR * 4):
        if mix(salt, quarter, 51) % 70:
            continue
        start = dt.date(quarter // 4, quarter % 4 * 3 + 1, 1).toordinal()
        day = calendar.next_at(start + mix(salt, quarter, 52) % 80)
        if day <= ipo:
            continue
        ratio_now = (1, 10) if ratio > 3 else ((2, 1), (3, 1), (3, 2), (2, 1))[mix(salt, quarter, 53) % 4]
        ratio *= ratio_now[0] / ratio_now[1]
        found.append(Split(day, *ratio_now))
    return tuple(found)


def list_splits(security: Security, until: int) -> list[Split]:
    """Splits up to a day, oldest first."""
    if security.kind != EQUITY:
        return []
    until = until if security.ended is None else min(until, security.ended)
    return [one for one in _list_splits(security.salt, security.ipo, security.market) if one.day <= until]


def share_factor(security: Security, day: int) -> float:
    """How many shares one original share has become by a day."""
    factor = 1.0
    day = day if security.ended is None else min(day, security.ended)
    if security.kind == EQUITY:
        for one in _list_splits(security.salt, security.ipo, security.market):
            if one.day > day:
                break
            factor *= one.numerator / one.denominator
    return factor


def close_on(security: Security, day: int) -> float:
    """The unadjusted close of a session."""
    return round_price(smooth_price(security, day) / share_factor(security, day))


def bar_on(security: Security, day: int) -> Bar:
    """The unadjusted bar of a session."""
    before = smooth_price(security, calendar_of(security).latest_before(day))
    return make_bar(security, day, smooth_price(security, day), before)


def make_bar(security: Security, day: int, smooth: float, smooth_before: float) -> Bar:
    """The unadjusted bar of a session, from its smooth price and that of the session before."""
    factor = share_factor(security, day)
    close, before = smooth / factor, smooth_before / factor
    at = day * 40_503 + security.salt
    opened = before * (1 + 0.4 * security.volatility * NOISE[(at + 1) & NOISE_MASK])
    reach = 0.6 * security.volatility
    high = max(opened, close) * (1 + reach * abs(NOISE[(at + 2) & NOISE_MASK]))
    low = min(opened, close) * (1 - reach * min(4.0, abs(NOISE[(at + 3) & NOISE_MASK])))
    volume: float = int(security.volume * factor * math.exp(0.4 * NOISE[(at + 4) & NOISE_MASK]))
    if security.salt % 37 == 0 or security.kind == CRYPTO:
        volume += 0.25
    return Bar(day, round_price(opened), round_price(high), round_price(low), round_price(close), volume)


def adjust_bar(bar: Bar, ratio: float) -> Bar:
    """The bar in shares of today: prices divided, volume multiplied by the later splits."""
    if ratio == 1.0:
        return bar
    return Bar(
        bar.day,
        round(bar.open / ratio, 4),
        round(bar.high / ratio, 4),
        round(bar.low / ratio, 4),
        round(bar.close / ratio, 4),
        int(bar.volume * ratio),
    )


def market_cap_on(security: Security, day: int) -> float:
    """Close times shares of that day; 0 for preferred lines and indices, as the vendor has it."""
    if security.kind in {PREFERRED, INDEX, CRYPTO}:
        return 0.0
    return round(close_on(security, day) * security.shares * share_factor(security, day), 4)


_FREQUENCIES = {1: "Annual", 2: "Semi-Annual", 4: "Quarterly", 12: "Monthly"}


def _list_pay_months(security: Security) -> list[int]:
    step = 12 // security.dividends_per_year
    first = 1 + security.salt % step
    return list(range(first, 13, step))


def list_dividends(security: Security, first: int, last: int) -> list[Dividend]:
    """Dividends with an ex-date from first to last, oldest first."""
    last = last if security.ended is None else min(last, security.ended)
    if security.dividend_yield <= 0 or last < first:
        return []
    first = max(first, security.ipo + 60)
    calendar, found = calendar_of(security), []
    for year in range(dt.date.fromordinal(first).year, dt.date.fromordinal(max(first, last)).year + 1):
        new_year = dt.date(year, 1, 1).toordinal()
        per_share = smooth_price(security, new_year) / share_factor(security, new_year)
        base = per_share * security.dividend_yield / security.dividends_per_year
        for month in _list_pay_months(security):
            day = calendar.next_at(dt.date(year, month, 5 + mix(security.salt, year, month) % 20).toordinal())
            if first <= day <= last:
                shrink = share_factor(security, new_year) / share_factor(security, day)
                amount = round(base * shrink * between(0.98, 1.02, security.salt, year, 61), 6)
                found.append(Dividend(day, amount, _FREQUENCIES[security.dividends_per_year]))
    return found


def annual_dividend(security: Security, day: int) -> float:
    """The dividends of the year up to a day."""
    return round(math.fsum(one.amount for one in list_dividends(security, day - 364, day)), 4)


def has_missing(security: Security, field: int, share: float) -> bool:
    """Whether the vendor lacks a field of this listing, decided once per field."""
    return unit(security.salt, field, 71) < share
