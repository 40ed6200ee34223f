"""A queue of hundreds of calls after the vendor refuses: only the calls in flight, and probes, are sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fmp_collectors.dataset import Targets, plan_requests
from fmp_collectors.datasets import BY_NAME
from fmp_collectors.responses import FmpResponse, ResponseKind, Verdict
from fmp_ingest.client.circuit_breaker import CircuitBreaker, OutageError, RetryPolicy
from fmp_ingest.collection.fetching import Result, fetch_in_order
from fmp_ingest.limiter.pace import make_pace
from fmp_ingest.limiter.vendor_quota import Quota, next_midnight
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import RunParkedError
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import QUICK, Ended, make_settings, run_fmp
from sra_testing.stand_in import run_stand_in

SINGLE = r"/stable/profile\?"
SPARED = 30
IN_FLIGHT = make_pace(3000).permits
LIMITED_SINCE = "UPDATE fmp_quota SET limited_since = now() - interval '181 seconds', limited_at = now()"

KEEP_LIMITED = """
CREATE FUNCTION keep_limited() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE UPDATE ON fmp_quota FOR EACH ROW WHEN (new.limited_since IS NULL) EXECUTE FUNCTION keep_limited();
"""


@pytest.fixture(scope="module")
def vendor() -> Iterator[StandIn]:
    with run_stand_in(securities=520) as running:
        yield running


@pytest.fixture
async def crowd(sandbox_database: str, vendor: StandIn) -> StandIn:
    """A vendor whose 520 known symbols are to be requested one by one; the first responses are slow."""
    vendor.reset()
    vendor.set_fmp(plan="premium")
    await run_fmp(sandbox_database, make_settings(vendor.fmp_base_url), "universe")
    vendor.reset()
    return vendor


async def run_profiles(dsn: str, vendor: StandIn, policy: RetryPolicy = QUICK, *, rate: int = 3000) -> Ended:
    settings = make_settings(vendor.fmp_base_url, fmp_max_calls_per_minute=rate)
    return await run_fmp(dsn, settings, "profile", task_type=TaskType.WEEKLY_FUNDAMENTALS, policy=policy)


def fail_from(vendor: StandIn, kind: str, **rule: Any) -> None:
    """Delay the first profiles, and let all later ones fail."""
    failing = {"match": SINGLE, "kind": kind, "after": SPARED, **rule}
    vendor.set_faults(failing, {"match": SINGLE, "kind": "slow", "seconds": 0.3})


@pytest.mark.parametrize(
    ("kind", "rule"), [("429_retry_after", {"seconds": 600}), ("bandwidth", {}), ("401", {}), ("day_quota", {})]
)
async def test_what_ends_the_run_leaves_only_the_calls_in_flight(
    sandbox_database: str, pool: Pool, crowd: StandIn, kind: str, rule: Mapping[str, Any]
) -> None:
    await pool.execute(LIMITED_SINCE)
    # successes that are on their way at that moment must not clear the three minutes
    if kind == "day_quota":
        await pool.execute(KEEP_LIMITED)
    fail_from(crowd, kind, **rule)
    ended = await run_profiles(sandbox_database, crowd)
    assert ended.task.status == ("failed" if kind == "401" else "parked"), ended.task.error_details
    # one more was refused as bulk
    assert crowd.stats()["fmp"]["total"] <= 1 + SPARED + IN_FLIGHT
    if kind == "day_quota":
        assert ended.task.resume_at == next_midnight(datetime.now(UTC))
        assert await pool.fetchval("SELECT parked_until FROM fmp_quota") == ended.task.resume_at
    assert await pool.fetchval("SELECT count(*) FROM equity_profile") <= SPARED


@pytest.mark.faults
async def test_an_endpoint_that_fails_is_probed_one_by_one(sandbox_database: str, crowd: StandIn) -> None:
    fail_from(crowd, "503")
    policy = RetryPolicy(base=0.01, longest=0.05, breaker_base=0.2, patience=1.0)
    ended = await asyncio.wait_for(run_profiles(sandbox_database, crowd, policy), 60)
    assert ended.task.status == "partial", ended.task.error_details
    failed = crowd.stats()["fmp"]["by_status"]["503"]
    # what was in flight, and one each breaker_base of both tries
    assert 0 < failed <= IN_FLIGHT + 40
    assert crowd.stats()["fmp"]["total"] <= 2 + SPARED + failed


@pytest.mark.faults
async def test_a_temporary_limit_delays_the_queue_and_loses_nothing(
    sandbox_database: str, pool: Pool, crowd: StandIn
) -> None:
    fail_from(crowd, "429_retry_after", seconds=1, times=2)
    ended = await run_profiles(sandbox_database, crowd, rate=9000)
    assert ended.task.status == "completed", ended.task.error_details
    assert await pool.fetchval("SELECT count(*) FROM equity_profile") == 520
    stats = crowd.stats()["fmp"]
    assert stats["by_status"]["429"] == 2
    assert stats["total"] == 1 + 520 + 2


async def test_a_call_refused_by_the_daily_quota_is_not_lost(
    sandbox_database: str, pool: Pool, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few calls a dataset takes: the retries do not end before the three minutes that make it the day's."""
    monkeypatch.setattr("fmp_ingest.limiter.vendor_quota.DAY_AFTER", timedelta(seconds=1))
    stand_in.set_faults({"match": "/stable/", "kind": "day_quota"})
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "treasury_rates")
    assert ended.task.status == "parked", ended.task.error_details
    assert ended.task.resume_at == next_midnight(datetime.now(UTC))
    assert stand_in.stats()["fmp"]["total"] > 4


