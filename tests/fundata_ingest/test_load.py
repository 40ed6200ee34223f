"""Whole trees: invalid files, damaged rows, limits, the sandbox rule, JSON and exit codes, replay, reparse."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fundata_ingest.catalogue import load_catalogue, parse_catalogue
from fundata_ingest.formats.batches import TextBatch, TypedBatch
from fundata_ingest.repair.reject_replay import FundataReplayWork
from fundata_ingest.repair.reparse import ReparseWork, make_reparse_request
from fundata_ingest.seed.local_load import run_in_process
from fundata_ingest.transform.typed_batches import RULES_VERSION, type_batch
from sra_cli.commands.test import GENERATOR
from sra_cli.settings import ROOT
from sra_shared.kit.db import Pool
from sra_shared.runs import RunStatus
from sra_shared.runs.rejects import make_replay_request
from sra_testing.databases import execute_sql
from sra_testing.fundata import (
    GENERAL_FILE,
    HOLDING_FILE,
    NAVPS_FILE,
    counts_of,
    find_broken_keys,
    five,
    load_tree,
    navps,
    needs_generator,
    read_versions,
    run_cli,
    write_csv,
)


async def test_invalid_files_are_rejected_and_the_others_load(database: str, pool: Pool, tmp_path: Path) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", "10")])
    (tmp_path / "data").mkdir()
    bad = {
        "data/FundGeneralSeed.csv": b"",
        "data/FundLoadsSeed.csv": b"PK\x03\x04rest",
        "data/FundExpensesSeed.csv": b"<!DOCTYPE html><html></html>",
        "data/FundAssetsSeed.csv": b"version https://git-lfs.github.com/spec/v1\noid sha256:"
        + b"0" * 64
        + b"\nsize 12\n",
        "data/FundEquityStyleSeed.csv": b"RecordId,InstrumentKey,Month,Capitalization,Style,RecordState,ChangeDate\n",
        "data/Unknown.csv": b"a,b\n1,2\n",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    code, result = await run_cli(database, "load", str(tmp_path))
    assert code == 2
    assert set(result) == {"status", "seconds", "peak_rss_mb", "missing", "files"}
    assert result["status"] == "partial"
    files = {file["file"]: file for file in result["files"]}
    assert list(files) == sorted([*bad, NAVPS_FILE])
    assert {file["status"] for name, file in files.items() if name in bad} == {"rejected"}
    assert all(name in str(files[name]["error"]) for name in bad)
    assert "MonthEndDate" in files["data/FundEquityStyleSeed.csv"]["error"]
    assert files["data/Unknown.csv"]["dataset"] is None
    assert files[NAVPS_FILE]["stored"] == 1
    assert len(result["missing"]) == 26 - 6
    tracked = await pool.fetch("SELECT status, count(*) FROM file_processing_tracker GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in tracked] == [("completed", 1), ("missing", 20), ("rejected", 6)]


async def test_missing_files_are_a_warning_only(database: str, tmp_path: Path) -> None:
    code, result = await run_cli(database, "load", str(tmp_path))
    assert (code, result["status"], result["files"], len(result["missing"])) == (0, "completed", [], 26)


async def test_configuration_errors_end_with_five(database: str, empty_database: str, tmp_path: Path) -> None:
    assert (await run_cli(database, "load", str(tmp_path / "nowhere")))[0] == 5
    assert (await run_cli(empty_database, "load", str(tmp_path)))[0] == 5
    assert (await run_cli(database, "load", "--reparse", "Nothing"))[0] == 5


async def test_sample_needs_a_sandbox_and_real_trees_do_not(database: str, tmp_path: Path) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", "10")])
    (tmp_path / "SAMPLE").touch()
    code, result = await run_cli(database, "load", str(tmp_path))
    assert (code, "sample" in result["error"]) == (5, True)
    await asyncio.to_thread(execute_sql, database, "UPDATE database_mark SET sandbox = true")
    assert (await run_cli(database, "load", str(tmp_path)))[0] == 0
    (tmp_path / "SAMPLE").unlink()
    write_csv(tmp_path, GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "1"}])
    assert (await run_cli(database, "load", str(tmp_path)))[0] == 0


async def test_too_many_rejects_fail_the_run_and_keep_the_good_rows(database: str, pool: Pool, tmp_path: Path) -> None:
    records = [navps(str(key), "2025-01-02", "10") for key in range(200)] + [navps("", "2025-01-02", "10")]
    write_csv(tmp_path, NAVPS_FILE, records)
    code, result = await run_cli(database, "load", str(tmp_path))
    assert (code, result["status"]) == (1, "failed")
    assert result["files"][0]["rejected_by"] == {"missing_identifier": 1}
    assert await pool.fetchval("SELECT count(*) FROM fundata_quotes") == 200
    error = await pool.fetchval("SELECT error_details::text FROM task_execution_log")
    assert "REJECT_LIMIT" in error

    # the file was loaded already: nothing of it is read, reported or kept again, and yet the run is no success
    again = await load_tree(database, tmp_path, reject_limit="0.001")
    assert again.task.status == RunStatus.FAILED
    assert (again.files[0]["status"], five(again, NAVPS_FILE)) == ("skipped", (0, 0, 0, 0, 0))
    assert again.files[0]["rejected_by"] == {}
    assert "1 of 201 records" in again.errors[-1]
    assert "REJECT_LIMIT" in again.errors[-1]
    assert await pool.fetchval("SELECT count(*) FROM fundata_quotes") == 200
    assert await pool.fetchval("SELECT count(*) FROM rejected_record") == 1
    # once the reject is put right, the file counts as loaded
    reject_id = await pool.fetchval("SELECT reject_id FROM rejected_record")
    columns = load_catalogue().find_dataset("FundDailyNAVPS").column_names
    line = ",".join(navps("999", "2025-01-02", "10").get(name, "") for name in columns)
    request = make_replay_request("fundata", corrections={reject_id: line})
    assert five(await run_in_process(database, request, FundataReplayWork(load_catalogue())), "rejects") == (
        1,
        1,
        0,
        0,
        0,
    )
    good = await load_tree(database, tmp_path, reject_limit="0.001")
    assert (good.task.status, good.files[0]["status"]) == (RunStatus.COMPLETED, "skipped")
    assert (
        await pool.fetchval("SELECT status FROM file_processing_tracker WHERE file_path = $1", NAVPS_FILE)
        == "completed"
    )


async def test_raised_limit_makes_a_failed_load_good(database: str, pool: Pool, tmp_path: Path) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", "10"), navps("", "2025-01-02", "10")])
    assert (await load_tree(database, tmp_path, reject_limit="0.4")).task.status == RunStatus.FAILED
    good = await load_tree(database, tmp_path, reject_limit="0.5")
    assert (good.task.status, five(good, NAVPS_FILE)) == (RunStatus.COMPLETED, (0, 0, 0, 0, 0))
    last = await load_tree(database, tmp_path, reject_limit="0.4")
    assert (last.task.status, last.files[0]["status"]) == (RunStatus.COMPLETED, "skipped")
    assert await pool.fetchval("SELECT count(*) FROM fundata_quotes") == 1


async def test_the_reject_limit_counts_all_files_together(database: str, tmp_path: Path) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", "10"), navps("", "2025-01-02", "10")])
    assert (await load_tree(database, tmp_path, reject_limit="0.1")).task.status == RunStatus.FAILED
    write_csv(tmp_path, HOLDING_FILE, [{"RecordId": str(n), "InstrumentKey": "1"} for n in range(3)])
    still = await load_tree(database, tmp_path, reject_limit="0.1")
    assert (still.task.status, five(still, HOLDING_FILE)) == (RunStatus.FAILED, (3, 3, 0, 0, 0))
    write_csv(tmp_path, GENERAL_FILE, [{"RecordId": str(n), "InstrumentKey": "1"} for n in range(20)])
    good = await load_tree(database, tmp_path, reject_limit="0.1")
    assert {file["file"]: file["status"] for file in good.files} == {
        GENERAL_FILE: "completed",
        HOLDING_FILE: "skipped",
        NAVPS_FILE: "skipped",
    }
    assert good.task.status == RunStatus.COMPLETED


async def test_every_reason_is_quarantined_with_its_bytes(database: str, pool: Pool, tmp_path: Path) -> None:
    target = write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", "10")])
    lines = [
        b"x" * (1 << 20) + b"y",
        b"1,1,,,2025-01-03,\xff,,,,,,,",
        b"1,1,,,2025-01-03,\x00,,,,,,,",
        b"1,2",
        b"1,,,,2025-01-03,5,,,,,,,",
        b"1,1,,,13/45/2025,5,,,,,,,",
        b"1,1,,,2025-01-03,-5,,,,,,,",
        b'1,1,,,2025-01-03,12345678901.23,n.m.,,,-2,"1,2",Active,notaday',
    ]
    target.write_bytes(target.read_bytes() + b"\n".join(lines) + b"\n")
    result = await load_tree(database, tmp_path)
    assert five(result, NAVPS_FILE) == (9, 2, 0, 0, 7)
    rows = await pool.fetch("SELECT line, reason, raw, file_hash FROM rejected_record ORDER BY line")
    assert [row["reason"] for row in rows] == [
        "row_too_long",
        "bad_encoding",
        "nul_byte",
        "field_count",
        "missing_identifier",
        "missing_date",
        "negative_navps",
    ]
    assert [row["line"] for row in rows] == list(range(3, 10))
    assert rows[3]["raw"] == lines[3]
    warnings = await pool.fetch("SELECT line, field, value, reason FROM field_warning ORDER BY field")
    assert [tuple(row) for row in warnings] == [
        (10, "ChangeDate", "notaday", "bad_date"),
        (10, "NAVPS", "12345678901.23", "numeric_overflow"),
        (10, "NAVPSPennyChange", "n.m.", "bad_number"),
        (10, "PreviousNAVPS", "-2", "bad_number"),
    ]
    stored = (await read_versions(pool, "fundata_quotes", "date"))[1]
    assert (stored["navps"], stored["previous_navps"], stored["split"], stored["change_date"]) == (
        None,
        None,
        "1,2",
        None,
    )
    assert stored["raw_json"]["NAVPS"] == "12345678901.23"


async def test_duplicates_across_chunks_of_known_rows(database: str, tmp_path: Path) -> None:
    """A row that is known from another file is unchanged the first time and a duplicate after that."""
    records = [navps("1", f"2025-01-{day:02d}", "10") for day in range(2, 12)]
    write_csv(tmp_path / "a", NAVPS_FILE, records)
    await load_tree(database, tmp_path / "a")
    write_csv(
        tmp_path / "b", NAVPS_FILE, [*records, *records, navps("2", "2025-01-02", "1"), navps("2", "2025-01-02", "1")]
    )
    result = await load_tree(database, tmp_path / "b", batch_rows=3)
    assert five(result, NAVPS_FILE) == (22, 1, 10, 11, 0)


@pytest.mark.generator
@needs_generator
async def test_a_generated_tree_loads_with_the_expected_counts(database: str, pool: Pool, tmp_path: Path) -> None:
    words = ["--funds", "60", "--days", "60", "--pricing-days", "400", "--dirt", "0.02", "--repeat", "0.02"]
    make = [sys.executable, str(GENERATOR), str(tmp_path), *words]
    await asyncio.to_thread(subprocess.run, make, check=True, capture_output=True)
    truth = json.loads((tmp_path / "truth.json").read_text())
    result = await load_tree(database, tmp_path, batch_rows=1000)
    assert result.task.status == RunStatus.COMPLETED
    assert {file["file"] for file in result.files} == set(truth)
    for path, expected in truth.items():
        file = counts_of(result, path)
        assert file["read"] == expected["rows"], path
        assert file["rejected_by"] == expected["rejected"], path
        assert file["warnings_by"] == expected["field_warnings"], path
        assert file["duplicate"] == expected["duplicates"], path
        assert file["stored"] == file["read"] - file["rejected"] - file["duplicate"], path
    assert not await find_broken_keys(pool)
    rejected = await pool.fetchval("SELECT count(*) FROM rejected_record")
    assert rejected == sum(file["rejected"] for file in result.files)


async def test_reparse_appends_the_result_of_a_new_rule(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(
        tmp_path,
        HOLDING_FILE,
        [
            {"RecordId": str(n), "InstrumentKey": str(n), "Security": f"s{n}", "ChangeDate": "2025-01-01"}
            for n in range(8)
        ],
    )
    await load_tree(database, tmp_path)

    async def reparse() -> tuple[int, int, int, int, int]:
        work = ReparseWork(load_catalogue(), page_rows=3)
        return five(await run_in_process(database, make_reparse_request("FundTopHolding"), work), "FundTopHolding")

    assert await reparse() == (8, 0, 8, 0, 0)

    def convert_again(batch: TextBatch, **options: Any) -> TypedBatch:
        typed = type_batch(batch, **options)
        typed.frame.replace_column(
            typed.frame.get_column_index("security"), typed.frame["security"].replace({"s3": "S3", "s7": None})
        )
        return typed

    monkeypatch.setattr("fundata_ingest.repair.reparse.type_batch", convert_again)
    assert await reparse() == (8, 2, 6, 0, 0)
    assert await reparse() == (8, 0, 8, 0, 0)
    rows = await read_versions(pool, "fundata_data", "record_id")
    changed = [row for row in rows if row["identifier"] in ("3", "7")]
    assert [(r["security"], r["data_version"], r["superseded_by"], r["data_source"]) for r in changed] == [
        ("s3", 1, 2, "CSV"),
        ("S3", 2, None, "CSV"),
        ("s7", 1, 2, "CSV"),
        (None, 2, None, "CSV"),
    ]
    assert len({row["content_hash"] for row in changed}) == 2
    assert not await find_broken_keys(pool)


async def test_reparse_under_a_fixed_catalogue_records_its_version(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = ["2025-08-31", "8/31/2025", "2025-09-30"]
    records = [{"RecordId": str(n), "InstrumentKey": "1", "Date": day} for n, day in enumerate(days)]
    write_csv(tmp_path, HOLDING_FILE, records)
    await load_tree(database, tmp_path)
    content = tomllib.loads((ROOT / "fundata/catalogue.toml").read_text(encoding="utf-8"))
    (holdings,) = [entry for entry in content["datasets"] if entry["name"] == "FundTopHolding"]
    content["version"] += 1
    holdings["date_formats"] = ["iso"]
    mended = parse_catalogue(content)
    monkeypatch.setattr("fundata_ingest.repair.reparse._CHARACTERS", 1)
    result = await run_in_process(database, make_reparse_request("FundTopHolding"), ReparseWork(mended))
    assert five(result, "FundTopHolding") == (3, 1, 2, 0, 0)
    rows = await read_versions(pool, "fundata_data", "record_id")
    first, second = (1000 * RULES_VERSION + version for version in (load_catalogue().version, mended.version))
    assert [(row["record_id"], row["data_version"], row["date"], row["parser_version"]) for row in rows] == [
        ("0", 1, date(2025, 8, 31), first),
        ("1", 1, date(2025, 8, 31), first),
        ("1", 2, None, second),
        ("2", 1, date(2025, 9, 30), first),
    ]
