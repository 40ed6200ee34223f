"""The upgrade of an earlier database with rows and an active run to history and calls, without rewriting its tables."""

from __future__ import annotations

from uuid import UUID, uuid4

import asyncpg

from fmp_collectors.call import Call
from fmp_collectors.datasets import BY_NAME
from fmp_collectors.records import Accepted, Batch, parse_row
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.row_store import Store
from sra_shared.kit.database.revision import read_newest_revision
from sra_shared.kit.db import open_connection
from sra_shared.migrate import upgrade_database

BEFORE = "0015"
PRICE = {"symbol": "AAPL", "date": "2026-01-05", "open": 1, "high": 3, "low": 1, "close": 2, "volume": 100}
SQL_FILES = "SELECT relid::text AS name, pg_relation_filenode(relid) AS node FROM pg_partition_tree('fmp_eod_price')"


async def put_rows_of_before(connection: asyncpg.Connection[asyncpg.Record], run: UUID) -> None:
    """An active run, and the rows that it stored with the earlier code."""
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source) VALUES ($1, 'daily_quotes', 'running',"
        " 'daily_quotes', 'fmp')",
        run,
    )
    await connection.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status, resume) VALUES ($1, 'profile', 'profile', 'running', $2)",
        run,
        {"after": "1", "row": 20},
    )
    for symbol in ("AAPL", "MSFT"):
        await connection.execute(
            "INSERT INTO fmp_eod_price (symbol, date, open, close, raw_json, run_id, content_hash, created_at, updated_at)"
            " VALUES ($1, '2026-01-05', 1, 2, $2, $3, '', now() - interval '3 days', now() - interval '2 days')",
            symbol,
            PRICE,
            run,
        )


async def test_upgrade_with_rows_and_a_run_at_work(empty_database: str) -> None:
    await upgrade_database(empty_database, revision=BEFORE)
    connection = await open_connection(empty_database, application_name="test")
    run = uuid4()
    await put_rows_of_before(connection, run)
    files = await connection.fetch(SQL_FILES)
    before = await connection.fetch("SELECT ctid, * FROM fmp_eod_price ORDER BY symbol")
    await upgrade_database(empty_database)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == read_newest_revision()
    # a new file would mean a rewritten table
    assert await connection.fetch(SQL_FILES) == files
    after = await connection.fetch("SELECT ctid, * FROM fmp_eod_price ORDER BY symbol")
    assert [dict(row) for row in after] == [{**row, "call_id": None} for row in before]
    assert await connection.fetchval("SELECT resume FROM run_unit") == {"after": "1", "row": 20}

    parsed = parse_row(BY_NAME["eod_prices"].record, {**PRICE, "close": 5})
    assert isinstance(parsed, Accepted)
    call = Call(7, run, "eod-bulk", {}, after[0]["updated_at"], 200, 1, b"", 1)
    batch = Batch([parsed])
    batch.name_call(call)
    store, delivery = Store(BY_NAME["eod_prices"], run), FmpBatch(batch)
    async with connection.transaction():
        await store.merge(connection, delivery, await store.stage(connection, delivery))
    (kept,) = await connection.fetch("SELECT * FROM fmp_row_history")
    assert (kept["symbol"], kept["call_id"], kept["run_id"]) == ("AAPL", None, run)
    assert (kept["known_from"], kept["created_at"]) == (before[0]["updated_at"], before[0]["created_at"])
    known = "SELECT close FROM fmp_rows_known_at(NULL::fmp_eod_price, $1, '{AAPL}')"
    assert [await connection.fetchval(known, moment) for moment in (kept["created_at"], kept["known_from"])] == [
        None,
        2,
    ]
    assert await connection.fetchval("SELECT call_id FROM fmp_eod_price WHERE symbol = 'AAPL'") == 7
    await connection.close()
