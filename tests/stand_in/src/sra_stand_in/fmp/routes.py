"""The handlers of the stable API's paths, and how they read parameters."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sra_stand_in.calendars import FIRST_YEAR
from sra_stand_in.fmp import bulk, declared, derived, forex, funds, history, lists, market
from sra_stand_in.fmp.ratios import key_metric_row, ratio_row
from sra_stand_in.fmp.revisions import Revisions
from sra_stand_in.fmp.statements import PERIODS, QUARTERS, STATEMENT_KINDS, Statement, list_statements, statement_row
from sra_stand_in.fmp.texts import PAGE_TOO_HIGH
from sra_stand_in.fmp.universe import KNOWN_INDEX, Security
from sra_stand_in.fmp.world import Row, World, encode_rows, iso
from sra_stand_in.http import CSV_TYPE, Response

_SCREENER_LIMIT, _SCREENER_CAP = 1000, 10_000
_STATEMENT_LIMIT = 5
_CALENDAR_SPAN_DAYS = 90
_DELISTED_PAGE = 100
_FIRST_DAY = dt.date(FIRST_YEAR, 1, 1).toordinal()
_FREE_SYMBOLS = 87


class BadQuery(Exception):  # noqa: N818 - a response, not an internal error
    """A parameter is missing or malformed: 400."""

    def __init__(self, name: str, text: str | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.text = text


class RestrictedSymbol(Exception):  # noqa: N818 - a response, not an internal error
    """The plan does not open this symbol: 402."""


class Session:
    """A world and what is worth making once per day."""

    def __init__(self, world: World, revisions: Revisions) -> None:
        self.world = world
        self.revisions = revisions
        self.screener = market.Screener(world)
        self._peers: market.Peers | None = None

    @property
    def peers(self) -> market.Peers:
        """Peers of the day."""
        if self._peers is None:
            self._peers = market.Peers(self.world)
        return self._peers


@dataclass(frozen=True, slots=True)
class Call:
    """The parameters of one call."""

    path: str
    params: dict[str, str]
    plan: str

    def need(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.params.get(name, "")
        if not value:
            raise BadQuery(name)
        return value

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        text = self.params.get(name, "")
        if not text:
            return default
        if not text.isdigit():
            raise BadQuery(name)
        return int(text)

    def flag(self, name: str, *, default: bool) -> bool:
        """A true or false."""
        text = self.params.get(name, "").lower()
        return default if not text else text == "true"

    def day(self, name: str) -> int | None:
        """A date as a day ordinal."""
        text = self.params.get(name, "")
        if not text:
            return None
        try:
            return dt.date.fromisoformat(text).toordinal()
        except ValueError:
            raise BadQuery(name) from None

    def security(self, world: World) -> Security | None:
        """The listing of the parameter `symbol`; None where there is no such."""
        found = world.universe.find(self.need("symbol"))
        if found is not None and self.plan == "free" and _FREE_SYMBOLS < found.index < KNOWN_INDEX:
            raise RestrictedSymbol
        return found


Route = Callable[[Session, Call], bytes | Response]
ROUTES: dict[str, Route] = {}


def _route(*paths: str) -> Callable[[Route], Route]:
    def register(function: Route) -> Route:
        for path in paths:
            ROUTES[path] = function
        return function

    return register


def _stream_json(rows: Iterable[Row]) -> Response:
    def list_lines() -> Iterator[str]:
        before = "["
        for row in rows:
            yield before + json.dumps(row, ensure_ascii=False, separators=(",", ":"))
            before = ","
        yield "[]" if before == "[" else "]"

    return Response(lines=list_lines())


def _stream_csv(lines: Iterator[str] | None) -> Response:
    if lines is None:
        raise BadQuery("part")
    return Response(content_type=CSV_TYPE, lines=lines)


def _per_symbol(path: str, make: Callable[[Session, Call, Security], Iterable[Row]]) -> None:
    def respond(session: Session, call: Call) -> bytes:
        one = call.security(session.world)
        return b"[]" if one is None else encode_rows(make(session, call, one))

    ROUTES[path] = respond


def _per_etf(path: str, make: Callable[[World, Security], Iterable[Row]]) -> None:
    _per_symbol(path, lambda session, _, one: make(session.world, one) if one.is_etf else ())


def _whole_list(path: str, make: Callable[[World], Iterable[Row]]) -> None:
    ROUTES[path] = lambda session, _: encode_rows(make(session.world))


@_route("company-screener")
def _screen(session: Session, call: Call) -> bytes:
    limit = min(call.number("limit", _SCREENER_LIMIT), _SCREENER_CAP)
    page = call.number("page", 0)
    try:
        return encode_rows(session.screener.find_rows(call.params, limit=limit, page=page))
    except ValueError:
        raise BadQuery("number") from None


@_route("batch-quote", "batch-quote-short")
def _quote_batch(session: Session, call: Call) -> bytes:
    find = session.world.universe.find
    members = [one for symbol in call.need("symbols").split(",") if (one := find(symbol))]
    return encode_rows(market.list_quotes(session.world, members, short=call.path.endswith("short")))


@_route("batch-exchange-quote")
def _quote_exchange(session: Session, call: Call) -> Response:
    code = call.need("exchange").upper()
    members = [one for one in session.world.universe.listings if one.exchange.code == code]
    return _stream_json(market.list_quotes(session.world, members, short=call.flag("short", default=True)))


@_route("batch-etf-quotes")
def _quote_etfs(session: Session, call: Call) -> Response:
    members = session.world.list_etfs()
    return _stream_json(market.list_quotes(session.world, members, short=call.flag("short", default=True)))


@_route("batch-index-quotes")
def _quote_indices(session: Session, call: Call) -> bytes:
    members = session.world.universe.indices
    return encode_rows(market.list_quotes(session.world, members, short=call.flag("short", default=True)))


@_route("historical-price-eod/full", "historical-price-eod/light", "historical-price-eod/non-split-adjusted")
def _list_prices(session: Session, call: Call) -> bytes:
    first, last = call.day("from"), call.day("to")
    one, form = call.security(session.world), call.path.rpartition("/")[2]
    if form == "full" and (currency := forex.find_currency(call.need("symbol"))) is not None:
        return encode_rows(forex.list_rates(session.world, currency, first, last))
    if one is None:
        return b"[]"
    bars = history.list_bars(session.world, one, first, last, adjusted=form != "non-split-adjusted")
    if form == "full":
        return history.encode_full(one, bars)
    return history.encode_light(one, bars) if form == "light" else history.encode_unadjusted(one, bars)


def _limited(call: Call, rows: list[Row]) -> list[Row]:
    return rows[: call.number("limit", len(rows))]


def _revised(session: Session, call: Call, one: Security, rows: list[Row]) -> list[Row]:
    return _limited(call, session.revisions.apply(call.path, rows, symbol=one.symbol))


def _revise_calendar(session: Session, name: str, rows: list[Row], first: int, last: int) -> bytes:
    revised = session.revisions.apply(name, rows, symbol=None, first=iso(first), last=iso(last))
    return encode_rows(revised[: history.CALENDAR_ROWS])


_per_symbol("profile", lambda session, _, one: [market.profile_row(session.world, one)])
_per_symbol("quote", lambda session, _, one: [market.quote_row(session.world, one)])
_per_symbol("quote-short", lambda session, _, one: [market.short_quote_row(session.world, one)])
_per_symbol("stock-peers", lambda session, _, one: session.peers.rows(one))
_per_symbol(
    "splits", lambda session, call, one: _revised(session, call, one, history.list_split_rows(session.world, one))
)
_per_symbol(
    "dividends", lambda session, call, one: _revised(session, call, one, history.list_dividend_rows(session.world, one))
)
_per_symbol(
    "financial-scores",
    lambda session, _, one: [row] if (row := derived.score_row(session.world, one)) is not None else [],
)
_per_etf("etf/info", lambda world, one: [funds.info_row(world, one)])
_per_etf("etf/holdings", funds.list_holdings)
_per_etf("etf/country-weightings", funds.list_country_weights)
_per_etf("etf/sector-weightings", funds.list_sector_weights)
_whole_list("biggest-gainers", lambda world: market.list_movers(world, gainers=True))
_whole_list("biggest-losers", lambda world: market.list_movers(world, gainers=False))
_whole_list("most-actives", market.list_most_active)
_whole_list("available-exchanges", lambda _: market.list_exchanges())
for _index in ("sp500", "nasdaq", "dowjones"):
    _whole_list(f"{_index}-constituent", lambda world, index=_index: lists.list_constituents(world, index))  # type: ignore[misc]
    _whole_list(
        f"historical-{_index}-constituent",
        lambda world, index=_index: lists.list_past_constituents(world, index),  # type: ignore[misc]
    )
_whole_list(
    "stock-list", lambda world: ({"symbol": one.symbol, "companyName": one.name} for one in world.universe.listings)
)
_whole_list("etf-list", lambda world: ({"symbol": one.symbol, "name": one.name} for one in world.list_etfs()))
_whole_list(
    "actively-trading-list",
    lambda world: ({"symbol": one.symbol, "name": one.name} for one in world.universe.in_scope),
)
_whole_list(
    "index-list",
    lambda world: (
        {"symbol": one.symbol, "name": one.name, "exchange": "INDEX", "currency": one.currency}
        for one in world.universe.indices
    ),
)


def _choose_statements(session: Session, call: Call, one: Security) -> list[Statement]:
    period = call.params.get("period", "annual")
    limit = call.number("limit", _STATEMENT_LIMIT)
    quarterly = period.lower() == "quarter" or period.upper() in QUARTERS
    found = list_statements(one, session.world.as_of, annual=not quarterly)
    if period.upper() in QUARTERS:
        found = [statement for statement in found if statement.period == period.upper()]
    return found[:limit]


def _per_statement(path: str, make: Callable[[Statement], Row]) -> None:
    _per_symbol(path, lambda session, call, one: [make(each) for each in _choose_statements(session, call, one)])


for _kind in STATEMENT_KINDS:
    _per_statement(_kind, lambda each, kind=_kind: statement_row(kind, each))  # type: ignore[misc]
for _kind in derived.GROWTH_KINDS:
    _per_statement(_kind, lambda each, kind=_kind: derived.growth_row(kind, each))  # type: ignore[misc]
_per_statement("financial-growth", derived.financial_growth_row)
_per_statement("ratios", ratio_row)
_per_statement("key-metrics", key_metric_row)


def _list_earnings_rows(session: Session, call: Call, one: Security) -> list[Row]:
    found = derived.list_earnings(session.world, one)
    times = call.flag("includeReportTimes", default=False)
    kept = found[: call.number("limit", len(found))]
    return [derived.earnings_row(session.world, statement, with_times=times) for statement in kept]


_per_symbol("earnings", _list_earnings_rows)


def _read_span(world: World, call: Call) -> tuple[int, int]:
    first, last = call.day("from"), call.day("to")
    end = max(_FIRST_DAY, min(last if last is not None else world.as_of, world.as_of + 366))
    start = first if first is not None else end - 30
    return max(start, end - _CALENDAR_SPAN_DAYS), end


@_route("splits-calendar")
def _list_split_calendar(session: Session, call: Call) -> bytes:
    span = _read_span(session.world, call)
    return _revise_calendar(session, "splits", history.list_split_calendar(session.world, *span), *span)


@_route("dividends-calendar")
def _list_dividend_calendar(session: Session, call: Call) -> bytes:
    span = _read_span(session.world, call)
    return _revise_calendar(session, "dividends", history.list_dividend_calendar(session.world, *span), *span)


@_route("earnings-calendar")
def _list_earnings_calendar(session: Session, call: Call) -> bytes:
    first, last = _read_span(session.world, call)
    size, page = history.CALENDAR_ROWS, call.number("page", 0)
    found = derived.list_reports(session.world, first, last)[page * size : (page + 1) * size]
    return encode_rows(derived.earnings_row(session.world, statement) for statement in found)


@_route("treasury-rates")
def _list_treasury(session: Session, call: Call) -> bytes:
    return encode_rows(lists.list_treasury_rates(session.world, call.day("from"), call.day("to")))


@_route("delisted-companies")
def _list_delisted(session: Session, call: Call) -> bytes:
    size = min(call.number("limit", _DELISTED_PAGE), _DELISTED_PAGE)
    page = call.number("page", 0)
    return encode_rows(lists.list_delisted(session.world)[page * size : (page + 1) * size])


@_route("symbol-change")
def _list_symbol_changes(session: Session, call: Call) -> bytes:
    if call.flag("invalid", default=False):
        return b"[]"
    return encode_rows(lists.list_symbol_changes(session.world)[: call.number("limit", 100)])


def _read_part(call: Call) -> int:
    call.need("part")
    part = call.number("part", 0)
    if part > 1000:
        raise BadQuery("part", PAGE_TOO_HIGH)
    return part


def _read_year(call: Call) -> int:
    call.need("year")
    year = call.number("year", 0)
    if not 1900 <= year <= 2100:
        raise BadQuery("year")
    return year


def _read_period(call: Call) -> tuple[int, str]:
    year, period = _read_year(call), call.need("period").upper()
    if period not in PERIODS:
        raise BadQuery("period")
    return year, period


@_route("eod-bulk")
def _list_bulk_prices(session: Session, call: Call) -> Response:
    call.need("date")
    return _stream_csv(bulk.price_lines(session.world, call.day("date") or 0))


ROUTES["profile-bulk"] = lambda session, call: _stream_csv(bulk.profile_lines(session.world, _read_part(call)))
ROUTES["etf-holder-bulk"] = lambda session, call: _stream_csv(bulk.holder_lines(session.world, _read_part(call)))
ROUTES["scores-bulk"] = lambda session, _: _stream_csv(bulk.score_lines(session.world))
ROUTES["peers-bulk"] = lambda session, _: _stream_csv(bulk.peer_lines(session.world, session.peers))
ROUTES["earnings-surprises-bulk"] = lambda session, call: _stream_csv(
    bulk.surprise_lines(session.world, _read_year(call))
)
for _path in bulk.STATEMENT_BULKS:
    ROUTES[_path] = lambda session, call: _stream_csv(
        bulk.statement_lines(session.world, call.path, *_read_period(call))
    )

OWN_PATHS = frozenset(ROUTES)
"""The paths with figures of their own; the rows of the others are made from what a dataset declares."""


def _make_declared(path: str, facts: Mapping[str, Any]) -> None:
    def list_all(session: Session) -> Iterator[Row]:
        return (declared.make_row(path, session.world, one) for one in session.world.universe.in_scope)

    if facts["scope"] == "symbol":
        _per_symbol(path, lambda session, call, one: [declared.make_row(call.path, session.world, one)])
    elif facts["is_bulk"]:
        ROUTES[path] = lambda session, _: _stream_csv(bulk.encode_csv(list_all(session), facts["fields"]))
    else:
        ROUTES[path] = lambda session, _: _stream_json(list_all(session))


for _path, _facts in declared.DECLARED.items():
    _make_declared(_path, _facts)
