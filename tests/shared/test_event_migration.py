"""The upgrade to events that end, of a database with earlier rows and an active run."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from fmp_collectors.datasets.dividends import DIVIDENDS
from fmp_collectors.records import Accepted, Batch, hash_content, parse_row
from fmp_ingest.collection.resume_point import ResumePoint
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.row_store import Store
from sra_shared.kit.db import Connection, open_connection
from sra_shared.migrate import upgrade_database

DAY = date(2026, 3, 2)


def accept(amount: str, kind: str) -> Accepted:
    parsed = parse_row(
        DIVIDENDS.record, {"symbol": "AAA", "date": DAY.isoformat(), "dividend": amount, "frequency": kind}
    )
    assert isinstance(parsed, Accepted)
    return parsed


async def put_rows_of_before(connection: Connection, run: UUID) -> None:
    regular = accept("0.15", "Quarterly")
    await connection.execute(
        "INSERT INTO fmp_dividend (symbol, date, dividend, frequency, raw_json, run_id, content_hash, updated_at)"
        " VALUES ('AAA', $1, 0.15, 'Quarterly', '{}', $2, $3, now() - interval '1 day')",
        *(DAY, run, hash_content(regular)),
    )
    await connection.execute(
        "INSERT INTO fmp_split (symbol, date, numerator, denominator, raw_json, run_id, content_hash)"
        " VALUES ('AAA', $1, 2, 1, '{}', $2, 'x'), ('BBB', $1, 3, 1, '{}', $2, 'x')",
        *(DAY, run),
    )
    for old, new, day in (("CCC", "DDD", date(2020, 1, 2)), ("EEE", "CCC", date(2021, 1, 4))):
        await connection.execute(
            "INSERT INTO fmp_symbol_change (date, old_symbol, new_symbol, raw_json, run_id, content_hash)"
            " VALUES ($1, $2, $3, '{}', $4, 'x')",
            *(day, old, new, run),
        )
        await connection.execute(
            "INSERT INTO fmp_symbol_alias (symbol, former_symbol, valid_to, run_id) VALUES ($1, $2, $3, $4)",
            *(new, old, day, run),
        )
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source)"
        " VALUES ($1, 'daily_quotes', 'running', 'daily_quotes', 'fmp')",
        run,
    )
    await connection.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status, resume)"
        " VALUES ($1, 'dividends', 'dividends', 'running', $2)",
        *(run, {"after": "2026-03-01", "answered": 2, "first_path": "dividends-calendar"}),
    )


async def test_rows_and_an_active_run_continue_after_the_upgrade(empty_database: str) -> None:
    await upgrade_database(empty_database, revision="0015")
    connection, run = await open_connection(empty_database, application_name="test"), uuid4()
    await put_rows_of_before(connection, run)
    await connection.close()
    await upgrade_database(empty_database)
    connection = await open_connection(empty_database, application_name="test")
    resume = await connection.fetchval("SELECT resume FROM run_unit WHERE task_id = $1", run)
    assert ResumePoint.read(resume).after == "2026-03-01"
    rows = await connection.fetch("SELECT symbol, row_id, valid_to, ended_run_id FROM fmp_split ORDER BY symbol")
    assert [(row["symbol"], row["valid_to"], row["ended_run_id"]) for row in rows] == [
        ("AAA", None, None),
        ("BBB", None, None),
    ]
    assert len({row["row_id"] for row in rows}) == 2
    assert await connection.fetchval("SELECT valid_from = updated_at FROM fmp_dividend")
    owners = await connection.fetch("SELECT symbol, valid_from, owner_symbol FROM fmp_symbol_period")
    assert [tuple(row) for row in owners] == [("CCC", date(2020, 1, 2), "CCC")]
    async with connection.transaction():
        store = Store(DIVIDENDS, run)
        delivery = FmpBatch(Batch([accept("0.15", "Quarterly"), accept("0.65", "Special")]))
        counts = await store.merge(connection, delivery, await store.stage(connection, delivery))
    assert (counts.read, counts.stored, counts.unchanged) == (2, 1, 1)
    assert await connection.fetchval("SELECT sum(dividend) FROM fmp_dividend WHERE valid_to IS NULL") == Decimal("0.80")
    await connection.close()
