"""`./sra preflight`: the sample and a damaged copy of it, the stand-in and a faulty one."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fmp_collectors.datasets import DATASETS
from fundata_ingest.seed.manifest import write_manifest
from sra_cli.app import run
from sra_cli.preflight.sizes import BYTES_PER_CLOSE, BYTES_PER_FUND_ROW
from sra_cli.settings import ROOT
from sra_stand_in.server import StandIn
from sra_testing.stand_in import run_stand_in

KEY = "key-that-nobody-may-see"
SECRET = "secret-that-nobody-may-see"
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


def test_a_large_file_is_checked_at_both_ends(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_a_manifest_describes_remote_files(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_names_in_the_table_have_their_control_characters_escaped(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "data/Ev\x1b[31mil.csv").write_text("A\n")
    assert run(["preflight", str(tree)]) == 1
    shown = capsys.readouterr().out
    assert "\x1b[31m" not in shown
    assert "unknown_file" in shown


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with run_stand_in(as_of=None) as stand_in:
        use_vendors(monkeypatch, stand_in)
        yield stand_in


def use_vendors(monkeypatch: pytest.MonkeyPatch, stand_in: StandIn) -> None:
    settings = {
        "SRA_SANDBOX": "1",
        "FMP_API_KEY": KEY,
        "FMP_BASE_URL": stand_in.fmp_base_url,
        "FMP_BULK_CALLS_PER_MINUTE": "600",
        "FUNDATA_ACCESS_KEY_ID": KEY,
        "FUNDATA_SECRET_ACCESS_KEY": SECRET,
        "FUNDATA_AUTH_URL": stand_in.fundata_auth_url,
        "FUNDATA_API_URL": stand_in.fundata_api_url,
        # no seed tree
        "FUNDATA_BASE_PATH": str(ROOT / "docs"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def list_statuses(result: dict[str, Any]) -> dict[str, str]:
    return {one["path"]: one["status"] for one in result["fmp"]["endpoints"]}


def change_responses(folder: Path, path: str, change: Callable[[str], str]) -> None:
    """Spoil what was saved of an endpoint."""
    for file in folder.glob("*.json"):
        saved = json.loads(file.read_text())
        if saved["path"] == path:
            saved["body"] = change(saved["body"])
            file.write_text(json.dumps(saved))


def test_the_vendors_get_a_small_request_for_everything(
    vendors: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "answers"
    code, result = call(capsys, "--save", str(folder))
    assert (code, result["findings"]) == (0, [])
    fmp = result["fmp"]
    declared = {source.path for dataset in DATASETS for source in dataset.endpoints if "{" not in source.path}
    assert declared <= set(list_statuses(result))
    assert set(list_statuses(result).values()) <= {"granted", "no_data"}
    assert fmp["stand_in"]
    assert fmp["calls_made"] == vendors.stats()["fmp"]["total"] < 70
    assert sum(fmp["listings"].values()) == 24
    assert fmp["history"]["calls"] == sum(one["calls"] for one in fmp["history"]["datasets"]) > 500
    assert fmp["database_bytes"] == 24 * 10 * 250 * BYTES_PER_CLOSE
    assert result["updates"]["status"] == "granted"

    files = sorted(folder.iterdir())
    assert len(files) == fmp["calls_made"] == result["saved"]["answers"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    kept = "".join(file.read_text() for file in files)
    assert KEY not in kept
    assert SECRET not in kept
    assert call(capsys, "--save", str(folder))[0] == 5

    change_responses(folder, "profile", lambda body: body.replace('"companyName"', '"fullName"'))
    change_responses(folder, "etf/info", lambda body: body.replace('"expenseRatio":', '"expenseRatio":"cheap","x":'))
    change_responses(folder, "quote", lambda body: body.replace('"symbol"', '"ticker"'))
    change_responses(folder, "earnings", lambda _: "We are sorry")
    with run_stand_in(as_of=None, answers=folder) as spoiled:
        use_vendors(monkeypatch, spoiled)
        spoiled.set_faults({"match": "/stable/scores-bulk", "kind": "402"}, {"match": "/stable/ratios", "kind": "402"})
        code, result = call(capsys)
    assert code == 1
    seen = {one["path"]: one for one in result["fmp"]["endpoints"]}
    assert {path for path, one in seen.items() if one["status"] == "other_shape"} == {
        "profile", "etf/info", "quote", "earnings",
    }  # fmt: skip
    assert seen["profile"]["missing"] == ["companyName"]
    assert seen["profile"]["unknown"]["fullName"] == 1
    assert seen["etf/info"]["odd"]["expenseRatio"] == {
        "declared": "number", "sent": {"text": 1}, "rows": 1, "example": "cheap",
    }  # fmt: skip
    assert seen["quote"]["missing"] == ["symbol"]
    assert "We are sorry" in seen["earnings"]["message"]
    assert (seen["scores-bulk"]["status"], seen["ratios"]["status"]) == ("refused", "refused")
    findings = " ".join(result["findings"])
    assert "ratios cannot be collected" in findings
    assert "scores" not in findings, "single scores stand in for the bulk file"


def test_a_smaller_plan_costs_more_calls_and_lists_what_it_lacks(
    vendors: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    vendors.set_fmp(plan="premium")
    vendors.set_faults({"match": r"/stable/historical-price-eod/full.*from=20[01]", "kind": "402_symbol"})
    code, result = call(capsys)
    statuses = list_statuses(result)
    assert code == 1
    assert (statuses["eod-bulk"], statuses["etf/holdings"]) == ("refused", "refused")
    assert {one["status"] for one in result["fmp"]["endpoints"] if one["path"].endswith("/full")} == {"partly"}
    assert len(result["findings"]) == 3
    assert result["fmp"]["weekly"]["calls"] > 400


@pytest.mark.parametrize("name", ["FMP_API_KEY", "FUNDATA_ACCESS_KEY_ID"])
def test_a_key_that_does_not_work_ends_the_command(
    name: str, vendors: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "invalid")
    code, result = call(capsys)
    assert (code, result["status"]) == (5, "failed")
    assert name in result["next_step"]
    assert vendors.stats()["fmp"]["total"] < 10


def test_a_used_up_quota_is_not_a_refusal(vendors: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    vendors.set_faults({"match": "/stable/etf/sector-weightings", "kind": "bandwidth"})
    code, result = call(capsys)
    statuses = list_statuses(result)
    assert (code, statuses["symbol-change"]) == (1, "granted")
    assert (statuses["etf/sector-weightings"], statuses["sp500-constituent"]) == ("not_asked", "not_asked")
    assert "/stable/sp500-constituent" not in vendors.stats()["fmp"]["by_path"]


def test_only_a_sandbox_uses_a_stand_in(
    vendors: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FUNDATA_ACCESS_KEY_ID")
    monkeypatch.delenv("FUNDATA_SECRET_ACCESS_KEY")
    monkeypatch.delenv("SRA_SANDBOX")
    code, result = call(capsys)
    assert (code, "SRA_SANDBOX" in result["next_step"]) == (5, True)


def test_without_keys_and_files_there_is_nothing_to_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FUNDATA_BASE_PATH", str(ROOT / "docs"))
    assert call(capsys)[0] == 5


def test_a_missing_folder_is_a_configuration_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, str(tmp_path / "nowhere"))[0] == 5


def test_sizes_match_the_operations_page() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    assert f"A row of quotes takes {BYTES_PER_FUND_ROW} bytes" in page
    assert f"a close of a listing takes {BYTES_PER_CLOSE} bytes" in page
