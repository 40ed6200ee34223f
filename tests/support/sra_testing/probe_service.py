"""A small service made with the product's factory: `python -m sra_testing.probe_service` serves it from the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field

from sra_shared.kit.settings import DatabaseSettings, ServiceSettings
from sra_shared.service import ServiceDefinition, create_service_app, start_service
from sra_testing.databases import run_async
from sra_testing.job_process import ProbeWork
from sra_testing.timings import QUICK

SERVICE_TOKEN = "service-token-of-the-tests"
VIEWER_TOKEN = "viewer-token-of-the-tests"


class ProbeParameters(BaseModel):
    """The parameters of a probe run."""

    units: int = Field(1, ge=1)
    chunks: int = Field(3, ge=0)
    pause: float = 0
    open_pause: float = 0
    poison: bool = False
    note: str = ""


def make_probe_app(dsn: str, **options: Any) -> FastAPI:
    """Return a service with one task type and one route that fails."""
    router = APIRouter()

    @router.get("/broken")
    async def get_broken() -> None:
        raise ZeroDivisionError(SERVICE_TOKEN)

    settings = ServiceSettings(sra_service_token=SERVICE_TOKEN, sra_viewer_token=VIEWER_TOKEN)
    return build_app(DatabaseSettings(database_url=dsn), settings, routers=[router], **options)


def build_app(database: DatabaseSettings, service: ServiceSettings, **options: Any) -> FastAPI:
    """Return the service for these settings."""
    return create_service_app(
        ServiceDefinition(
            name="probe",
            description="A service of the tests.",
            works={"csv_import": ProbeWork()},
            parameter_models={"csv_import": ProbeParameters},
            **{"timing": QUICK, **options},
        ),
        database,
        service,
    )


def request_ready(dsn: str, **settings: Any) -> dict[str, Any]:
    """Return what /ready reports for a service with this database and these settings."""

    async def ask() -> dict[str, Any]:
        app = build_app(
            DatabaseSettings(database_url=dsn, **settings), ServiceSettings(sra_service_token=SERVICE_TOKEN)
        )
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://p") as client,
        ):
            found: dict[str, Any] = (await client.get("/ready")).json()
            return found

    return run_async(ask())


def build_from_environment() -> tuple[FastAPI, ServiceSettings]:
    """Return the service with the settings of a separate process."""
    settings = ServiceSettings()
    return build_app(DatabaseSettings(), settings), settings


@contextmanager
def run_probe_service(settings: Mapping[str, str], *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the service as a process with only these settings, its log in a file; it is killed at the end."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).resolve().parents[1]), **settings}
    with log.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-m", "sra_testing.probe_service"], env=environment, stderr=stream)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    start_service(build_from_environment, name="probe", host="127.0.0.1")
