"""`./sra` itself: a small clone with empty locks, so that no index is needed, and a command that prints its arguments."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
ECHO = (
    "import json, os, sys; print(json.dumps({'arguments': sys.argv[1:], 'folder': os.getcwd(), 'python': sys.prefix,"
    " 'keeps_bytecode': not sys.dont_write_bytecode}))"
)
UNREACHABLE = "nothing==1.0 --hash=sha256:" + "0" * 64 + "\n"


class SmallClone:
    """A clone that has our bootstrap and one package of ours that echoes its arguments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.first: subprocess.CompletedProcess[str] | None = None
        package = folder / "cli" / "src" / "sra_cli"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(ECHO)
        (folder / "cli" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
        for name in ("requirements.lock", "requirements-lake.lock", "requirements-dev.lock"):
            (folder / name).write_text("# nothing\n")
        shutil.copy(ROOT / "sra", folder / "sra")
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(folder.parent / "empty_home"),
            "PIP_RETRIES": "0",
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        }

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.folder / "sra"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder.parent,
            env=self.environment | changes,
        )

    def call(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **changes) as process:
            said, result = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, said, result)


@pytest.fixture
def clone(tmp_path: Path) -> SmallClone:
    (tmp_path / "empty_home").mkdir()
    return SmallClone(tmp_path / "a clone [1]")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> SmallClone:
    """A clone with its environment, and a copy of it, because creating one takes six seconds of CPU time."""
    folder = tmp_path_factory.mktemp("made_once")
    (folder / "empty_home").mkdir()
    made = SmallClone(folder / "a clone [1]")
    first = made.call("load", "a folder", "--json")
    assert first.returncode == 0, first.stderr
    made.first = first
    shutil.copytree(made.folder, folder / "copy", symlinks=True)
    return made


@pytest.fixture
def installed(made_once: SmallClone) -> SmallClone:
    """The clone just after its environment was made."""
    shutil.rmtree(made_once.folder)
    # at the same place, which its environment depends on
    shutil.copytree(made_once.folder.with_name("copy"), made_once.folder, symlinks=True)
    return made_once


def test_installs_once_and_again_after_a_change(installed: SmallClone) -> None:
    clone, first = installed, installed.first
    assert first is not None
    response = json.loads(first.stdout)
    assert response["arguments"] == ["load", "a folder", "--json"]
    assert response["folder"] == str(clone.folder.parent)
    assert response["python"] == str(clone.folder / ".sra" / "venv")
    assert "requirements.lock" in first.stderr
    assert "requirements-dev.lock" not in first.stderr

    again = clone.call("status")
    assert (again.returncode, again.stderr) == (0, "")
    assert (clone.folder / ".sra").stat().st_mode & 0o077 == 0

    # development tools come with the commands that need them
    assert "requirements-dev.lock" in clone.call("check").stderr
    assert clone.call("test").stderr == ""
    assert clone.call("status").stderr == ""

    (clone.folder / "requirements.lock").write_text("# another\n")
    changed = clone.call()
    assert changed.returncode == 0
    assert "requirements.lock" in changed.stderr
    assert "creating a private environment" not in changed.stderr

    # and a package of the caller's own is none of ours
    stray = clone.folder.parent / "stray" / "sra_cli"
    stray.mkdir(parents=True)
    (stray / "__init__.py").touch()
    (stray / "__main__.py").write_text("print('stray')")
    assert json.loads(clone.call("x", PYTHONPATH=str(stray.parent)).stdout)["arguments"] == ["x"]
    assert json.loads(clone.call("x", PYTHONDONTWRITEBYTECODE="1").stdout)["keeps_bytecode"] is True


@pytest.mark.faults
def test_an_interrupted_installation_is_repeated_once_by_concurrent_commands(clone: SmallClone) -> None:
    with clone.start("status") as process:
        venv = clone.folder / ".sra" / "venv"
        deadline = time.monotonic() + 60
        while not venv.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (venv / "sra-installed").exists()
    with clone.start("one") as first, clone.start("two") as second:
        responses = [process.communicate(timeout=120) for process in (first, second)]
        assert [process.returncode for process in (first, second)] == [0, 0], responses
    result = "".join(stderr for _, stderr in responses)
    assert result.count("creating a private environment") == 1
    assert result.count("installing requirements.lock") == 1
    # for each other, and for the step of the killed one, which still runs
    assert result.count("waiting for it") in (1, 2)


@pytest.mark.faults
def test_an_environment_without_its_python_is_created_again(installed: SmallClone) -> None:
    python = installed.folder / ".sra" / "venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(installed.folder / "python that an upgrade took away")
    again = installed.call("status", "--json")
    assert again.returncode == 0, again.stderr
    assert "creating a private environment" in again.stderr
    assert json.loads(again.stdout)["arguments"] == ["status", "--json"]


def test_no_index_is_reported_clearly(installed: SmallClone) -> None:
    (installed.folder / "requirements.lock").write_text(UNREACHABLE)
    failed = installed.call("status", "--json")
    assert failed.returncode == 5
    assert "could not be installed" in failed.stderr
    assert "network" in failed.stderr
    result = json.loads(failed.stdout)
    assert (result["status"], set(result)) == ("failed", {"status", "error", "next_step"})
    assert "could not be installed" in result["error"]
    # and the next call does not take it for installed
    (installed.folder / "requirements.lock").write_text("# nothing\n")
    assert "creating a private environment" in installed.call("status").stderr


def test_a_python_without_venv_is_reported_clearly(clone: SmallClone, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "ensurepip.py").write_text("raise ModuleNotFoundError('gone', name='ensurepip')\n")
    failed = clone.call("status", PYTHONPATH=str(broken))
    assert failed.returncode == 5
    assert "ensurepip" in failed.stderr
    assert "python3." in failed.stderr


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_an_unsupported_python_is_reported_clearly(clone: SmallClone, version: tuple[int, int]) -> None:
    pretend = f"import runpy, sys; sys.version_info = {version}; runpy.run_path('sra', run_name='__main__')"
    failed = subprocess.run(
        [sys.executable, "-c", pretend],
        cwd=clone.folder,
        env={"PATH": str(clone.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 5
    assert f"This is Python {version[0]}.{version[1]}" in failed.stderr
    assert "3.11 to 3.13" in failed.stderr


def test_a_clone_that_cannot_be_written_is_reported_clearly(clone: SmallClone) -> None:
    (clone.folder / ".sra").write_text("in the way")
    failed = clone.call("status")
    assert failed.returncode == 5
    assert "cannot be written" in failed.stderr


def test_the_file_is_executable_and_reads_as_old_python() -> None:
    assert os.access(ROOT / "sra", os.X_OK)
    text = (ROOT / "sra").read_text()
    # an older Python must get as far as the message that names the versions
    assert ":=" not in text
    assert "match " not in text
