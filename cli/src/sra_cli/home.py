"""The home of a stack: its tokens, what runs there now, and the lock that says so."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sra_cli.settings import ROOT
from sra_shared.errors import ConfigError

DEFAULT_HOME = ROOT / ".sra"


@dataclass(frozen=True)
class RunningStack:
    """What `./sra up` runs: the process that supervises, and where its parts listen."""

    pid: int
    gateway_url: str
    database_url: str
    service_token: str
    urls: dict[str, str]


class Home:
    """A folder (mode 0700) with the data, tokens and logs of one stack."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or DEFAULT_HOME).expanduser().absolute()
        self.logs = self.path / "logs"
        self._state = self.path / "up.json"
        self._lock = self.path / "up.lock"

    def prepare(self) -> None:
        """Make the folder and close it to others; raises ConfigError where that cannot be done."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise ConfigError(
                f"The home {self.path} cannot be used: {error.strerror}.", next_step="Choose another with --home."
            ) from error

    def read_token(self, name: str) -> str:
        """Return the token of that name, made on first use and kept with mode 0600."""
        path = self.path / f"{name}.token"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        return path.read_text(encoding="ascii").strip()

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Try to be the one who runs this home; yields False where another process does. Ends with the process."""
        with self._lock.open("a", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
            self._state.unlink(missing_ok=True)

    def write_running(self, stack: RunningStack) -> None:
        """Tell other commands what runs here; readable by the owner only, since it holds secrets."""
        partial = self._state.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(stack), file)
        partial.replace(self._state)

    def is_held(self) -> bool:
        """Whether a process runs this home now."""
        if not self._lock.exists():
            return False
        with self._lock.open("a", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def read_running(self) -> RunningStack | None:
        """Return what runs here, or None where nothing does or it is still starting."""
        if not self.is_held():
            return None
        try:
            return RunningStack(**json.loads(self._state.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
