"""`./sra preflight` on files in object storage: both ends of each are read, and nothing is stored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sra_cli.app import run
from sra_cli.settings import ROOT
from sra_testing.seed_storage import fill_bucket


def test_files_are_checked_in_storage(
    bucket: Any,
    s3_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree, empty = tmp_path / "tree", tmp_path / "empty"
    shutil.copytree(ROOT / "fundata/sample", tree)
    empty.mkdir()
    quotes = tree / "quotes/FundDailyNAVPSSeed.csv"
    header, *lines = quotes.read_text().splitlines()
    quotes.write_text("\n".join([header, *(5 * lines)]) + "\n")
    loads = tree / "data/FundLoadsSeed.csv"
    loads.write_text(loads.read_text().replace("MaxPercent", "Percent"))
    fill_bucket(bucket, tree)
    bucket.Object("data/FundAssetsSeed.csv").delete()
    values = {"SEED_BASE_URL": s3_server, "SEED_BUCKET": "seed", "SEED_ACCESS_KEY_ID": "k"}
    for name, value in (values | {"SEED_SECRET_ACCESS_KEY": "s", "FUNDATA_BASE_PATH": str(empty)}).items():
        monkeypatch.setenv(name, value)
    assert run(["preflight", "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    files = {file["file"]: file for file in result["seed"]["files"]}
    assert {path for path, file in files.items() if file["verdict"] != "fits"} == {
        "data/FundAssetsSeed.csv",
        "data/FundLoadsSeed.csv",
    }
    assert files["data/FundAssetsSeed.csv"]["verdict"] == "unreadable"
    assert files["data/FundLoadsSeed.csv"]["header"]["renamed"] == {"MaxPercent": "Percent"}
    large = files["quotes/FundDailyNAVPSSeed.csv"]
    assert (large["place"], large["rows_exact"]) == ("storage", False)
    assert abs(large["rows"] - 5 * len(lines)) < len(lines) / 2
    assert list(empty.iterdir()) == []
