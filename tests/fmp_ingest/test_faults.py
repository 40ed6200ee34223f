"""Each kind of vendor fault, and its consequence."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fmp_ingest.client.circuit_breaker import RetryPolicy
from sra_shared.kit.db import Pool
from sra_shared.runs import TaskType, UnitStatus
from sra_stand_in.faults import KINDS
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import QUICK, Ended, make_settings, run_fmp
from sra_testing.stand_in import SECURITIES

CANARY = "canary-4d1c9f-key"
PASSING = [
    *("429", "429_retry_after", "429_retry_after_date", "limit_in_200"),
    *("500", "502", "503", "html", "truncated_json", "cut_body", "reset"),
]
# one failure of each type: a status with a pause, an error message, a truncated body
USUAL = ("429_retry_after", "limit_in_200", "503", "cut_body")


async def run_quotes(dsn: str, stand_in: StandIn, *, policy: RetryPolicy = QUICK, **values: Any) -> Ended:
    return await run_fmp(dsn, make_settings(stand_in.fmp_base_url, **values), "quote", policy=policy)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in USUAL else [pytest.mark.faults]) for kind in PASSING]
)
async def test_temporary_errors_are_retried_without_loss(
    sandbox_database: str, pool: Pool, stand_in: StandIn, kind: str
) -> None:
    stand_in.set_faults({"match": "/stable/batch-exchange-quote", "kind": kind, "times": 2, "seconds": 0.1})
    ended = await run_quotes(sandbox_database, stand_in)
    assert ended.task.status == "completed", ended.task.error_details
    assert await pool.fetchval("SELECT count(*) FROM fmp_quote") == SECURITIES
    assert ended.task.details["fmp"]["retried"] >= 2
    limited = kind.startswith("429") or kind == "limit_in_200"
    assert (ended.task.details["fmp"]["throttled"] >= 1) == limited


async def test_failed_requests_are_repeated_once_at_the_end(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    stand_in.set_faults({"match": "/stable/batch-exchange-quote.*NYSE", "kind": "500", "times": 4})
    ended = await run_quotes(sandbox_database, stand_in)
    assert ended.task.status == "completed", ended.task.error_details
    assert ended.units["quote: again"].counts.read > 0
    assert await pool.fetchval("SELECT count(*) FROM fmp_quote") == SECURITIES


async def test_requests_without_a_response_make_the_run_partial_and_are_named(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    stand_in.set_faults({"match": "/stable/batch-exchange-quote.*NYSE", "kind": "500"})
    ended = await run_quotes(sandbox_database, stand_in)
    assert ended.units["quote"].status is UnitStatus.PARTIAL
    assert "NYSE" in str(ended.units["quote"].error)
    assert 0 < await pool.fetchval("SELECT count(*) FROM fmp_quote") < SECURITIES
    assert stand_in.stats()["fmp"]["by_status"]["500"] == 8


@pytest.mark.parametrize("kind", ["401", "403_suspended", "error_in_200", "error_in_200_list"])
async def test_a_key_that_does_not_work_ends_the_run_with_one_error(
    sandbox_database: str, stand_in: StandIn, kind: str
) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": kind})
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url))
    assert ended.task.status == "failed"
    assert len(ended.task.error_details) == 1
    assert "FMP refused the key" in ended.task.error_details[0]["message"]
    assert stand_in.stats()["fmp"]["total"] <= 5


@pytest.mark.parametrize("kind", ["400", "403_legacy", "404"])
async def test_permanent_errors_are_not_retried(sandbox_database: str, stand_in: StandIn, kind: str) -> None:
    stand_in.set_faults({"match": "/stable/treasury-rates", "kind": kind})
    settings = make_settings(stand_in.fmp_base_url)
    ended = await run_fmp(sandbox_database, settings, "treasury_rates")
    assert ended.task.status == "failed"
    assert stand_in.stats()["fmp"]["total"] <= 2


async def test_an_empty_market_is_not_an_error(sandbox_database: str, stand_in: StandIn) -> None:
    stand_in.set_faults({"match": "/stable/treasury-rates", "kind": "empty_list"})
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "treasury_rates")
    assert ended.task.status == "completed"
    assert ended.counts("treasury_rates")["read"] == 0


async def test_used_up_bandwidth_parks_for_six_hours(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "bandwidth"})
    ended = await run_quotes(sandbox_database, stand_in)
    assert ended.task.status == "parked"
    assert ended.task.resume_at is not None
    hours = (ended.task.resume_at - datetime.now(UTC)).total_seconds() / 3600
    assert 5.9 < hours <= 6
    calls = stand_in.stats()["fmp"]["total"]
    other = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "treasury_rates")
    assert other.task.status == "parked"
    assert stand_in.stats()["fmp"]["total"] == calls


async def test_three_minutes_without_success_are_the_days_quota(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "day_quota"})
    await pool.execute("UPDATE fmp_quota SET limited_since = now() - interval '181 seconds', limited_at = now()")
    ended = await run_quotes(sandbox_database, stand_in)
    assert ended.task.status == "parked"
    now = datetime.now(UTC)
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    assert ended.task.resume_at == midnight


async def test_after_midnight_a_probe_parks_for_a_quarter_and_a_success_continues(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    parked = "UPDATE fmp_quota SET parked_until = now() - interval '1 second', reason = 'day', limited_since = now()"
    await pool.execute(parked)
    stand_in.set_faults({"match": "/stable/", "kind": "day_quota"})
    probe = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "treasury_rates")
    assert probe.task.status == "parked"
    assert probe.task.resume_at is not None
    assert 14 < (probe.task.resume_at - datetime.now(UTC)).total_seconds() / 60 <= 15
    assert stand_in.stats()["fmp"]["total"] <= 2
    await pool.execute(parked)
    stand_in.set_faults()
    ended = await run_quotes(sandbox_database, stand_in)
    assert ended.task.status == "completed"
    assert await pool.fetchval("SELECT reason FROM fmp_quota") is None


async def test_a_failing_endpoint_is_only_probed(sandbox_database: str, stand_in: StandIn) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    stand_in.set_faults({"match": "/stable/etf/info", "kind": "503"})
    stand_in.reset()
    stand_in.set_faults({"match": "/stable/etf/info", "kind": "503"})
    policy = RetryPolicy(base=0.01, longest=0.05, breaker_base=0.05, patience=0.3)
    ended = await run_fmp(
        sandbox_database,
        make_settings(stand_in.fmp_base_url),
        "etf_info",
        task_type=TaskType.WEEKLY_FUNDAMENTALS,
        policy=policy,
    )
    assert ended.task.status == "failed"
    assert stand_in.stats()["fmp"]["total"] < 100


@pytest.mark.parametrize("task_type", [TaskType.DAILY_QUOTES, TaskType.WEEKLY_FUNDAMENTALS])
async def test_a_vendor_that_is_down_ends_the_run_of_all_datasets_soon(
    sandbox_database: str, stand_in: StandIn, task_type: TaskType
) -> None:
    settings = make_settings(stand_in.fmp_base_url)
    await run_fmp(sandbox_database, settings, "universe")
    stand_in.reset()
    stand_in.set_faults({"match": "/stable/", "kind": "500"})
    policy = RetryPolicy(base=0.01, longest=0.05, breaker_base=0.02, patience=0.5)
    ended = await run_fmp(sandbox_database, settings, task_type=task_type, policy=policy)
    assert ended.task.status == "failed"
    assert {unit.status for name, unit in ended.units.items() if not name.endswith("again")} == {UnitStatus.FAILED}
    said = ended.task.error_details[-1]["message"]
    assert "Every call to FMP has failed" in said
    assert "HTTP 500" in said
    assert stand_in.stats()["fmp"]["total"] < 150


async def test_an_interrupted_dataset_continues_at_the_end(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    stand_in.set_faults({"match": "/stable/etf/info", "kind": "500", "times": 14})
    ended = await run_fmp(
        sandbox_database,
        make_settings(stand_in.fmp_base_url),
        *("etf_info", "etf_countries"),
        task_type=TaskType.WEEKLY_FUNDAMENTALS,
        policy=RetryPolicy(base=0.01, longest=0.05, breaker_base=0.02, patience=0.2),
    )
    assert ended.task.status == "completed", ended.task.error_details
    funds = await pool.fetchval("SELECT count(*) FROM fmp_universe WHERE is_etf OR is_fund")
    assert await pool.fetchval("SELECT count(*) FROM fmp_etf_info") == funds


async def test_a_body_without_end_is_cut_off(sandbox_database: str, stand_in: StandIn) -> None:
    stand_in.set_faults({"match": "/stable/treasury-rates", "kind": "huge_body"})
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "treasury_rates")
    assert ended.task.status == "failed"
    assert "too_large" in str(ended.task.error_details)


async def test_a_throttled_bulk_endpoint_is_replaced_by_single_calls(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    stand_in.set_fmp(bulk_limit=1)
    settings = make_settings(stand_in.fmp_base_url)
    ended = await run_fmp(sandbox_database, settings, "profile", task_type=TaskType.WEEKLY_FUNDAMENTALS)
    assert ended.task.status == "completed", ended.task.error_details
    assert await pool.fetchval("SELECT count(*) FROM equity_profile") == SECURITIES


async def test_a_temporary_throttle_is_waited_for(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    """An error in a 200 does not mean an empty market: the file is requested again, and no symbol is."""
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    stand_in.reset()
    stand_in.set_faults({"match": "/stable/scores-bulk", "kind": "bulk_throttle", "times": 5})
    settings = make_settings(stand_in.fmp_base_url)
    ended = await run_fmp(sandbox_database, settings, "scores", task_type=TaskType.WEEKLY_FUNDAMENTALS)
    assert ended.task.status == "completed", ended.task.error_details
    assert ended.counts("scores")["stored"] > 0
    assert ended.task.details["fmp"]["throttled"] == 5
    assert stand_in.stats()["fmp"]["by_path"] == {"/stable/scores-bulk": 6}


@pytest.mark.parametrize("kind", ["html", "cut_body"])
async def test_a_bulk_file_that_is_cut_is_repeated_then_reported(
    sandbox_database: str, pool: Pool, stand_in: StandIn, kind: str
) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    settings = make_settings(stand_in.fmp_base_url)
    stand_in.reset()
    stand_in.set_faults({"match": "/stable/scores-bulk", "kind": kind, "times": 2})
    ended = await run_fmp(sandbox_database, settings, "scores", task_type=TaskType.WEEKLY_FUNDAMENTALS)
    assert ended.task.status == "completed", ended.task.error_details
    stored = await pool.fetchval("SELECT count(*) FROM fmp_score")
    stand_in.reset()
    stand_in.set_faults({"match": "/stable/scores-bulk", "kind": kind})
    ended = await run_fmp(sandbox_database, settings, "scores", task_type=TaskType.WEEKLY_FUNDAMENTALS)
    assert ended.task.status == "failed"
    assert "scores-bulk" in ended.task.error_details[0]["message"]
    assert stand_in.stats()["fmp"]["by_path"] == {"/stable/scores-bulk": 8}
    assert await pool.fetchval("SELECT count(*) FROM fmp_score") == stored


async def test_a_vendor_that_never_responds_is_abandoned(
    sandbox_database: str, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fmp_ingest.client.fmp_client._JSON_SECONDS", 0.2)
    stand_in.set_faults({"match": "/stable/", "kind": "hang", "seconds": 30})
    policy = RetryPolicy(base=0.01, longest=0.05, breaker_base=0.02, patience=0.5)
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), policy=policy)
    assert ended.task.status == "failed"
    assert "no response" in str(ended.task.error_details)
    assert stand_in.stats()["fmp"]["total"] < 60


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(("500", "bandwidth", "401", "402", "403_legacy", "html", "cut_body", "reset"), id="some"),
        pytest.param(tuple(sorted(KINDS - {"huge_body", "hang"})), id="all", marks=pytest.mark.faults),
    ],
)
async def test_the_key_is_only_in_the_header(
    kinds: tuple[str, ...],
    sandbox_database: str,
    pool: Pool,
    stand_in: StandIn,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = make_settings(stand_in.fmp_base_url, fmp_api_key=CANARY)
    assert CANARY not in repr(settings)
    texts = []
    for kind in kinds:
        stand_in.set_faults({"match": "/stable/treasury-rates", "kind": kind, "times": 5, "seconds": 0.01})
        ended = await run_fmp(sandbox_database, settings, "treasury_rates")
        await pool.execute("UPDATE fmp_quota SET parked_until = NULL, reason = NULL, limited_since = NULL")
        await pool.execute("UPDATE run_unit SET status = 'failed' WHERE status = 'parked'")
        await pool.execute("UPDATE task_execution_log SET status = 'failed' WHERE status = 'parked'")
        texts.append(repr(ended.task))
    shown = capfd.readouterr()
    texts += [caplog.text, shown.out, shown.err]
    for (table,) in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname IN ('public', 'jobs')"):
        schema = "jobs." if table.startswith("pgqueuer") else ""
        texts += [row["t"] for row in await pool.fetch(f'SELECT t::text AS t FROM {schema}"{table}" t')]  # noqa: S608 - names of our tables
    assert not any(CANARY in text for text in texts)


async def test_a_parked_dataset_is_resumed_before_it_is_requested_again(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    # all calls, because a response with data ends the pause
    stand_in.set_faults({"match": "/stable/", "kind": "bandwidth"})
    parked = await run_quotes(sandbox_database, stand_in)
    assert parked.task.status == "parked"
    assert parked.units["quote: again"].status is UnitStatus.PARKED
    stand_in.set_faults()
    await pool.execute("UPDATE fmp_quota SET parked_until = NULL")
    await pool.execute("UPDATE run_unit SET not_before = now() WHERE status = 'parked'")
    ended = await run_quotes(sandbox_database, stand_in)
    assert ended.task.task_id == parked.task.task_id
    assert ended.task.status == "completed", ended.task.error_details
    assert await pool.fetchval("SELECT count(*) FROM fmp_quote") == SECURITIES
