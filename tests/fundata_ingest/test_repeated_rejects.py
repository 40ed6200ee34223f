"""Bad rows of files and exports that are delivered again: one reject each, balanced counts, after corrections and kills too."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.repair import reject_replay as module
from fundata_ingest.repair.reject_replay import FundataReplayWork
from fundata_ingest.seed.local_load import run_in_process
from fundata_ingest.store.chunk_commit import store_chunk
from fundata_ingest.store.chunks import DeliveryContext, prepare_chunks
from fundata_ingest.transform.json_batches import read_json_batches
from fundata_ingest.transform.versions import KeySet
from sra_shared.kit.db import Pool
from sra_shared.runs import RunStatus
from sra_shared.runs.rejects import dismiss_rejects, make_replay_request
from sra_testing.fundata import NAVPS_FILE, five, load_tree, navps, run_cli, write_csv
from sra_testing.people import SOMEBODY


async def list_rejects(pool: Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch("SELECT line, seen_count, resolution, dismissal FROM rejected_record ORDER BY reject_id")
    return [tuple(row) for row in rows]


async def test_a_new_file_with_the_same_bad_rows_increments_their_counts(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    bad = [navps("", f"2025-01-{day:02d}", "10") for day in (2, 3, 3)]
    for number, extra in enumerate((0, 2)):
        root = tmp_path / str(number)
        good = [navps(str(key), "2025-01-02", "11") for key in range(1 + extra)]
        write_csv(root, NAVPS_FILE, [*good, *bad])
        result = await load_tree(database, root, batch_rows=2)
        # the run rejected them, whether they are new or not
        assert five(result, NAVPS_FILE)[4] == 3
        assert result.files[0]["rejected_by"] == {"missing_identifier": 3}
    assert await list_rejects(pool) == [(5, 2, None, None), (6, 2, None, None), (7, 2, None, None)]
    assert await pool.fetchval("SELECT count(DISTINCT coalesce(last_run_id, run_id)) FROM rejected_record") == 1


async def test_an_overlapping_export_increments_counts_and_keeps_the_first_change_date(pool: Pool) -> None:
    entry = load_catalogue().find_dataset("FundGeneral")
    for day in (1, 2, 3):
        run = uuid4()
        delivery = DeliveryContext(
            dataset=entry,
            run_id=run,
            data_source="API",
            source_file=f"api/FundGeneral.en/{run}",
            today=date(2026, 1, day),
            execution_id=str(run),
            delivered_at=datetime(2025, 10, day, tzinfo=UTC),
        )
        body = json.dumps([{"identifier": "1", "LegalName": "a\0"}]).encode()
        for chunk in prepare_chunks(
            read_json_batches(BytesIO(body), entry, delivered_on=date(2025, 10, day)), delivery
        ):
            async with pool.acquire() as connection, connection.transaction():
                await store_chunk(connection, delivery, chunk, KeySet())
    (row,) = await pool.fetch("SELECT * FROM rejected_record")
    assert (row["seen_count"], row["delivered_on"], row["file_path"]) == (
        3,
        datetime(2025, 10, 1, tzinfo=UTC),
        f"api/FundGeneral.en/{row['run_id']}",
    )


async def test_a_failed_load_completes_once_its_rejects_are_dismissed_or_corrected(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", "10"), navps("", "2025-01-03", "11")])
    limit = {"reject_limit": Decimal("0.1")}
    assert (await load_tree(database, tmp_path, **limit)).task.status is RunStatus.FAILED
    number = await pool.fetchval("SELECT reject_id FROM rejected_record")
    async with pool.acquire() as connection, connection.transaction():
        await dismiss_rejects(connection, [number], why="A row without a fund.", by=SOMEBODY)
    assert (await load_tree(database, tmp_path, **limit)).task.status is RunStatus.COMPLETED
    # the next file has it again, and it wants no attention
    write_csv(tmp_path, NAVPS_FILE, [navps("2", "2025-01-02", "10"), navps("", "2025-01-03", "11")])
    assert (await load_tree(database, tmp_path, **limit)).task.status is RunStatus.COMPLETED
    assert await list_rejects(pool) == [(3, 2, None, "A row without a fund.")]


async def test_a_corrected_row_stays_resolved_when_its_file_is_delivered_again(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    columns = load_catalogue().find_dataset("FundDailyNAVPS").column_names
    corrections = tmp_path / "corrected.txt"
    for price in ("10", "12"):
        write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", price), navps("", "2025-01-03", "11")])
        await load_tree(database, tmp_path)
        if price == "10":
            number = await pool.fetchval("SELECT reject_id FROM rejected_record")
            line = ",".join(navps("1", "2025-01-03", "11").get(name, "") for name in columns)
            corrections.write_text(f"{number}\t{line}\n")
            assert (await run_cli(database, "rejects", "replay", "--file", str(corrections)))[0] == 0
    assert await list_rejects(pool) == [(3, 2, "corrected", None)]
    code, result = await run_cli(database, "rejects", "replay")
    assert (code, result["status"], result["read"]) == (2, "partial", 0)
    assert result["error"] == "Nothing was resolved: there was no open reject to replay."


async def test_a_killed_replay_resumes(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("", f"2025-01-{day:02d}", "10") for day in (2, 3, 4)])
    await load_tree(database, tmp_path)
    columns = load_catalogue().find_dataset("FundDailyNAVPS").column_names
    rows = await pool.fetch("SELECT reject_id FROM rejected_record ORDER BY line")
    mended = {
        row["reject_id"]: ",".join(navps("1", f"2025-01-{day:02d}", "10").get(name, "") for name in columns)
        for day, row in enumerate(rows, 2)
    }
    resolve, tried = module.resolve_reject, []

    async def resolve_or_exit(*arguments: Any) -> None:
        tried.append(arguments[1])
        if len(tried) == 2:
            await pool.execute("SELECT pg_terminate_backend($1)", arguments[0].get_server_pid())
        await resolve(*arguments)

    monkeypatch.setattr(module, "resolve_reject", resolve_or_exit)
    request = make_replay_request("fundata", corrections=mended)
    result = await run_in_process(database, request, FundataReplayWork(load_catalogue()))
    assert five(result, "rejects") == (3, 3, 0, 0, 0)
    assert len(tried) == 5
    stored = await pool.fetch("SELECT data_version, run_id FROM fundata_quotes")
    assert [tuple(row) for row in stored] == [(1, result.task.task_id)] * 3
