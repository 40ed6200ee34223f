"""The freshness SLA of Fundata's datasets, from the catalogue."""

from __future__ import annotations

from datetime import timedelta

from fundata_ingest.catalogue import Catalogue, FundataDataset
from sra_shared.kit.settings import FundataSettings
from sra_shared.runs.freshness_sla import DAILY_DELAY, ExpectedDataset

# the vendor prices funds in the night after the session
_NAVPS_DELAY = timedelta(hours=14)


def list_expected(settings: FundataSettings, catalogue: Catalogue) -> list[ExpectedDataset]:
    """Return the expectation for every dataset of the update API; none without an account, since seeds are history."""
    if settings.fundata_access_key_id is None:
        return []
    return [_expect(dataset) for dataset in catalogue.datasets if dataset.endpoint is not None]


def _expect(dataset: FundataDataset) -> ExpectedDataset:
    is_quotes = dataset.table == "quotes"
    return ExpectedDataset(
        dataset.name,
        dataset.cadence,
        "TSX",
        by_records=is_quotes or dataset.cadence == "monthly",
        delay=_NAVPS_DELAY if is_quotes else DAILY_DELAY,
    )
