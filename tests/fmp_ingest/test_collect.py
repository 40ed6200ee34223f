"""Collecting from the stand-in into a real database: rows that are stored, unchanged and held."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from fmp_collectors.dataset import Cadence
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_ingest.collection.target_symbols import read_targets
from sra_shared.kit.db import Pool
from sra_shared.runs import TaskType, UnitStatus
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import Ended, make_settings, run_fmp
from sra_testing.stand_in import SECURITIES

NOTHING_NEW = ("stored", "rejected", "duplicate")


async def run_dataset(dsn: str, stand_in: StandIn, name: str, **values: Any) -> Ended:
    weekly = BY_NAME[name].cadence is Cadence.WEEKLY
    task_type = TaskType.WEEKLY_FUNDAMENTALS if weekly else TaskType.DAILY_QUOTES
    return await run_fmp(dsn, make_settings(stand_in.fmp_base_url, **values), name, task_type=task_type)


# stored like income statements and key metrics; the heavy tests load each of them alone
LIKE_OTHERS = (
    *("balance_sheet", "cash_flow", "ratios"),
    *("income_growth", "balance_sheet_growth", "cash_flow_growth", "financial_growth"),
)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(dataset.name, marks=[pytest.mark.faults] if dataset.name in LIKE_OTHERS else [])
        for dataset in DATASETS
    ],
)
async def test_each_dataset_loads_alone_and_twice_is_once(
    sandbox_database: str, pool: Pool, stand_in: StandIn, name: str
) -> None:
    first = await run_dataset(sandbox_database, stand_in, name)
    assert first.task.status == "completed", first.task.error_details
    counts = first.counts(name)
    assert counts["read"] == counts["stored"] + counts["unchanged"] + counts["duplicate"] + counts["rejected"]
    assert counts["rejected"] == 0
    table = BY_NAME[name].table
    stored = await pool.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
    assert stored == counts["stored"]
    day = BY_NAME[name].day_field
    newest = f"SELECT max({day}::date)::text FROM {table} WHERE {day}::date <= current_date"  # noqa: S608
    noted = await pool.fetchval("SELECT max(progress ->> 'newest_record') FROM run_unit WHERE dataset = $1", name)
    assert noted == (None if day is None else await pool.fetchval(newest))
    written = await pool.fetch(f"SELECT ctid, xmin::text, * FROM {table}")  # noqa: S608
    again = (await run_dataset(sandbox_database, stand_in, name)).counts(name)
    assert [again[column] for column in NOTHING_NEW] == [0, 0, counts["duplicate"]]
    assert await pool.fetch(f"SELECT ctid, xmin::text, * FROM {table}") == written  # noqa: S608


async def test_daily_and_weekly_runs_complete_and_balance(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    settings, before = make_settings(stand_in.fmp_base_url), 0
    for task_type in (TaskType.DAILY_QUOTES, TaskType.WEEKLY_FUNDAMENTALS):
        ended = await run_fmp(sandbox_database, settings, task_type=task_type)
        assert ended.task.status == "completed", ended.task.error_details
        first_tries = [name for name in ended.units if not name.endswith(": again")]
        assert first_tries[-1] == "exchange_rates", "profiles and statements name the currencies"
        figures = ended.task.details["fmp"]
        assert figures["calls"] == stand_in.stats()["fmp"]["total"]
        # that of the door is never above the ledger's, whose windows are a second longer, nor above all calls together
        assert stand_in.stats()["fmp"]["highest_in_window"] <= figures["highest_minute"] <= figures["calls"] + before
        before = figures["calls"]
        stand_in.reset()
    assert await pool.fetchval("SELECT count(*) FROM fmp_universe WHERE valid_to IS NULL") == SECURITIES
    assert await pool.fetchval("SELECT count(*) FROM completion_outbox WHERE source = 'fmp'") == 2
    closes = await pool.fetch("SELECT exchange, close_at FROM market_session WHERE session_date = '2025-11-28'")
    assert {row["exchange"]: row["close_at"].hour for row in closes} == {"NYSE": 18, "TSX": 21}


async def test_numbers_are_stored_to_the_last_digit(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_dataset(sandbox_database, stand_in, "quote")
    differing = await pool.fetchval(
        "SELECT count(*) FROM fmp_quote WHERE price <> (raw_json->>'price')::numeric"
        " OR market_cap <> (raw_json->>'marketCap')::numeric OR jsonb_typeof(raw_json->'price') <> 'number'"
    )
    assert differing == 0
    assert isinstance(await pool.fetchval("SELECT price FROM fmp_quote LIMIT 1"), Decimal)


async def test_prices_are_the_same_by_session_and_by_symbol(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    settings = make_settings(stand_in.fmp_base_url, fmp_backfill_share=Decimal(1))
    days = {"from": "2025-12-22", "to": "2026-01-05"}
    bulk = await run_fmp(sandbox_database, settings, "eod_prices", task_type=TaskType.FMP_BACKFILL, **days)
    assert bulk.task.status == "completed", bulk.task.error_details
    sessions = await pool.fetchval("SELECT count(DISTINCT date) FROM fmp_eod_price")
    assert sessions == 9
    stand_in.set_fmp(plan="premium")
    single = await run_fmp(sandbox_database, settings, "eod_prices", task_type=TaskType.FMP_BACKFILL, **days)
    counts = single.counts("eod_prices")
    assert (counts["stored"], counts["unchanged"]) == (0, bulk.counts("eod_prices")["stored"])


async def test_prices_overlap_five_sessions_with_the_last_stored_one(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    settings = make_settings(stand_in.fmp_base_url, fmp_backfill_share=Decimal(1))
    first = {"from": "2025-12-30", "to": "2025-12-30"}
    await run_fmp(sandbox_database, settings, "eod_prices", task_type=TaskType.FMP_BACKFILL, **first)
    async with pool.acquire() as connection:
        targets = await read_targets(connection, BY_NAME["eod_prices"], {}, today=date(2026, 1, 5))
    assert [day.isoformat() for day in targets.sessions] == [
        *("2025-12-22", "2025-12-23", "2025-12-24", "2025-12-26", "2025-12-29", "2025-12-30", "2025-12-31"),
        *("2026-01-02", "2026-01-05"),
    ]


@pytest.mark.parametrize(
    ("plan", "path"), [("ultimate", "batch-exchange-quote"), ("starter", "batch-quote"), ("free", "quote")]
)
async def test_a_smaller_plan_falls_back_to_the_next_source(
    sandbox_database: str, pool: Pool, stand_in: StandIn, plan: str, path: str
) -> None:
    await run_dataset(sandbox_database, stand_in, "universe")
    stand_in.set_fmp(plan=plan)
    ended = await run_dataset(sandbox_database, stand_in, "quote")
    # the free plan includes only some symbols
    assert ended.task.status == ("partial" if plan == "free" else "completed"), ended.task.error_details
    stored = await pool.fetchval("SELECT count(*) FROM fmp_quote")
    assert 0 < stored < SECURITIES if plan == "free" else stored == SECURITIES
    answered = stand_in.stats()["fmp"]["by_path"]
    assert any(name.endswith(f"/{path}") for name in answered)


async def test_a_dataset_outside_the_plan_is_skipped_and_reported(sandbox_database: str, stand_in: StandIn) -> None:
    await run_dataset(sandbox_database, stand_in, "universe")
    stand_in.set_fmp(plan="starter")
    ended = await run_dataset(sandbox_database, stand_in, "etf_holdings")
    assert ended.units["etf_holdings"].status is UnitStatus.SKIPPED
    assert "The account's plan does not include" in str(ended.units["etf_holdings"].error)


async def test_bulk_profiles_fall_back_to_one_by_one(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_dataset(sandbox_database, stand_in, "universe")
    bulk = (await run_dataset(sandbox_database, stand_in, "profile")).counts("profile")
    stand_in.set_fmp(plan="premium")
    single = await run_dataset(sandbox_database, stand_in, "profile")
    assert single.task.status == "completed", single.task.error_details
    counts = single.counts("profile")
    assert bulk["stored"] == SECURITIES
    assert (counts["read"], counts["unchanged"]) == (SECURITIES, SECURITIES)


async def drop_from_universe(pool: Pool, exchange: str, extra: int) -> None:
    """Pretend that an exchange had `extra` more listings than the vendor names."""
    await pool.execute(
        "INSERT INTO fmp_universe (symbol, exchange, raw_json, run_id, content_hash)"
        " SELECT 'GONE' || n, $1, '{}', gen_random_uuid(), 'x' FROM generate_series(1, $2) n",
        exchange,
        extra,
    )


async def test_a_complete_list_closes_missing_entries(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_dataset(sandbox_database, stand_in, "universe")
    await drop_from_universe(pool, "NYSE", 1)
    ended = await run_dataset(sandbox_database, stand_in, "universe", drop_limit=Decimal("0.5"))
    assert ended.task.status == "completed"
    closed = await pool.fetch("SELECT symbol FROM fmp_universe WHERE valid_to IS NOT NULL")
    assert [row["symbol"] for row in closed] == ["GONE1"]


async def test_a_list_that_shrinks_too_far_is_held_until_released(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await run_dataset(sandbox_database, stand_in, "universe")
    await drop_from_universe(pool, "NYSE", 40)
    held = await run_dataset(sandbox_database, stand_in, "universe")
    assert held.task.status == "held"
    assert "NYSE" in str(held.units["universe"].error)
    assert await pool.fetchval("SELECT count(*) FROM fmp_universe WHERE valid_to IS NOT NULL") == 0
    released = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe", released=True)
    assert released.task.status == "completed"
    assert await pool.fetchval("SELECT count(*) FROM fmp_universe WHERE valid_to IS NOT NULL") == 40


async def test_an_empty_list_closes_nothing(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_dataset(sandbox_database, stand_in, "universe")
    stand_in.set_faults({"match": "/stable/company-screener.*TSX", "kind": "empty_list"})
    held = await run_dataset(sandbox_database, stand_in, "universe")
    assert held.task.status == "held"
    assert await pool.fetchval("SELECT count(*) FROM fmp_universe WHERE valid_to IS NOT NULL") == 0


async def test_holdings_change_as_versions_with_the_time_they_held(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    first = (await run_dataset(sandbox_database, stand_in, "etf_holdings")).counts("etf_holdings")
    await pool.execute(
        "UPDATE fmp_etf_holding SET content_hash = 'old' WHERE row_id = (SELECT min(row_id) FROM fmp_etf_holding)"
    )
    again = (await run_dataset(sandbox_database, stand_in, "etf_holdings")).counts("etf_holdings")
    assert (again["stored"], again["unchanged"]) == (1, first["stored"] - 1)
    gaps = await pool.fetchval(
        "SELECT count(*) FROM fmp_etf_holding o JOIN fmp_etf_holding n ON n.symbol = o.symbol AND n.valid_from = o.valid_to"
    )
    assert gaps == 1


async def test_a_source_without_key_is_skipped(sandbox_database: str, stand_in: StandIn) -> None:
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url, fmp_api_key=None))
    assert ended.task.status == "completed"
    assert ended.task.details["skipped"] == "FMP_API_KEY is not set."
    assert {unit.status for unit in ended.units.values()} == {UnitStatus.SKIPPED}


async def test_the_stand_in_is_refused_by_a_database_for_real_data(
    database: str, pool: Pool, stand_in: StandIn
) -> None:
    ended = await run_fmp(database, make_settings(stand_in.fmp_base_url))
    assert ended.task.status == "failed"
    assert ended.work.refusal is not None
    assert ended.work.refusal.exit_code == 5
    assert len(ended.task.error_details) == 1
    assert await pool.fetchval("SELECT count(*) FROM fmp_universe") == 0


async def test_the_vendor_is_refused_by_a_sandbox_before_any_call(sandbox_database: str) -> None:
    ended = await run_fmp(sandbox_database, make_settings("https://financialmodelingprep.com/stable"))
    assert ended.task.status == "failed"
    assert ended.task.details["fmp"]["calls"] == 0
    assert ended.work.refusal is not None


@pytest.mark.parametrize("name", ["quote", "profile", "eod_prices", "index_prices", "peers"])
async def test_only_the_requested_symbols_are_stored(
    sandbox_database: str, pool: Pool, stand_in: StandIn, name: str
) -> None:
    await run_dataset(sandbox_database, stand_in, "universe")
    known = [row[0] for row in await pool.fetch("SELECT symbol FROM fmp_universe ORDER BY symbol LIMIT 2")]
    symbols = ["^GSPC"] if name == "index_prices" else known
    stand_in.set_as_of(datetime.now(UTC).date().isoformat())
    stand_in.reset()
    settings = make_settings(stand_in.fmp_base_url)
    ended = await run_fmp(sandbox_database, settings, name, symbols=[*symbols, "NOSUCH"])
    assert ended.task.status == "completed", ended.task.error_details
    stored = await pool.fetch(f"SELECT DISTINCT symbol FROM {BY_NAME[name].table} ORDER BY 1")  # noqa: S608
    assert [row["symbol"] for row in stored] == symbols
    assert stand_in.stats()["fmp"]["total"] <= 6


async def test_some_symbols_of_a_list_close_nothing(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_dataset(sandbox_database, stand_in, "universe")
    symbol = await pool.fetchval("SELECT min(symbol) FROM fmp_universe")
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe", symbols=[symbol])
    assert ended.task.status == "completed", ended.task.error_details
    counts = ended.counts("universe")
    assert (counts["read"], counts["unchanged"]) == (1, 1)
    assert ended.units["universe"].counts.out_of_scope > 0
    assert await pool.fetchval("SELECT count(*) FROM fmp_universe WHERE valid_to IS NULL") == SECURITIES
