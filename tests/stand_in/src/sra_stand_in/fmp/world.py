"""The market on one day, as a caller on that day sees it."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sra_stand_in.calendars import open_calendar
from sra_stand_in.fmp.prices import (
    Bar,
    annual_dividend,
    bar_on,
    calendar_of,
    close_on,
    list_splits,
    market_cap_on,
    share_factor,
)
from sra_stand_in.fmp.universe import ETF, Security, Universe

Row = dict[str, object]


def encode_rows(rows: Iterable[Row]) -> bytes:
    """Rows as the vendor writes them: one JSON array, UTF-8."""
    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=16384)
def iso(day: int) -> str:
    """A day ordinal as YYYY-MM-DD."""
    return dt.date.fromordinal(day).isoformat()


def shift_years(day: int, years: int) -> int:
    """The same date some years on; 29 February becomes 28 February."""
    date = dt.date.fromordinal(day)
    return date.replace(year=date.year + years, day=28 if (date.month, date.day) == (2, 29) else date.day).toordinal()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last price of a listing and the figures that go with it."""

    bar: Bar
    previous_close: float
    market_cap: float

    @property
    def change(self) -> float:
        """Change against the close before, in currency."""
        return round(self.bar.close - self.previous_close, 6)

    @property
    def change_percent(self) -> float:
        """Change against the close before, in percent."""
        return round((self.bar.close / self.previous_close - 1) * 100, 5)


@dataclass(frozen=True, slots=True)
class YearFigures:
    """Range of the last year of sessions and two averages of closes."""

    low: float
    high: float
    average50: float
    average200: float


class World:
    """A universe on a day. End-of-day data reach to that day; quotes are those of the session before it.

    So a call at any hour of the day finds every session that has been completed and no price from the
    future. Responses depend on the day only, not on the hour.
    """

    def __init__(self, universe: Universe, as_of: dt.date) -> None:
        self.universe = universe
        self.as_of = as_of.toordinal()
        self._quote_days = {market: open_calendar(market).latest_before(self.as_of) for market in ("US", "CA")}
        self._snapshots: dict[int, Snapshot] = {}
        self._years: dict[int, YearFigures] = {}
        self._ranked: list[Security] | None = None

    def quote_day(self, security: Security) -> int:
        """The session of the listing's quote."""
        return self._quote_days[security.market]

    def snapshot(self, security: Security) -> Snapshot:
        """The quote session's bar, the close before it (in today's shares) and the market cap."""
        found = self._snapshots.get(security.index)
        if found is None:
            day = self.quote_day(security)
            before = calendar_of(security).latest_before(day)
            ratio = share_factor(security, day) / share_factor(security, before)
            previous = close_on(security, before)
            previous = previous if ratio == 1.0 else round(previous / ratio, 4)
            found = Snapshot(bar_on(security, day), previous, market_cap_on(security, day))
            self._snapshots[security.index] = found
        return found

    def year_figures(self, security: Security) -> YearFigures:
        """Split-adjusted figures of the 252 sessions that end with the quote session."""
        found = self._years.get(security.index)
        if found is None:
            day = self.quote_day(security)
            last = share_factor(security, day)
            days = [one for one in calendar_of(security).between(day - 365, day) if one >= security.ipo] or [day]
            closes = [close_on(security, one) for one in days]
            if list_splits(security, day) and share_factor(security, days[0]) != last:
                closes = [close * share_factor(security, one) / last for one, close in zip(days, closes, strict=True)]
            recent, longer = closes[-50:], closes[-200:]
            found = YearFigures(
                round(min(closes), 4),
                round(max(closes), 4),
                round(math.fsum(recent) / len(recent), 5),
                round(math.fsum(longer) / len(longer), 5),
            )
            self._years[security.index] = found
        return found

    def ranked(self) -> list[Security]:
        """Every listing by market cap, largest first."""
        if self._ranked is None:
            caps = {one.index: self.snapshot(one).market_cap for one in self.universe.listings}
            self._ranked = sorted(self.universe.listings, key=lambda one: (-caps[one.index], one.symbol))
        return self._ranked

    def annual_dividend(self, security: Security) -> float:
        """Dividends of the year up to the quote session."""
        return annual_dividend(security, self.quote_day(security))

    def assets(self, security: Security) -> float:
        """Net assets of an ETF: its market cap under another name."""
        return round(self.snapshot(security).market_cap * 0.9987, 2)

    def list_etfs(self) -> list[Security]:
        """ETFs of the lists."""
        return [one for one in self.universe.listings if one.kind == ETF]
