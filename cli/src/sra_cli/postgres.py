"""An embedded PostgreSQL: creates a data folder, runs the server as a child process.

The server listens on 127.0.0.1 only, has a generated password, and dies with the process that started it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from sra_cli.launch import EXIT_NO_NAMESPACE
from sra_cli.ports import find_free_port, is_port_free
from sra_cli.postgres_binaries import Binaries, find_binaries, read_data_major
from sra_shared.kit.errors import ConfigError
from sra_shared.schema.administration import Login

SUPERUSER = "postgres"
# not sra: PostgreSQL would resolve that user's table names in schema sra, the views, first
OWNER = "sra_owner"
_START_SECONDS = 60.0
# a previous server or one of its sessions is still ending, or the port was taken between check and bind
_PASSING_FAILURES = ("postmaster.pid", "pre-existing shared memory block", "could not bind")
_LOCKED_SECONDS = 60.0
_STOP_SECONDS = 30.0
_SERVER_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    # TCP only: a socket's path may have at most 107 bytes, and a home may be anywhere
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def build_child_command(
    command: list[str], *, as_nobody: bool = False, number: signal.Signals = signal.SIGTERM
) -> list[str]:
    """Return the command that starts `command` as a child that gets the signal when this process dies (on Linux).

    A Python program that is still starting may lose SIGINT, but not SIGTERM.
    """
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
    return [*launcher, *(["--as-nobody"] if as_nobody else []), str(os.getpid()), str(int(number)), *command]


class EmbeddedPostgres:
    """One server with its data in `home/postgres`.

    The superuser's password is in `home/postgres.password`, that of the role for everything else in `home/owner.password`;
    both have mode 0600. `options` are server settings that override ours. Call `start` on a thread that lives as long as
    the server should: Linux ends the child with that thread.
    """

    def __init__(self, home: Path, *, pg_bin: Path | None = None, options: dict[str, str] | None = None) -> None:
        self.home = home.resolve()
        self.data_folder = self.home / "postgres"
        self.log_file = self.home / "postgres.log"
        self._password_file = self.home / "postgres.password"
        self._owner_file = self.home / "owner.password"
        self._pg_bin = pg_bin
        self._options = _SERVER_OPTIONS | (options or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.binaries: Binaries | None = None
        self._port_file = self.home / "postgres.port"
        self.port = self._read_port()

    @property
    def pid(self) -> int | None:
        """Process id of the server, or None if it is not running."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def build_dsn(self, database: str = "postgres") -> str:
        """Return the superuser's address of a database on this server."""
        return self._build_dsn(self.administrator, database)

    def build_owner_dsn(self, database: str) -> str:
        """Return the address of a database for the role that owns it."""
        return self._build_dsn(self.owner, database)

    def _build_dsn(self, login: Login, database: str) -> str:
        return f"postgresql://{login.user}:{login.password}@127.0.0.1:{self.port}/{database}"

    @property
    def administrator(self) -> Login:
        """The superuser."""
        return Login(SUPERUSER, _read_or_make_password(self._password_file))

    @property
    def owner(self) -> Login:
        """The role that owns the product's database; it may not exist yet."""
        return Login(OWNER, _read_or_make_password(self._owner_file))

    def start(self) -> None:
        """Create the data folder if it is missing, start the server and wait until it responds.

        Raises ConfigError if no binaries fit, root may not create a user namespace, or the server does not start.
        """
        if self.pid is not None:  # reading it also reaps a server that died
            return
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        self.binaries = find_binaries(data_folder=self.data_folder, pg_bin=self._pg_bin)
        if read_data_major(self.data_folder) is None:
            self._make_data_folder(self.binaries)
        deadline = time.monotonic() + _LOCKED_SECONDS
        while True:
            failure = self._try_start(self.binaries)
            if failure is None:
                return
            if not any(words in failure for words in _PASSING_FAILURES) or time.monotonic() > deadline:
                raise ConfigError(
                    f"PostgreSQL did not start on {self.data_folder}:\n{failure}\n",
                    next_step=f"The whole log is {self.log_file}. `./sra down` stops a server that was left running.",
                )
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, committed data is on disk. Does nothing if it is stopped."""
        process, self._process = self._process, None
        if process is None:
            return
        for number, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if process.poll() is not None:
                return
            process.send_signal(number)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            return

    def _make_data_folder(self, binaries: Binaries) -> None:
        password = _read_or_make_password(self._password_file)
        partial = self.home / "postgres.partial"
        shutil.rmtree(partial, ignore_errors=True)
        command = [
            str(binaries.folder / "initdb"),
            f"--pgdata={partial}",
            f"--username={SUPERUSER}",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            "--no-locale",
            "--encoding=UTF8",
            # the folder is renamed when complete, and the first checkpoint syncs it
            "--no-sync",
        ]
        result = subprocess.run(  # noqa: S603
            build_child_command(command, as_nobody=_is_root()), capture_output=True, text=True, check=False
        )
        if result.returncode != 0 or not password:
            shutil.rmtree(partial, ignore_errors=True)
            raise _explain_failure("initdb", result.returncode, result.stdout + result.stderr)
        os.sync()
        partial.rename(self.data_folder)

    def _read_port(self) -> int:
        # keep the same port at every start if it is free, so that noted addresses stay valid
        try:
            return int(self._port_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def _try_start(self, binaries: Binaries) -> str | None:
        """Start once; return None when the server is ready, else its error output."""
        if not (self.port and is_port_free(self.port)):
            self.port = find_free_port()
        options = [f"-c{name}={value}" for name, value in (self._options | {"port": str(self.port)}).items()]
        command = [str(binaries.folder / "postgres"), f"-D{self.data_folder}", *options]
        log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                # requests a fast shutdown: SIGTERM would wait for the sessions
                build_child_command(command, as_nobody=_is_root(), number=signal.SIGINT),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,  # on Ctrl-C the services end first, and then we stop the server
            )
        self._process = process
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None:
            if self._is_ready(process.pid):
                self._port_file.write_text(f"{self.port}\n", encoding="ascii")
                return None
            if time.monotonic() > deadline:
                self.stop()
                return f"it was not ready after {_START_SECONDS:.0f} seconds"
            time.sleep(0.02)
        self._process = None
        output = self.log_file.read_bytes()[log_start:].decode(errors="replace").strip()
        if process.returncode == EXIT_NO_NAMESPACE:
            raise _explain_failure("postgres", process.returncode, output)
        return output or f"it exited with code {process.returncode} and no output"

    def _is_ready(self, pid: int) -> bool:
        # the server writes its state into the last line of its pid file
        try:
            lines = (self.data_folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, PermissionError):
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _read_or_make_password(file: Path) -> str:
    if not file.exists():
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(secrets.token_urlsafe(24) + "\n")
    return file.read_text(encoding="ascii").strip()


def _is_root() -> bool:
    return os.geteuid() == 0


def _explain_failure(program: str, code: int, output: str) -> ConfigError:
    if code == EXIT_NO_NAMESPACE:
        return ConfigError(
            "PostgreSQL refuses to run as root, and this machine refuses the user namespace that would hide root: "
            f"{output}.",
            next_step="Run ./sra as an ordinary user, or set DATABASE_URL to a running server.",
        )
    return ConfigError(
        f"{program} exited with code {code}:\n{output.strip()}\n", next_step="Fix the cause in its output."
    )
