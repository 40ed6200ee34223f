"""The composition root: reads the settings and serves the gateway."""

from __future__ import annotations

from fastapi import FastAPI

from gateway.app import NAME, create_gateway_app
from sra_shared.kit.settings import (
    DatabaseSettings,
    LimitSettings,
    PeerSettings,
    ProxySettings,
    ScheduleSettings,
    ServiceSettings,
    check_settings,
)
from sra_shared.service import start_service


def build() -> tuple[FastAPI, ServiceSettings]:
    """Return the application and its settings, from the environment; raises ConfigError or ValidationError."""
    check_settings(DatabaseSettings, ServiceSettings, PeerSettings, ProxySettings, LimitSettings, ScheduleSettings)
    service = ServiceSettings()
    app = create_gateway_app(
        database=DatabaseSettings(),
        service=service,
        peers=PeerSettings(),
        schedule=ScheduleSettings(),
        reject_limit=LimitSettings().reject_limit,
        trusted_proxies=ProxySettings().trusted_proxies,
    )
    return app, service


def main() -> None:
    """Serve until the process is asked to stop."""
    start_service(build, name=NAME)
