"""Requests the publication of the lake while it is older than the views, and reports how old it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg

from sra_shared.kit.db import OUTAGE_ERRORS, Connection
from sra_shared.kit.errors import SraError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.repeating import repeat_until_stopped
from sra_shared.kit.retry import LAKE_REQUEST
from sra_shared.kit.settings import LakeSettings
from sra_shared.runs import read_run, request_run
from sra_shared.runs.jobs import enqueue_run
from sra_shared.service import CheckResult, HealthStatus, ServiceState
from view_builder.compile import CompiledView
from view_builder.contract_versions import read_contract
from view_builder.lake import ledger
from view_builder.lake.tables import list_lake_tables
from view_builder.lake.work import make_lake_request

_LOOK_SECONDS = 5.0
_IDLE_SECONDS = 60.0
# the publication of a day takes minutes
_LATE_SECONDS = 3600.0
_log = get_logger(__name__)

# The newest build of the lake, and whether one of the views $2 was built since. Builds are counted, because one may commit after
# the lake was read though it was recorded before.
SQL_READ_LAG = """
SELECT l.build_id, l.snapshot_at, extract(epoch FROM clock_timestamp() - v.built_at)::float8 AS seconds, EXISTS (
    SELECT FROM published_view p
    LEFT JOIN lake_table t ON t.build_id = l.build_id AND t.relation = p.relation
    WHERE p.relation = ANY($2::text[]) AND p.filled IS NOT NULL
      AND (t.view_builds, t.view_digest) IS DISTINCT FROM (p.builds, p.filled)) AS is_behind
FROM (SELECT max(built_at) AS built_at FROM published_view) v
LEFT JOIN LATERAL (
  SELECT build_id, snapshot_at FROM lake_build WHERE root = $1 ORDER BY build_id DESC LIMIT 1) l ON true
"""
SQL_READ_DIGESTS = "SELECT relation, filled FROM published_view WHERE filled IS NOT NULL"
SQL_IS_BUSY = """
SELECT EXISTS (SELECT FROM task_execution_log WHERE task_type = ANY($1::text[]) AND status IN ('queued', 'running', 'parked'))
"""
SQL_LIST_ABANDONED = """
SELECT task_id FROM task_execution_log
WHERE task_type = 'lake_publish' AND status IN ('queued', 'running', 'parked') AND NOT has_job
"""
SQL_READ_ERROR = """
SELECT status, completed_at, error_details -> 0 ->> 'message' AS error FROM task_execution_log
WHERE task_type = 'lake_publish' AND completed_at IS NOT NULL ORDER BY completed_at DESC LIMIT 1
"""


class LakeSchedule:
    """Requests one publication after each build of the views; after a failure, pauses grow up to an hour."""

    def __init__(
        self, views: Sequence[CompiledView], settings: LakeSettings, *, first_pause: float = LAKE_REQUEST.first
    ) -> None:
        """`first_pause` (seconds) is the pause before a failed publication is requested again."""
        self._digests = {view.relation: view.digest for view in views}
        self._version = views[0].contract_version
        self._relations = [table.relation for table in list_lake_tables(views)]
        self._root = settings.lake_url
        self._backoff = replace(LAKE_REQUEST, first=first_pause)
        self._requests = 0
        self._due = 0.0
        self._published: int | None = None
        self._result = CheckResult(status=HealthStatus.HEALTHY, detail="The lake has not been looked at yet.")

    def check(self) -> CheckResult:
        """Return the last known state of the lake, for the health report."""
        return self._result

    async def run(self, state: ServiceState) -> None:
        """Look regularly until the service stops; without a lake, only end the record of changes."""

        async def poll() -> None:
            async with state.pool.acquire() as connection, connection.transaction():
                if self._root is None:
                    await ledger.end_recording(connection)
                else:
                    await self.poll(connection)

        def report(error: Exception) -> None:
            _log.warning("lake_waits", error=str(error), kind=type(error).__name__)

        seconds = _LOOK_SECONDS if self._root is not None else _IDLE_SECONDS
        survives = (*OUTAGE_ERRORS, asyncpg.PostgresError, SraError)
        await repeat_until_stopped(state.stopping, poll, seconds, survives=survives, report=report)

    async def poll(self, connection: Connection) -> bool:
        """Request a publication in the caller's transaction if one is due, and return whether it was requested."""
        lag = await connection.fetchrow(SQL_READ_LAG, self._root, self._relations)
        if lag is None:
            return False
        self._result = await self._describe_lag(connection, lag)
        if lag["build_id"] != self._published:
            self._published, self._requests, self._due = lag["build_id"], 0, 0.0
        if not lag["is_behind"] or time.monotonic() < self._due:
            return False
        await _adopt_abandoned(connection)
        if await connection.fetchval(SQL_IS_BUSY, ["view_build", "lake_publish"]) or not await self._are_built(
            connection
        ):
            return False
        await request_run(connection, make_lake_request(), source=None, enqueue=enqueue_run)
        self._requests += 1
        self._due = time.monotonic() + self._backoff.pause(self._requests)
        return True

    async def _are_built(self, connection: Connection) -> bool:
        """Whether all views that were ever built are built from the models of this code."""
        if (await read_contract(connection)).version != self._version:
            return False
        rows = await connection.fetch(SQL_READ_DIGESTS)
        return all(self._digests.get(row["relation"], row["filled"]) == row["filled"] for row in rows)

    async def _describe_lag(self, connection: Connection, lag: asyncpg.Record) -> CheckResult:
        newest = (
            f"Build {lag['build_id']} of {lag['snapshot_at']:%Y-%m-%d %H:%M} UTC."
            if lag["build_id"]
            else "No build yet."
        )
        status, detail = HealthStatus.HEALTHY, newest
        last = await connection.fetchrow(SQL_READ_ERROR)
        if lag["is_behind"] and last is not None and last["status"] == "failed":
            status, detail = (
                HealthStatus.DEGRADED,
                f"{newest} The last publication failed: {last['error'] or 'no reason'}",
            )
        elif lag["is_behind"] and lag["seconds"] > _LATE_SECONDS:
            hours = lag["seconds"] / 3600
            status, detail = HealthStatus.DEGRADED, f"{newest} The views are newer since {hours:.0f} h."
        return CheckResult(status=status, detail=detail, checked_at=datetime.now(UTC))


async def _adopt_abandoned(connection: Connection) -> None:
    """Enqueue live runs without a job: the command that started them may have died."""
    for row in await connection.fetch(SQL_LIST_ABANDONED):
        task = await read_run(connection, row["task_id"])
        if task is not None:
            await enqueue_run(connection, task)
