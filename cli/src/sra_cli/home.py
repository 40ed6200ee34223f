"""The home of a stack: its tokens, what is running on it, and the lock that proves it."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sra_cli.settings import ROOT
from sra_shared.kit.errors import ConfigError

DEFAULT_HOME = ROOT / ".sra"
_LOCK_TRIES, _LOCK_PAUSE = 5, 0.05


@dataclass(frozen=True)
class RunningStack:
    """What `./sra up` runs: the supervising process, and the addresses of its parts."""

    pid: int
    gateway_url: str
    database_url: str
    service_token: str
    urls: dict[str, str]
    stand_in_port: int | None = None


@dataclass(frozen=True)
class SharedServer:
    """The embedded server that a command runs while it works: its process, and the database on it."""

    pid: int
    database_url: str


class Home:
    """A folder (mode 0700) with the data, tokens and logs of one stack."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or DEFAULT_HOME).expanduser().absolute()
        self.logs = self.path / "logs"
        self._state = self.path / "up.json"
        self._lock = self.path / "up.lock"
        self._shared_server = self.path / "server.json"
        self._shared_server_lock = self.path / "server.lock"

    def prepare(self) -> None:
        """Create the folder and close it to others; raises ConfigError if that is not possible."""
        self.check_owner()
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise ConfigError(
                f"The home {self.path} cannot be used: {error.strerror}.", next_step="Choose another with --home."
            ) from error

    def check_owner(self) -> None:
        """Raise ConfigError if the folder belongs to another user.

        Its files could misdirect us, and what we write would be theirs.
        """
        try:
            owner = self.path.stat().st_uid
        except OSError:
            return
        if owner != os.geteuid():
            raise ConfigError(
                f"The home {self.path} belongs to another user ({_name_user(owner)}).",
                next_step="Choose another with --home, or run as that user.",
            )

    def read_token(self, name: str) -> str:
        """Return the token with this name; it is generated on first use and kept with mode 0600."""
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
        """Try to lock this home for running a stack; yields False if another process holds it. Released with the process."""
        with self._lock.open("a", encoding="ascii") as file:
            if not _lock_soon(file.fileno()):
                yield False
                return
            yield True
            self._state.unlink(missing_ok=True)

    def write_running(self, stack: RunningStack) -> None:
        """Record what is running here for other commands; readable by the owner only, since it contains secrets."""
        _write_secret(self._state, asdict(stack))

    @contextmanager
    def share_server(self, database_url: str, *, on_wait: Callable[[], None]) -> Iterator[None]:
        """Let other commands use the lock holder's server; the context exits when the last of them has finished.

        `on_wait` is called if it has to wait for one.
        """
        _write_secret(self._shared_server, asdict(SharedServer(os.getpid(), database_url)))
        try:
            yield
        finally:
            self._shared_server.unlink(missing_ok=True)
            with self._shared_server_lock.open("a", encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    on_wait()
                    fcntl.flock(file, fcntl.LOCK_EX)

    @contextmanager
    def use_shared_server(self) -> Iterator[SharedServer | None]:
        """Yield the server that another command runs here and keep it up until the block ends; None if there is none."""
        with self._shared_server_lock.open("a", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield self.read_shared_server()

    def read_shared_server(self) -> SharedServer | None:
        """Return the server that a command runs here while it works, or None."""
        found = self._read_while_held(self._shared_server)
        return None if found is None else SharedServer(**found)

    def is_held(self) -> bool:
        """Whether a process runs this home now; raises ConfigError if the home belongs to another user."""
        self.check_owner()
        if not self._lock.exists():
            return False
        with self._lock.open("a", encoding="ascii") as file:
            try:
                # a shared lock, so that checks do not block one another
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def read_running(self) -> RunningStack | None:
        """Return what is running here, or None if nothing is, or if it is still starting."""
        found = self._read_while_held(self._state)
        return None if found is None else RunningStack(**found)

    def _read_while_held(self, path: Path) -> dict[str, Any] | None:
        # a killed process leaves its file behind, which means nothing
        if not self.is_held():
            return None
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found


def _name_user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _lock_soon(handle: int) -> bool:
    """Lock, or return False if the home is in use; a process that only checks holds the lock for a moment."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE)
        else:
            return True
    return False


def _write_secret(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    partial.replace(path)
