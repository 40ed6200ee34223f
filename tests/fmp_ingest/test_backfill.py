"""The first history: asked for once, done beside the daily run, by the quicker way, and resumed the way it began."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import MagicMock
from uuid import uuid4

import pytest

from fmp_collectors.dataset import Targets
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_ingest.collect import Collector
from fmp_ingest.estimate import order_sources
from fmp_ingest.progress import Progress
from sra_shared.db import Pool
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import make_settings, run_fmp

SQL_BACKFILLS = "SELECT status, priority, has_job, parameters FROM task_execution_log WHERE task_type = 'fmp_backfill'"


async def test_the_first_daily_run_asks_for_the_history_once_and_does_not_wait(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    settings = make_settings(stand_in.fmp_base_url, fmp_history_years=2)
    for _ in range(2):
        ended = await run_fmp(sandbox_database, settings, "eod_prices")
        assert ended.task.status == "completed", ended.task.error_details
    rows = await pool.fetch(SQL_BACKFILLS)
    assert [(row["status"], row["priority"], row["has_job"]) for row in rows] == [("queued", 5, True)]
    asked = rows[0]["parameters"]
    assert asked["datasets"] == ["eod_prices", "splits", "dividends"]
    today = datetime.now(UTC).date()
    assert date.fromisoformat(asked["from"]) < date(today.year - 2, today.month, min(today.day, 28)) - timedelta(
        days=40
    )
    assert date.fromisoformat(asked["to"]) == today


async def test_no_years_of_history_are_no_backfill(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url, fmp_history_years=0), "eod_prices")
    assert await pool.fetch(SQL_BACKFILLS) == []


async def test_the_history_is_fetched_symbol_by_symbol_where_bulk_is_slow(
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


@pytest.mark.parametrize(("sessions", "path"), [(3, "eod-bulk"), (500, "historical-price-eod/non-split-adjusted")])
def test_the_quicker_source_comes_first(sessions: int, path: str) -> None:
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(sessions)]
    symbols = {"NYSE": [f"S{number:05d}" for number in range(9000)]}
    settings = make_settings("http://127.0.0.1:9/stable", fmp_bulk_calls_per_minute=2)
    ordered = order_sources(EOD_PRICES.sources, Targets(symbols, days[0], days[-1], days), settings, is_backfill=True)
    assert ordered[0].path == path
    assert len(ordered) == 2


def make_collector(resume: dict[str, Any], *, is_reversed: bool) -> Collector:
    context = MagicMock()
    context.unit.resume = resume
    context.task.task_id = uuid4()
    sources = EOD_PRICES.sources[::-1] if is_reversed else EOD_PRICES.sources
    targets = Targets({"NYSE": ["A"]}, date(2026, 1, 5), date(2026, 1, 5), [date(2026, 1, 5)])
    return Collector(
        context, MagicMock(), EOD_PRICES, targets, sources=sources, drop_limit=Decimal("0.1"), is_released=False
    )


def test_a_resumed_unit_counts_its_sources_as_it_began() -> None:
    begun = make_collector({}, is_reversed=True)
    assert begun.progress.first_path == "historical-price-eod/non-split-adjusted"
    begun.progress.after = "MSFT"
    resumed = make_collector(begun.progress.dump(), is_reversed=False)
    assert resumed.progress == Progress(after="MSFT", first_path="historical-price-eod/non-split-adjusted")
    assert [source.path for source in resumed.list_sources()] == [source.path for source in EOD_PRICES.sources[::-1]]
