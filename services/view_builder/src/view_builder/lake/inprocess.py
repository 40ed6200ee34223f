"""Publishes, checks and describes the lake in a command, without any service."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sra_shared.kit.database.database_check import require_fit_database
from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.db import Pool, open_pool
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.settings import LakeSettings
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import ProcessingTask, Unit, execute_in_process
from sra_shared.runs.audit import Actor
from view_builder.inprocess import list_compiled_views
from view_builder.lake import ledger
from view_builder.lake.child_process import require_libraries, run_process
from view_builder.lake.exchange import Checked, CheckOrder, Cleaned
from view_builder.lake.ledger import LakeBuild
from view_builder.lake.work import LakeWork, clean_lake, make_lake_request, require_storage

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED = re.compile(r"latest|build_\d+")


@dataclass(frozen=True)
class LakeResult:
    """The result of a publication: its run, its units, and the build if there is one."""

    task: ProcessingTask
    units: Sequence[Unit]
    build: LakeBuild | None


@asynccontextmanager
async def _open(dsn: str) -> AsyncIterator[Pool]:
    pool = await open_pool(dsn, application_name="sra:lake", max_size=2)
    try:
        async with pool.acquire() as connection:
            await require_fit_database(connection)
            await require_revision(connection)
        yield pool
    finally:
        await pool.close()


async def publish_in_process(
    dsn: str,
    settings: LakeSettings,
    *,
    full: bool = False,
    timing: LeaseTiming = DEFAULT_TIMING,
    by: Actor | None = None,
) -> LakeResult:
    """Publish a build; raises ConfigError if there is no lake, nothing to write it with, or the database is not migrated."""
    require_storage(settings)
    require_libraries()
    done = await execute_in_process(
        dsn,
        # not the work key of the service: a run in progress may have read the views before this request
        make_lake_request(work_key=None, full=full),
        LakeWork(list_compiled_views(), settings, dsn),
        name="lake",
        connections=2,
        timing=timing,
        by=by,
    )
    number = next((unit.progress["build"] for unit in done.units if "build" in unit.progress), None)
    builds = await list_builds(dsn)
    return LakeResult(done.task, done.units, next((build for build in builds if build.build_id == number), None))


async def list_builds(dsn: str) -> list[LakeBuild]:
    """Return all builds, the newest first."""
    async with _open(dsn) as pool, pool.acquire() as connection:
        return await ledger.list_builds(connection)


async def name_build(dsn: str, build_id: int, name: str | None) -> None:
    """Give a build a name, which keeps it, or remove the name; raises ConfigError for an unusable name or an unknown build."""
    if name is not None and (not _NAME.fullmatch(name) or _RESERVED.fullmatch(name)):
        raise ConfigError(
            f"{name!r} cannot name a build.",
            next_step="Use small letters, digits and underscores, a letter first; not latest or build_N.",
        )
    async with _open(dsn) as pool, pool.acquire() as connection, connection.transaction():
        await ledger.name_build(connection, build_id, name)


async def clean_in_process(dsn: str, settings: LakeSettings, *, is_dry: bool) -> Cleaned:
    """Delete old builds and the files that no kept build needs; a dry run only counts the files."""
    async with _open(dsn) as pool:
        return await clean_lake(pool, settings, is_dry=is_dry)


async def check_in_process(dsn: str, settings: LakeSettings, build_id: int | None) -> tuple[int, Checked]:
    """Check a build, the newest by default, and return its number; raises ConfigError if it does not exist at LAKE_URL."""
    storage = require_storage(settings)
    async with _open(dsn) as pool:
        async with pool.acquire() as connection, connection.transaction():
            builds = [build for build in await ledger.list_builds(connection) if build.root == storage.root]
            build = next((one for one in builds if build_id in (None, one.build_id)), None)
            if build is None:
                raise ConfigError(
                    "There is no such build at LAKE_URL.", next_step="./sra lake status lists the builds."
                )
            mark, _ = await ledger.prepare_root(connection, storage.root)
            tables = await ledger.read_tables(connection, build.build_id)
        order = CheckOrder(dsn=dsn, storage=storage, mark=mark, tables=tables)
        return build.build_id, await run_process("check", order, Checked, check=lambda: None)
