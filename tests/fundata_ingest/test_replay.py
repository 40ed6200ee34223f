"""Replayed rejects: under new rules, with corrected records, and those that can never become records."""

from __future__ import annotations

import functools
import json
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats.batches import TextBatch, TypedBatch
from fundata_ingest.repair import reject_replay as module
from fundata_ingest.repair.corrections import parse_corrections
from fundata_ingest.repair.reject_replay import FundataReplayWork
from fundata_ingest.seed.local_load import LoadResult, run_in_process
from fundata_ingest.store.chunk_commit import store_chunk
from fundata_ingest.store.chunks import DeliveryContext, prepare_chunks
from fundata_ingest.transform.json_batches import read_json_batches
from fundata_ingest.transform.typed_batches import type_batch
from fundata_ingest.transform.versions import KeySet
from sra_cli.commands.replay import read_corrections
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError
from sra_shared.runs import RunStatus
from sra_shared.runs.rejects import RejectPages, make_replay_request
from sra_testing.fundata import (
    HOLDING_FILE,
    NAVPS_FILE,
    five,
    load_tree,
    navps,
    read_versions,
    run_cli,
    write_csv,
)


async def test_a_replay_stores_rows_that_are_now_valid(database: str, pool: Pool, tmp_path: Path) -> None:
    header = ["InstrumentKey", "RecordId", "Date", "NAVPS"]
    header += [name for name in load_catalogue().find_dataset("FundDailyNAVPS").column_names if name not in header]
    records = [navps("", "2025-01-02", "10", RecordId="5"), navps("2", "", "11"), navps("3", "2025-01-02", "12")]
    write_csv(tmp_path, NAVPS_FILE, records, header=header)
    await load_tree(database, tmp_path)
    ids = [row["reject_id"] for row in await pool.fetch("SELECT reject_id FROM rejected_record ORDER BY line")]
    work = FundataReplayWork(load_catalogue())
    same = await run_in_process(database, make_replay_request("fundata"), work)
    assert five(same, "rejects") == (2, 0, 0, 0, 2)
    corrections = tmp_path / "corrected.txt"
    corrections.write_text(f"{ids[0]}\t1,5,2025-01-02,10.5,,,,,,,,Active,2025-01-02\n")
    code, result = await run_cli(database, "rejects", "replay", "--file", str(corrections))
    assert (code, result["read"], result["stored"]) == (0, 1, 1)
    rows = await pool.fetch("SELECT resolved_at IS NOT NULL AS done, resolution FROM rejected_record ORDER BY line")
    assert [(row["done"], row["resolution"]) for row in rows] == [(True, "corrected"), (False, None)]
    stored = (await read_versions(pool, "fundata_quotes", "date"))[0]
    assert (stored["identifier"], str(stored["navps"]), stored["source_line"], stored["data_source"]) == (
        "1",
        "10.50",
        2,
        "CSV",
    )


