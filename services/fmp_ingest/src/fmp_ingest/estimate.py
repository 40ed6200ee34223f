"""The cost of collecting a dataset, estimated without a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fmp_collectors.dataset import Dataset, Scope, Source, Targets, plan_requests
from fmp_collectors.datasets.universe import UNIVERSE
from sra_shared.settings import FmpSettings

_USUAL_PARTS = 5
_USUAL_PAGES = {"delisted-companies": 100}


@dataclass(frozen=True)
class Estimate:
    """The calls of the first source, its path, and the minutes that they take at the account's rate."""

    path: str
    calls: int
    minutes: Decimal


def count_calls(source: Source, targets: Targets) -> int:
    """Return how many calls a source takes; for parts and pages, the usual number."""
    if source.scope is Scope.PARTS:
        return _USUAL_PARTS
    pages = 1 if source.page_size is None else _USUAL_PAGES.get(source.path, 2)
    return pages * sum(max(1, len(request.variants)) for request in plan_requests(source, targets))


def estimate_calls(
    dataset: Dataset, targets: Targets, settings: FmpSettings, *, is_backfill: bool, lacks_universe: bool = False
) -> Estimate:
    """Return the cost by the source that is tried first; if the plan lacks it, the next one may cost more."""
    source = order_sources(dataset.sources, targets, settings, is_backfill=is_backfill)[0]
    calls = count_calls(source, targets)
    minutes = _count_minutes(source, targets, settings, is_backfill=is_backfill)
    if lacks_universe and dataset is not UNIVERSE and dataset.needs_universe:
        calls += 2 * len(targets.symbols)
    return Estimate(source.path, calls, round(minutes, 2))


def order_sources(
    sources: Sequence[Source], targets: Targets, settings: FmpSettings, *, is_backfill: bool
) -> tuple[Source, ...]:
    """Return the sources in the order in which to try them.

    Bulk comes first in ordinary work. For years of sessions, at two files a minute, single symbols are quicker; so they are if
    only some symbols are requested.
    """
    if not is_backfill and targets.only is None:
        return tuple(sources)

    def weigh(source: Source) -> tuple[Decimal, bool]:
        minutes = _count_minutes(source, targets, settings, is_backfill=is_backfill)
        return minutes, source.scope not in (Scope.SYMBOL, Scope.BATCH)

    return tuple(sorted(sources, key=weigh))


def _count_minutes(source: Source, targets: Targets, settings: FmpSettings, *, is_backfill: bool) -> Decimal:
    share = settings.fmp_backfill_share if is_backfill else Decimal(1)
    # a backfill takes its files from the weekly run's two a minute
    limit = settings.fmp_bulk_calls_per_minute if source.is_bulk else settings.fmp_max_calls_per_minute
    rate = share * limit if source.is_bulk else max(1, int(share * limit))
    return Decimal(count_calls(source, targets)) / rate
