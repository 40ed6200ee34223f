"""What a dataset is: where to ask, in which steps, how to read it, what its key is. One declaration each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from fmp_collectors.records import EXCHANGES, Record

_PERIODS = ("FY", "Q1", "Q2", "Q3", "Q4")


class Cadence(StrEnum):
    """How often a dataset is collected."""

    DAILY = "daily"
    WEEKLY = "weekly"


class Plan(StrEnum):
    """The vendor's plan from which an endpoint answers, as far as is known."""

    FREE = "free"
    STARTER = "starter"
    PREMIUM = "premium"
    ULTIMATE = "ultimate"
    UNKNOWN = "unknown"


class Scope(StrEnum):
    """What one call covers."""

    LIST = "list"
    EXCHANGE = "exchange"
    SYMBOL = "symbol"
    BATCH = "batch"
    RANGE = "range"
    PARTS = "parts"
    SESSION = "session"
    FISCAL = "fiscal"
    TOPIC = "topic"


class Audience(StrEnum):
    """Which listings of the universe a dataset is asked for."""

    ALL = "all"
    FUNDS = "funds"
    COMPANIES = "companies"


class Storage(StrEnum):
    """How a table keeps a dataset: the newest row of each key, every state of a list with the times it held, or every
    content of a key as a version."""

    ROWS = "rows"
    SNAPSHOT = "snapshot"
    VERSIONS = "versions"


@dataclass(frozen=True, eq=False)
class Source:
    """One way to get a dataset. `page_size` asks page after page until one brings nothing new.

    With `full_rows`, an answer to a range of days that has as many rows was cut, without a word: the range is halved, down
    to single days, of which further pages are asked for where the endpoint `has_pages`.

    With `is_dated`, a symbol or topic is asked for from the first to the last day, in pieces of `most_days` at most; with
    `is_fiscal`, for the annual and the quarterly figures of the fiscal years of those days; with `rows_per_year`, for as
    many rows as those years have.
    `variants` are asked one after the other and make one answer. `topics` stand for `{topic}` in the path, or are symbols
    where it has none; `topic_field` is the field that names the topic in a row. `reshape` makes the rows of records of
    the delivered ones and the subject asked for.
    """

    path: str
    scope: Scope
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int | None = None
    batch_size: int = 100
    range_days: int = 90
    full_rows: int | None = None
    has_pages: bool = False
    plan: Plan = Plan.UNKNOWN
    is_bulk: bool = False
    is_dated: bool = False
    is_fiscal: bool = False
    rows_per_year: int | None = None
    most_days: int = 5000
    variants: tuple[Mapping[str, str], ...] = ()
    topics: tuple[str, ...] = ()
    topic_field: str = "symbol"
    reshape: Callable[[Iterable[Any], str], Iterator[Any]] | None = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset: its sources in order of preference, a later one standing in where the plan refuses the one before.

    `exchange_field` is the vendor's field by which rows of other exchanges are left out; `symbol_fields` those of which
    one must be in the universe, where rows name no exchange. `list_field` is the column that a snapshot is complete for.
    With `is_stamped`, rows have no date and get that of the last completed session as `sessionDate`.
    `hours_after_close` is how long after a session's close the vendor has that day's records, where records are of days.
    With `numbers_repeats`, rows that agree in all other key fields are told apart by their place among them.
    """

    name: str
    record: type[Record]
    table: str
    key: tuple[str, ...]
    sources: tuple[Source, ...]
    cadence: Cadence
    title: str
    storage: Storage = Storage.ROWS
    audience: Audience = Audience.ALL
    exchange_field: str | None = None
    symbol_fields: tuple[str, ...] = ()
    list_field: str | None = None
    numbers_repeats: bool = False
    daily_days: int = 10
    days_ahead: int = 0
    is_stamped: bool = False
    hours_after_close: int | None = None

    @property
    def needs_universe(self) -> bool:
        """Whether the universe must be known before this can be asked for."""
        scopes = {source.scope for source in self.sources}
        return self.is_lost_without_universe or self.is_stamped or not scopes.isdisjoint({Scope.SYMBOL, Scope.BATCH})

    @property
    def is_lost_without_universe(self) -> bool:
        """Whether nothing at all can be had while no listing is known."""
        return bool(self.symbol_fields) or self.sources[0].scope in (Scope.SYMBOL, Scope.BATCH)


@dataclass(frozen=True)
class Targets:
    """What to ask for: symbols by exchange, in order, and the days from `first` to `last` where a dataset has dates.

    `sessions` are the days of trading among them, in order. `only` are the symbols that somebody asked for, None for all.
    """

    symbols: Mapping[str, Sequence[str]]
    first: date
    last: date
    sessions: Sequence[date] = ()
    only: frozenset[str] | None = None

    @functools.cached_property
    def known_symbols(self) -> frozenset[str]:
        """All symbols, for looking one up."""
        return frozenset(self.list_symbols())

    def count_years(self) -> int:
        """Fiscal years that are asked for: those of the days, and at least the last one and the one before."""
        return self.last.year - min(self.first.year, self.last.year - 1) + 1

    def list_symbols(self) -> list[str]:
        """All symbols in order."""
        return sorted({symbol for symbols in self.symbols.values() for symbol in symbols})


@dataclass(frozen=True)
class Request:
    """One call, or one series of pages. Requests of a source are ordered by `subject`, which is also the resume point."""

    source: Source
    subject: str
    params: Mapping[str, str]
    symbols: tuple[str, ...] = ()
    exchange: str | None = None
    variants: tuple[Mapping[str, str], ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where to ask."""
        return self.source.path.replace("{topic}", self.subject)


