"""The first history: every dataset for the requested years, delisted companies, its cost estimate, no repeated request."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer
from pydantic import ValidationError
from typer.testing import CliRunner

import sra_testing
from fmp_collectors.dataset import History
from fmp_collectors.datasets import DATASETS
from fmp_collectors.datasets.index_prices import INDEX_PRICES
from fmp_ingest.collection.backfill import request_history
from fmp_ingest.collection.stored_history import LEAD, choose_first
from fmp_ingest.parameters import FmpParameters
from sra_cli.commands.fmp import estimate_history, fmp
from sra_cli.ledger_view import describe_backfill
from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import Pool, open_pool
from sra_shared.kit.settings import FmpSettings
from sra_stand_in.server import StandIn
from sra_testing.databases import create_database, drop_database, execute_sql, run_async
from sra_testing.fmp_runs import Ended, make_settings, run_fmp, run_history
from sra_testing.stack_processes import wait_for
from sra_testing.stand_in import TEST_DAY, run_stand_in

SUPPORT = Path(sra_testing.__file__).parents[1]
TODAY = datetime.now(UTC).date()
# the stand-in's day stays at the beginning of 2026, and the history has to reach behind it
YEARS = TODAY.year - 2024
FIRST = choose_first(TODAY, YEARS)
WANTED = [dataset for dataset in DATASETS if dataset.history is not History.NONE]
OF_DELISTED = {dataset.name for dataset in WANTED if dataset.history is History.DELISTED}
STATEMENTS = ("fmp_income_statement", "fmp_balance_sheet", "fmp_cash_flow")


def make_history_settings(vendor: StandIn, **values: Any) -> FmpSettings:
    return make_settings(
        vendor.fmp_base_url, **({"fmp_history_years": YEARS, "fmp_backfill_share": Decimal(1)} | values)
    )


@dataclass
class Loaded:
    """A database with the whole first history, how its run ended, and the calls by path."""

    dsn: str
    vendor: StandIn
    ended: Ended
    by_path: dict[str, int]


@pytest.fixture(scope="module")
def loaded(postgres_server: EmbeddedPostgres, database_template: str) -> Iterator[Loaded]:
    dsn = create_database(postgres_server, template=database_template)
    execute_sql(dsn, "UPDATE database_mark SET sandbox = true")
    with run_stand_in(securities=20) as vendor:
        settings = make_history_settings(vendor)
        run_async(run_fmp(dsn, settings, "universe", "symbol_changes", "delisted"))
        vendor.reset()
        ended = run_async(run_history(dsn, settings))
        assert ended is not None
        yield Loaded(dsn, vendor, ended, vendor.stats()["fmp"]["by_path"])
    drop_database(postgres_server, dsn)


@asynccontextmanager
async def open_loaded(loaded: Loaded) -> AsyncIterator[Pool]:
    pool = await open_pool(loaded.dsn, application_name="test", min_size=1, max_size=2)
    try:
        yield pool
    finally:
        await pool.close()


async def test_every_dataset_is_collected_for_the_years(loaded: Loaded) -> None:
    assert loaded.ended.task.status == "completed", loaded.ended.task.error_details
    async with open_loaded(loaded) as pool:
        for dataset in WANTED:
            counts = loaded.ended.counts(dataset.name)
            distinct = counts["stored"] + counts["unchanged"]
            assert counts["read"] == distinct + counts["duplicate"] + counts["rejected"]
            first = await pool.fetchval(f"SELECT min(date) FROM {dataset.table}")  # noqa: S608
            # a split or a statement is not of every month
            assert first - timedelta(days=400) <= FIRST, dataset.name
            if dataset.table in ("fmp_eod_price", "fmp_index_price", "fmp_treasury_rate", "fmp_exchange_rate"):
                assert FIRST <= first <= FIRST + timedelta(days=7), dataset.name
        years = {row[0] for row in await pool.fetch("SELECT DISTINCT fiscal_year FROM fmp_key_metric")}
        assert years >= set(range(FIRST.year, TEST_DAY.year))


async def test_companies_delisted_within_the_years_have_their_series_and_statements(loaded: Loaded) -> None:
    async with open_loaded(loaded) as pool:
        delisted = {
            row["symbol"]: row["delisted_date"]
            for row in await pool.fetch(
                "SELECT symbol, delisted_date FROM fmp_delisted d WHERE delisted_date <= $1"
                " AND NOT EXISTS (SELECT FROM fmp_universe u WHERE u.symbol = d.symbol)",
                TODAY,
            )
        }
        ends = {
            row["symbol"]: row["last"]
            for row in await pool.fetch(
                "SELECT symbol, max(date) AS last FROM fmp_eod_price WHERE symbol = ANY($1::text[]) GROUP BY 1",
                list(delisted),
            )
        }
        within = {symbol: day for symbol, day in delisted.items() if day >= FIRST}
        assert within
        assert set(ends) == set(within)
        assert all(timedelta(0) <= within[symbol] - ends[symbol] < timedelta(days=7) for symbol in ends)
        for table in STATEMENTS:
            rows = await pool.fetch(
                f"SELECT DISTINCT symbol FROM {table} WHERE symbol = ANY($1::text[])",  # noqa: S608
                list(delisted),
            )
            assert {row[0] for row in rows} == set(within)


async def test_pairs_of_currencies_are_those_of_the_statements_stored_before(loaded: Loaded) -> None:
    async with open_loaded(loaded) as pool:
        codes = {row[0] for row in await pool.fetch("SELECT DISTINCT reported_currency FROM fmp_income_statement")}
        pairs = {row[0] for row in await pool.fetch("SELECT DISTINCT pair FROM fmp_exchange_rate")}
        assert pairs == {f"USD{code}" for code in codes | {"CAD"} if code != "USD"}
        inexact = "SELECT count(*) FROM fmp_exchange_rate WHERE close <> (raw_json->>'close')::numeric"
        assert await pool.fetchval(inexact) == 0
        assert isinstance(await pool.fetchval("SELECT close FROM fmp_exchange_rate LIMIT 1"), Decimal)


async def test_the_estimated_cost_is_the_cost(loaded: Loaded) -> None:
    task = loaded.ended.task
    cost = task.details["cost"]
    assert {(part["dataset"], part["part"]) for part in cost["datasets"]} == {
        *((dataset.name, "listed") for dataset in WANTED),
        *((name, "delisted") for name in OF_DELISTED),
    }
    async with open_loaded(loaded) as pool:
        pairs = await pool.fetchval("SELECT count(DISTINCT pair) FROM fmp_exchange_rate")
    # which pairs statements need is not known before they are stored
    assert sum(loaded.by_path.values()) == task.details["fmp"]["calls"] == cost["calls"] + pairs - 1
    assert cost["minutes"] > 0
    assert (cost["from"], cost["to"]) == (FIRST.isoformat(), TODAY.isoformat())
    line = describe_backfill(task)
    assert line is not None
    assert f"about {cost['calls']:,} calls" in line


async def test_stored_history_is_not_requested_again(loaded: Loaded) -> None:
    async with open_loaded(loaded) as pool:
        rows = await pool.fetch("SELECT dataset, part, first_day, is_whole FROM fmp_history_state")
        assert {row["first_day"] for row in rows} == {FIRST}
        assert all(row["is_whole"] for row in rows)
        parts = {(row["dataset"], row["part"]) for row in rows}
        assert {(dataset.name) for dataset in WANTED} == {dataset for dataset, _ in parts}
        assert {dataset for dataset, part in parts if part == "delisted"} == OF_DELISTED
        assert {("index_prices", "^GSPC"), ("exchange_rates", "USDCAD"), ("ratios", "listed")} <= parts
    loaded.vendor.reset()
    assert await run_history(loaded.dsn, make_history_settings(loaded.vendor)) is None
    cost = await estimate_history(loaded.dsn, make_history_settings(loaded.vendor))
    assert (cost["calls"], cost["datasets"]) == (0, [])
    assert loaded.vendor.stats()["fmp"]["total"] == 0


async def record_stored(pool: Pool, *missing: str, first: date = FIRST) -> None:
    """Have everything be stored from a day on, except the datasets named."""
    rows = []
    for dataset in WANTED:
        if dataset.name in missing:
            continue
        topics = dataset.endpoints[0].topics
        rows += [(dataset.name, part, first) for part in topics or ("listed", "delisted")]
    await pool.executemany(
        "INSERT INTO fmp_history_state (dataset, part, first_day, is_whole) VALUES ($1, $2, $3, true)", rows
    )


async def ask(pool: Pool, **values: Any) -> dict[str, Any] | None:
    """Return the parameters of the history that a daily run would request now, without storing them."""
    settings = FmpSettings(**({"fmp_api_key": "key", "fmp_history_years": YEARS} | values))
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            task = await request_history(connection, settings, today=TODAY)
        finally:
            await transaction.rollback()
    return None if task is None else task.parameters


async def test_only_missing_history_is_requested(pool: Pool) -> None:
    await record_stored(pool)
    assert await ask(pool) is None
    await pool.execute("DELETE FROM fmp_history_state WHERE dataset IN ('ratios', 'dividends') AND part <> 'delisted'")
    await pool.execute("DELETE FROM fmp_history_state WHERE dataset = 'cash_flow' AND part = 'delisted'")
    requested = await ask(pool)
    assert requested is not None
    assert (requested["datasets"], requested["delisted"]) == (["dividends", "ratios"], ["cash_flow"])
    assert await ask(pool, fmp_history_years=0) is None


async def test_more_years_are_requested_and_a_later_day_is_not(pool: Pool) -> None:
    await record_stored(pool, first=FIRST + LEAD)
    assert await ask(pool) is None
    more = await ask(pool, fmp_history_years=YEARS + 1)
    assert more is not None
    assert len(more["datasets"]) == len(WANTED)
    assert more["from"] == choose_first(TODAY, YEARS + 1).isoformat()


async def test_a_cancelled_history_is_not_requested_again(pool: Pool) -> None:
    await record_stored(pool, "ratios")
    await pool.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source)"
        " VALUES (gen_random_uuid(), 'fmp_backfill', 'cancelled', 'fmp_backfill:first', 'fmp')"
    )
    assert await ask(pool) is None


async def test_a_listing_in_a_new_currency_requests_only_its_pair(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await record_stored(pool)
    settings = make_history_settings(stand_in)
    await run_fmp(sandbox_database, settings, "universe", "profile")
    await pool.execute("UPDATE equity_profile SET currency = 'GBp' WHERE ctid = (SELECT min(ctid) FROM equity_profile)")
    stand_in.reset()
    ended = await run_history(sandbox_database, settings)
    assert ended is not None
    assert (ended.task.status, list(ended.units)) == ("completed", ["exchange_rates", "exchange_rates: again"])
    assert [row[0] for row in await pool.fetch("SELECT DISTINCT pair FROM fmp_exchange_rate")] == ["USDGBP"]
    assert stand_in.stats()["fmp"]["total"] == 1


@pytest.mark.parametrize("kind", ["402", "402_symbol"])
async def test_a_plan_without_exchange_rates_skips_them(
    sandbox_database: str, pool: Pool, stand_in: StandIn, kind: str
) -> None:
    stand_in.set_faults({"match": "symbol=USD", "kind": kind})
    settings = make_history_settings(stand_in)
    daily = await run_fmp(sandbox_database, settings, "exchange_rates", "treasury_rates")
    assert daily.task.status == "completed", daily.task.error_details
    assert daily.units["exchange_rates"].status == "skipped"
    await record_stored(pool, "exchange_rates")
    stored = await run_history(sandbox_database, settings)
    assert stored is not None
    assert stored.units["exchange_rates"].status == "skipped"
    assert await ask(pool) is None
    await pool.execute("UPDATE fmp_history_state SET updated_at = now() - interval '31 days' WHERE NOT is_whole")
    again = await ask(pool)
    assert again is not None
    assert again["datasets"] == ["exchange_rates"]


async def test_one_pair_outside_the_plan_leaves_the_others_whole(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await record_stored(pool, "exchange_rates")
    settings = make_history_settings(stand_in)
    await run_fmp(sandbox_database, settings, "universe", "profile")
    await pool.execute("UPDATE equity_profile SET currency = 'EUR' WHERE ctid = (SELECT min(ctid) FROM equity_profile)")
    stand_in.set_faults({"match": "symbol=USDEUR", "kind": "402_symbol"})
    ended = await run_history(sandbox_database, settings)
    assert ended is not None
    assert ended.task.status == "completed", ended.task.error_details
    assert ended.units["exchange_rates"].resume["outside"] == ["USDEUR"]
    assert [row[0] for row in await pool.fetch("SELECT DISTINCT pair FROM fmp_exchange_rate")] == ["USDCAD"]


async def test_only_failed_series_are_requested_again(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await record_stored(pool, "index_prices")
    settings = make_history_settings(stand_in)
    stand_in.set_faults({"match": "symbol=%5EDJI", "kind": "500"})
    first = await run_history(sandbox_database, settings)
    assert first is not None
    assert first.task.status == "partial"
    stand_in.reset()
    again = await run_history(sandbox_database, settings)
    assert again is not None
    assert again.task.status == "completed", again.task.error_details
    assert stand_in.stats()["fmp"]["total"] == 1
    assert await run_history(sandbox_database, settings) is None


HISTORY_PROCESS = """
import asyncio, sys
from decimal import Decimal
from sra_testing.fmp_runs import make_settings, run_history
settings = make_settings(sys.argv[2], fmp_history_years=int(sys.argv[3]), fmp_backfill_share=Decimal(1))
asyncio.run(run_history(sys.argv[1], settings))
"""
SQL_AFTER = "SELECT nullif(resume->>'after', '') FROM run_unit WHERE unit = 'index_prices'"


def read_value(dsn: str, query: str) -> Any:
    async def read() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return run_async(read())


def test_a_killed_history_continues_where_it_was(sandbox_database: str, stand_in: StandIn) -> None:
    settings = make_history_settings(stand_in)

    async def prepare() -> None:
        pool = await open_pool(sandbox_database, application_name="test", min_size=1, max_size=2)
        await record_stored(pool, "index_prices", "treasury_rates")
        await pool.close()

    run_async(prepare())
    topics = sorted(INDEX_PRICES.endpoints[0].topics)
    done = [topic for topic in topics if not topic.startswith("^")]
    # in the order of their names the indices come after the sector ETFs
    assert topics[: len(done)] == done
    stand_in.set_faults({"match": "symbol=%5E", "kind": "hang"})
    command = [sys.executable, "-c", HISTORY_PROCESS, sandbox_database, stand_in.fmp_base_url, str(YEARS)]
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}  # noqa: TID251 - a child's environment, no setting
    with subprocess.Popen(command, env=environment) as killed:
        wait_for(lambda: read_value(sandbox_database, SQL_AFTER) == done[-1], "the sector ETFs", seconds=180)
        killed.kill()
    before = read_value(sandbox_database, "SELECT count(*) FROM fmp_index_price")
    # the killed process's permits count for a minute, which other tests show
    read_value(sandbox_database, "DELETE FROM fmp_limiter_worker")
    stand_in.reset()
    ended = run_async(run_history(sandbox_database, settings))
    assert ended is not None
    assert ended.task.status == "completed", ended.task.error_details
    requested = stand_in.stats()["fmp"]["by_path"]
    assert requested["/stable/historical-price-eod/full"] == len(topics) - len(done)
    assert requested["/stable/treasury-rates"] > 0
    stored = read_value(sandbox_database, "SELECT count(*) FROM fmp_index_price")
    assert stored == ended.counts("index_prices")["stored"] > before > 0
    assert run_async(run_history(sandbox_database, settings)) is None


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"delisted": ["ratios"], "from": "2025-01-01"}, "delisted companies have no ratios"),
        ({"delisted": ["splits"]}, "`delisted` requires `from`"),
    ],
)
def test_delisted_companies_are_requested_for_suitable_datasets(parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        FmpParameters.model_validate(parameters)


def test_the_command_shows_what_the_history_would_cost(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("FMP_HISTORY_YEARS", str(YEARS))
    app = typer.Typer()
    app.command()(fmp)
    shown = CliRunner().invoke(app, ["--dry-run"])
    assert shown.exit_code == 0, shown.exception
    assert f"calls, 0 minutes, from {FIRST}" in shown.stdout
    assert "treasury_rates" in shown.stdout
    assert "The universe is not stored yet" in shown.stderr
