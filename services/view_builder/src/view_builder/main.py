"""Composition root of view_builder."""

from __future__ import annotations

from fastapi import FastAPI

from sra_shared.kit.settings import DatabaseSettings, ServiceSettings, check_settings
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import TaskType
from sra_shared.service import ServiceDefinition, ServiceState, create_service_app, start_service
from view_builder.compile import compile_views
from view_builder.contract_report import ContractReport
from view_builder.examples import list_examples
from view_builder.marts import MARTS
from view_builder.reconcile import reconcile_views
from view_builder.return_check import ReturnCheck
from view_builder.routes import make_view_router
from view_builder.work import BuildParameters, ViewBuildWork


def make_app(database: DatabaseSettings, service: ServiceSettings, *, timing: LeaseTiming = DEFAULT_TIMING) -> FastAPI:
    """Return the application; raises ConfigError if the settings are invalid."""
    views = compile_views(MARTS)
    password = database.sra_reader_password.get_secret_value() if database.sra_reader_password else None
    return_check = ReturnCheck()
    report = ContractReport()

    async def keep_published(state: ServiceState) -> None:
        await reconcile_views(
            state,
            views,
            password,
            reader_seconds=database.sra_reader_max_seconds,
            return_check=return_check,
            report=report,
        )

    return create_service_app(
        ServiceDefinition(
            name="view_builder",
            description="Publishes the typed views of schema sra: receives completions and builds what depends on them.",
            works={TaskType.VIEW_BUILD: ViewBuildWork(views)},
            parameter_models={TaskType.VIEW_BUILD: BuildParameters},
            routers=[make_view_router(views)],
            background={"publication": keep_published},
            examples=lambda: list_examples(views),
            checks=lambda _: {"contract": report.check, "fund_returns": return_check.report},
            timing=timing,
            is_behind_gateway=True,
        ),
        database,
        service,
    )


def build_service(*, timing: LeaseTiming = DEFAULT_TIMING) -> tuple[FastAPI, ServiceSettings]:
    """Read the settings and return the application with them."""
    check_settings(DatabaseSettings, ServiceSettings)
    service = ServiceSettings()
    return make_app(DatabaseSettings(), service, timing=timing), service


def main() -> None:
    """Serve until the process is asked to stop."""
    start_service(build_service, name="view_builder")
