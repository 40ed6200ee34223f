"""The vendors' stand-in beside a test, on a fixed day, so that a test knows what it will be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sra_shared.http import load_certificates
from sra_stand_in.options import Options
from sra_stand_in.server import StandIn

TEST_DAY = dt.date(2026, 1, 6)
"""A Tuesday: quotes are those of Monday, end-of-day prices reach to the day itself."""
TEST_KEY = "test-key"


@contextmanager
def run_stand_in(**options: Any) -> Iterator[StandIn]:
    """A running stand-in; `options` are fields of `sra_stand_in.options.Options`, by default a small world."""
    chosen: dict[str, Any] = {"securities": 60, "funds": 4, "as_of": TEST_DAY} | options
    with StandIn(Options(**chosen)) as running:
        yield running


@contextmanager
def call_fmp(stand_in: StandIn, *, key: str = TEST_KEY) -> Iterator[httpx.Client]:
    """A client for `/stable/...` that sends the key in the header."""
    with httpx.Client(
        base_url=f"{stand_in.fmp_base_url}/", headers={"apikey": key}, verify=load_certificates(), timeout=60
    ) as client:
        yield client
