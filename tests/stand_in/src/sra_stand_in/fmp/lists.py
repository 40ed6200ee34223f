"""Lists that change slowly: constituents, delisted companies, renamed symbols, treasury rates."""

from __future__ import annotations

import datetime as dt
import math

from sra_stand_in.calendars import open_calendar
from sra_stand_in.fmp.names import CITIES
from sra_stand_in.fmp.universe import EQUITY, Security, Universe
from sra_stand_in.fmp.world import Row, World, iso
from sra_stand_in.randomness import NOISE, NOISE_MASK, between, mix, pick, unit

_TENORS = (
    ("month1", 0.08),
    ("month2", 0.17),
    ("month3", 0.25),
    ("month6", 0.5),
    ("year1", 1.0),
    ("year2", 2.0),
    ("year3", 3.0),
    ("year5", 5.0),
    ("year7", 7.0),
    ("year10", 10.0),
    ("year20", 20.0),
    ("year30", 30.0),
)
_FIRST_DAYS = {"month1": dt.date(2001, 7, 31).toordinal(), "month2": dt.date(2018, 10, 16).toordinal()}
TREASURY_SPAN_DAYS = 90
_MEMBER_COUNTS = {"sp500": 503, "nasdaq": 102, "dowjones": 30}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def list_treasury_rates(world: World, first: int | None, last: int | None) -> list[Row]:
    """Rates of business days, newest first; of a range above three months only the newest part, without a word."""
    end = min(world.as_of - 1, last if last is not None else world.as_of)
    start = max(first if first is not None else 0, end - TREASURY_SPAN_DAYS)
    return [_treasury_row(day) for day in reversed(open_calendar("US").between(start, end))]


def _treasury_row(day: int) -> Row:
    level = 2.6 + 1.7 * math.sin(day / 1100.0) + 0.03 * NOISE[day & NOISE_MASK]
    slope = 0.9 + 0.7 * math.sin(day / 800.0 + 1)
    row: Row = {"date": iso(day)}
    for position, (name, years) in enumerate(_TENORS):
        value = level + slope * (1 - math.exp(-years / 6)) + 0.02 * NOISE[(day * 13 + position) & NOISE_MASK]
        row[name] = None if day < _FIRST_DAYS.get(name, 0) else round(max(0.01, value), 2)
    return row


def list_members(world: World, index: str) -> list[Security]:
    """Members of `sp500`, `nasdaq` or `dowjones`, at most two fifths of the eligible companies in a small world."""
    eligible = [
        one
        for one in _rank_by_shares(world.universe)
        if one.kind == EQUITY
        and one.exchange.code in {"NYSE", "NASDAQ"}
        and (index != "nasdaq" or one.exchange.code == "NASDAQ")
    ]
    return eligible[: min(_MEMBER_COUNTS[index], max(1, len(eligible) * 2 // 5))]


def _rank_by_shares(universe: Universe) -> list[Security]:
    """By original value, so that membership does not flicker from day to day."""
    return sorted(universe.in_scope, key=lambda one: -one.shares * math.exp(one.log_price))


def list_constituents(world: World, index: str) -> list[Row]:
    """The rows of `<index>-constituent`."""
    rows: list[Row] = []
    for one in list_members(world, index):
        city, state, _ = pick(CITIES["US"], one.salt, 81)
        founded = 1890 + mix(one.salt, 91) % 110
        style = mix(one.salt, 92) % 20
        rows.append(
            {
                "symbol": one.symbol,
                "name": one.name,
                "sector": one.sector,
                "subSector": one.industry,
                "headQuarter": f"{city}, {state}",
                "dateFirstAdded": None if style == 0 else iso(one.ipo + 800),
                "cik": f"{1_000_000 + one.index:010d}",
                "founded": f"{founded}/{founded + 42}"
                if style == 1
                else str(founded)
                if style < 12
                else f"{founded}-04-01",
            }
        )
    return rows


def list_past_constituents(world: World, index: str) -> list[Row]:
    """The rows of `historical-<index>-constituent`: an addition and a removal for each second member."""
    rows: list[Row] = []
    for number, one in enumerate(list_members(world, index)[::2]):
        day = dt.date.fromordinal(one.ipo + 800)
        added: Row = {
            "dateAdded": f"{_MONTHS[day.month - 1]} {day.day}, {day.year}",
            "addedSecurity": one.name,
            "removedTicker": "",
            "removedSecurity": "",
            "date": day.isoformat(),
            "symbol": one.symbol,
            "reason": None,
        }
        gone = f"OLD{number}"
        removed = added | {
            "addedSecurity": "",
            "removedTicker": gone,
            "removedSecurity": f"Former Company {number}",
            "symbol": gone,
            "reason": "Market capitalization change.",
        }
        rows.extend((added, removed))
    return sorted(rows, key=lambda row: str(row["date"]), reverse=True)


def list_delisted(world: World) -> list[Row]:
    """The rows of `delisted-companies`, newest first; the first ones are in the future and still trade."""
    today = dt.date.fromordinal(world.as_of)
    next_month = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1).toordinal()
    rows = [
        {
            "symbol": one.symbol,
            "companyName": one.name,
            "exchange": one.exchange.code,
            "ipoDate": iso(one.ipo),
            "delistedDate": iso(next_month + 5 * number),
        }
        for number, one in enumerate([one for one in world.universe.in_scope if one.kind == EQUITY][:3])
    ]
    rows += [
        {
            "symbol": one.symbol,
            "companyName": one.name,
            "exchange": one.exchange.code,
            "ipoDate": iso(one.ipo),
            "delistedDate": iso(one.ended),
        }
        for one in world.universe.former
        if one.ended is not None
    ]
    kept = [row for row in rows if str(row["delistedDate"]) <= iso(world.as_of + 60)]
    return [dict(row) for row in sorted(kept, key=lambda row: (row["delistedDate"], row["symbol"]), reverse=True)]


def list_symbol_changes(world: World) -> list[Row]:
    """The rows of `symbol-change`, newest first."""
    rows: list[Row] = []
    for number, one in enumerate(world.universe.listings):
        if unit(one.salt, 98) >= 0.05 or one.kind != EQUITY:
            continue
        day = dt.date(2019, 1, 7).toordinal() + int(between(0, 2500, one.salt, 99))
        if day <= world.as_of:
            old = f"{_letters(number)}OX{one.exchange.suffix}"
            rows.append({"date": iso(day), "companyName": one.name, "oldSymbol": old, "newSymbol": one.symbol})
    return sorted(rows, key=lambda row: (str(row["date"]), str(row["newSymbol"])), reverse=True)


def _letters(number: int) -> str:
    return "".join(chr(65 + number // 26**power % 26) for power in range(3))
