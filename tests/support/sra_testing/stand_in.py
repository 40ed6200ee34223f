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
SECURITIES = 24
"""Every exchange of ours, both kinds, and a second line of one company; what is asked for each symbol is asked 24 times."""


_idle: dict[Options, StandIn] = {}
"""Stand-ins that run and that no test has at the moment."""


@contextmanager
def run_stand_in(**options: Any) -> Iterator[StandIn]:
    """A running stand-in; `options` are fields of `sra_stand_in.options.Options`, by default a small world.

    One that an earlier test had with the same options is lent again, renewed: to stop a server takes longer than most
    tests need it.
    """
    chosen: dict[str, Any] = {"securities": SECURITIES, "funds": 4, "as_of": TEST_DAY} | options
    wanted = Options(**chosen)
    running = _idle.pop(wanted, None) or StandIn(wanted).start()
    running.renew()
    try:
        yield running
    finally:
        # the folder of a tree is of one test only
        if wanted in _idle or wanted.fundata_tree is not None or wanted.answers is not None:
            running.stop()
        else:
            _idle[wanted] = running


def stop_idle_stand_ins() -> None:
    """Stop what no test has; pytest calls it at the end of a session."""
    while _idle:
        _idle.popitem()[1].stop()


@contextmanager
def call_fmp(stand_in: StandIn, *, key: str = TEST_KEY) -> Iterator[httpx.Client]:
    """A client for `/stable/...` that sends the key in the header."""
    with httpx.Client(
        base_url=f"{stand_in.fmp_base_url}/", headers={"apikey": key}, verify=load_certificates(), timeout=60
    ) as client:
        yield client
