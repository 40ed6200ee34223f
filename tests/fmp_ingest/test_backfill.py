"""The first history: requested once, collected next to the daily run from the faster source, and resumed."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import MagicMock
from uuid import uuid4

import asyncpg
import pytest

from fmp_collectors.dataset import History, Targets
from fmp_collectors.datasets import DATASETS
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_ingest.collection.collector import Collector
from fmp_ingest.collection.estimate import order_endpoints
from fmp_ingest.collection.resume_point import ResumePoint
from sra_cli.commands.fmp import estimate
from sra_shared.kit.db import Pool
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.databases import run_async
from sra_testing.fmp_runs import make_settings, run_fmp
from sra_testing.product_process import SUPPORT, make_command
from sra_testing.stack_processes import wait_for
from sra_testing.stand_in import SECURITIES, run_stand_in

SQL_AFTER = "SELECT nullif(resume->>'after', '') FROM run_unit WHERE unit = 'eod_prices'"
SQL_BACKFILLS = """
SELECT status, priority, has_job, parameters, details->'cost' AS cost FROM task_execution_log
WHERE task_type = 'fmp_backfill'
"""


async def test_the_first_daily_run_requests_the_history_once_and_does_not_wait(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    settings = make_settings(stand_in.fmp_base_url, fmp_history_years=2)
    for _ in range(2):
        ended = await run_fmp(sandbox_database, settings, "eod_prices")
        assert ended.task.status == "completed", ended.task.error_details
    rows = await pool.fetch(SQL_BACKFILLS)
    assert [(row["status"], row["priority"], row["has_job"]) for row in rows] == [("queued", 5, True)]
    requested = rows[0]["parameters"]
    assert requested["datasets"] == [dataset.name for dataset in DATASETS if dataset.history is not History.NONE]
    assert requested["delisted"] == [dataset.name for dataset in DATASETS if dataset.history is History.DELISTED]
    assert (rows[0]["cost"]["from"], rows[0]["cost"]["to"]) == (requested["from"], requested["to"])
    today = datetime.now(UTC).date()
    assert date.fromisoformat(requested["from"]) < date(today.year - 2, today.month, min(today.day, 28)) - timedelta(
        days=40
    )
    assert date.fromisoformat(requested["to"]) == today


async def test_without_years_of_history_there_is_no_backfill(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url, fmp_history_years=0), "eod_prices")
    assert await pool.fetch(SQL_BACKFILLS) == []


async def test_the_history_is_fetched_by_symbol_if_bulk_is_slow(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    settings = make_settings(stand_in.fmp_base_url, fmp_bulk_calls_per_minute=2, fmp_backfill_share=Decimal("0.9"))
    days = {"from": "2025-06-02", "to": "2026-01-05"}
    ended = await run_fmp(sandbox_database, settings, "eod_prices", task_type=TaskType.FMP_BACKFILL, **days)
    assert ended.task.status == "completed", ended.task.error_details
    assert await pool.fetchval("SELECT min(date) FROM fmp_eod_price") == date(2025, 6, 2)
    answered = stand_in.stats()["fmp"]["by_path"]
    assert not any(path.endswith("/eod-bulk") for path in answered)
    assert any(path.endswith("/non-split-adjusted") for path in answered)


async def test_only_what_failed_is_fetched_again(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    settings = make_settings(stand_in.fmp_base_url, fmp_backfill_share=Decimal(1))
    await run_fmp(sandbox_database, settings, "universe")
    stand_in.set_fmp(plan="premium")
    broken = [row[0] for row in await pool.fetch("SELECT symbol FROM fmp_universe ORDER BY symbol OFFSET 10 LIMIT 2")]
    failing = [{"match": f"non-split-adjusted.*symbol={symbol}&", "kind": "500"} for symbol in broken]
    stand_in.set_faults(*failing)
    days = {"from": "2025-12-22", "to": "2026-01-05"}
    names = ("eod_prices", "splits")
    first = await run_fmp(sandbox_database, settings, *names, task_type=TaskType.FMP_BACKFILL, **days)
    assert first.task.status == "partial"
    assert all(symbol in str(first.units["eod_prices"].error) for symbol in broken)
    stand_in.reset()
    again = await run_fmp(sandbox_database, settings, *names, task_type=TaskType.FMP_BACKFILL, **days)
    assert again.task.status == "completed", again.task.error_details
    assert stand_in.stats()["fmp"]["by_path"] == {"/stable/historical-price-eod/non-split-adjusted": 2}
    assert again.counts("eod_prices")["stored"] > 0
    repeated = await run_fmp(sandbox_database, settings, *names, task_type=TaskType.FMP_BACKFILL, **days)
    counts = repeated.counts("eod_prices")
    assert counts["unchanged"] == first.counts("eod_prices")["stored"] + again.counts("eod_prices")["stored"]


def start_backfill(dsn: str, vendor: StandIn) -> subprocess.Popen[str]:
    environment = {
        **os.environ,  # noqa: TID251 - a child's environment, no setting
        "DATABASE_URL": dsn,
        "FMP_API_KEY": "test-key",
        "FMP_BASE_URL": vendor.fmp_base_url,
        "FMP_MAX_CALLS_PER_MINUTE": "9000",
        "FMP_BACKFILL_SHARE": "1",
        "PYTHONPATH": SUPPORT,
    }
    words = ["fmp", "eod_prices", "--from", "2025-12-29", "--to", "2026-01-05", "--json"]
    return subprocess.Popen(
        make_command("sra", *words),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def fetch_value(dsn: str, query: str) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return run_async(fetch())


@pytest.mark.faults
def test_a_killed_backfill_fetches_only_what_it_had_not_committed(sandbox_database: str) -> None:
    with run_stand_in(securities=400) as vendor:
        run_async(run_fmp(sandbox_database, make_settings(vendor.fmp_base_url), "universe"))
        vendor.set_fmp(plan="premium")
        vendor.set_faults({"match": "/stable/", "kind": "slow", "seconds": 0.1})
        with start_backfill(sandbox_database, vendor) as killed:
            wait_for(lambda: fetch_value(sandbox_database, SQL_AFTER) is not None, "a commit", seconds=60)
            killed.kill()
        after = fetch_value(sandbox_database, SQL_AFTER)
        symbols = fetch_value(sandbox_database, "SELECT array_agg(symbol) FROM fmp_universe")
        left = sum(symbol > after for symbol in symbols)
        assert 0 < left < 400
        # the killed process's permits count for a minute, which other tests show
        fetch_value(sandbox_database, "DELETE FROM fmp_limiter_worker")
        vendor.reset()
        with start_backfill(sandbox_database, vendor) as process:
            said, _ = process.communicate(timeout=120)
        result = json.loads(said)
        assert (process.returncode, result["status"]) == (0, "completed"), said
        assert vendor.stats()["fmp"]["by_path"]["/stable/historical-price-eod/non-split-adjusted"] == left
        stored = fetch_value(sandbox_database, "SELECT count(*) FROM fmp_eod_price")
        assert stored == result["read"] == result["stored"]
        assert fetch_value(sandbox_database, "SELECT count(DISTINCT symbol) FROM fmp_eod_price") > 390


async def test_a_dry_run_reports_calls_and_minutes_without_a_call(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    settings = make_settings(stand_in.fmp_base_url, fmp_bulk_calls_per_minute=2)
    await run_fmp(sandbox_database, settings, "universe")
    called = stand_in.stats()["fmp"]["total"]
    days = {"from": "2025-01-01", "to": "2025-12-31"}
    cost = await estimate(sandbox_database, EOD_PRICES, days, settings)
    assert (cost["path"], cost["calls"]) == ("historical-price-eod/non-split-adjusted", SECURITIES)
    # a backfill may take 0.3 of 3,000 a minute
    assert cost["minutes"] == round(SECURITIES / 900, 2)
    assert stand_in.stats()["fmp"]["total"] == called


@pytest.mark.parametrize(("sessions", "path"), [(3, "eod-bulk"), (500, "historical-price-eod/non-split-adjusted")])
def test_the_quicker_source_comes_first(sessions: int, path: str) -> None:
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(sessions)]
    symbols = {"NYSE": [f"S{number:05d}" for number in range(9000)]}
    settings = make_settings("http://127.0.0.1:9/stable", fmp_bulk_calls_per_minute=2)
    ordered = order_endpoints(
        EOD_PRICES.endpoints, Targets(symbols, days[0], days[-1], days), settings, is_backfill=True
    )
    assert ordered[0].path == path
    assert len(ordered) == 2


def make_collector(resume: dict[str, Any], *, is_reversed: bool) -> Collector:
    context = MagicMock()
    context.unit.resume = resume
    context.task.task_id = uuid4()
    endpoints = EOD_PRICES.endpoints[::-1] if is_reversed else EOD_PRICES.endpoints
    targets = Targets({"NYSE": ["A"]}, date(2026, 1, 5), date(2026, 1, 5), [date(2026, 1, 5)])
    return Collector(
        context, MagicMock(), EOD_PRICES, targets, endpoints=endpoints, drop_limit=Decimal("0.1"), is_released=False
    )


def test_a_resumed_unit_counts_its_sources_as_it_began() -> None:
    begun = make_collector({}, is_reversed=True)
    assert begun.progress.first_path == "historical-price-eod/non-split-adjusted"
    begun.progress.after = "MSFT"
    resumed = make_collector(begun.progress.dump(), is_reversed=False)
    assert resumed.progress == ResumePoint(after="MSFT", first_path="historical-price-eod/non-split-adjusted")
    assert [source.path for source in resumed.endpoints] == [source.path for source in EOD_PRICES.endpoints[::-1]]
