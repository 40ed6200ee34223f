"""The maintained share ratios: loaded from a file completely or not at all, and listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sra_cli.app import run
from sra_shared.schema.share_basis import read_share_basis

HEAD = "symbol,ratio,source,valid_from\n"
Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def command(database: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run `share-basis` with --json on the test's database; return its exit code and its object."""
    monkeypatch.setenv("DATABASE_URL", database)

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        capfd.readouterr()
        code = run(["share-basis", *words, "--json"])
        return code, json.loads(capfd.readouterr().out)

    return call


def test_the_maintained_file_is_loaded_and_listed(command: Command) -> None:
    maintained = read_share_basis()
    assert command("load") == (0, {"status": "completed", "loaded": len(maintained)})
    code, result = command()
    assert (code, len(result["entries"])) == (0, len(maintained))
    (ratio,) = [Decimal(entry["ratio"]) for entry in result["entries"] if entry["symbol"] == "BRK-B"]
    assert round(ratio * 1500, 20) == 1


def test_a_load_replaces_what_was_loaded(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "ratios.csv"
    file.write_text(HEAD + 'abc, 5 ,"Form 20-F, item 12",2020-01-02\nABC,2.5,Form 20-F,2024-05-06\n', encoding="utf-8")
    assert command("load", str(file))[1]["loaded"] == 2
    file.write_text(HEAD + "XYZ,1/4,Form 20-F,2020-01-02\n", encoding="utf-8")
    assert command("load", str(file))[1]["loaded"] == 1
    assert command()[1]["entries"] == [
        {"symbol": "XYZ", "ratio": "0.25", "source": "Form 20-F", "valid_from": "2020-01-02"}
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ABC,0,a form,2020-01-01", "line 3: ratio"),
        ("ABC,1/0,a form,2020-01-01", "the denominator is zero"),
        ("ABC,five,a form,2020-01-01", "line 3: ratio"),
        ("ABC,NaN,a form,2020-01-01", "line 3: ratio"),
        (",5,a form,2020-01-01", "line 3: symbol"),
        ("ABC,5,,2020-01-01", "line 3: source"),
        ("ABC,5,a form,someday", "line 3: valid_from"),
        ("ABC,5,a form,2020-01-01,more", "line 3"),
        ("ABC,5,a form", "line 3: valid_from"),
        ("xyz,5,another form,2020-01-02", "XYZ has two ratios from 2020-01-02 on"),
    ],
)
def test_a_wrong_line_loads_nothing(command: Command, tmp_path: Path, line: str, expected: str) -> None:
    file = tmp_path / "ratios.csv"
    file.write_text(f"{HEAD}XYZ,2,a form,2020-01-02\n{line}\n", encoding="utf-8")
    code, result = command("load", str(file))
    assert code == 5
    assert str(file) in result["error"]
    assert expected in result["error"]
    assert command()[1]["entries"] == []


def test_a_missing_file_is_named(command: Command, tmp_path: Path) -> None:
    code, result = command("load", str(tmp_path / "none.csv"))
    assert code == 5
    assert "none.csv cannot be read" in result["error"]
