"""A gateway in a separate process, which tests kill: `python -m sra_testing.gateway_process`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from gateway.app import create_gateway_app
from sra_shared.kit.settings import DatabaseSettings, LimitSettings, PeerSettings, ScheduleSettings, ServiceSettings
from sra_shared.service import start_service
from sra_testing.gateway_lab import SERVICE_TOKEN, TIMING, VIEWER_TOKEN, Lab
from sra_testing.nursery import Helper, start_helper


def build() -> tuple[FastAPI, ServiceSettings]:
    """Return the gateway that the environment configures, with short waits."""
    service = ServiceSettings()
    app = create_gateway_app(
        database=DatabaseSettings(),
        service=service,
        peers=PeerSettings(),
        schedule=ScheduleSettings(),
        reject_limit=LimitSettings().reject_limit,
        trusted_proxies=0,
        timing=TIMING,
    )
    return app, service


@contextmanager
def run_gateway_process(
    lab: Lab, *, port: int | None = None, **settings: str
) -> Iterator[Helper | subprocess.Popen[bytes]]:
    """Start a gateway process on the lab's services; it is always killed at the end."""
    environment = {
        "DATABASE_URL": lab.dsn,
        "DB_POOL_MIN_SIZE": "1",
        "DB_POOL_MAX_SIZE": "6",
        "PORT": str(port or lab.ports["gateway"]),
        "SRA_SERVICE_TOKEN": SERVICE_TOKEN,
        "SRA_VIEWER_TOKEN": VIEWER_TOKEN,
        "REFRESH_CRON": "0 0 29 2 *",
        "WEEKLY_CRON": "0 0 29 2 *",
        "LOG_LEVEL": "WARNING",
        **{name.upper(): value for name, value in lab.peers.model_dump().items()},
        **settings,
    }
    process = start_helper("sra_testing.gateway_process", environment=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


if __name__ == "__main__":
    start_service(build, name="gateway", host="127.0.0.1")
