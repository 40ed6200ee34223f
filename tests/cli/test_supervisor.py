"""The supervisor: children start, are restarted when they die, and stop in order."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sra_cli import supervisor as module
from sra_cli.supervisor import ChildPlan, Supervisor
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.retry import SERVICE_RESTART

SLEEP = """
import os, signal, sys, time
print(os.environ["NAME"], flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(600)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def supervisor(reports: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(report=reports.append)
    yield made
    made.stop()


def plan(name: str, code: str, folder: Path) -> ChildPlan:
    return ChildPlan(name, [sys.executable, "-c", code], {"NAME": name}, folder / f"{name}.log")


def tend_until(supervisor: Supervisor, condition: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        supervisor.restart_dead()
        time.sleep(0.02)


def test_children_get_their_settings_and_a_log(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([plan("one", SLEEP, tmp_path), plan("two", SLEEP, tmp_path)])
    for name in ("one", "two"):
        tend_until(supervisor, lambda name=name: supervisor.read_log_end(name) == name)  # type: ignore[misc]


def test_a_child_that_dies_is_restarted(supervisor: Supervisor, reports: list[str], tmp_path: Path) -> None:
    supervisor.start([plan("one", SLEEP, tmp_path)])
    first = supervisor.find_pid("one")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    tend_until(supervisor, lambda: supervisor.find_pid("one") not in (None, first))
    assert "one was killed by signal 9; restarting it in 0.5 s" in reports[0]


def test_pauses_grow_while_it_keeps_dying(
    supervisor: Supervisor, reports: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SERVICE_RESTART", replace(SERVICE_RESTART, first=0.01))
    supervisor.start([plan("one", "raise SystemExit(3)", tmp_path)])
    tend_until(supervisor, lambda: len(reports) >= 4)
    assert [line.partition(" in ")[2].partition(" s ")[0] for line in reports[:4]] == [
        "0.01",
        "0.02",
        "0.04",
        "0.08",
    ]


def test_invalid_settings_are_not_retried(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([plan("one", "import sys; sys.stderr.write('PORT is wrong'); sys.exit(5)", tmp_path)])
    with pytest.raises(ConfigError, match="one refused to start:\nPORT is wrong"):
        tend_until(supervisor, lambda: False)


def test_stop_ends_children_that_ignore_signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STOP_SECONDS", 0.5)
    supervisor = Supervisor(report=print)
    supervisor.start([plan("one", SLEEP, tmp_path), plan("deaf", DEAF, tmp_path)])
    tend_until(supervisor, lambda: supervisor.read_log_end("deaf") == "deaf")
    pids = [supervisor.find_pid("one"), supervisor.find_pid("deaf")]
    supervisor.stop()
    assert not any(pid is not None and psutil.pid_exists(pid) for pid in pids)


def test_a_long_log_is_rotated(supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOG_LIMIT", 10)
    (tmp_path / "one.log").write_text("x" * 11)
    supervisor.start([plan("one", SLEEP, tmp_path)])
    assert (tmp_path / "one.old.log").read_text() == "x" * 11