def plan_requests(source: Source, targets: Targets, *, after: str = "") -> Iterator[Request]:
    """Yield the requests of a source in the order of their subjects, those up to `after` left out."""
    for request in _plan_all(source, targets, after):
        if request.subject > after:
            yield request


def _plan_all(source: Source, targets: Targets, after: str) -> Iterator[Request]:
    if source.scope is Scope.BATCH:
        # batches are made of what is left, so that a resumed run asks for as few as an undisturbed one
        return _plan_batches(source, targets, dict(source.params), after)
    return _PLANNERS[source.scope](source, targets, dict(source.params))


def _plan_lists(source: Source, _: Targets, fixed: dict[str, str]) -> Iterator[Request]:
    yield Request(source, "all", fixed)


def _plan_exchanges(source: Source, targets: Targets, fixed: dict[str, str]) -> Iterator[Request]:
    for exchange in sorted(code for code in targets.symbols if code in EXCHANGES):
        known = tuple(targets.symbols[exchange])
        yield Request(source, exchange, {**fixed, "exchange": exchange}, known, exchange)


def _plan_symbols(source: Source, targets: Targets, fixed: dict[str, str]) -> Iterator[Request]:
    variants = _list_variants(source, targets)
    if source.rows_per_year is not None:
        fixed = {**fixed, "limit": str(source.rows_per_year * (targets.count_years() + 1))}
    for symbol in targets.list_symbols():
        yield Request(source, symbol, {**fixed, "symbol": symbol}, (symbol,), variants=variants)


def _plan_topics(source: Source, targets: Targets, fixed: dict[str, str]) -> Iterator[Request]:
    variants = _list_variants(source, targets)
    stamp = {"sessionDate": targets.sessions[-1].isoformat()} if targets.sessions else {}
    is_symbol = "{topic}" not in source.path
    for topic in sorted(source.topics):
        if is_symbol and targets.only is not None and topic not in targets.only:
            continue
        params = {**fixed, "symbol": topic} if is_symbol else fixed
        yield Request(source, topic, params, variants=variants, defaults={source.topic_field: topic, **stamp})


def _plan_sessions(source: Source, targets: Targets, fixed: dict[str, str]) -> Iterator[Request]:
    for session in targets.sessions:
        yield Request(source, session.isoformat(), {**fixed, "date": session.isoformat()})


def _plan_fiscal(source: Source, targets: Targets, fixed: dict[str, str]) -> Iterator[Request]:
    """The year of the last day and the one before, or all years from that of the first day on."""
    for year in range(targets.last.year - targets.count_years() + 1, targets.last.year + 1):
        for period in _PERIODS:
            yield Request(source, f"{year} {period}", {**fixed, "year": str(year), "period": period})


def _plan_batches(source: Source, targets: Targets, fixed: dict[str, str], after: str) -> Iterator[Request]:
    left = [symbol for symbol in targets.list_symbols() if symbol > after]
    for start in range(0, len(left), source.batch_size):
        part = tuple(left[start : start + source.batch_size])
        yield Request(source, part[-1], {**fixed, "symbols": ",".join(part)}, part)


def _plan_ranges(source: Source, targets: Targets, fixed: dict[str, str]) -> Iterator[Request]:
    for span in _list_spans(targets, source.range_days):
        yield Request(source, span["to"], {**fixed, **span})


def _list_spans(targets: Targets, days: int) -> tuple[Mapping[str, str], ...]:
    spans: list[Mapping[str, str]] = []
    start = targets.first
    while start <= targets.last:
        end = min(start + timedelta(days=days - 1), targets.last)
        spans.append({"from": start.isoformat(), "to": end.isoformat()})
        start = end + timedelta(days=1)
    return tuple(spans)


def _list_variants(source: Source, targets: Targets) -> tuple[Mapping[str, str], ...]:
    if source.is_fiscal:
        # the newest fiscal year may be the next one by the calendar, and its quarters come first
        years = targets.count_years() + 1
        return {"period": "annual", "limit": str(years)}, {"period": "quarter", "limit": str(4 * years)}
    return _list_spans(targets, source.most_days) if source.is_dated else source.variants


_PLANNERS: Mapping[Scope, Callable[[Source, Targets, dict[str, str]], Iterator[Request]]] = {
    Scope.LIST: _plan_lists,
    Scope.PARTS: _plan_lists,
    Scope.EXCHANGE: _plan_exchanges,
    Scope.SYMBOL: _plan_symbols,
    Scope.TOPIC: _plan_topics,
    Scope.SESSION: _plan_sessions,
    Scope.FISCAL: _plan_fiscal,
    Scope.RANGE: _plan_ranges,
}
