"""One small running stand-in per test module, reset before each test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sra_stand_in.server import StandIn
from sra_testing.stand_in import TEST_DAY, call_fmp, run_stand_in


@pytest.fixture(scope="module")
def running_stand_in() -> Iterator[StandIn]:
    with run_stand_in(securities=160, funds=4) as running:
        yield running


@pytest.fixture
def stand_in(running_stand_in: StandIn) -> StandIn:
    running_stand_in.reset()
    running_stand_in.set_fmp(plan="ultimate", limit=0, bulk_limit=0)
    running_stand_in.set_as_of(TEST_DAY.isoformat())
    return running_stand_in


@pytest.fixture
def fmp(stand_in: StandIn) -> Iterator[httpx.Client]:
    with call_fmp(stand_in) as client:
        yield client
