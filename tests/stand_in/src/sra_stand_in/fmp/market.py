"""Responses about listings: screener, profile, quotes, movers, peers and the lists of symbols."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Iterator

from sra_stand_in.fmp.names import CITIES, COUNTRY_NAMES, EXCHANGES, IN_SCOPE, PEOPLE
from sra_stand_in.fmp.prices import has_missing
from sra_stand_in.fmp.universe import ETF, INDEX, PREFERRED, Security
from sra_stand_in.fmp.world import Row, World, iso
from sra_stand_in.randomness import mix, pick

_CLOSE_SECONDS_UTC = 21 * 3600


def epoch_of_close(day: int) -> int:
    """Seconds since 1970 of 21:00 UTC on a day."""
    return (day - dt.date(1970, 1, 1).toordinal()) * 86400 + _CLOSE_SECONDS_UTC


def screen_row(world: World, one: Security) -> Row:
    """One row of `company-screener`."""
    snapshot, is_fund = world.snapshot(one), one.kind == ETF and has_missing(one, 1, 0.06)
    is_etf, outside = one.kind == ETF, one.exchange.code not in IN_SCOPE
    return {
        "symbol": one.symbol,
        "companyName": None if outside and has_missing(one, 2, 0.03) else one.name,
        "marketCap": None if is_fund else snapshot.market_cap,
        "sector": None if is_etf and has_missing(one, 3, 0.05) else one.sector,
        "industry": None if is_etf and has_missing(one, 3, 0.05) else one.industry,
        "beta": None if has_missing(one, 4, 0.02) else 0 if has_missing(one, 5, 0.03) else one.beta,
        "price": snapshot.bar.close,
        "lastAnnualDividend": None if is_fund else world.annual_dividend(one),
        "volume": snapshot.bar.volume,
        "avgVolume": int(one.volume),
        "exchange": one.exchange.name,
        "exchangeShortName": one.exchange.code,
        "country": None if is_etf and has_missing(one, 6, 0.15) else one.country,
        "isEtf": is_etf,
        "isFund": is_fund,
        "isActivelyTrading": None if outside and has_missing(one, 7, 0.02) else True,
    }


_SCREEN_NUMBERS = {
    "marketCap": "marketCap",
    "price": "price",
    "beta": "beta",
    "dividend": "lastAnnualDividend",
    "volume": "volume",
    "avgVolume": "avgVolume",
}
_SCREEN_TEXTS = {"sector": "sector", "industry": "industry", "exchange": "exchangeShortName", "country": "country"}
_SCREEN_FLAGS = ("isEtf", "isFund", "isActivelyTrading")


def _check_text(field: str, wanted: str) -> Callable[[Row], bool]:
    return lambda row: str(row[field]).casefold() == wanted.casefold()


def _check_bound(field: str, sign: int, bound: float) -> Callable[[Row], bool]:
    def check(row: Row) -> bool:
        value = row[field]
        return isinstance(value, int | float) and (value - bound) * sign >= 0

    return check


def _list_screen_checks(params: dict[str, str]) -> list[Callable[[Row], bool]]:
    texts = _SCREEN_TEXTS | {name: name for name in _SCREEN_FLAGS}
    checks = [_check_text(field, wanted) for name, field in texts.items() if (wanted := params.get(name))]
    for name, field in _SCREEN_NUMBERS.items():
        for ending, sign in (("MoreThan", 1), ("LowerThan", -1)):
            if text := params.get(name + ending):
                checks.append(_check_bound(field, sign, float(text)))
    return checks


class Screener:
    """The screener of one day; rows are made once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows: list[Row] | None = None

    def find_rows(self, params: dict[str, str], *, limit: int, page: int) -> list[Row]:
        """Rows that pass the filters, largest market cap first, one page of them."""
        if self._rows is None:
            self._rows = [screen_row(self._world, one) for one in self._world.ranked()]
        checks = _list_screen_checks(params)
        found = [row for row in self._rows if all(check(row) for check in checks)]
        return found[page * limit : (page + 1) * limit]


def profile_row(world: World, one: Security) -> Row:
    """The 36 fields of `profile`."""
    snapshot, year, is_etf = world.snapshot(one), world.year_figures(one), one.kind == ETF
    city, state, postcode = pick(CITIES.get(one.country, CITIES["US"]), one.salt, 81)
    is_us = one.exchange.country == "US"
    slug = one.symbol.lower().replace("^", "")
    return {
        "symbol": one.symbol,
        "price": snapshot.bar.close,
        "marketCap": snapshot.market_cap,
        "beta": one.beta,
        "lastDividend": world.annual_dividend(one),
        "range": f"{year.low:g}-{year.high:g}",
        "change": snapshot.change,
        "changePercentage": snapshot.change_percent,
        "volume": snapshot.bar.volume,
        "averageVolume": int(one.volume),
        "companyName": one.name,
        "currency": one.currency,
        "cik": f"{1_000_000 + one.index:010d}" if is_us and not is_etf else None,
        "isin": f"{one.country}{one.salt % 10**9:09d}{one.salt % 10}",
        "cusip": f"{one.salt % 10**9:09d}" if one.exchange.code in IN_SCOPE else None,
        "exchangeFullName": one.exchange.name,
        "exchange": one.exchange.code,
        "industry": "Asset Management" if is_etf else one.industry,
        "website": None if has_missing(one, 8, 0.04) else f"https://{slug}.example.com",
        "description": f'{one.name}, a company made up for tests, trades as "{one.symbol}". It serves clients in '
        f"{city}, across {COUNTRY_NAMES.get(one.country, one.country)}, and abroad.",
        "ceo": None if is_etf or has_missing(one, 9, 0.08) else pick(PEOPLE, one.salt, 82),
        "sector": "Financial Services" if is_etf else one.sector,
        "country": None if is_etf and has_missing(one, 6, 0.15) else one.country,
        "fullTimeEmployees": None if is_etf or has_missing(one, 10, 0.05) else str(10 + mix(one.salt, 83) % 90_000),
        "phone": None if is_etf else f"555 {one.salt % 10_000:04d}",
        "address": None if is_etf else f"{1 + one.salt % 999} King Street, Suite {one.salt % 40}",
        "city": None if is_etf else city,
        "state": None if is_etf else state,
        "zip": None if is_etf else postcode,
        "image": f"https://images.example.com/{slug}.png",
        "ipoDate": iso(one.ipo),
        "defaultImage": has_missing(one, 11, 0.2),
        "isEtf": is_etf,
        "isActivelyTrading": True,
        "isAdr": one.country not in {"US", "CA"} and is_us,
        "isFund": is_etf and has_missing(one, 1, 0.06),
    }


