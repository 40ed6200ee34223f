"""Composition root of fundata_ingest."""

from __future__ import annotations

from fastapi import FastAPI

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.expected import list_expected
from fundata_ingest.imports import ImportRequest, ImportWork
from fundata_ingest.replay import ReplayWork
from fundata_ingest.steps import UpdateParameters, make_works
from sra_shared.runs import TaskType
from sra_shared.service import create_service_app, start_service
from sra_shared.settings import DatabaseSettings, FundataSettings, PeerSettings, SeedStorageSettings, ServiceSettings


def make_app(
    database: DatabaseSettings,
    service: ServiceSettings,
    fundata: FundataSettings,
    storage: SeedStorageSettings,
    peers: PeerSettings,
) -> FastAPI:
    """Return the application; raises ConfigError where the settings do not do."""
    catalogue = load_catalogue()
    works = make_works(fundata, storage, catalogue)
    works[TaskType.CSV_IMPORT] = ImportWork(works[TaskType.CSV_IMPORT], ReplayWork(catalogue))
    return create_service_app(
        name="fundata_ingest",
        description="Loads Fundata's seed files and updates: versions, quarantine, one transaction per chunk.",
        database=database,
        service=service,
        works=works,
        parameter_models={
            TaskType.CSV_IMPORT: ImportRequest,
            TaskType.FUNDATA_DATA: UpdateParameters,
            TaskType.FUNDATA_QUOTES: UpdateParameters,
        },
        completions_url=peers.view_builder_url,
        expected=("fundata", list_expected(fundata, catalogue)),
    )


def build_service() -> tuple[FastAPI, ServiceSettings]:
    """Read the settings and return the application with them."""
    service = ServiceSettings()
    app = make_app(DatabaseSettings(), service, FundataSettings(), SeedStorageSettings(), PeerSettings())
    return app, service


def main() -> None:
    """Serve until told to stop."""
    start_service(build_service, name="fundata_ingest")