async def test_replay_reads_a_kept_line_in_the_order_of_its_own_file(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files with unlike headers; later the day that was too far ahead is no longer."""
    names = list(load_catalogue().find_dataset("FundDailyNAVPS").column_names)
    far = date(datetime.now(UTC).year + 2, 12, 31).isoformat()
    for number, header in enumerate((names[::-1], [*names[5:], *names[:5]])):
        root = tmp_path / str(number)
        write_csv(root, NAVPS_FILE, [navps(f"k{number}", far, f"1{number}.5", Split="2:1")], header=header)
        assert five(await load_tree(database, root), NAVPS_FILE) == (1, 0, 0, 0, 1)

    def type_later(batch: TextBatch, *, today: date) -> TypedBatch:
        return type_batch(batch, today=today.replace(year=today.year + 2))

    monkeypatch.setattr("fundata_ingest.repair.reject_replay.type_batch", type_later)
    result = await run_in_process(database, make_replay_request("fundata"), FundataReplayWork(load_catalogue()))
    assert five(result, "rejects") == (2, 2, 0, 0, 0)
    stored = await read_versions(pool, "fundata_quotes", "date")
    assert [(row["identifier"], row["date"].isoformat(), str(row["navps"]), row["split"]) for row in stored] == [
        ("k0", far, "10.50", "2:1"),
        ("k1", far, "11.50", "2:1"),
    ]
    assert [row["raw_json"]["NAVPS"] for row in stored] == ["10.5", "11.5"]
    assert {(row["source_line"], row["source_file"], row["data_source"]) for row in stored} == {(2, NAVPS_FILE, "CSV")}
    assert await pool.fetchval("SELECT count(*) FROM rejected_record WHERE resolved_at IS NULL") == 0


async def deliver(pool: Pool, records: list[dict[str, Any]]) -> None:
    """Store a response of the update API for FundGeneral as an export does."""
    entry = load_catalogue().find_dataset("FundGeneral")
    run = uuid4()
    delivery = DeliveryContext(
        dataset=entry,
        run_id=run,
        data_source="API",
        source_file=f"api/FundGeneral.en/{run}",
        today=date(2026, 1, 1),
        execution_id=str(run),
        delivered_at=datetime(2025, 10, 1, tzinfo=UTC),
    )
    batches = read_json_batches(BytesIO(json.dumps(records).encode()), entry, delivered_on=date(2025, 10, 1))
    for chunk in prepare_chunks(batches, delivery):
        async with pool.acquire() as connection, connection.transaction():
            await store_chunk(connection, delivery, chunk, KeySet())


async def replay(dsn: str, corrections: dict[int, dict[str, Any]] | None = None) -> LoadResult:
    texts = {key: json.dumps(record) for key, record in corrections.items()} if corrections is not None else None
    return await run_in_process(
        dsn, make_replay_request("fundata", corrections=texts), FundataReplayWork(load_catalogue())
    )


async def list_open(pool: Pool) -> list[tuple[int, str]]:
    rows = await pool.fetch(
        "SELECT reject_id, reason FROM rejected_record WHERE resolved_at IS NULL ORDER BY reject_id"
    )
    return [(row["reject_id"], row["reason"]) for row in rows]


ONE, OTHER = {"identifier": "1", "LegalName": "A"}, {"identifier": "1", "LegalName": "B"}


async def test_ambiguous_records_stay_open_until_a_correction_distinguishes_them(database: str, pool: Pool) -> None:
    """Each of them alone looks right; tried one by one they would become two versions of one record."""
    await deliver(pool, [ONE, OTHER, {"identifier": "2", "LegalName": "C"}])
    open_before = await list_open(pool)
    assert [reason for _, reason in open_before] == ["ambiguous_key", "ambiguous_key"]
    assert five(await replay(database), "rejects") == (2, 0, 0, 0, 2)
    first, second = (reject_id for reject_id, _ in open_before)
    # corrected, but as ambiguous as before
    still = await replay(database, {first: ONE | {"LegalName": "A+"}, second: OTHER})
    assert five(still, "rejects") == (2, 0, 0, 0, 2)
    assert await list_open(pool) == open_before
    assert await pool.fetchval("SELECT count(*) FROM fundata_data") == 1
    # one with an id is stored, and the other does not become right by that
    assert five(await replay(database, {first: ONE | {"RecordId": "7"}}), "rejects") == (1, 1, 0, 0, 0)
    assert five(await replay(database), "rejects") == (1, 0, 0, 0, 1)
    assert five(await replay(database, {second: OTHER}), "rejects") == (1, 1, 0, 0, 0)
    rows = await read_versions(pool, "fundata_data", "record_id")
    assert [(row["identifier"], row["record_id"], row["legal_name"], row["data_version"]) for row in rows] == [
        ("1", "", "B", 1),
        ("1", "7", "A", 1),
        ("2", "", "C", 1),
    ]
    assert await list_open(pool) == []


@pytest.mark.parametrize("records", [[OTHER | {"zone": "\0"}, ONE], [ONE | {"zone": "\0"}, OTHER | {"zone": "\0"}]])
async def test_a_corrected_record_is_compared_with_the_others_of_its_response(
    database: str, pool: Pool, records: list[dict[str, Any]]
) -> None:
    """A NUL kept it from being compared when it came; without it, it is as ambiguous as any."""
    await deliver(pool, records)
    before = await list_open(pool)
    mended = {reject_id: {**record, "zone": ""} for (reject_id, _), record in zip(before, records, strict=False)}
    result = await replay(database, mended)
    assert five(result, "rejects") == (len(before), 0, 0, 0, len(before))
    assert await list_open(pool) == [(reject_id, "ambiguous_key") for reject_id, _ in before]


async def test_ids_that_name_no_open_reject_are_reported(database: str, pool: Pool, tmp_path: Path) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("", "2025-01-02", "10"), navps("", "2025-01-03", "11")])
    write_csv(tmp_path, HOLDING_FILE, [{"RecordId": "1"}])
    await load_tree(database, tmp_path)
    # files are loaded side by side: the rejects of either may come first
    rejects = await pool.fetch("SELECT reject_id, dataset FROM rejected_record ORDER BY dataset DESC, reject_id")
    assert [row["dataset"] for row in rejects] == ["FundTopHolding", "FundDailyNAVPS", "FundDailyNAVPS"]
    holding, first, second = (row["reject_id"] for row in rejects)
    columns = load_catalogue().find_dataset("FundDailyNAVPS").column_names

    def line(day: str) -> str:
        return ",".join(navps("1", day, "10").get(name, "") for name in columns)

    corrections = tmp_path / "corrected.txt"
    corrections.write_text(f"{first}\t{line('2025-01-02')}\n")
    assert (await run_cli(database, "rejects", "replay", "--file", str(corrections)))[0] == 0
    # the same file again, with another line: the rest is processed, and nothing is skipped silently
    corrections.write_text(
        f"{first}\t{line('2025-01-02')}\n{second},{line('2025-01-03')}\n999999,{line('2025-01-04')}\n"
    )
    code, result = await run_cli(database, "rejects", "replay", "--file", str(corrections))
    assert (code, result["status"], result["read"], result["stored"]) == (2, "partial", 1, 1)
    assert f"Reject {first} was resolved before (corrected)." in result["error"]
    assert "Reject 999999 does not exist." in result["error"]
    wrong = await run_in_process(
        database,
        make_replay_request("fundata", dataset="FundDailyNAVPS", reject_ids=[holding]),
        FundataReplayWork(load_catalogue()),
    )
    assert (wrong.task.status, wrong.errors) == (RunStatus.FAILED, [f"Reject {holding} belongs to FundTopHolding."])
    # each part is one of a dataset, so that views and freshness know what it speaks of
    assert {unit.dataset for unit in wrong.units} == {""}
    everything = await run_in_process(database, make_replay_request("fundata"), FundataReplayWork(load_catalogue()))
    assert {unit.dataset for unit in everything.units} == {"FundTopHolding"}


async def test_page_of_large_rejects_is_bounded(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("", f"2025-01-{day:02d}", "10") for day in range(2, 12)])
    await load_tree(database, tmp_path)
    monkeypatch.setattr(module, "RejectPages", functools.partial(RejectPages, most_bytes=100))
    result = await run_in_process(database, make_replay_request("fundata"), FundataReplayWork(load_catalogue()))
    assert five(result, "rejects") == (10, 0, 0, 0, 10)


def test_corrections_are_read_by_id() -> None:
    assert parse_corrections(b'7\t1,"a\nb",2\n9,3,4\n') == {7: '1,"a\nb",2', 9: "3,4"}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        # a line within quotes may look like another id
        (b'7\t1,"a\n25,b",2\r\n\r\n 9 ,3,4', {7: '1,"a\n25,b",2', 9: "3,4"}),
        # what Python calls a line break is part of a record
        ("7\t1,a\u2028b\x0bc\x85d,2\n".encode(), {7: "1,a\u2028b\x0bc\x85d,2"}),
        (b'7,1,"a\tb"\n', {7: '1,"a\tb"'}),
        (b"\xef\xbb\xbf7\t1\n", {7: "1"}),
        # a quote that is never closed costs its own line only
        (b'7\t1,"a\n9\t3\n', {7: '1,"a', 9: "3"}),
        (b'7\t{"a": [1,\n25, 3],\n "b": "}\\""}\n9\t{}\n', {7: '{"a": [1,\n25, 3],\n "b": "}\\""}', 9: "{}"}),
        (b'7\t{"a": 1} x \n9\t{1-2},b\n', {7: '{"a": 1} x', 9: "{1-2},b"}),
    ],
)
def test_a_corrected_record_ends_with_its_quotes_and_brackets(data: bytes, found: dict[int, str]) -> None:
    assert parse_corrections(data) == found


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no id here\n", "Line 1 does not start with the id"),
        (b"7\t1,2\nmore of it\n", "Line 2 does not start with the id"),
        (b"7\t1\n\n8\t\xe9t\xe9\n", "Line 3 is not UTF-8"),
        (b"7\ta\0b\n", "Line 1 contains a NUL"),
        (b"7\t1\n7\t2\n", "Reject 7 appears a second time in line 2"),
        (b'7\t1\n8\t{"a": [1\n', "starts in line 2 is not closed"),
        (b"\n \n", "contains no corrected record"),
    ],
)
def test_corrections_that_cannot_be_read_are_refused_by_line(data: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_corrections(data)


def test_an_unreadable_file_of_corrections_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.txt cannot be read: No such file"):
        read_corrections(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes(b"7\t\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.txt: Line 1 is not UTF-8") as refused:
        read_corrections(tmp_path / "latin.txt")
    assert refused.value.exit_code == 5
