"""The service's work besides builds for completions: defines views, requests the first build, retries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg

from sra_shared.kit.database.reader_limits import end_long_readers
from sra_shared.kit.database.reader_roles import prepare_reader
from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.kit.errors import ConfigError, RetryableError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.repeating import repeat_until_stopped
from sra_shared.kit.retry import BUILD_REQUEST
from sra_shared.runs import request_run
from sra_shared.runs.jobs import enqueue_run
from sra_shared.service import ServiceState
from view_builder.apply import clear_former, define_views, is_outdated, read_state
from view_builder.build import find_new_runs, needs_full_build
from view_builder.compile import CompiledView
from view_builder.contract_report import ContractReport
from view_builder.contract_versions import NewerContractError, find_target
from view_builder.inbox import make_build_request, request_build
from view_builder.return_check import ReturnCheck
from view_builder.schemas import STAGED
from view_builder.trigrams import SearchReport
from view_builder.work import CONTRACT_UNIT

_LOOK_SECONDS = 30.0
_START_SECONDS = 2.0
_log = get_logger(__name__)

SQL_IS_BUILDING = """
SELECT EXISTS (SELECT FROM task_execution_log
               WHERE task_type = 'view_build' AND status IN ('queued', 'running', 'parked'))
"""
# A run's completion arrives within seconds of its end. An older one that no build processed was lost, or its build failed.
SQL_HAS_OLD = """
SELECT EXISTS (SELECT FROM task_execution_log
               WHERE task_id = ANY($1::uuid[]) AND completed_at < clock_timestamp() - make_interval(secs => $2))
"""


class Backlog:
    """Requests a build if a view lacks runs for which no event will arrive; the pauses between requests grow to an hour."""

    def __init__(self, views: Sequence[CompiledView], *, first_pause: float = BUILD_REQUEST.first) -> None:
        """`first_pause` (seconds) is when a finished run counts as overdue, and the first pause between two requests."""
        self._views = views
        self._since = datetime.now(UTC)
        self._first_pause = first_pause
        self._backoff = replace(BUILD_REQUEST, first=first_pause)
        self._requests = 0
        self._due = 0.0

    async def poll(self, connection: Connection) -> list[str]:
        """Return the views for which a build was requested in the caller's transaction; empty if none is due."""
        if time.monotonic() < self._due or await connection.fetchval(SQL_IS_BUILDING):
            return []
        views = await find_target(connection, self._views)
        lacking = [view.relation for view in views if await self._is_lacking(connection, view)]
        if views[0].schemas == STAGED and not lacking:
            lacking = [CONTRACT_UNIT]
        if not lacking:
            self._requests, self._due = 0, 0.0
            return []
        await request_run(connection, make_build_request(), source=None, enqueue=enqueue_run)
        self._requests += 1
        self._due = time.monotonic() + self._backoff.pause(self._requests)
        return lacking

    async def _is_lacking(self, connection: Connection, view: CompiledView) -> bool:
        if is_outdated(view, await read_state(connection, view), self._since):
            return False
        if await needs_full_build(connection, view):
            return True
        new = await find_new_runs(connection, view)
        return bool(new and await connection.fetchval(SQL_HAS_OLD, list(new), self._first_pause))


async def reconcile_views(
    state: ServiceState,
    views: Sequence[CompiledView],
    reader_password: str | None,
    *,
    reader_seconds: int,
    return_check: ReturnCheck,
    report: ContractReport,
    search: SearchReport,
) -> None:
    """Define missing views and request the first build; then check periodically for missed events and runs.

    Also ends readers' transactions that take too long, and keeps `return_check` and the reports of the contract version and
    of searches current. An instance whose contract version is older than the published one changes nothing.
    """
    started = False
    backlog = Backlog(views)

    async def reconcile() -> None:
        nonlocal started
        if not started:
            await start_publication(state.pool, views, reader_password, reader_seconds=reader_seconds)
            started = True
        async with state.pool.acquire() as connection:
            await report.poll(connection, views)
            await search.poll(connection)
        async with state.pool.acquire() as connection, connection.transaction():
            await request_build(connection)
            lacking = await backlog.poll(connection)
            ended = await end_long_readers(connection, reader_seconds)
            await return_check.poll(connection)
        if lacking:
            _log.warning("build_requested_again", views=lacking)
        if ended:
            _log.warning("reader_sessions_ended", sessions=ended, setting="SRA_READER_MAX_SECONDS")

    def report_wait(error: Exception) -> None:
        if isinstance(error, NewerContractError):
            report.refuse(error)
        else:
            _log.warning("publication_waits", error=str(error), kind=type(error).__name__)

    await repeat_until_stopped(
        state.stopping,
        reconcile,
        lambda: _LOOK_SECONDS if started else _START_SECONDS,
        survives=(*OUTAGE_ERRORS, asyncpg.PostgresError, ConfigError, RetryableError),
        report=report_wait,
    )


async def start_publication(
    pool: Pool, views: Sequence[CompiledView], reader_password: str | None, *, reader_seconds: int
) -> list[str]:
    """Define the missing views, empty but typed, grant the readers access, and request a build if a model is new.

    Returns the names of the views defined. Raises ConfigError before the database is migrated, and NewerContractError if a
    newer contract version is published.
    """
    async with pool.acquire() as connection:
        await require_revision(connection)
    made = await define_views(pool, views)
    await clear_former(pool, views)
    async with pool.acquire() as connection:
        await prepare_reader(connection, reader_password, max_seconds=reader_seconds)
        target = await find_target(connection, views)
        wanting = [view.relation for view in target if await needs_full_build(connection, view)]
    if wanting or target[0].schemas == STAGED:
        async with pool.acquire() as connection, connection.transaction():
            await request_run(connection, make_build_request(), source=None, enqueue=enqueue_run)
        _log.info("first_build_requested", views=wanting)
    return made
