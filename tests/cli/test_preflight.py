"""`./sra preflight`: the sample and a spoiled copy of it, the stand-in and a spoiled one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fundata_ingest.manifest import write_manifest
from sra_cli.app import run
from sra_cli.preflight.sizes import BYTES_PER_CLOSE, BYTES_PER_FUND_ROW
from sra_cli.settings import ROOT

SAMPLE = ROOT / "fundata" / "sample"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "a" + "\nsize 123456\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(SAMPLE, tmp_path / "tree")
    return tmp_path / "tree"


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run(["preflight", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def find_file(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(file for file in result["seed"]["files"] if file["file"].endswith(name))


def test_the_sample_fits_file_by_file(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = call(capsys, str(tree))
    assert (code, result["status"], result["findings"]) == (0, "fits", [])
    assert len(result["seed"]["files"]) == 26
    assert {file["verdict"] for file in result["seed"]["files"]} == {"fits"}
    quotes = find_file(result, "FundDailyNAVPSSeed.csv")
    assert (quotes["encoding"], quotes["delimiter"], quotes["rows_exact"], quotes["rows"]) == (
        "UTF-8", "comma", True, 3003,
    )  # fmt: skip
    assert result["seed"]["database_bytes"] == result["seed"]["rows"] * BYTES_PER_FUND_ROW


def test_a_large_file_is_judged_by_both_ends(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tree / "quotes/FundDailyNAVPSSeed.csv"
    header, *lines = path.read_text().splitlines()
    many = [line.replace(",4120", f",4{number}", 1) for number in range(20) for line in lines]
    path.write_text("\n".join([header, *many, "half,a,row"]) + "\n")
    _, result = call(capsys, str(tree))
    quotes = find_file(result, "FundDailyNAVPSSeed.csv")
    assert not quotes["rows_exact"]
    assert abs(quotes["rows"] - len(many)) < len(many) / 20
    assert quotes["rejected_by"]["field_count"] == 1
    assert quotes["sampled"] < len(many)


def test_each_spoiled_file_is_named_with_its_reason(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    general, loads = tree / "data/FundGeneralSeed.csv", tree / "data/FundLoadsSeed.csv"
    general.write_text(general.read_text().replace("LegalName", "FullName", 1))
    loads.write_text(loads.read_text().replace(",", ";"))
    (tree / "data/FundAssetsSeed.csv").write_text(POINTER)
    (tree / "data/FundExpensesSeed.csv").unlink()
    (tree / "data/Extra.csv").write_text("A,B\n1,2\n")
    quotes = tree / "quotes/Pricing2015to2025/Pricing2015to2017.csv"
    quotes.write_bytes(quotes.read_bytes() + b"\xe9,x\n")
    code, result = call(capsys, str(tree))
    assert (code, result["status"]) == (1, "findings")
    seen = {file["file"].rpartition("/")[2]: file for file in result["seed"]["files"] if file["problem"]}
    assert {name: file["problem"] for name, file in seen.items()} == {
        "Extra.csv": "unknown_file",
        "FundAssetsSeed.csv": "lfs_pointer",
        "FundExpensesSeed.csv": "missing",
        "FundGeneralSeed.csv": "header",
        "FundLoadsSeed.csv": "header",
    }
    assert seen["FundGeneralSeed.csv"]["header"]["renamed"] == {"LegalName": "FullName"}
    assert seen["FundLoadsSeed.csv"]["delimiter"] == "semicolon"
    assert find_file(result, "Pricing2015to2017.csv")["rejected_by"]["bad_encoding"] == 1
    assert len(result["findings"]) == 5


def test_a_manifest_stands_for_files_that_are_elsewhere(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tree / "manifest.json"
    manifest.write_text(write_manifest(tree).model_dump_json())
    (tree / "data/FundGeneralSeed.csv").unlink()
    with (tree / "data/FundAssetsSeed.csv").open("a") as file:
        file.write("\n")
    code, result = call(capsys, str(manifest))
    assert code == 1
    assert find_file(result, "FundGeneralSeed.csv")["verdict"] == "unseen"
    assert find_file(result, "FundAssetsSeed.csv")["problem"] == "other_size"
    manifest.write_text("[]")
    assert call(capsys, str(manifest))[0] == 5


def test_people_read_a_table_in_which_names_obey_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "data/Ev\x1b[31mil.csv").write_text("A\n")
    assert run(["preflight", str(tree)]) == 1
    shown = capsys.readouterr().out
    assert "\x1b[31m" not in shown
    assert "unknown_file" in shown


def test_a_folder_that_is_not_there_is_a_configuration_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(capsys, str(tmp_path / "nowhere"))[0] == 5


def test_sizes_are_those_of_the_operators_page() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    assert f"A row of quotes takes {BYTES_PER_FUND_ROW} bytes" in page
    assert f"a close of a listing takes {BYTES_PER_CLOSE} bytes" in page
