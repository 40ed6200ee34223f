"""The run that publishes the lake: one unit writes and publishes a build, the next one cleans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from sra_shared.kit.db import Connection, Pool
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.settings import LakeSettings
from sra_shared.runs import (
    ProcessingTask,
    RunEnd,
    RunRequest,
    RunStatus,
    TaskType,
    Unit,
    UnitContext,
    UnitPlan,
    UnitStatus,
)
from sra_shared.runs.counts import Counts
from view_builder.compile import CompiledView
from view_builder.lake import ledger
from view_builder.lake.child_process import require_libraries, run_process
from view_builder.lake.exchange import Cleaned, CleanOrder, LakeStorage, Publication, PublishOrder

PUBLISH, CLEAN = "publish", "clean"
WORK_KEY = "lake_publish"
_log = get_logger(__name__)


class LakeParameters(BaseModel):
    """What to write; by default, what changed since the newest build of the lake."""

    model_config = ConfigDict(extra="forbid")

    full: bool = Field(False, description="Rewrite all rows of all tables.")


def make_lake_request(*, work_key: str | None = WORK_KEY, full: bool = False) -> RunRequest:
    """Return the request of a publication; its time limit covers the first one of a long history."""
    parameters = LakeParameters(full=full).model_dump(exclude_defaults=True)
    return RunRequest(task_type=TaskType.LAKE_PUBLISH, parameters=parameters, work_key=work_key, timeout_seconds=14_400)


def require_storage(settings: LakeSettings) -> LakeStorage:
    """Return the storage; raises ConfigError if there is no lake."""
    storage = LakeStorage.of(settings)
    if storage is None:
        raise ConfigError("No lake is set.", next_step="Set LAKE_URL to a folder or to s3://bucket/prefix.")
    return storage


async def clean_lake(
    pool: Pool, settings: LakeSettings, *, is_dry: bool = False, check: Callable[[], None] = lambda: None
) -> Cleaned:
    """Delete old builds and the files that no kept build needs; a dry run only counts the files.

    Raises ConfigError if there is no lake or the root belongs to another database, and RetryableError for an outage of the
    storage.
    """
    storage, grace = require_storage(settings), timedelta(hours=settings.lake_grace_hours)
    async with pool.acquire() as connection, connection.transaction():
        if not is_dry:
            await ledger.expire_builds(connection, keep=settings.lake_keep_builds, grace=grace)
        mark, is_new = await ledger.prepare_root(connection, storage.root)
        kept = await ledger.list_kept(connection, storage.root)
    if is_new:
        return Cleaned(files=0, size=0)
    order = CleanOrder(storage=storage, mark=mark, kept=list(kept), older_than=datetime.now(UTC) - grace, is_dry=is_dry)
    return await run_process("clean", order, Cleaned, check=check)


class LakeWork:
    """The work of task type lake_publish."""

    source: str | None = None
    ordered = True
    concurrency = 1

    def __init__(self, views: Sequence[CompiledView], settings: LakeSettings, dsn: str) -> None:
        """`dsn` is the address that the publisher process reads from."""
        self._series = [view for view in views if view.spec.incremental is not None and view.spec.incremental.since]
        self._version = views[0].contract_version
        self._settings = settings
        self._dsn = dsn

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the two units; raises ConfigError if there is no lake, or nothing to write it with."""
        require_storage(self._settings)
        require_libraries()
        return [UnitPlan(PUBLISH, "lake"), UnitPlan(CLEAN, "lake")]

    async def process(self, context: UnitContext) -> None:
        """Publish a build, or clean; a failed unit leaves the builds as they are."""
        if context.unit.unit == PUBLISH:
            await self._publish(context)
        else:
            await self._clean(context)

    async def _publish(self, context: UnitContext) -> None:
        wanted = LakeParameters.model_validate(context.task.parameters)
        storage = require_storage(self._settings)
        base, order = await self._prepare(context.pool, storage, full=wanted.full)
        publication = await run_process("publish", order, Publication, check=context.check)
        async with context.transaction() as connection:
            build_id = await ledger.add_build(
                connection,
                storage.root,
                base,
                context.task.task_id,
                publication,
                contract_version=self._version,
            )
            await context.finish(connection, progress={"build": build_id})
        changed = sum(table.metadata is not None for table in publication.tables)
        _log.info("lake_published", build=build_id, changed_tables=changed, peak_memory_mb=publication.peak_memory_mb)

    async def _prepare(self, pool: Pool, storage: LakeStorage, *, full: bool) -> tuple[ledger.BaseBuild, PublishOrder]:
        """Record the changes of every series from now on, and return from which build the publisher starts."""
        for view in self._series:
            async with pool.acquire() as connection, connection.transaction():
                await ledger.begin_recording(connection, view)
        async with pool.acquire() as connection, connection.transaction():
            mark, is_new = await ledger.prepare_root(connection, storage.root)
            base = await ledger.read_base(connection, storage.root, contract_version=self._version, full=full)
        return base, PublishOrder(
            dsn=self._dsn,
            storage=storage,
            mark=mark,
            is_new=is_new,
            contract_version=self._version,
            base=base.tables,
            base_at=base.snapshot_at,
        )

    async def _clean(self, context: UnitContext) -> None:
        async with context.pool.acquire() as connection:
            # the storage is cleaned when it works
            has_published = await connection.fetchval(ledger.SQL_HAS_PUBLISHED, context.task.task_id)
        cleaned = Cleaned(files=0, size=0)
        if has_published:
            cleaned = await clean_lake(context.pool, self._settings, check=context.check)
        async with context.transaction() as connection:
            await context.finish(connection, Counts(), progress={"files": cleaned.files, "bytes": cleaned.size})

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Without a build the run has failed, though there was nothing to clean."""
        has_failed = any(unit.unit == PUBLISH and unit.status is UnitStatus.FAILED for unit in units)
        return RunEnd(status=RunStatus.FAILED) if has_failed else RunEnd()
