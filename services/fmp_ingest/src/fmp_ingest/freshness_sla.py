"""The freshness SLA of FMP's datasets, from their declarations."""

from __future__ import annotations

from datetime import timedelta

from fmp_collectors.dataset import FmpDataset
from fmp_collectors.datasets import DATASETS
from sra_shared.kit.settings import FmpSettings
from sra_shared.runs.freshness_sla import DAILY_DELAY, ExpectedDataset


def list_expected(settings: FmpSettings) -> list[ExpectedDataset]:
    """Return the SLA of every dataset; none without a key, because then no dataset is collected."""
    return [] if settings.fmp_api_key is None else [_expect(dataset) for dataset in DATASETS]


def _expect(dataset: FmpDataset) -> ExpectedDataset:
    hours = dataset.hours_after_close
    return ExpectedDataset(
        dataset.name,
        dataset.cadence.value,
        "NYSE",
        by_records=hours is not None,
        delay=DAILY_DELAY if hours is None else timedelta(hours=hours),
    )
