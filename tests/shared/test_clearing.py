"""Resources that tests share are cleared between them: no row, view or sequence of one test remains for the next."""

from __future__ import annotations

import pytest

from sra_shared.kit.db import Pool
from sra_stand_in.options import Options
from sra_testing.clearing import clear_database, read_baseline
from sra_testing.stand_in import TEST_DAY, call_fmp, run_stand_in

PUT_REJECT = """
INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, raw)
VALUES (gen_random_uuid(), 'fundata', 'FundGeneral', 'data/a.csv', 1, 'field_count', 'x') RETURNING reject_id
"""


async def test_rows_views_and_sequences_of_a_test_are_cleared(pool: Pool) -> None:
    async with pool.acquire() as connection:
        baseline = await read_baseline(connection)
        assert "public.alembic_version" in baseline.contents
        first = await connection.fetchval(PUT_REJECT)
        await connection.execute("CREATE VIEW sra.data_freshness AS SELECT 1 AS one")
        await clear_database(connection, baseline)
        assert await read_baseline(connection) == baseline
        assert await connection.fetchval(PUT_REJECT) == first


@pytest.mark.parametrize(
    "change",
    ["UPDATE database_mark SET sandbox = NOT sandbox", "DROP TABLE login_failure", "CREATE TABLE sra.extra ()"],
)
async def test_a_change_that_cannot_be_cleared_is_named(pool: Pool, change: str) -> None:
    async with pool.acquire() as connection:
        baseline = await read_baseline(connection)
        await connection.execute(change)
        with pytest.raises(AssertionError, match="a test"):
            await clear_database(connection, baseline)


def test_a_reused_stand_in_is_reset() -> None:
    with run_stand_in(securities=30) as first:
        first.set_faults({"match": "/stable/", "kind": "500", "times": None})
        first.set_fmp(plan="free", limit=1)
        first.set_as_of("2025-06-02")
        with call_fmp(first) as fmp:
            assert fmp.get("quote?symbol=AAPL").status_code == 500
    with run_stand_in(securities=30) as again, call_fmp(again) as fmp:
        assert again.url == first.url
        assert again.stats()["fmp"]["total"] == 0
        assert again.stats()["as_of"] == TEST_DAY.isoformat()
        assert fmp.get("quote?symbol=AAPL").status_code == 200
        assert again.options == Options(securities=30, funds=4, as_of=TEST_DAY)
        with run_stand_in(securities=30) as other:
            assert other.url != again.url
