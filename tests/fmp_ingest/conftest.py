"""A stand-in for each test of the FMP work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sra_stand_in.server import StandIn
from sra_testing.stand_in import run_stand_in


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A small made-up market."""
    with run_stand_in() as running:
        yield running


@pytest.fixture
def larger_stand_in() -> Iterator[StandIn]:
    """A made-up market of 60 securities, for shares that a few would not show."""
    with run_stand_in(securities=60) as running:
        yield running
