"""Keeps child processes running: starts them, restarts those that die, and stops all of them in order."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sra_cli.postgres import EmbeddedPostgres, build_child_command
from sra_cli.settings import build_environment
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.retry import SERVICE_RESTART

EXIT_CONFIG = 5
_STEADY_SECONDS = 60.0
_STOP_SECONDS = 25.0
_LOG_LIMIT = 20_000_000

Report = Callable[[str], None]


@dataclass(frozen=True)
class ChildPlan:
    """A program to keep running; its settings are added to our environment."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, str]
    log_file: Path


@dataclass
class _Child:
    plan: ChildPlan
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    restart_at: float = 0.0
    log_start: int = field(default=0)


class Supervisor:
    """Runs children and, if given, the embedded PostgreSQL that they use.

    Call everything from one thread that outlives the children: Linux ends a child with the thread that started it.
    """

    def __init__(self, *, report: Report, server: EmbeddedPostgres | None = None) -> None:
        self._report = report
        self._server = server
        self._children: list[_Child] = []

    def start(self, plans: Sequence[ChildPlan]) -> None:
        """Start the children, in order."""
        for plan in plans:
            child = _Child(plan)
            self._children.append(child)
            self._launch(child)

    def restart_dead(self) -> None:
        """Restart children that died, each time after a longer pause; call it several times a second.

        Raises ConfigError if a child ended because of its settings, which a restart does not fix.
        """
        if self._server is not None and self._server.pid is None:
            self._report("PostgreSQL exited; restarting it")
            self._server.start()
        now = time.monotonic()
        for child in self._children:
            if child.process is None:
                if now >= child.restart_at:
                    self._launch(child)
                continue
            code = child.process.poll()
            if code is None:
                if child.deaths and now - child.started_at > _STEADY_SECONDS:
                    child.deaths = 0
                continue
            self._record_death(child, code)

    def find_pid(self, name: str) -> int | None:
        """Return the process id of a child, or None if it is not running."""
        for child in self._children:
            if child.plan.name == name and child.process is not None and child.process.poll() is None:
                return child.process.pid
        return None

    def stop(self) -> None:
        """Ask all children to finish, kill those that do not in time, then stop the server."""
        living = [child.process for child in self._children if child.process and child.process.poll() is None]
        for process in living:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for process in living:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._children.clear()
        if self._server is not None:
            self._server.stop()

    def read_log_end(self, name: str, *, lines: int = 8) -> str:
        """Return the last lines that a child wrote since its last start."""
        for child in self._children:
            if child.plan.name == name and child.plan.log_file.exists():
                with child.plan.log_file.open("rb") as file:
                    file.seek(child.log_start)
                    text = file.read()[-20_000:].decode(errors="replace")
                return "\n".join(text.strip().splitlines()[-lines:])
        return ""

    def _launch(self, child: _Child) -> None:
        log_file = child.plan.log_file
        if log_file.exists() and log_file.stat().st_size > _LOG_LIMIT:
            log_file.replace(log_file.with_suffix(".old.log"))
        child.log_start = log_file.stat().st_size if log_file.exists() else 0
        with log_file.open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603
                build_child_command(list(child.plan.command)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=build_environment(child.plan.settings),
                start_new_session=True,  # Ctrl-C reaches only us, and we stop the children in order
            )
        child.started_at = time.monotonic()

    def _record_death(self, child: _Child, code: int) -> None:
        name = child.plan.name
        child.process = None
        if code == EXIT_CONFIG:
            raise ConfigError(
                f"{name} refused to start:\n{self.read_log_end(name)}\n", next_step=f"Its log is {child.plan.log_file}."
            )
        child.deaths += 1
        pause = SERVICE_RESTART.pause(child.deaths)
        child.restart_at = time.monotonic() + pause
        how = f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"
        self._report(f"{name} {how}; restarting it in {pause:g} s (log: {child.plan.log_file})")
