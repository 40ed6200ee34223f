"""Composition root of view_builder."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
from fastapi import FastAPI

from sra_shared.db import OUTAGE_ERRORS, Pool
from sra_shared.errors import ConfigError, RetryableError
from sra_shared.jobs import enqueue_run
from sra_shared.logs import get_logger
from sra_shared.migrate import require_revision
from sra_shared.reader import prepare_reader
from sra_shared.runs import RunRequest, TaskType, request_run
from sra_shared.service import ServiceState, create_service_app, start_service
from sra_shared.settings import DatabaseSettings, ServiceSettings
from sra_shared.views import VIEWS
from view_builder.apply import define_views
from view_builder.build import needs_full_build
from view_builder.compile import CompiledView, compile_views
from view_builder.examples import list_examples
from view_builder.inbox import request_build
from view_builder.routes import make_view_router
from view_builder.work import BuildParameters, ViewBuildWork

_LOOK_SECONDS = 30.0
_log = get_logger(__name__)


def make_app(database: DatabaseSettings, service: ServiceSettings) -> FastAPI:
    """Return the application; raises ConfigError where the settings do not do."""
    views = compile_views(VIEWS)
    password = database.sra_reader_password.get_secret_value() if database.sra_reader_password else None

    async def keep_published(state: ServiceState) -> None:
        await keep_views(state, views, password)

    return create_service_app(
        name="view_builder",
        description="Publishes the typed views of schema sra: takes completions, builds what depends on them.",
        database=database,
        service=service,
        works={TaskType.VIEW_BUILD: ViewBuildWork(views)},
        parameter_models={TaskType.VIEW_BUILD: BuildParameters},
        routers=[make_view_router(views)],
        background={"publication": keep_published},
        examples=lambda: list_examples(views),
    )


async def keep_views(state: ServiceState, views: Sequence[CompiledView], reader_password: str | None) -> None:
    """Define what is missing and ask for the first build; then look now and then that no event waits in vain."""
    started = False
    while not state.stopping.is_set():
        try:
            if not started:
                await start_publication(state.pool, views, reader_password)
                started = True
            async with state.pool.acquire() as connection, connection.transaction():
                await request_build(connection)
        except (*OUTAGE_ERRORS, asyncpg.PostgresError, ConfigError, RetryableError) as error:
            _log.warning("publication_waits", error=str(error), kind=type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(state.stopping.wait(), _LOOK_SECONDS if started else 2.0)


async def start_publication(pool: Pool, views: Sequence[CompiledView], reader_password: str | None) -> list[str]:
    """Define the missing views, empty but typed, let the reader at them, and request a build where a model is new.

    Returns the names of the views defined. Raises ConfigError before the database is migrated.
    """
    async with pool.acquire() as connection:
        await require_revision(connection)
    made = await define_views(pool, views)
    async with pool.acquire() as connection:
        await prepare_reader(connection, reader_password)
        wanting = [view.relation for view in views if await needs_full_build(connection, view)]
    if wanting:
        async with pool.acquire() as connection, connection.transaction():
            request = RunRequest(task_type=TaskType.VIEW_BUILD, work_key="view_build")
            await request_run(connection, request, source=None, enqueue=enqueue_run)
        _log.info("first_build_requested", views=wanting)
    return made


def build_service() -> tuple[FastAPI, ServiceSettings]:
    """Read the settings and return the application with them."""
    service = ServiceSettings()
    return make_app(DatabaseSettings(), service), service


def main() -> None:
    """Serve until told to stop."""
    start_service(build_service, name="view_builder")
