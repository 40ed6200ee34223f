"""The vendors' stand-in for a test, on a fixed day, so that its responses are known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sra_shared.kit.http import load_certificates
from sra_stand_in.options import Options
from sra_stand_in.server import StandIn

TEST_DAY = dt.date(2026, 1, 6)
"""A Tuesday: quotes are those of Monday, end-of-day prices reach to the day itself."""
TEST_KEY = "test-key"
SECURITIES = 24
"""Every exchange of ours, both kinds, and a second line of one company; 24 calls if each symbol is called for separately."""


_idle: dict[Options, StandIn] = {}
"""Running stand-ins that no test uses at the moment."""


@contextmanager
def run_stand_in(**options: Any) -> Iterator[StandIn]:
    """A running stand-in; `options` are fields of `sra_stand_in.options.Options`, by default a small world.

    A stand-in that an earlier test used with the same options is reset and reused: stopping a server takes longer than most
    tests.
    """
    chosen: dict[str, Any] = {"securities": SECURITIES, "funds": 4, "as_of": TEST_DAY} | options
    wanted = Options(**chosen)
    running = _idle.pop(wanted, None) or StandIn(wanted).start()
    running.renew()
    try:
        yield running
    finally:
        # the folder of a tree belongs to one test only
        if wanted in _idle or wanted.fundata_tree is not None or wanted.answers is not None:
            running.stop()
        else:
            _idle[wanted] = running


def stop_idle_stand_ins() -> None:
    """Stop unused stand-ins; pytest calls it at the end of a session."""
    while _idle:
        _idle.popitem()[1].stop()


@contextmanager
def call_fmp(stand_in: StandIn, *, key: str = TEST_KEY) -> Iterator[httpx.Client]:
    """A client for `/stable/...` that sends the key in the header."""
    with httpx.Client(
        base_url=f"{stand_in.fmp_base_url}/", headers={"apikey": key}, verify=load_certificates(), timeout=60
    ) as client:
        yield client
