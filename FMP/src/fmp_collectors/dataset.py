"""Declarations of datasets: where and how to request each one, how to read it, and what its key is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from fmp_collectors.call import Origin
from fmp_collectors.records import EXCHANGES, Record, find_plain_type

_PERIODS = ("FY", "Q1", "Q2", "Q3", "Q4")
# sorts after every date: requests are ordered by subject, so new data comes first
_AGAIN = "again "


class Cadence(StrEnum):
    """How often a dataset is collected."""

    DAILY = "daily"
    WEEKLY = "weekly"


class Plan(StrEnum):
    """The vendor's cheapest plan that is known to include an endpoint."""

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
    """The listings of the universe for which a dataset is requested, or the pairs of their currencies."""

    ALL = "all"
    FUNDS = "funds"
    COMPANIES = "companies"
    CURRENCIES = "currencies"


class History(StrEnum):
    """What the first backfill covers: nothing, the years of listed securities, or also those of securities delisted in them."""

    NONE = "none"
    LISTED = "listed"
    DELISTED = "delisted"


class Storage(StrEnum):
    """How a table stores a dataset: the newest row of each key, every state of a list with its validity period, every
    content of a key as a version, or events by day with the times at which the vendor reported them."""

    ROWS = "rows"
    SNAPSHOT = "snapshot"
    VERSIONS = "versions"
    EVENTS = "events"


class Repeats(StrEnum):
    """The rule for different rows with one key in one response; equal rows are duplicates. Their order in the response never
    decides."""

    AMBIGUOUS = "ambiguous"
    SET = "set"
    NUMBERED = "numbered"
    FILED = "filed"
    FULLER = "fuller"


