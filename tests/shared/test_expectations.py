"""The expected datasets that the ingest services store at their start, from the registry and the catalogue."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from fmp_collectors.datasets import DATASETS
from fmp_ingest.freshness_sla import list_expected as list_fmp
from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.freshness_sla import list_expected as list_fundata
from fundata_ingest.main import make_app
from sra_cli.ports import find_free_port
from sra_shared.kit.db import Pool
from sra_shared.kit.settings import (
    DatabaseSettings,
    FmpSettings,
    FundataSettings,
    PeerSettings,
    SeedStorageSettings,
    ServiceSettings,
)
from sra_testing.gateway_lab import SERVICE_TOKEN, serve_app
from sra_testing.timings import QUICK
from sra_testing.waiting import wait_for

ACCOUNT = FundataSettings(fundata_access_key_id=SecretStr("key"), fundata_secret_access_key=SecretStr("secret"))


def test_every_dataset_of_fmp_is_expected_if_a_key_is_set() -> None:
    found = {one.dataset: one for one in list_fmp(FmpSettings(fmp_api_key=SecretStr("key")))}
    assert list(found) == [dataset.name for dataset in DATASETS]
    assert {name for name, one in found.items() if one.by_records} == {
        "quote",
        "eod_prices",
        "index_prices",
        "treasury_rates",
        "exchange_rates",
    }
    assert (found["profile"].cadence, found["profile"].allowed_sessions) == ("weekly", 5)
    assert list_fmp(FmpSettings()) == []


def test_every_dataset_of_the_update_api_is_expected_if_an_account_is_set() -> None:
    catalogue = load_catalogue()
    found = {one.dataset: one for one in list_fundata(ACCOUNT, catalogue)}
    assert len(found) == 21
    assert "Pricing" not in found, "seeds are history"
    assert found["FundDailyNAVPS"].by_records
    monthly = {name for name, one in found.items() if one.cadence == "monthly"}
    assert monthly == {d.name for d in catalogue.datasets if d.endpoint and "MonthEndDate" in d.types}
    assert list_fundata(FundataSettings(), catalogue) == []


async def test_a_service_reports_the_database_when_it_starts(database: str, pool: Pool, tmp_path: Path) -> None:
    async def count(settings: FundataSettings, wanted: int) -> None:
        app = make_app(
            DatabaseSettings(database_url=database, db_pool_min_size=1, db_pool_max_size=4),
            ServiceSettings(sra_service_token=SERVICE_TOKEN),
            settings.model_copy(update={"fundata_base_path": str(tmp_path)}),
            SeedStorageSettings(),
            PeerSettings(),
            timing=QUICK,
        )

        async def is_reported() -> bool:
            found: int = await pool.fetchval("SELECT count(*) FROM expected_dataset WHERE source = 'fundata'")
            return found == wanted

        async with serve_app(app, find_free_port()):
            await wait_for(is_reported, what=f"{wanted} expected datasets", seconds=20)

    await count(ACCOUNT, 21)
    await count(FundataSettings(), 0)
