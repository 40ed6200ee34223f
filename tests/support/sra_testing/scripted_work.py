"""Work with scripted units, and the requests and ledger reads that go with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sra_shared.kit.db import Connection, Pool
from sra_shared.runs import (
    ProcessingTask,
    RunEnd,
    RunRequest,
    TaskType,
    Unit,
    UnitContext,
    UnitPlan,
    read_run,
    read_units,
    request_run,
)
from sra_shared.runs.counts import Counts

ONE_ROW = Counts(read=1, stored=1)


@dataclass
class ScriptedWork:
    """Units by name; `act` defines what each does."""

    act: Callable[[UnitContext], Awaitable[None]]
    units: Sequence[str] = ("a",)
    source: str | None = "fmp"
    ordered: bool = False
    concurrency: int = 1
    planned: int = field(default=0)

    async def plan(self, _context: UnitContext) -> Sequence[UnitPlan]:
        self.planned += 1
        return [UnitPlan(unit, unit.upper()) for unit in self.units]

    async def process(self, context: UnitContext) -> None:
        await self.act(context)

    async def conclude(self, _connection: Connection, _task: ProcessingTask, _units: Sequence[Unit]) -> RunEnd:
        return RunEnd()


async def ask(pool: Pool, **fields: object) -> UUID:
    """Request a run and return its id; without a job, since the test executes it itself."""
    async with pool.acquire() as connection, connection.transaction():
        requested = await request_run(
            connection, RunRequest.model_validate({"task_type": TaskType.DAILY_QUOTES, **fields}), source="fmp"
        )
    return requested.task.task_id


async def commit_one(context: UnitContext) -> None:
    """Commit a chunk of one record, with the number of records so far as its resume point."""
    async with context.transaction() as connection:
        await context.commit(connection, ONE_ROW, resume={"line": context.unit.counts.read + 1})


async def fetch_units(pool: Pool, task_id: UUID) -> dict[str, Unit]:
    async with pool.acquire() as connection:
        return {unit.unit: unit for unit in await read_units(connection, task_id)}


async def fetch_run(pool: Pool, task_id: UUID) -> ProcessingTask:
    async with pool.acquire() as connection:
        task = await read_run(connection, task_id)
    assert task is not None
    return task


async def make_due(pool: Pool, task_id: UUID) -> None:
    """Make units that wait for a retry due at once."""
    await pool.execute("UPDATE run_unit SET not_before = NULL WHERE task_id = $1", task_id)


async def end_leases(pool: Pool, task_id: UUID) -> None:
    """Expire the leases, as after a pause of the whole process or a jump of the server's clock."""
    await pool.execute(
        "UPDATE run_unit SET lease_expires_at = now() - interval '1 minute', heartbeat_at = now() - interval '1 minute'"
        " WHERE task_id = $1 AND status = 'running'",
        task_id,
    )
