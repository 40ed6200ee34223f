"""Composition root of fundata_ingest."""

from __future__ import annotations

from fastapi import FastAPI

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.csv_import import ImportRequest, ImportWork
from fundata_ingest.freshness_sla import list_expected
from fundata_ingest.parameters import UpdateParameters
from sra_shared.kit.settings import (
    DatabaseSettings,
    FundataSettings,
    PeerSettings,
    SeedStorageSettings,
    ServiceSettings,
    check_settings,
)
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import TaskType, Work
from sra_shared.runs.deferred import WorkTraits, defer_works
from sra_shared.service import ServiceDefinition, create_service_app, start_service

_TRAITS: dict[str, WorkTraits] = {
    TaskType.CSV_IMPORT: WorkTraits(source="fundata", ordered=False, concurrency=2),
    TaskType.FUNDATA_DATA: WorkTraits(source="fundata", ordered=True, concurrency=3),
    TaskType.FUNDATA_QUOTES: WorkTraits(source="fundata", ordered=True, concurrency=3),
}


def make_app(
    database: DatabaseSettings,
    service: ServiceSettings,
    fundata: FundataSettings,
    storage: SeedStorageSettings,
    peers: PeerSettings,
    *,
    timing: LeaseTiming = DEFAULT_TIMING,
) -> FastAPI:
    """Return the application; raises ConfigError if the settings are invalid."""
    catalogue = load_catalogue()

    def make_all_works() -> dict[str, Work]:
        # they import Polars and NumPy, which an idle service does not need
        from fundata_ingest.repair.reject_replay import FundataReplayWork  # noqa: PLC0415
        from fundata_ingest.update_steps import make_works  # noqa: PLC0415

        works = make_works(fundata, storage, catalogue)
        return {**works, TaskType.CSV_IMPORT: ImportWork(works[TaskType.CSV_IMPORT], FundataReplayWork(catalogue))}

    return create_service_app(
        ServiceDefinition(
            name="fundata_ingest",
            description="Loads Fundata's seed files and updates: versions, quarantine, one transaction per chunk.",
            works=defer_works(make_all_works, _TRAITS),
            parameter_models={
                TaskType.CSV_IMPORT: ImportRequest,
                TaskType.FUNDATA_DATA: UpdateParameters,
                TaskType.FUNDATA_QUOTES: UpdateParameters,
            },
            completions_url=peers.view_builder_url,
            expected=("fundata", list_expected(fundata, catalogue)),
            timing=timing,
            is_behind_gateway=True,
        ),
        database,
        service,
    )


def build_service(*, timing: LeaseTiming = DEFAULT_TIMING) -> tuple[FastAPI, ServiceSettings]:
    """Read the settings and return the application with them."""
    check_settings(DatabaseSettings, ServiceSettings, PeerSettings, FundataSettings, SeedStorageSettings)
    service = ServiceSettings()
    app = make_app(DatabaseSettings(), service, FundataSettings(), SeedStorageSettings(), PeerSettings(), timing=timing)
    return app, service


def main() -> None:
    """Serve until SIGTERM."""
    start_service(build_service, name="fundata_ingest")
