"""The calls that show what a plan grants: one per endpoint, built from the declarations as a run builds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from fmp_collectors.dataset import Audience, FmpDataset, FmpEndpoint, FmpRequest, Scope, Targets, plan_requests
from fmp_collectors.datasets import DATASETS
from fmp_collectors.datasets.universe import UNIVERSE
from fmp_collectors.records import EXCHANGES
from fmp_ingest.collection.target_symbols import is_requested_for

_FEW_DAYS = timedelta(days=10)
# well-known listings, for plans that refuse the universe
_USUAL = {False: (("TSX", "RY.TO"), ("NASDAQ", "AAPL")), True: (("TSX", "XIU.TO"), ("AMEX", "SPY"))}
_CANADIAN = ("TSX", "TSXV")


@dataclass(frozen=True)
class Listing:
    """A listing of the universe, with the fields needed to choose one."""

    symbol: str
    exchange: str
    is_etf: bool
    is_fund: bool
    market_cap: float


@dataclass(frozen=True)
class PreflightMarket:
    """What questions are built for: the listings, the days of the first history, and its trading sessions."""

    first: date
    last: date
    sessions: Sequence[date]
    listings: Sequence[Listing] = field(default=())

    def list_symbols(self, audience: Audience) -> dict[str, list[str]]:
        """Return the symbols that a dataset with this audience is requested for, by exchange."""
        found: dict[str, list[str]] = {code: [] for code in EXCHANGES}
        for one in self.listings:
            if is_requested_for(audience, is_etf=one.is_etf, is_fund=one.is_fund):
                found[one.exchange].append(one.symbol)
        return found

    def choose(self, audience: Audience, *, is_canadian: bool) -> tuple[str, str]:
        """Return the exchange and symbol of the largest listing of an audience in one of the two countries."""
        wanted = [
            one
            for one in self.listings
            if (one.exchange in _CANADIAN) is is_canadian
            and is_requested_for(audience, is_etf=one.is_etf, is_fund=one.is_fund)
            and (audience is Audience.FUNDS or not (one.is_etf or one.is_fund))
        ]
        if not wanted:
            canadian, american = _USUAL[audience is Audience.FUNDS]
            return canadian if is_canadian else american
        largest = max(wanted, key=lambda one: (one.market_cap, one.symbol))
        return largest.exchange, largest.symbol


@dataclass(frozen=True)
class Question:
    """An endpoint of a dataset, and the requests to try.

    The first request is the most demanding: a Canadian listing, the oldest days, quarters. The next one follows if the vendor
    refuses the first or returns no data.
    """

    dataset: FmpDataset
    endpoint: FmpEndpoint
    requests: Sequence[FmpRequest]

    @property
    def path(self) -> str:
        """The endpoint."""
        return self.requests[0].path


def list_universe_questions() -> list[Question]:
    """Return the questions that list all listings: one per exchange."""
    endpoint = UNIVERSE.endpoints[0]
    targets = Targets(dict.fromkeys(EXCHANGES, ()), date.min, date.max)
    return [Question(UNIVERSE, endpoint, [request]) for request in plan_requests(endpoint, targets)]


def list_questions(market: PreflightMarket) -> list[Question]:
    """Return the questions about every other endpoint, in the order of the datasets."""
    return [
        question
        for dataset in DATASETS
        if dataset is not UNIVERSE
        for endpoint in dataset.endpoints
        for question in _list_endpoint_questions(dataset, endpoint, market)
    ]


def _list_endpoint_questions(dataset: FmpDataset, endpoint: FmpEndpoint, market: PreflightMarket) -> list[Question]:
    most = list(plan_requests(endpoint, _make_targets(dataset, endpoint, market, is_canadian=True)))
    least = list(plan_requests(endpoint, _make_targets(dataset, endpoint, market, is_canadian=False)))
    if endpoint.scope is Scope.FISCAL:
        # the newest year that every company has reported
        name = f"{market.last.year - 1} FY"
        return [Question(dataset, endpoint, [one]) for one in most if one.subject == name]
    if endpoint.scope is Scope.TOPIC and "{topic}" in endpoint.path:
        return [Question(dataset, endpoint, [one]) for one in most]
    requests = [_narrow(most[0], -1), _narrow(least[-1], 0)]
    return [Question(dataset, endpoint, requests if _says(requests[0]) != _says(requests[1]) else requests[:1])]


def _make_targets(dataset: FmpDataset, endpoint: FmpEndpoint, market: PreflightMarket, *, is_canadian: bool) -> Targets:
    """Return the targets of a request: the oldest days for datasets with a history, otherwise the newest."""
    exchange, symbol = market.choose(dataset.audience, is_canadian=is_canadian)
    symbols: Mapping[str, Sequence[str]] = {exchange: [symbol]}
    if endpoint.scope is Scope.BATCH and is_canadian:
        symbols = {**symbols, **dict([_pack(market.choose(dataset.audience, is_canadian=False))])}
    targets = Targets(symbols, market.first, market.last, market.sessions[-1:])
    has_days = endpoint.is_dated or endpoint.scope is Scope.RANGE
    if not has_days:
        return targets
    days = min(_FEW_DAYS, timedelta(days=endpoint.range_days - 1))
    return replace(targets, last=market.first + days) if is_canadian else replace(targets, first=market.last - days)


def _pack(choice: tuple[str, str]) -> tuple[str, list[str]]:
    return choice[0], [choice[1]]


def _narrow(request: FmpRequest, place: int) -> FmpRequest:
    """Return the request with one of its variants."""
    return replace(request, variants=request.variants[place:][:1]) if request.variants else request


def _says(request: FmpRequest) -> object:
    return request.path, dict(request.params), [dict(variant) for variant in request.variants]
