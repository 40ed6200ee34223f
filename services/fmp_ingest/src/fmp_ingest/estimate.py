"""What collecting a dataset would cost, without a call."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from fmp_collectors.dataset import Dataset, Scope, Targets, plan_requests
from fmp_collectors.datasets.universe import UNIVERSE
from fmp_ingest.pace import make_pace

_USUAL_PARTS = 5
_USUAL_PAGES = {"delisted-companies": 100}


@dataclass(frozen=True)
class Estimate:
    """Calls of the first source, by which path, and the minutes that they take at the account's rate."""

    path: str
    calls: int
    minutes: Decimal


def estimate_calls(
    dataset: Dataset, targets: Targets, *, calls_per_minute: int, bulk_per_minute: int, lacks_universe: bool
) -> Estimate:
    """Return the cost by the dataset's first source; with a plan that lacks it the next one may cost more."""
    source = dataset.sources[0]
    if source.scope is Scope.PARTS:
        calls = _USUAL_PARTS
    else:
        pages = 1 if source.page_size is None else _USUAL_PAGES.get(source.path, 2)
        calls = pages * sum(max(1, len(request.variants)) for request in plan_requests(source, targets))
    minutes = Decimal(calls) / make_pace(bulk_per_minute if source.is_bulk else calls_per_minute).slots_per_minute
    if lacks_universe and dataset is not UNIVERSE and dataset.needs_universe:
        calls += 2 * len(targets.symbols)
    return Estimate(source.path, calls, round(minutes, 2))
