"""Which class implements which of the five roles; a type checker verifies every line, and nothing here runs."""

from __future__ import annotations

from fmp_collectors.fetch import Client
from fmp_collectors.responses import FmpResponse
from fmp_ingest.client.fmp_client import FmpClient
from fmp_ingest.client.response_cache import CachedFetcher
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.row_store import Store
from fundata_ingest.formats.batches import FileHead, Position, TextBatch
from fundata_ingest.formats.csv_reader import read_batches
from gateway.refresh.schedule import Fired, Scheduler
from sra_shared.kit.database.cache import DatabaseCache
from sra_shared.runs.protocols import CacheManager, CSVProcessor, DataFetcher, DataRepository, TaskScheduler


def check_roles(
    client: FmpClient, fetcher: CachedFetcher, store: Store, scheduler: Scheduler, cache: DatabaseCache
) -> None:
    """Every assignment is a claim that the type checker must accept."""
    fetchers: list[DataFetcher[FmpResponse]] = [client, fetcher]
    handed_to_collectors: list[Client] = [client, fetcher]
    repository: DataRepository[FmpBatch] = store
    reader: CSVProcessor[FileHead, Position, TextBatch] = read_batches
    clock: TaskScheduler[Fired] = scheduler
    kept: CacheManager = cache
    _ = fetchers, handed_to_collectors, repository, reader, clock, kept
