"""Composition root of fmp_ingest: the only place of this service that reads settings."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Gauge

from fmp_ingest.freshness_sla import list_expected
from fmp_ingest.limiter.call_counts import CALLS
from fmp_ingest.parameters import FmpParameters
from sra_shared.kit.logs import hide_secrets
from sra_shared.kit.settings import DatabaseSettings, FmpSettings, PeerSettings, ServiceSettings, check_settings
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import TaskType, Work
from sra_shared.runs.deferred import WorkTraits, defer_works
from sra_shared.service import ServiceDefinition, create_service_app, start_service

NAME = "fmp_ingest"
_TASK_TYPES = (TaskType.DAILY_QUOTES, TaskType.WEEKLY_FUNDAMENTALS, TaskType.FMP_BACKFILL)
_TRAITS = WorkTraits(source="fmp", ordered=True, concurrency=1)


def build_app(*, timing: LeaseTiming = DEFAULT_TIMING) -> tuple[FastAPI, ServiceSettings]:
    """Return the application and its settings; raises ConfigError or ValidationError that names the variable."""
    check_settings(DatabaseSettings, ServiceSettings, PeerSettings, FmpSettings)
    service, fmp = ServiceSettings(), FmpSettings()
    key = fmp.fmp_api_key.get_secret_value() if fmp.fmp_api_key else None
    hide_secrets([key])

    def make_all_works() -> dict[str, Work]:
        # they import HTTP and storage, which an idle service does not need
        from fmp_ingest.work import make_works  # noqa: PLC0415

        return {**make_works(fmp)}

    app = create_service_app(
        ServiceDefinition(
            name=NAME,
            description="Collects prices, profiles and lists of US and Canadian securities from FMP within its limits.",
            works=defer_works(make_all_works, dict.fromkeys(_TASK_TYPES, _TRAITS)),
            parameter_models=dict.fromkeys(_TASK_TYPES, FmpParameters),
            completions_url=PeerSettings().view_builder_url,
            expected=("fmp", list_expected(fmp)),
            details={"fmp_max_calls_per_minute": fmp.fmp_max_calls_per_minute},
            timing=timing,
            is_behind_gateway=True,
        ),
        DatabaseSettings(),
        service,
    )
    add_fmp_figures(app.state.metrics.registry, fmp)
    return app, service


def add_fmp_figures(registry: CollectorRegistry, fmp: FmpSettings) -> None:
    """Add the calls and the calls allowed per minute to /metrics."""
    registry.register(CALLS)
    limit = Gauge("sra_fmp_calls_per_minute_limit", "Maximum number of calls in any minute.", registry=registry)
    limit.set(fmp.fmp_max_calls_per_minute)


def main() -> None:
    """Serve until SIGTERM."""
    start_service(build_app, name=NAME)
