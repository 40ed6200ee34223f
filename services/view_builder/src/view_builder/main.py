"""Composition root of view_builder."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel

from sra_shared.kit.settings import DatabaseSettings, LakeSettings, ServiceSettings, check_settings
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import TaskType, Work
from sra_shared.service import ServiceDefinition, ServiceState, create_service_app, start_service
from view_builder.compile import compile_views
from view_builder.contract_report import ContractReport
from view_builder.examples import list_examples
from view_builder.lake.schedule import LakeSchedule
from view_builder.lake.work import LakeParameters, LakeWork
from view_builder.marts import MARTS
from view_builder.reconcile import reconcile_views
from view_builder.return_check import ReturnCheck
from view_builder.routes import make_view_router
from view_builder.trigrams import SearchReport
from view_builder.work import BuildParameters, ViewBuildWork


def make_app(
    database: DatabaseSettings,
    service: ServiceSettings,
    *,
    lake: LakeSettings | None = None,
    timing: LeaseTiming = DEFAULT_TIMING,
) -> FastAPI:
    """Return the application, with a lake if its address is set; raises ConfigError if the settings are invalid."""
    views = compile_views(MARTS)
    password = database.sra_reader_password.get_secret_value() if database.sra_reader_password else None
    return_check = ReturnCheck()
    report = ContractReport()
    search = SearchReport()
    lake = lake or LakeSettings.model_construct()
    schedule = LakeSchedule(views, lake, first_pause=timing.longest_pause)
    works: dict[str, Work] = {TaskType.VIEW_BUILD: ViewBuildWork(views)}
    models: dict[str, type[BaseModel]] = {TaskType.VIEW_BUILD: BuildParameters}
    checks = {"contract": report.check, "fund_returns": return_check.report}
    if lake.lake_url is not None:
        works[TaskType.LAKE_PUBLISH] = LakeWork(views, lake, database.require_dsn())
        models[TaskType.LAKE_PUBLISH] = LakeParameters
        checks["lake"] = schedule.check

    async def keep_published(state: ServiceState) -> None:
        await reconcile_views(
            state,
            views,
            password,
            reader_seconds=database.sra_reader_max_seconds,
            return_check=return_check,
            report=report,
            search=search,
        )

    return create_service_app(
        ServiceDefinition(
            name="view_builder",
            description="Publishes the typed views of schema sra: receives completions and builds what depends on them.",
            works=works,
            parameter_models=models,
            routers=[make_view_router(views)],
            background={"publication": keep_published, "lake": schedule.run},
            examples=lambda: list_examples(views),
            checks=lambda _: checks,
            warnings=search.list_warnings,
            timing=timing,
            is_behind_gateway=True,
        ),
        database,
        service,
    )


def build_service(*, timing: LeaseTiming = DEFAULT_TIMING) -> tuple[FastAPI, ServiceSettings]:
    """Read the settings and return the application with them."""
    check_settings(DatabaseSettings, ServiceSettings, LakeSettings)
    service = ServiceSettings()
    return make_app(DatabaseSettings(), service, lake=LakeSettings(), timing=timing), service


def main() -> None:
    """Serve until the process is asked to stop."""
    start_service(build_service, name="view_builder")
