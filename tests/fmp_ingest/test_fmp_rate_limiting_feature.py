"""Steps of fmp_rate_limiting.feature."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from fmp_ingest.client.fmp_client import open_client, share_account
from fmp_ingest.limiter.pace import make_pace
from sra_shared.kit.db import open_pool
from sra_stand_in.server import StandIn
from sra_testing.databases import run_async
from sra_testing.fmp_caller import start_caller
from sra_testing.fmp_runs import QUICK, make_settings
from sra_testing.stand_in import run_stand_in

scenarios("fmp_rate_limiting.feature")


@dataclass
class Calls:
    """What was set, done and counted."""

    rate: int = 0
    answered: int = 0
    seconds: float = 0.0
    waiting: int = 0
    moments: list[float] = field(default_factory=list)


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    with run_stand_in() as running:
        yield running


@given(parsers.parse("the vendor's door counts what arrives and refuses more than {rate:d} calls in 60 seconds"))
def given_a_door(vendor: StandIn, calls: Calls, rate: int) -> None:
    calls.rate = rate
    vendor.set_fmp(limit=rate)


@when(parsers.parse("{callers:d} callers ask {times:d} times each at the same moment"))
def when_many_call(sandbox_database: str, vendor: StandIn, calls: Calls, callers: int, times: int) -> None:
    async def call_all() -> None:
        pool, run_id = await open_pool(sandbox_database, application_name="test", max_size=4), uuid4()
        settings = make_settings(vendor.fmp_base_url, fmp_max_calls_per_minute=calls.rate)
        async with open_client(settings, share_account(pool, run_id), run_id, is_sandbox=True, policy=QUICK) as client:

            async def call() -> None:
                for _ in range(times):
                    await client.get("quote", {"symbol": "ZZZZ"})
                    calls.answered += 1
                    calls.moments.append(time.monotonic())

            await asyncio.gather(*(call() for _ in range(callers)))
        await pool.close()

    run_async(call_all())


@when(parsers.parse("two programs call for {seconds:d} seconds"))
def when_two_programs_call(sandbox_database: str, vendor: StandIn, calls: Calls, seconds: int) -> None:
    started = time.monotonic()
    programs = [
        start_caller(sandbox_database, vendor.fmp_base_url, rate=calls.rate, seconds=seconds, width=5) for _ in range(2)
    ]
    calls.answered = sum(int(program.communicate()[0]) for program in programs)
    calls.seconds = time.monotonic() - started


@then(parsers.parse("all {number:d} calls are answered"))
def then_all_have_responses(calls: Calls, number: int) -> None:
    assert calls.answered == number


@then("the vendor refused none")
def then_none_refused(vendor: StandIn) -> None:
    assert vendor.stats()["fmp"]["refused"] == 0


@then(parsers.parse("no second saw more calls than the pace of {rate:d} a minute allows"))
def then_no_burst(calls: Calls, rate: int) -> None:
    pace = make_pace(rate)
    times = sorted(calls.moments)
    for first, moment in enumerate(times):
        within = sum(1 for later in times[first:] if later - moment <= 1.0)
        assert within <= 1 / pace.interval + pace.permits + 1


@then(parsers.parse("never more than {number:d} calls were on their way"))
def then_few_in_flight(vendor: StandIn, number: int) -> None:
    assert vendor.stats()["fmp"]["in_flight_peak"] <= number


@then(parsers.parse("together they made no more calls than the pace of {rate:d} a minute allows"))
def then_one_rate(vendor: StandIn, calls: Calls, rate: int) -> None:
    pace = make_pace(rate)
    total = vendor.stats()["fmp"]["total"]
    assert total == calls.answered
    assert total <= calls.seconds / pace.interval + pace.permits + 1
    # and not far fewer: the programs call for four seconds of that time
    assert total >= 0.6 * 4 / pace.interval
