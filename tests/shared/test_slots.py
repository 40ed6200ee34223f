"""A schedule's slot fires once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from sra_shared.kit.db import Connection, Pool
from sra_shared.runs import RunRequest, TaskType, request_run
from sra_shared.runs.jobs import enqueue_run
from sra_shared.runs.slots import bind_slot, claim_slot

pytestmark = pytest.mark.versions

SLOT = datetime(2026, 11, 23, 2, tzinfo=UTC)


async def fire(pool: Pool, number: int) -> bool:
    async with pool.acquire() as connection, connection.transaction():
        if not await claim_slot(connection, "daily", SLOT):
            return False
        request = RunRequest(task_type=TaskType.UNIFIED_REFRESH, parameters={"number": number})
        requested = await request_run(connection, request, source=None, enqueue=enqueue_run)
        await bind_slot(connection, "daily", SLOT, requested.task.task_id)
        return True


async def read_last_slot(connection: Connection, schedule: str) -> object:
    return await connection.fetchval("SELECT max(slot) FROM schedule_slot WHERE schedule = $1", schedule)


async def test_gateways_that_overlap_fire_a_slot_once(pool: Pool) -> None:
    fired = await asyncio.gather(*(fire(pool, number) for number in range(20)))
    assert sum(fired) == 1
    assert await pool.fetchval("SELECT count(*) FROM jobs.pgqueuer") == 1
    assert await pool.fetchval("SELECT count(*) FROM schedule_slot s JOIN task_execution_log USING (task_id)") == 1


async def test_slot_of_a_failed_transaction_is_free_again(pool: Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await claim_slot(connection, "daily", SLOT)
        await transaction.rollback()
        assert await read_last_slot(connection, "daily") is None
    assert await fire(pool, 1)
    async with pool.acquire() as connection:
        assert await read_last_slot(connection, "daily") == SLOT


async def test_slot_without_time_zone_is_refused(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(ValueError, match="no time zone"):
            await claim_slot(connection, "daily", datetime(2026, 11, 23, 2))  # noqa: DTZ001 - the case under test
