"""The share of rejected records in the newest run of a kind, without those that a person settled since."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from gateway.alerts.active_problems import read_shares
from sra_shared.kit.db import Pool

SETTLE = {
    "resolved": "UPDATE rejected_record SET resolved_at = now() WHERE line < 3",
    "dismissed": "UPDATE rejected_record SET dismissed_at = now() WHERE line < 3",
}


async def put_run(pool: Pool, rejected: int) -> UUID:
    run: UUID = await pool.fetchval(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, completed_at)"
        " VALUES ($1, 'fundata_data', 'completed', gen_random_uuid()::text, 'fundata', now()) RETURNING task_id",
        uuid4(),
    )
    await pool.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status, read_count, stored_count, rejected_count)"
        " VALUES ($1, 'x', 'FundGeneral', 'completed', 1000, 1000 - $2::bigint, $2)",
        run,
        rejected,
    )
    return run


@pytest.mark.parametrize("settled", list(SETTLE))
async def test_rejects_settled_since_are_excluded(pool: Pool, settled: str) -> None:
    run = await put_run(pool, 5)
    # two that it read first, and three that it read again
    await pool.executemany(
        "INSERT INTO rejected_record (run_id, source, dataset, line, reason, raw, last_run_id)"
        " VALUES ($1, 'fundata', 'FundGeneral', $2, 'field_count', '', $3)",
        [(run if line < 2 else uuid4(), line, None if line < 2 else run) for line in range(5)],
    )
    async with pool.acquire() as connection:
        (share,) = await read_shares(connection)
        assert (share.task_id, share.read, share.rejected) == (run, 1000, 5)
        await connection.execute(SETTLE[settled])
        (share,) = await read_shares(connection)
        assert share.rejected == 2
