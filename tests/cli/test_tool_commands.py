"""Commands that run tools: bench, check, test, serve, stand-in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from sra_cli.app import run
from sra_cli.commands import bench, check
from sra_cli.commands import test as test_command
from sra_cli.ports import find_free_port
from sra_cli.postgres_binaries import find_binaries
from sra_cli.settings import ROOT
from sra_cli.tools import find_chromium
from sra_shared.kit.errors import ConfigError

BENCHMARK = '''"""How fast nothing is."""
import json, sys
from sra_shared.kit.settings import DatabaseSettings
print(json.dumps({"arguments": sys.argv[1:], "has_database": DatabaseSettings().dsn is not None}))
'''
REPORT = """<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure/></testcase>
<testcase name="c"><skipped/></testcase><testcase name="d"><error/></testcase></testsuite></testsuites>"""


@pytest.fixture
def benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bench_nothing.py").write_text(BENCHMARK)
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def test_benchmarks_are_listed(benchmarks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "benchmarks": [{"name": "nothing", "summary": "How fast nothing is."}]
    }


def test_a_benchmark_gets_a_database_and_its_options(benchmarks: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "nothing", "--json", "--", "--rows", "7"]) == 0
    assert json.loads(capfd.readouterr().out) == {"arguments": ["--rows", "7", "--json"], "has_database": True}


def test_an_unknown_benchmark_is_named(benchmarks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "something"]) == 5
    assert "nothing" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "status"), [(0, "completed"), (1, "failed")])
def test_check_runs_every_step(
    code: int, status: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail = [sys.executable, "-c", f"print('what is wrong'); raise SystemExit({code})"]
    monkeypatch.setattr(check, "STEPS", {"one": fail, "two": [sys.executable, "-c", ""]})
    assert run(["check", "--json"]) == code
    response = json.loads(capsys.readouterr().out)
    assert (response["status"], [step["status"] for step in response["steps"]]) == (status, [status, "completed"])
    assert response["steps"][0]["output"] == ("what is wrong" if code else "")


def test_counts_are_read_from_the_report(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    assert test_command.read_counts(tmp_path / "report.xml") == {"passed": 1, "failed": 2, "skipped": 1}
    assert test_command.read_counts(tmp_path / "none.xml") == {"passed": 0, "failed": 0, "skipped": 0}


def test_skipped_tests_are_named_and_fail_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = test_command.find_missing_tools([])
    assert set(missing) == {"chromium", "git-lfs"}
    assert [part.split(" (")[0] for part in test_command.describe_skipped(missing, [])] == [
        "browser tests of the dashboard",
        "tests with Git LFS itself",
        "container tests",
    ]
    monkeypatch.setattr(test_command, "GENERATOR", tmp_path / "make_fundata")
    assert test_command.find_missing_tools(["faults"]) == {}
    assert "make_fundata" in test_command.describe_skipped({}, ["faults"])[0]
    (tmp_path / "make_fundata").touch()
    assert test_command.describe_skipped({}, ["faults"]) == []
    monkeypatch.setenv("CI", "true")
    assert run(["test", "--json"]) == 5
    assert "chromium" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_every_name_of_chromium_is_known(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() == str(tmp_path / name)
    assert set(test_command.find_missing_tools([])) == {"git-lfs"}


@pytest.mark.parametrize("docker", [None, "#!/bin/sh\nexit 1\n"])
def test_container_tests_need_a_running_engine(
    docker: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if docker is not None:
        (tmp_path / "docker").write_text(docker)
        (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["test", "--containers", "--json"]) == 5
    assert "container engine" in json.loads(capsys.readouterr().out)["error"]


SKIPPED = "import pytest\n\n@pytest.mark.faults\n@pytest.mark.skip(reason='no tool')\ndef test_proof(): pass\n"


@pytest.mark.parametrize(
    ("text", "result"),
    [(SKIPPED, "skipped"), ("def test_other(): pass\n", "no test was selected")],
    ids=["skipped", "none"],
)
def test_a_heavy_test_run_must_be_complete(
    text: str,
    result: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(test_command, "ROOT", tmp_path)
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "test_it.py").write_text(text)
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "test_it.py"]
    assert run(["test", "--faults", "--json", "--", *options]) == 1
    response = json.loads(capfd.readouterr().out)
    assert (response["status"], response["failed"]) == ("failed", 0)
    assert result in response["error"]


ON_EACH = """import pytest

