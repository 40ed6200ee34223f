"""Composition root of fmp_ingest: the only place of this service that reads settings."""

from __future__ import annotations

from fastapi import FastAPI

from fmp_ingest.expected import list_expected
from fmp_ingest.work import FmpParameters, make_works
from sra_shared.logs import hide_secrets
from sra_shared.service import create_service_app, start_service
from sra_shared.settings import DatabaseSettings, FmpSettings, PeerSettings, ServiceSettings

NAME = "fmp_ingest"


def build_app() -> tuple[FastAPI, ServiceSettings]:
    """Return the application and its settings; raises ConfigError or ValidationError that names the variable."""
    service, fmp = ServiceSettings(), FmpSettings()
    key = fmp.fmp_api_key.get_secret_value() if fmp.fmp_api_key else None
    hide_secrets([key])
    works = make_works(fmp)
    app = create_service_app(
        name=NAME,
        description="Collects prices, profiles and lists of US and Canadian securities from FMP within its limits.",
        database=DatabaseSettings(),
        service=service,
        works=works,
        parameter_models=dict.fromkeys(works, FmpParameters),
        completions_url=PeerSettings().view_builder_url,
        expected=("fmp", list_expected(fmp)),
        details={"fmp_max_calls_per_minute": fmp.fmp_max_calls_per_minute},
    )
    return app, service


def main() -> None:
    """Serve until SIGTERM."""
    start_service(build_app, name=NAME)
