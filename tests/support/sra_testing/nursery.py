"""Helper processes of tests, forked from one process with imported modules: `python -m sra_testing.nursery FD`.

A newly started process imports for a second or two. A forked one is still a real process: it has its own environment and can
be killed and paused, and it has an exit code.
"""

from __future__ import annotations

import array
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

SUPPORT = str(Path(__file__).resolve().parents[1])
_REQUEST_BYTES = 1 << 17
_END_SECONDS = 30
# coverage measures only processes that start on their own
_MEASURED = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


class Helper:
    """A forked process, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, report: int) -> None:
        self._report = report
        self._said = b""
        self.returncode: int | None = None

    @property
    def pid(self) -> int:
        """Its process id; waits until it has been forked."""
        while b"\n" not in self._said:
            self._read(None)
        return int(self._said.split(b"\n")[0])

    def poll(self) -> int | None:
        """Return its exit code, or None while it is running."""
        self._read(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code when it has exited; raises TimeoutExpired after `timeout` seconds."""
        while self.returncode is None:
            if not self._read(timeout):
                raise subprocess.TimeoutExpired("a helper process", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal; harmless once it has exited."""
        pid = self.pid
        if self.poll() is None:
            os.kill(pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def _read(self, seconds: float | None) -> bool:
        """Process the nursery's reports for up to `seconds`; return whether anything came."""
        if self.returncode is not None:
            return True
        ready = select.poll()
        ready.register(self._report, select.POLLIN)
        if not ready.poll(None if seconds is None else seconds * 1000):
            return False
        piece = os.read(self._report, 64)
        self._said += piece
        result = self._said.split(b"\n")
        if len(result) > 2 or not piece:
            # a nursery that was killed takes its forked processes with it
            self.returncode = int(result[1]) if len(result) > 2 else -signal.SIGKILL
            os.close(self._report)
        return True


class Nursery:
    """The forking process, as seen by the tests' process."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sra_testing.nursery", str(other.fileno())],
                env=add_support({}),
                pass_fds=[other.fileno()],
            )

    def start(self, module: str, words: tuple[str, ...], environment: Mapping[str, str]) -> Helper:
        """Run a module as the main module of a forked process, which may not be forked yet on return."""
        report, reported = os.pipe()
        request = json.dumps([module, words, dict(environment)]).encode()
        try:
            socket.send_fds(self._socket, [request], [reported, 1, 2])
        finally:
            os.close(reported)
        return Helper(report)

    def stop(self) -> None:
        """End it and all processes that it forked."""
        self._socket.close()
        try:
            self._process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_nurseries: list[Nursery] = []


def add_support(environment: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with changes, and with the tests' own modules on the path."""
    return {**os.environ, "PYTHONPATH": SUPPORT, **environment}  # noqa: TID251 - a child's environment, no setting


def start_helper(
    module: str, *words: str, environment: Mapping[str, str] | None = None
) -> Helper | subprocess.Popen[bytes]:
    """Start `python -m MODULE WORDS` with changes of the environment."""
    changed = add_support(environment or {})
    if sys.platform != "linux" or any(name in changed for name in _MEASURED):
        return subprocess.Popen([sys.executable, "-m", module, *words], env=changed)
    if not _nurseries:
        _nurseries.append(Nursery())
    return _nurseries[0].start(module, words, changed)


def stop_nursery() -> None:
    """End the forking process; pytest calls it at the end of a session."""
    while _nurseries:
        _nurseries.pop().stop()


# --- in the process that forks --------------------------------------------------------------------------------------------


def serve(channel: socket.socket) -> None:
    """Fork on request and report process ids and exit codes, until the other end is closed."""
    reports: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    ready = select.poll()
    ready.register(channel, select.POLLIN)
    ready.register(woken, select.POLLIN)
    while True:
        found = {number for number, _ in ready.poll()}
        if woken in found:
            os.read(woken, 4096)
            report_ended(reports)
        if channel.fileno() not in found:
            continue
        request, descriptors, _, _ = socket.recv_fds(channel, _REQUEST_BYTES, 3)
        if not request:
            break
        module, words, environment = json.loads(request)
        __import__(module)
        pid = os.fork()
        if pid == 0:
            for number in (channel.detach(), woken, wake, *reports.values()):
                os.close(number)
            become(module, words, environment, descriptors)
        reports[pid] = descriptors[0]
        for number in descriptors[1:]:
            os.close(number)
        tell(descriptors[0], pid)
    for pid in reports:
        os.kill(pid, signal.SIGKILL)


def report_ended(reports: dict[int, int]) -> None:
    """Report the processes that exited."""
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        report = reports.pop(pid)
        tell(report, os.waitstatus_to_exitcode(status))
        os.close(report)


def tell(report: int, number: int) -> None:
    """Write a line, unless the reader is gone."""
    try:
        os.write(report, b"%d\n" % number)
    except BrokenPipeError:
        return


def become(module: str, words: list[str], environment: dict[str, str], descriptors: array.array[int]) -> NoReturn:
    """Become the requested process, and exit."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(descriptors[1], 1)
    os.dup2(descriptors[2], 2)
    for number in descriptors:
        os.close(number)
    os.environ.clear()  # noqa: TID251 - the environment of a new process, no setting
    os.environ.update(environment)  # noqa: TID251
    random.seed()
    sys.argv[1:] = words
    del sys.modules[module]
    code = 1
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it is, this process has finished
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
