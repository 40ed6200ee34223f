"""The committed sample is current, and every file of it has the expected counts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats.batches import FileHead
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.formats.file_heads import HEAD_BYTES, inspect_file
from fundata_ingest.transform.typed_batches import type_batch

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "fundata" / "sample"
TRUTH: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "sample_truth.json").read_text(encoding="utf-8"))
CATALOGUE = load_catalogue()


def test_script_writes_the_committed_bytes(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    subprocess.run(
        [sys.executable, str(ROOT / "scripts/make_sample"), str(tmp_path / "out"), "--truth", str(truth)], check=True
    )
    written = {
        path.relative_to(tmp_path / "out"): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    committed = {path.relative_to(SAMPLE): path.read_bytes() for path in SAMPLE.rglob("*") if path.is_file()}
    assert written == committed
    assert json.loads(truth.read_text(encoding="utf-8")) == TRUTH


def test_contains_every_catalogued_file_and_its_mark() -> None:
    files = {path.relative_to(SAMPLE).as_posix() for path in SAMPLE.rglob("*") if path.is_file()}
    assert files == {*CATALOGUE.files, "SAMPLE"} == {*TRUTH, "SAMPLE"}


def test_is_small_and_stays_below_the_reject_limit_in_both_tables() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 1_500_000
    for folder in ("data/", "quotes/"):
        found = [counts for path, counts in TRUTH.items() if path.startswith(folder)]
        rejected = sum(sum(counts["rejected_by"].values()) for counts in found)
        assert 0 < rejected / sum(counts["read"] for counts in found) < 0.001


def test_no_large_file_rule_matches_it() -> None:
    rules = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    patterns = [rule.split()[0] for rule in rules if "filter=lfs" in rule]
    assert patterns == ["fundata/data/**/*.csv", "fundata/quotes/**/*.csv"]
    assert (ROOT / "fundata/sample/data").is_dir()


@pytest.mark.parametrize("batch_rows", [50_000, 17])
@pytest.mark.parametrize("path", sorted(TRUTH))
def test_every_file_has_the_expected_counts(path: str, batch_rows: int) -> None:
    read, duplicate = 0, 0
    rejected: Counter[str] = Counter()
    warned: Counter[str] = Counter()
    seen: set[tuple[object, ...]] = set()
    with (SAMPLE / path).open("rb") as stream:
        head = inspect_file(stream.read(HEAD_BYTES), path, CATALOGUE)
        assert isinstance(head, FileHead)
        key = ["identifier", "date"] if head.dataset.table == "quotes" else ["identifier", "record_id"]
        for batch in read_batches(stream, head, batch_rows=batch_rows):
            typed = type_batch(batch, today=date(2026, 11, 20))
            read += typed.read
            rejected.update(typed.rejected_by)
            warned.update(typed.warnings_by)
            for row in typed.frame.select(*key, "content_hash").iter_rows():
                duplicate += row in seen
                seen.add(row)
    found = {"read": read, "duplicate": duplicate, "rejected_by": dict(rejected), "warnings_by": dict(warned)}
    assert found == TRUTH[path]
