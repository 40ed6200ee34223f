"""Forked helper processes behave like processes: arguments, environment, output, exit code, signals."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from sra_testing.nursery import Nursery
from sra_testing.waiting import wait_for

EXAMPLE = "sra_testing.nursery_example"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="helpers are forked only on Linux")


@pytest.mark.parametrize(("word", "code", "error"), [("exits", 3, ""), ("fails", 1, "ValueError: a mistake")])
def test_a_helper_gets_its_arguments_and_its_exit_is_reported(
    word: str, code: int, error: str, capfd: pytest.CaptureFixture[str]
) -> None:
    nursery = Nursery()
    try:
        helper = nursery.start(EXAMPLE, (word,), {"MEANT_FOR": "this one"})
        assert helper.wait(60) == helper.poll() == code
    finally:
        nursery.stop()
    shown = capfd.readouterr()
    assert shown.out == f"{word} this one\n"
    assert error in shown.err


async def test_helpers_are_paused_killed_and_end_with_their_nursery() -> None:
    nursery = Nursery()
    one, other = (nursery.start(EXAMPLE, ("stays",), {"MEANT_FOR": "both"}) for _ in range(2))
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.01)
    left = psutil.Process(other.pid)
    one.send_signal(signal.SIGSTOP)
    assert one.poll() is None
    one.kill()
    assert one.wait(60) == -signal.SIGKILL
    one.kill()
    nursery.stop()

    async def is_gone() -> bool:
        return not left.is_running() or left.status() == psutil.STATUS_ZOMBIE

    await wait_for(is_gone, what="the end of the other one")
    assert other.wait(60) == -signal.SIGKILL
