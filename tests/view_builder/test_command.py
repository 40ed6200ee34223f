"""`./sra views`, on a real database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sra_cli.app import run
from sra_testing.databases import execute_sql


@pytest.fixture(scope="session")
def database_template(migrated_template: str) -> str:
    """No view is defined before a test begins."""
    return migrated_template


@pytest.fixture
def address(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database that the command works on."""
    monkeypatch.setenv("DATABASE_URL", database)
    return database


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Run a command with --json and return its exit code and its object."""
    code = run([*words, "--json"])
    out = capsys.readouterr().out.strip().splitlines()
    assert len(out) == 1
    found: dict[str, Any] = json.loads(out[0])
    return code, found


def test_build_then_nothing_to_build_then_check(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = call(capsys, "views", "build")
    assert (code, result["status"]) == (0, "completed")
    assert {view["status"] for view in result["views"]} == {"completed"}
    assert call(capsys, "views", "build")[1]["views"] == []
    code, result = call(capsys, "views", "build", "latest_quote", "--full")
    # and what is computed from it
    assert [(view["view"], view["full"]) for view in result["views"]] == [
        ("latest_quote", True),
        ("data_freshness", True),
    ]
    code, result = call(capsys, "views", "check")
    assert (code, result["status"]) == (0, "completed")
    assert {tuple(view["problems"]) for view in result["views"]} == {()}
    code, result = call(capsys, "views")
    assert {view["relation"] for view in result["views"]} >= {"sra.fund_page", "sra.data_freshness"}


def test_check_reports_what_is_wrong(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = call(capsys, "views", "check")
    assert (code, result["views"][0]["problems"]) == (1, ["it is missing; run `./sra views build`"])
    call(capsys, "views", "build")
    execute_sql(address, "ALTER VIEW sra.latest_quote RENAME COLUMN price TO cost")
    code, result = call(capsys, "views", "check")
    wrong = {view["view"]: view["problems"] for view in result["views"] if view["problems"]}
    assert code == 1
    assert list(wrong) == ["latest_quote"]
    assert "cost numeric" in wrong["latest_quote"][0]


def test_schema_needs_no_database(capsys: pytest.CaptureFixture[str]) -> None:
    code, result = call(capsys, "views", "schema", "treasury_curve")
    assert (code, result["x-view"], result["x-key"]) == (0, "sra.treasury_curve", ["date", "tenor"])
    assert result["properties"]["yield"]["x-unit"] == "fraction a year"
    assert call(capsys, "views", "schema", "nothing")[0] == 5


def test_an_unknown_view_and_an_empty_database_are_refused(
    address: str, empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, result = call(capsys, "views", "build", "nothing")
    assert (code, result["status"]) == (5, "failed")
    assert "fund_page" in result["next_step"]
    monkeypatch.setenv("DATABASE_URL", empty_database)
    code, result = call(capsys, "views", "build")
    assert code == 5
    assert "./sra migrate" in result["next_step"]
