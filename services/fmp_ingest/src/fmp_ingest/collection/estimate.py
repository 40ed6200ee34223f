"""The cost of collecting a dataset, estimated without a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fmp_collectors.dataset import FmpDataset, FmpEndpoint, Scope, Targets, plan_requests
from fmp_collectors.datasets.universe import UNIVERSE
from sra_shared.kit.settings import FmpSettings

_USUAL_PARTS = 5
_USUAL_PAGES = {"delisted-companies": 100}


@dataclass(frozen=True)
class Estimate:
    """The calls of the first endpoint, its path, and the minutes that they take at the account's rate."""

    path: str
    calls: int
    minutes: Decimal


def count_calls(endpoint: FmpEndpoint, targets: Targets) -> int:
    """Return how many calls an endpoint takes; for parts and pages, the usual number."""
    if endpoint.scope is Scope.PARTS:
        return _USUAL_PARTS
    pages = 1 if endpoint.page_size is None else _USUAL_PAGES.get(endpoint.path, 2)
    return pages * sum(max(1, len(request.variants)) for request in plan_requests(endpoint, targets))


def estimate_calls(
    dataset: FmpDataset, targets: Targets, settings: FmpSettings, *, is_backfill: bool, lacks_universe: bool = False
) -> Estimate:
    """Return the cost by the endpoint that is tried first; if the plan lacks it, the next one may cost more."""
    endpoint = order_endpoints(dataset.endpoints, targets, settings, is_backfill=is_backfill)[0]
    calls = count_calls(endpoint, targets)
    minutes = _count_minutes(endpoint, targets, settings, is_backfill=is_backfill)
    if lacks_universe and dataset is not UNIVERSE and dataset.needs_universe:
        calls += 2 * len(targets.symbols)
    return Estimate(endpoint.path, calls, round(minutes, 2))


def order_endpoints(
    endpoints: Sequence[FmpEndpoint], targets: Targets, settings: FmpSettings, *, is_backfill: bool
) -> tuple[FmpEndpoint, ...]:
    """Return the endpoints in the order in which to try them.

    Bulk comes first in ordinary work. Single symbols are quicker for years of sessions, at two files a minute, and if
    only some symbols are requested.
    """
    if not is_backfill and targets.only is None:
        return tuple(endpoints)

    def make_sort_key(endpoint: FmpEndpoint) -> tuple[Decimal, bool]:
        minutes = _count_minutes(endpoint, targets, settings, is_backfill=is_backfill)
        return minutes, endpoint.scope not in (Scope.SYMBOL, Scope.BATCH)

    return tuple(sorted(endpoints, key=make_sort_key))


def _count_minutes(endpoint: FmpEndpoint, targets: Targets, settings: FmpSettings, *, is_backfill: bool) -> Decimal:
    share = settings.fmp_backfill_share if is_backfill else Decimal(1)
    # a backfill takes its files from the weekly run's two a minute
    limit = settings.fmp_bulk_calls_per_minute if endpoint.is_bulk else settings.fmp_max_calls_per_minute
    rate = share * limit if endpoint.is_bulk else max(1, int(share * limit))
    return Decimal(count_calls(endpoint, targets)) / rate
