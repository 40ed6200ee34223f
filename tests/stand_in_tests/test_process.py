"""The stand-in as a separate process."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import httpx
import pytest

from sra_stand_in.__main__ import parse_arguments
from sra_stand_in.options import Options


def test_options_of_the_command_are_those_of_the_world() -> None:
    requested = vars(parse_arguments(["--as-of", "2026-01-06", "--plan", "starter", "--fundata-tree", "sample"]))
    del requested["host"], requested["port"]
    options = Options(**requested)
    assert (options.as_of, options.plan) == (dt.date(2026, 1, 6), "starter")
    with pytest.raises(SystemExit):
        parse_arguments(["--plan", "gold"])


def test_the_process_reports_its_address_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "sra_stand_in", "--port", "0", "--securities", "10", "--as-of", "2026-01-06"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            assert httpx.get(f"{address}/control/stats").json()["securities"] == 10
        finally:
            process.terminate()
        assert process.wait(timeout=20) in {0, -15}
