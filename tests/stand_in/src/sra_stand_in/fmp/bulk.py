"""Bulk responses as CSV, written row by row so that a large one needs little memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from sra_stand_in.fmp.derived import GROWTH_KINDS, earnings_row, growth_row, list_reports, score_row
from sra_stand_in.fmp.funds import list_holdings
from sra_stand_in.fmp.market import Peers, profile_row
from sra_stand_in.fmp.prices import adjust_bar, bar_on, calendar_of, share_factor
from sra_stand_in.fmp.statements import STATEMENT_KINDS, Statement, open_company, open_statement, statement_row
from sra_stand_in.fmp.universe import CRYPTO, Security
from sra_stand_in.fmp.world import Row, World, iso

MAX_PARTS = 4
_MIN_PART_ROWS = 100
_STRIDE = 7919
"""A prime: rows in no useful order, each once."""


def encode_cell(value: object) -> str:
    """Text in quotes, numbers and true/false bare, null empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return '"' + str(value).replace('"', '""') + '"'


def encode_csv(rows: Iterable[Row], columns: Iterable[str]) -> Iterator[str]:
    """Lines of a bulk response, the header first."""
    names = list(columns)
    yield ",".join(f'"{name}"' for name in names) + "\n"
    for row in rows:
        yield ",".join([encode_cell(row[name]) for name in names]) + "\n"


def shuffle(members: list[Security]) -> list[Security]:
    """The same members in an order without meaning."""
    count = len(members)
    step = _STRIDE if count % _STRIDE else _STRIDE + 2
    return [members[position * step % count] for position in range(count)]


def part_of(members: list[Security], part: int) -> list[Security]:
    """One of at most four arbitrary shards; empty past the end."""
    size = max(_MIN_PART_ROWS, -(-len(members) // MAX_PARTS))
    return shuffle(members)[part * size : (part + 1) * size] if members else []


def profile_lines(world: World, part: int) -> Iterator[str] | None:
    """`profile-bulk`; None past the last part."""
    members = part_of(world.universe.listings, part)
    if not members:
        return None
    return encode_csv((profile_row(world, one) for one in members), profile_row(world, members[0]))


def holder_lines(world: World, part: int) -> Iterator[str] | None:
    """`etf-holder-bulk`; None past the last part."""
    members = part_of(world.list_etfs(), part)
    if not members:
        return None
    columns = ("symbol", "name", "sharesNumber", "asset", "weightPercentage", "cusip", "isin", "marketValue",
               "lastUpdated")  # fmt: skip

    def list_rows() -> Iterator[Row]:
        for etf in members:
            for row in list_holdings(world, etf):
                updated = str(row["updatedAt"])[:10]
                yield row | {"cusip": row["securityCusip"], "lastUpdated": updated}
        yield dict.fromkeys(columns, "") | {"symbol": " -- ", "name": "Not attributed", "sharesNumber": 0}

    return encode_csv(list_rows(), columns)


def price_lines(world: World, day: int) -> Iterator[str]:
    """`eod-bulk`: unadjusted prices of the day and, as adjClose, the close in today's shares."""
    yield '"symbol","date","open","low","high","close","adjClose","volume"\n'
    if day > world.as_of:
        return
    date = iso(day)
    for one in [*shuffle(world.universe.listings), *world.universe.crypto]:
        if day < one.ipo or not (one.kind == CRYPTO or calendar_of(one).holds(day)):
            continue
        bar = bar_on(one, day)
        adjusted = adjust_bar(bar, share_factor(one, world.as_of) / share_factor(one, day)).close
        yield (
            f'"{one.symbol}","{date}",{bar.open!r},{bar.low!r},{bar.high!r},{bar.close!r},{adjusted!r},{bar.volume!r}\n'
        )


def statement_lines(world: World, path: str, year: int, period: str) -> Iterator[str]:
    """The statement and statement growth bulks of one fiscal period."""
    kind = path.removesuffix("-bulk")
    make: Callable[[str, Statement], Row] = statement_row if kind in STATEMENT_KINDS else growth_row

    def list_rows() -> Iterator[Row]:
        for one in shuffle(world.universe.listings):
            if one.reports and year >= dt.date.fromordinal(one.ipo).year:
                statement = open_statement(open_company(one), year, period)
                if statement.filed <= world.as_of:
                    yield make(kind, statement)

    sample = next(one for one in world.universe.listings if one.reports)
    return encode_csv(list_rows(), make(kind, open_statement(open_company(sample), 2023, "FY")))


STATEMENT_BULKS = tuple(f"{kind}-bulk" for kind in (*STATEMENT_KINDS, *GROWTH_KINDS))


def score_lines(world: World) -> Iterator[str]:
    """`scores-bulk`."""
    columns = ("symbol", "reportedCurrency", "altmanZScore", "piotroskiScore", "workingCapital", "totalAssets",
               "retainedEarnings", "ebit", "marketCap", "totalLiabilities", "revenue")  # fmt: skip
    rows = (score_row(world, one) for one in shuffle(world.universe.listings))
    return encode_csv((row for row in rows if row), columns)


def peer_lines(world: World, peers: Peers) -> Iterator[str]:
    """`peers-bulk`: one quoted cell of symbols, empty when there is none."""
    yield '"symbol","peers"\n'
    for one in shuffle(world.universe.listings):
        found = ",".join(peer.symbol for peer in peers.find(one))
        yield f'"{one.symbol}","{found}"\n' if found else f'"{one.symbol}",\n'


def surprise_lines(world: World, year: int) -> Iterator[str]:
    """`earnings-surprises-bulk` of the reports of one calendar year."""
    columns = ("symbol", "date", "epsActual", "epsEstimated", "lastUpdated")
    first, last = dt.date(year, 1, 1).toordinal(), dt.date(year, 12, 31).toordinal()
    rows = (earnings_row(world, statement) for statement in list_reports(world, first, last))
    return encode_csv((row for row in rows if row["epsActual"] is not None), columns)