def short_quote_row(world: World, one: Security) -> Row:
    """The four fields of the short quote."""
    snapshot = world.snapshot(one)
    return {
        "symbol": one.symbol,
        "price": snapshot.bar.close,
        "change": snapshot.change,
        "volume": snapshot.bar.volume,
    }


def quote_row(world: World, one: Security) -> Row:
    """The 17 fields of `quote`."""
    snapshot, year = world.snapshot(one), world.year_figures(one)
    bar = snapshot.bar
    return {
        "symbol": one.symbol,
        "name": one.name,
        "price": bar.close,
        "changePercentage": snapshot.change_percent,
        "change": snapshot.change,
        "volume": bar.volume,
        "dayLow": bar.low,
        "dayHigh": bar.high,
        "yearHigh": max(year.high, bar.high),
        "yearLow": min(year.low, bar.low),
        "marketCap": snapshot.market_cap,
        "priceAvg50": year.average50,
        "priceAvg200": year.average200,
        "exchange": one.exchange.code,
        "open": bar.open,
        "previousClose": snapshot.previous_close,
        "timestamp": epoch_of_close(bar.day),
    }


def list_quotes(world: World, members: list[Security], *, short: bool) -> Iterator[Row]:
    """Quotes of many listings, one at a time: the full form is slow for a whole exchange."""
    make = short_quote_row if short else quote_row
    for one in members:
        yield make(world, one)


def list_movers(world: World, *, gainers: bool) -> list[Row]:
    """The 50 largest moves of the quote session on the three US exchanges."""
    members = [
        one for one in world.universe.in_scope if one.exchange.country == "US" and one.kind != PREFERRED and one.listed
    ]
    members.sort(key=lambda one: world.snapshot(one).change_percent, reverse=gainers)
    kept = [one for one in members if (world.snapshot(one).change_percent > 0) == gainers]
    return [_mover_row(world, one) for one in kept[:50]]


def list_most_active(world: World) -> list[Row]:
    """The 50 largest volumes of the quote session on the three US exchanges."""
    members = [one for one in world.universe.in_scope if one.exchange.country == "US"]
    members.sort(key=lambda one: world.snapshot(one).bar.volume, reverse=True)
    return [_mover_row(world, one) for one in members[:50]]


def _mover_row(world: World, one: Security) -> Row:
    snapshot = world.snapshot(one)
    return {
        "symbol": one.symbol,
        "price": snapshot.bar.close,
        "name": one.name,
        "change": snapshot.change,
        "changesPercentage": snapshot.change_percent,
        "exchange": one.exchange.code,
    }


class Peers:
    """Peers of one day: the nearest market caps of the same kind and sector."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups: dict[tuple[str, str], list[Security]] = {}
        for one in world.ranked():
            if one.kind != PREFERRED:
                self._groups.setdefault((one.kind, one.sector), []).append(one)
        self._caps = {
            key: [-world.snapshot(one).market_cap for one in members] for key, members in self._groups.items()
        }

    def find(self, one: Security, count: int = 9) -> list[Security]:
        """Up to `count` peers."""
        key = (one.kind, one.sector)
        members = self._groups.get(key, [])
        if not members or one.kind in {INDEX, PREFERRED}:
            return []
        at = bisect_left(self._caps[key], -self._world.snapshot(one).market_cap)
        start = max(0, min(at - count // 2, len(members) - count - 1))
        return [peer for peer in members[start : start + count + 1] if peer.symbol != one.symbol][:count]

    def rows(self, one: Security) -> list[Row]:
        """The rows of `stock-peers`."""
        return [
            {
                "symbol": peer.symbol,
                "companyName": peer.name,
                "price": self._world.snapshot(peer).bar.close,
                "mktCap": self._world.snapshot(peer).market_cap,
            }
            for peer in self.find(one)
        ]


def list_exchanges() -> list[Row]:
    """The rows of `available-exchanges`."""
    return [
        {
            "exchange": one.code,
            "name": one.name,
            "countryName": one.country_name,
            "countryCode": one.country,
            "symbolSuffix": one.suffix or "N/A",
            "delay": one.delay,
        }
        for one in EXCHANGES.values()
        if one.code != "INDEX"
    ]
