"""The upgrade of a database with prices: it records how far back they reach, and nothing is requested twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import Connection, open_connection
from sra_shared.migrate import upgrade_database
from sra_testing.databases import create_database, drop_database, run_async

BEFORE = "0015"
FORMER = ("eod_prices", "splits", "dividends")
FIRST = "2015-10-14"


@pytest.fixture(scope="module")
def former_template(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """Name of a database at the former revision to clone."""
    dsn = create_database(postgres_server)
    run_async(upgrade_database(dsn, revision=BEFORE))
    yield dsn.rsplit("/", 1)[-1]
    drop_database(postgres_server, dsn)


@pytest.fixture
def former_database(postgres_server: EmbeddedPostgres, former_template: str) -> Iterator[str]:
    """Address of a database at the former revision."""
    dsn = create_database(postgres_server, template=former_template)
    yield dsn
    drop_database(postgres_server, dsn)


async def put_backfill(connection: Connection, status: str, units: dict[str, str]) -> None:
    """Store the first backfill as the former code requested it, with the states of its units."""
    run = uuid4()
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, parameters)"
        " VALUES ($1, 'fmp_backfill', $2, 'fmp_backfill:first', 'fmp', $3)",
        run,
        status,
        {"datasets": list(FORMER), "from": FIRST, "to": "2025-11-28"},
    )
    for ordinal, (unit, state) in enumerate(units.items(), 1):
        await connection.execute(
            "INSERT INTO run_unit (task_id, unit, ordinal, dataset, status) VALUES ($1, $2, $3, $4, $5)",
            run,
            unit,
            ordinal,
            unit.removesuffix(": again"),
            state,
        )


async def put_prices(connection: Connection, parameters: dict[str, Any]) -> None:
    """Store two days of prices and their run."""
    run = uuid4()
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, parameters)"
        " VALUES ($1, 'daily_quotes', 'completed', $2, 'fmp', $3)",
        run,
        str(run),
        parameters,
    )
    for day in (date(2018, 1, 2), date(2025, 11, 28)):
        await connection.execute(
            "INSERT INTO fmp_eod_price (symbol, date, close, raw_json, run_id, content_hash)"
            " VALUES ('A', $1, 10, '{}', $2, '')",
            day,
            run,
        )


async def upgrade(dsn: str, *, runs: dict[str, dict[str, str]], prices: dict[str, Any] | None) -> dict[str, date]:
    """Fill a database that is at the former revision, upgrade it, and return the first day of each dataset that it knows of."""
    connection = await open_connection(dsn, application_name="test")
    try:
        for status, units in runs.items():
            await put_backfill(connection, status, units)
        if prices is not None:
            await put_prices(connection, prices)
        await upgrade_database(dsn)
        rows = await connection.fetch("SELECT dataset, part, first_day, is_whole FROM fmp_history_state")
        assert {(row["part"], row["is_whole"]) for row in rows} <= {("listed", True)}
        kept = await connection.fetchval("SELECT count(*) FROM task_execution_log WHERE task_type = 'fmp_backfill'")
        assert kept == len(runs)
        return {row["dataset"]: row["first_day"] for row in rows}
    finally:
        await connection.close()


ENDED = dict.fromkeys((*FORMER, *(f"{name}: again" for name in FORMER)), "completed")
AT_WORK = {"eod_prices": "completed", "splits": "running", "dividends": "queued", "eod_prices: again": "queued"}


@pytest.mark.parametrize(
    ("runs", "prices", "known"),
    [
        pytest.param({"completed": ENDED}, {}, dict.fromkeys(FORMER, date(2015, 10, 14)), id="a history that ended"),
        pytest.param({"running": AT_WORK}, {}, {"eod_prices": date(2015, 10, 14)}, id="an active history"),
        pytest.param({"failed": dict.fromkeys(FORMER, "failed")}, {}, {}, id="a history that failed"),
        pytest.param({}, {}, dict.fromkeys(FORMER, date(2018, 1, 2)), id="prices whose run is archived"),
        pytest.param({}, {"symbols": ["A"]}, {}, id="prices of one symbol"),
        pytest.param({}, None, {}, id="nothing"),
    ],
)
async def test_the_upgrade_knows_how_far_back_prices_are_stored(
    former_database: str, runs: dict[str, dict[str, str]], prices: dict[str, Any] | None, known: dict[str, date]
) -> None:
    assert await upgrade(former_database, runs=runs, prices=prices) == known
