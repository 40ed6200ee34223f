"""What a dataset is: where to ask, in which steps, how to read it, what its key is. One declaration each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from fmp_collectors.records import EXCHANGES, Record


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


class Audience(StrEnum):
    """Which listings of the universe a dataset is asked for."""

    ALL = "all"
    FUNDS = "funds"


class Storage(StrEnum):
    """How a table keeps a dataset: the newest row of each key, or every state of a list with the times it held."""

    ROWS = "rows"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, eq=False)
class Source:
    """One way to get a dataset. `page_size` asks page after page until one brings nothing new.

    With `is_dated`, a symbol is asked for from the first to the last day.
    """

    path: str
    scope: Scope
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int | None = None
    batch_size: int = 100
    range_days: int = 90
    plan: Plan = Plan.UNKNOWN
    is_bulk: bool = False
    is_dated: bool = False


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset: its sources in order of preference, a later one standing in where the plan refuses the one before.

    `exchange_field` is the vendor's field by which rows of other exchanges are left out; `symbol_fields` those of which
    one must be in the universe, where rows name no exchange. `list_field` is the column that a snapshot is complete for.
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

    @property
    def needs_universe(self) -> bool:
        """Whether the universe must be known before this can be asked for."""
        scopes = {source.scope for source in self.sources}
        return self.is_lost_without_universe or not scopes.isdisjoint({Scope.SYMBOL, Scope.BATCH})

    @property
    def is_lost_without_universe(self) -> bool:
        """Whether nothing at all can be had while no listing is known."""
        return bool(self.symbol_fields) or self.sources[0].scope in (Scope.SYMBOL, Scope.BATCH)


@dataclass(frozen=True)
class Targets:
    """What to ask for: symbols by exchange, in order, and the days from `first` to `last` where a dataset has dates.

    `sessions` are the days of trading among them, in order.
    """

    symbols: Mapping[str, Sequence[str]]
    first: date
    last: date
    sessions: Sequence[date] = ()

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


def plan_requests(source: Source, targets: Targets, *, after: str = "") -> Iterator[Request]:
    """Yield the requests of a source in the order of their subjects, those up to `after` left out."""
    for request in _plan_all(source, targets, after):
        if request.subject > after:
            yield request


def _plan_all(source: Source, targets: Targets, after: str) -> Iterator[Request]:
    fixed = dict(source.params)
    if source.scope in (Scope.LIST, Scope.PARTS):
        yield Request(source, "all", fixed)
    elif source.scope is Scope.EXCHANGE:
        for exchange in sorted(code for code in targets.symbols if code in EXCHANGES):
            known = tuple(targets.symbols[exchange])
            yield Request(source, exchange, {**fixed, "exchange": exchange}, known, exchange)
    elif source.scope is Scope.SYMBOL:
        for symbol in targets.list_symbols():
            days = {"from": targets.first.isoformat(), "to": targets.last.isoformat()} if source.is_dated else {}
            yield Request(source, symbol, {**fixed, "symbol": symbol, **days}, (symbol,))
    elif source.scope is Scope.SESSION:
        for session in targets.sessions:
            yield Request(source, session.isoformat(), {**fixed, "date": session.isoformat()})
    elif source.scope is Scope.BATCH:
        left = [symbol for symbol in targets.list_symbols() if symbol > after]
        for start in range(0, len(left), source.batch_size):
            part = tuple(left[start : start + source.batch_size])
            yield Request(source, part[-1], {**fixed, "symbols": ",".join(part)}, part)
    else:
        yield from _plan_ranges(source, targets, fixed)


def _plan_ranges(source: Source, targets: Targets, fixed: dict[str, str]) -> Iterator[Request]:
    start = targets.first
    while start <= targets.last:
        end = min(start + timedelta(days=source.range_days - 1), targets.last)
        yield Request(source, end.isoformat(), {**fixed, "from": start.isoformat(), "to": end.isoformat()})
        start = end + timedelta(days=1)
