"""The upgrade to ids of securities, of a database with listings and an active run."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from sra_shared.kit.db import open_connection
from sra_shared.migrate import upgrade_database


async def test_listings_and_an_active_run_stay_and_ids_can_be_assigned(empty_database: str) -> None:
    await upgrade_database(empty_database, revision="0025")
    connection, run = await open_connection(empty_database, application_name="test"), uuid4()
    await connection.execute(
        "INSERT INTO fmp_universe (symbol, exchange, raw_json, run_id, content_hash) VALUES ('ABC', 'NYSE', '{}', $1, '')",
        run,
    )
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source)"
        " VALUES ($1, 'daily_quotes', 'running', 'daily_quotes', 'fmp')",
        run,
    )
    await connection.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status, resume) VALUES ($1, 'profile', 'profile', 'running', $2)",
        *(run, {"after": "ABC"}),
    )
    await connection.close()
    await upgrade_database(empty_database)
    connection = await open_connection(empty_database, application_name="test")
    try:
        assert await connection.fetchval("SELECT resume FROM run_unit WHERE status = 'running'") == {"after": "ABC"}
        assert await connection.fetchval("SELECT symbol FROM fmp_universe") == "ABC"
        assert await connection.fetchval("SELECT count(*) FROM security") == 0
        put = "INSERT INTO security (security_id, source, identifier, first_symbol, held_on) VALUES ($1, $2, 'A', 'A', $3)"
        await connection.execute(put, "fundata:A", "fundata", None)
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(put, "fundata:A", "fundata", None)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(put, "fmp:A", "fmp", None)
    finally:
        await connection.close()