@dataclass(frozen=True, eq=False)
class FmpEndpoint:
    """One way to get a dataset. With `page_size`, pages are requested until one returns nothing new.

    With `full_rows`, a response for a range of days that has this many rows was cut silently. The range is halved, down to single
    days; a single day is then read page by page if the endpoint `has_pages`.

    With `is_dated`, a symbol or topic is requested from the first to the last day, in pieces of at most `most_days`. With
    `is_fiscal`, the annual and quarterly figures of the fiscal years of those days are requested; with `rows_per_year`, as many
    rows as those years have.

    `variants` are requested one after the other and form one response. `topics` replace `{topic}` in the path, or are symbols if
    the path has none; `topic_field` is the field that names the topic in a row. `reshape` turns the delivered rows and the
    requested subject into rows of records.

    `sends` are the vendor's names of the key fields that prove a row to be a record, if they are not simply the fields of the
    dataset's key that have no default. With `may_be_bare`, a row of the key alone means that there is no data.
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
    sends: tuple[str, ...] = ()
    may_be_bare: bool = False
    reshape: Callable[[Iterable[Any], str], Iterator[Any]] | None = None


@dataclass(frozen=True, eq=False)
class FmpDataset:
    """A dataset: its endpoints in order of preference. A later endpoint replaces one that the plan refuses.

    `exchange_field` is the vendor's field that names the exchange; rows of other exchanges are skipped. If rows name no exchange,
    one of the `symbol_fields` must be in the universe. `list_field` is the column for whose values a snapshot is complete.

    With `is_stamped`, rows have no date and get that of the last completed session as `sessionDate`. `hours_after_close` is how
    long after a session's close the vendor has that day's records, if records are per day.

    With `kind_field`, this field determines which row of a set a row of an incomplete response corrects. `days_back` is
    how far back ordinary work requests events again, to see corrections.

    With `is_worldwide`, rows of symbols outside the universe are kept too. `repeats` is the rule for different rows of one key in
    one response.

    `prices` are fields without which a row is useless: a value of zero or less rejects the row. Such a value of
    `side_prices` is dropped. `observed` is the key field with the time of an observation, which is never in the future.

    With `skips_refused`, data that the plan refuses is skipped and the dataset still counts as complete. Without `keeps_history`,
    a newer row replaces the one of its key without a trace.

    `about` is the comment of the dataset's table. Its columns are then those of the record, each with its field's description
    as comment; otherwise the table is declared where the others are.
    """

    name: str
    record: type[Record]
    table: str
    key: tuple[str, ...]
    endpoints: tuple[FmpEndpoint, ...]
    cadence: Cadence
    title: str
    storage: Storage = Storage.ROWS
    audience: Audience = Audience.ALL
    history: History = History.NONE
    skips_refused: bool = False
    exchange_field: str | None = None
    symbol_fields: tuple[str, ...] = ()
    list_field: str | None = None
    kind_field: str | None = None
    is_worldwide: bool = False
    repeats: Repeats = Repeats.AMBIGUOUS
    prices: tuple[str, ...] = ()
    side_prices: tuple[str, ...] = ()
    observed: str | None = None
    keeps_history: bool = True
    daily_days: int = 10
    days_back: int = 0
    days_ahead: int = 0
    is_stamped: bool = False
    hours_after_close: int | None = None
    about: str | None = None

    @functools.cached_property
    def day_field(self) -> str | None:
        """The key field that holds the day of a record, as a date or a time; None for lists."""
        fields = self.record.model_fields
        return next((name for name in self.key if find_plain_type(fields[name].annotation) in (date, datetime)), None)

    @property
    def moves_replaced(self) -> bool:
        """Whether a row moves to the history when a newer one with its key replaces it; lists and versions replace no rows."""
        return self.keeps_history and self.storage is Storage.ROWS

    @property
    def needs_universe(self) -> bool:
        """Whether the universe must be known before this dataset can be requested."""
        scopes = {endpoint.scope for endpoint in self.endpoints}
        return self.is_lost_without_universe or self.is_stamped or not scopes.isdisjoint({Scope.SYMBOL, Scope.BATCH})

    @property
    def is_lost_without_universe(self) -> bool:
        """Whether nothing can be requested while no listing is known."""
        by_symbol = bool(self.symbol_fields) and not self.is_worldwide
        return by_symbol or self.endpoints[0].scope in (Scope.SYMBOL, Scope.BATCH)


@dataclass(frozen=True)
class Targets:
    """What to request: symbols by exchange, sorted, and the days from `first` to `last` for datasets with dates.

    `sessions` are the trading days among them, in order. `only` are the symbols that a caller named, None for all. The days from
    `again` until before `first` are requested last, to see corrections. `aliases` are the other symbols that a security has or
    had. `topics` replace those of an endpoint. `ends` are the last days of symbols that no longer trade.
    """

    symbols: Mapping[str, Sequence[str]]
    first: date
    last: date
    sessions: Sequence[date] = ()
    only: frozenset[str] | None = None
    again: date | None = None
    aliases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    topics: tuple[str, ...] | None = None
    ends: Mapping[str, date] = field(default_factory=dict)

    @functools.cached_property
    def known_symbols(self) -> frozenset[str]:
        """All symbols, as a set for look-ups."""
        return frozenset(self.list_symbols())

    def list_fiscal_years(self) -> range:
        """Return the fiscal years to request: those of the days, at least the last year and the one before, and the next year.

        A fiscal year is named after the calendar year in which it ends, so the newest one is often next year by the calendar.
        """
        return range(min(self.first.year, self.last.year - 1), self.last.year + 2)

    def list_symbols(self) -> list[str]:
        """Return all symbols, sorted."""
        return sorted({symbol for symbols in self.symbols.values() for symbol in symbols})


@dataclass(frozen=True)
class FmpRequest:
    """One call, or one series of pages. Requests of an endpoint are ordered by `subject`, which is also the resume point.

    With `is_ahead`, it is for a fiscal year that perhaps no company has reached: a refusal means that there is no data
    yet.
    """

    endpoint: FmpEndpoint
    subject: str
    params: Mapping[str, str]
    symbols: tuple[str, ...] = ()
    exchange: str | None = None
    variants: tuple[Mapping[str, str], ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    is_ahead: bool = False

    @property
    def requested_symbols(self) -> tuple[str, ...]:
        """The symbols that the rows may be about; empty if the request names none."""
        if self.endpoint.scope in (Scope.SYMBOL, Scope.BATCH):
            return self.symbols
        is_symbol = self.endpoint.scope is Scope.TOPIC and "{topic}" not in self.endpoint.path
        return (self.subject,) if is_symbol else ()

    @property
    def path(self) -> str:
        """The path of the request."""
        return self.endpoint.path.replace("{topic}", self.subject)

    @property
    def given(self) -> Mapping[str, str]:
        """Values that the request knows and its rows may lack."""
        return {"symbol": self.symbols[0]} if self.endpoint.scope is Scope.SYMBOL else self.defaults

    @property
    def origin(self) -> Origin:
        """The origin that rows of this request name."""
        return Origin(self.endpoint.path, self.subject, self.given)


def plan_requests(endpoint: FmpEndpoint, targets: Targets, *, after: str = "") -> Iterator[FmpRequest]:
    """Yield the requests of an endpoint after the subject `after`, in the order of their subjects."""
    for request in _plan_all(endpoint, targets, after):
        if request.subject > after:
            yield request


def _plan_all(endpoint: FmpEndpoint, targets: Targets, after: str) -> Iterator[FmpRequest]:
    if endpoint.scope is Scope.BATCH:
        # build batches from the remaining symbols, so a resumed run makes as few calls as an uninterrupted one
        return _plan_batches(endpoint, targets, dict(endpoint.params), after)
    return _PLANNERS[endpoint.scope](endpoint, targets, dict(endpoint.params))


def _plan_lists(endpoint: FmpEndpoint, _: Targets, fixed: dict[str, str]) -> Iterator[FmpRequest]:
    yield FmpRequest(endpoint, "all", fixed)


def _plan_exchanges(endpoint: FmpEndpoint, targets: Targets, fixed: dict[str, str]) -> Iterator[FmpRequest]:
    for exchange in sorted(code for code in targets.symbols if code in EXCHANGES):
        known = tuple(targets.symbols[exchange])
        yield FmpRequest(endpoint, exchange, {**fixed, "exchange": exchange}, known, exchange)


def _plan_symbols(endpoint: FmpEndpoint, targets: Targets, fixed: dict[str, str]) -> Iterator[FmpRequest]:
    variants = _list_variants(endpoint, targets)
    if endpoint.rows_per_year is not None:
        fixed = {**fixed, "limit": str(endpoint.rows_per_year * len(targets.list_fiscal_years()))}
    for symbol in targets.list_symbols():
        end = targets.ends.get(symbol) if endpoint.is_dated else None
        own = variants if end is None else _list_spans(targets.first, min(end, targets.last), endpoint.most_days)
        yield FmpRequest(endpoint, symbol, {**fixed, "symbol": symbol}, (symbol,), variants=own)


def _plan_topics(endpoint: FmpEndpoint, targets: Targets, fixed: dict[str, str]) -> Iterator[FmpRequest]:
    variants = _list_variants(endpoint, targets)
    stamp = {"sessionDate": targets.sessions[-1].isoformat()} if targets.sessions else {}
    is_symbol = "{topic}" not in endpoint.path
    for topic in sorted(endpoint.topics if targets.topics is None else targets.topics):
        if is_symbol and targets.only is not None and topic not in targets.only:
            continue
        params = {**fixed, "symbol": topic} if is_symbol else fixed
        yield FmpRequest(endpoint, topic, params, variants=variants, defaults={endpoint.topic_field: topic, **stamp})


def _plan_sessions(endpoint: FmpEndpoint, targets: Targets, fixed: dict[str, str]) -> Iterator[FmpRequest]:
    for session in targets.sessions:
        yield FmpRequest(endpoint, session.isoformat(), {**fixed, "date": session.isoformat()})


def _plan_fiscal(endpoint: FmpEndpoint, targets: Targets, fixed: dict[str, str]) -> Iterator[FmpRequest]:
    for year in targets.list_fiscal_years():
        for period in _PERIODS:
            params = {**fixed, "year": str(year), "period": period}
            yield FmpRequest(endpoint, f"{year} {period}", params, is_ahead=year > targets.last.year)


def _plan_batches(endpoint: FmpEndpoint, targets: Targets, fixed: dict[str, str], after: str) -> Iterator[FmpRequest]:
    left = [symbol for symbol in targets.list_symbols() if symbol > after]
    for start in range(0, len(left), endpoint.batch_size):
        part = tuple(left[start : start + endpoint.batch_size])
        yield FmpRequest(endpoint, part[-1], {**fixed, "symbols": ",".join(part)}, part)


def _plan_ranges(endpoint: FmpEndpoint, targets: Targets, fixed: dict[str, str]) -> Iterator[FmpRequest]:
    for span in _list_spans(targets.first, targets.last, endpoint.range_days):
        yield FmpRequest(endpoint, span["to"], {**fixed, **span})
    if targets.again is not None:
        for span in _list_spans(targets.again, targets.first - timedelta(days=1), endpoint.range_days):
            yield FmpRequest(endpoint, f"{_AGAIN}{span['to']}", {**fixed, **span})


def _list_spans(first: date, last: date, days: int) -> tuple[Mapping[str, str], ...]:
    spans: list[Mapping[str, str]] = []
    start = first
    while start <= last:
        end = min(start + timedelta(days=days - 1), last)
        spans.append({"from": start.isoformat(), "to": end.isoformat()})
        start = end + timedelta(days=1)
    return tuple(spans)


def _list_variants(endpoint: FmpEndpoint, targets: Targets) -> tuple[Mapping[str, str], ...]:
    if endpoint.is_fiscal:
        years = len(targets.list_fiscal_years())
        return {"period": "annual", "limit": str(years)}, {"period": "quarter", "limit": str(4 * years)}
    return _list_spans(targets.first, targets.last, endpoint.most_days) if endpoint.is_dated else endpoint.variants


_PLANNERS: Mapping[Scope, Callable[[FmpEndpoint, Targets, dict[str, str]], Iterator[FmpRequest]]] = {
    Scope.LIST: _plan_lists,
    Scope.PARTS: _plan_lists,
    Scope.EXCHANGE: _plan_exchanges,
    Scope.SYMBOL: _plan_symbols,
    Scope.TOPIC: _plan_topics,
    Scope.SESSION: _plan_sessions,
    Scope.FISCAL: _plan_fiscal,
    Scope.RANGE: _plan_ranges,
}
