"""`./sra lake`, on a real database and a lake in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sra_cli.app import run
from sra_cli.lake_snippets import make_snippet
from sra_shared.kit.settings import LakeSettings
from sra_testing.databases import execute_sql


@pytest.fixture
def address(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database and the lake that the command works on; the views are built."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("LAKE_URL", str(tmp_path / "lake"))
    assert run(["views", "build", "treasury_curve", "index_performance", "--json"]) == 0
    return database


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Run a command with --json and return its exit code and its object."""
    capsys.readouterr()
    code = run(["lake", *words, "--json"])
    (line,) = capsys.readouterr().out.strip().splitlines()
    found: dict[str, Any] = json.loads(line)
    return code, found


def test_publish_name_check_and_clean(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = call(capsys, "publish")
    assert (code, result["status"], result["build"]["build_id"]) == (0, "completed", 1)
    assert call(capsys, "publish", "--full")[1]["build"]["changed_tables"] == result["build"]["tables"]
    code, checked = call(capsys, "check")
    assert (code, checked["build"]) == (0, 2)
    assert {table["relation"] for table in checked["tables"]} >= {"treasury_curve", "index_performance"}
    assert call(capsys, "keep", "1", "--name", "report") == (0, {"status": "completed", "build": 1, "name": "report"})
    assert [build["name"] for build in call(capsys, "status")[1]["builds"]] == [None, "report"]
    for name in ("latest", "build_7", "Report", "a b"):
        assert call(capsys, "keep", "2", "--name", name)[0] == 5
    assert call(capsys, "keep", "2", "--name", "report")[0] == 5
    assert call(capsys, "keep", "9")[0] == 5
    assert call(capsys, "clean", "--dry-run") == (0, {"status": "completed", "files": 0, "bytes": 0})
    assert call(capsys, "check", "7")[0] == 5


@pytest.mark.lake
def test_check_finds_a_lost_file_and_other_rows(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    execute_sql(
        address,
        "INSERT INTO published.index_performance (symbol, as_of, last_run_id) VALUES ('^X', now(), gen_random_uuid())",
    )
    assert call(capsys, "publish")[0] == 0
    execute_sql(address, "UPDATE published.index_performance SET symbol = '^Y'")
    code, result = call(capsys, "check")
    wrong = {table["relation"]: table["problems"] for table in result["tables"] if table["problems"]}
    assert code == 1
    assert wrong["index_performance"] == [
        "column symbol differs in its sum, limits or number of NULLs",
        "the row of ^X differs",
    ]
    (file,) = (tmp_path / "lake" / "index_performance").rglob("*.parquet")
    file.unlink()
    code, result = call(capsys, "check")
    assert code == 1
    assert "The lake's storage failed" in result["error"]


def test_without_an_address_it_names_the_setting(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LAKE_URL")
    for words in (["publish"], ["check"], ["clean"]):
        code, result = call(capsys, *words)
        assert code == 5
        assert "LAKE_URL" in result["next_step"]


@pytest.mark.parametrize("engine", ["duckdb", "polars", "spark"])
@pytest.mark.parametrize("place", ["/var/lib/lake", "s3://bucket/lake"])
def test_a_program_contains_no_secret_and_can_be_compiled(engine: str, place: str) -> None:
    secrets = {"lake_access_key_id": "the-key", "lake_secret_access_key": "the-secret"}
    storage = {"lake_endpoint": "https://s3.example", "lake_region": "eu-west-1", **secrets}
    settings = LakeSettings.model_validate({"lake_url": place, **(storage if place.startswith("s3") else {})})
    text = make_snippet(engine, settings)
    compile(text, engine, "exec")
    assert "SRA_VIEWER_TOKEN" in text
    assert not any(secret in text for secret in secrets.values())
