"""Steps of git_lfs_integration.feature: real git and git-lfs, without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from sra_testing.fundata import GENERAL_FILE, HOLDING_FILE, NAVPS_FILE, counts_of, navps, write_csv
from sra_testing.scenes import Scene

scenarios("git_lfs_integration.feature")

pytestmark = pytest.mark.skipif(
    shutil.which("git-lfs") is None or shutil.which("git") is None, reason="git or git-lfs is not installed"
)

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
RECORDS = {
    GENERAL_FILE: [{"RecordId": "1", "InstrumentKey": "412003", "LegalName": "Alpha"}],
    HOLDING_FILE: [{"RecordId": str(n), "InstrumentKey": "412003", "Security": f"S{n}"} for n in range(3)],
    NAVPS_FILE: [navps("412003", f"2025-01-{day:02d}", f"10.{day}") for day in (2, 3)],
}


def run_git(folder: Path, *arguments: str, skip_smudge: bool = False) -> str:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - git's
    environment |= {"GIT_CONFIG_GLOBAL": str(folder.parent / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
    environment |= {"GIT_LFS_SKIP_SMUDGE": "1"} if skip_smudge else {}
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.test", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout


@given("a repository whose seed files are kept by the product's own LFS rules", target_fixture="scene")
def make_repository(database: str, tmp_path: Path, datatable: Sequence[Sequence[str]]) -> Scene:
    origin = tmp_path / "origin"
    origin.mkdir()
    run_git(origin, "init", "--quiet", "--initial-branch=main")
    run_git(origin, "lfs", "install", "--skip-repo")
    shutil.copy(ROOT / ".gitattributes", origin)
    for (path,) in datatable[1:]:
        write_csv(origin / "fundata", path, RECORDS[path])
    run_git(origin, "add", "--all")
    run_git(origin, "commit", "--quiet", "--message=Seed")
    kept = {line.split(" ", 2)[2] for line in run_git(origin, "lfs", "ls-files", "--long").splitlines()}
    assert kept == {f"fundata/{path}" for (path,) in datatable[1:]}
    return Scene(database, origin / "fundata", facts={"files": [path for (path,) in datatable[1:]]})


@given(parsers.parse('a clone in which only "{path}" was fetched'), target_fixture="scene")
def clone(scene: Scene, tmp_path: Path, path: str) -> Scene:
    run_git(
        tmp_path / "origin", "clone", "--quiet", str(tmp_path / "origin"), str(tmp_path / "clone"), skip_smudge=True
    )
    fetch(tmp_path, f"fundata/{path}")
    scene.root = tmp_path / "clone" / "fundata"
    heads = {name: (scene.root / name).read_bytes()[:7] for name in scene.facts["files"]}
    assert heads == {name: b"RecordI" if name == path else b"version" for name in heads}
    return scene


def fetch(tmp_path: Path, include: str) -> None:
    run_git(tmp_path / "clone", "lfs", "pull", f"--include={include}")


@given(parsers.parse('a checkout in which "{path}" was deleted'))
def delete(scene: Scene, path: str) -> None:
    (scene.root / path).unlink()


@when("the checkout with its files is loaded in a process that may reach nothing but the database")
def load_offline(scene: Scene) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sra_testing.offline_load", scene.dsn, str(scene.root)],
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},  # noqa: TID251 - a child's environment
        stdout=subprocess.PIPE,
        check=True,
    )
    scene.facts["offline"] = json.loads(done.stdout)


@then("the process never tried to reach anything else")
def check_offline(scene: Scene) -> None:
    assert scene.facts["offline"]["tried"] == []


@when("the clone is loaded")
@when("the checkout is loaded")
def load(scene: Scene) -> None:
    scene.load()


@when("the other files are fetched and the clone is loaded again")
def fetch_and_load(scene: Scene, tmp_path: Path) -> None:
    fetch(tmp_path, "*")
    scene.load()


@then("all three files are loaded")
def check_all_offline(scene: Scene) -> None:
    assert scene.facts["offline"]["files"] == dict.fromkeys(sorted(RECORDS), "completed")
    assert count_stored(scene) == 6


def count_stored(scene: Scene) -> int:
    found: int = scene.fetch_value("SELECT (SELECT count(*) FROM fundata_data) + (SELECT count(*) FROM fundata_quotes)")
    return found


@then("all three files are loaded or were loaded before")
def check_all(scene: Scene) -> None:
    statuses = {path: counts_of(scene.results[-1], path)["status"] for path in RECORDS}
    assert statuses == {GENERAL_FILE: "completed", HOLDING_FILE: "skipped", NAVPS_FILE: "completed"}
    assert count_stored(scene) == 6


@then(parsers.re(r'(?P<paths>".+") (?:is|are) loaded$'))
def check_loaded(scene: Scene, paths: str) -> None:
    for path in re.findall(r'"([^"]+)"', paths):
        file = counts_of(scene.results[-1], path)
        assert (file["status"], file["stored"]) == ("completed", len(RECORDS[path]))


def list_warnings(scene: Scene, event: str) -> dict[str, str]:
    """File to message of the warnings that the load logged."""
    return {
        entry["file"]: entry["message"]
        for entry in scene.logs
        if entry["event"] == event and entry["level"] == "warning"
    }


@then(parsers.parse('a warning each names "{first}" and "{second}" as a Git LFS pointer'))
def check_pointers(scene: Scene, first: str, second: str) -> None:
    warnings = list_warnings(scene, "seed_file_rejected")
    assert set(warnings) == {first, second}
    for path, message in warnings.items():
        assert path in message
        assert "LFS pointer" in message
        tracked = scene.fetch("SELECT status FROM file_processing_tracker WHERE file_path = $1", path)
        assert [row["status"] for row in tracked] == ["rejected"]


@then(parsers.parse('a warning names "{path}" as missing'))
def check_missing(scene: Scene, path: str) -> None:
    warnings = list_warnings(scene, "seed_file_missing")
    assert path in warnings[path]
    assert path in scene.results[-1].missing
    assert not {HOLDING_FILE, NAVPS_FILE} & set(warnings)


@then(parsers.re(r"the load is (?P<status>complete|partial)$"))
def check_status(scene: Scene, status: str) -> None:
    assert scene.results[-1].task.status == {"complete": "completed", "partial": "partial"}[status]