async def test_a_limit_of_yesterday_does_not_apply_today(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await pool.execute(LIMITED_SINCE.replace("now()", "now() - interval '1 day'"))
    stand_in.set_faults({"match": "/stable/", "kind": "day_quota", "times": 2})
    ended = await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "treasury_rates")
    assert ended.task.status == "completed", ended.task.error_details


async def test_a_late_response_does_not_move_the_end_of_the_park(pool: Pool) -> None:
    """Two runs, a refresh and a backfill, whose calls all meet the limit within moments."""
    await pool.execute(LIMITED_SINCE)
    quotas = [Quota(pool), Quota(pool)]
    met = await asyncio.gather(*(quotas[number % 2].record_limit() for number in range(12)), return_exceptions=True)
    midnight = next_midnight(datetime.now(UTC))
    assert {error.until for error in met if isinstance(error, RunParkedError)} == {midnight}
    assert len(met) == 12
    with pytest.raises(RunParkedError):
        await quotas[1].record_bandwidth()
    assert await pool.fetchval("SELECT parked_until FROM fmp_quota") == midnight
    await pool.execute("UPDATE fmp_quota SET parked_until = now() - interval '1 second'")
    assert await quotas[0].check()
    with pytest.raises(RunParkedError) as probe:
        await quotas[0].record_limit()
    assert 14 < (probe.value.until - datetime.now(UTC)).total_seconds() / 60 <= 15


async def test_after_the_park_single_calls_probe(sandbox_database: str, pool: Pool, crowd: StandIn) -> None:
    await pool.execute("UPDATE fmp_quota SET parked_until = now() - interval '1 second', reason = 'day'")
    crowd.set_faults({"match": SINGLE, "kind": "day_quota"})
    ended = await run_profiles(sandbox_database, crowd)
    assert ended.task.status == "parked"
    # the refusal as bulk, and one probe
    assert crowd.stats()["fmp"]["total"] == 2


class PartlyFailingClient:
    """A client whose first call never ends and whose others do, one of them badly."""

    def __init__(self) -> None:
        self.calls = 0

    async def get(self, path: str, params: Mapping[str, str], *, subject: str = "", **_: object) -> FmpResponse:
        """Respond by the number of the call."""
        self.calls += 1
        if self.calls == 2:
            await asyncio.Event().wait()
        if self.calls == 5:
            raise OutageError("nothing comes any more")
        return FmpResponse(Verdict(ResponseKind.OK_JSON))


async def test_an_error_of_all_requests_is_reported_at_once() -> None:
    dataset, client = BY_NAME["financial_growth"], PartlyFailingClient()
    targets = Targets({"NYSE": [f"S{number:03d}" for number in range(50)]}, date(2026, 1, 1), date(2026, 1, 6))
    results = fetch_in_order(plan_requests(dataset.endpoints[0], targets), client, dataset, targets, width=10)
    with pytest.raises(OutageError):
        await asyncio.wait_for(collect_all(results), 10)


async def collect_all(results: AsyncIterator[Result]) -> list[Result]:
    return [result async for result in results]


async def test_an_earlier_success_does_not_close_the_circuit_breaker() -> None:
    breaker = CircuitBreaker("FMP", RetryPolicy(breaker_base=0.0001, longest=0.0001))
    sent_before = time.monotonic()
    breaker.record_failure()
    breaker.record_success(sent_before)
    assert breaker.is_open
    async with breaker.pass_call() as may_go:
        # late failures of earlier calls do not stop the probe
        breaker.record_failure(sent_at=sent_before)
        assert may_go()
    async with breaker.pass_call() as may_go:
        assert may_go()
        # meanwhile the vendor demands a longer pause
        breaker.record_failure(retry_after=30.0)
        assert not may_go()
    breaker.record_success(time.monotonic())
    assert not breaker.is_open