@pytest.mark.postgres
def test_where(postgres_server): print(postgres_server.binaries.major)

@pytest.mark.versions
def test_too(postgres_server): pass
"""


def write_server_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write a test on the servers into a folder that the command takes for the clone; return pytest's options for it."""
    monkeypatch.setattr(test_command, "ROOT", tmp_path)
    (tmp_path / "test_it.py").write_text(ON_EACH)
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    return ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "test_it.py"]


def test_an_unavailable_version_fails_by_name_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def find_one(major: int) -> Path:
        if major != test_command.MAJORS[-1]:
            raise ConfigError(f"PostgreSQL {major} cannot be had.", next_step="Install it.")
        return find_binaries(data_folder=tmp_path / "none").folder

    monkeypatch.setattr(test_command, "find_server", find_one)
    options = write_server_proof(tmp_path, monkeypatch)
    assert run(["test", "--postgres", "--json", "--", *options]) == 1
    response = json.loads(capfd.readouterr().out)
    assert (response["passed"], response["failed"], response["skipped"]) == (2, 0, 0)
    assert [f"PostgreSQL {major} cannot be had" in response["error"] for major in (15, 16, 17)] == [True] * 3
    assert "tests failed" not in response["error"]


def test_the_short_form_is_of_the_newest_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_command, "find_server", lambda major: tmp_path / str(major))
    words, missing = test_command.select_tests("postgres", short=True)
    assert missing == []
    assert words[words.index("-m") + 1] == "postgres"
    assert [word for word in words if word.startswith("--postgres-bin=")] == [
        f"--postgres-bin={tmp_path / str(major)}" for major in test_command.SHORT_MAJORS
    ]


def test_an_empty_or_ambiguous_list_of_versions_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_none(major: int) -> Path:
        raise ConfigError(f"PostgreSQL {major} cannot be had.")

    monkeypatch.setattr(test_command, "find_server", find_none)
    assert run(["test", "--postgres", "--json"]) == 5
    assert "PostgreSQL 16 cannot be had" in json.loads(capsys.readouterr().out)["next_step"]
    assert run(["test", "--short", "--json"]) == 5
    assert "--postgres" in json.loads(capsys.readouterr().out)["error"]


def test_tests_are_run_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(test_command, "ROOT", tmp_path)
    (tmp_path / "test_it.py").write_text("def test_a(): pass\ndef test_b(): assert False\n")
    # each of its processes would load every plugin that is installed here
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    assert run(["test", "--json", "--", "-c", os.devnull, "--rootdir", str(tmp_path), "-p", "xdist"]) == 1
    response = json.loads(capfd.readouterr().out)
    assert (response["status"], response["passed"], response["failed"]) == ("failed", 1, 1)


def test_a_run_that_lists_its_slowest_tests_sums_up_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(test_command, "ROOT", tmp_path)
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_slow.py").write_text("import time\ndef test_a(): time.sleep(0.3)\ndef test_b(): pass\n")
    (tmp_path / "test_fast.py").write_text("def test_c(): pass\n")
    options = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(tmp_path),
        "--durations=30",
        "-n",
        "0",
        str(tmp_path),
    ]
    assert run(["test", "--json", "--", *options]) == 0
    table = capfd.readouterr().err.partition("seconds per file")[2].splitlines()
    files = [line.split() for line in table if line.endswith(".py")]
    assert [(tests, file) for _, tests, _, file in files] == [("2", "test_slow.py"), ("1", "test_fast.py")]
    assert float(files[0][0].rstrip("s")) >= 0.3


def test_the_stand_in_runs_until_it_is_stopped() -> None:
    port = find_free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "sra_cli", "stand-in", "--port", str(port), "--securities", "20", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 40
        while True:
            try:
                response = httpx.get(f"http://127.0.0.1:{port}/control/stats")
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the stand-in does not answer"
                time.sleep(0.1)
        assert "X-SRA-Stand-In" in response.headers
        process.send_signal(signal.SIGTERM)
        said, result = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(said)["status"] == "completed"
    assert f"export FMP_BASE_URL=http://127.0.0.1:{port}/stable" in result


def test_serve_needs_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert run(["serve", "gateway", "--home", str(tmp_path)]) == 5


def test_serve_passes_an_error_on(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("SRA_ENV", "production")
    for name in ("SRA_SERVICE_TOKEN", "SRA_VIEWER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert run(["serve", "gateway", "--json"]) == 5
