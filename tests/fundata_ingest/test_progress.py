"""Live progress: a file is reported as one, however many streams read it, in the ledger, over HTTP and on stderr."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from fundata_ingest.seed.local_load import run_in_process
from sra_cli.commands.load import LoadDisplay, render_progress, shorten_file
from sra_cli.output import Output
from sra_shared.kit.db import Pool
from sra_shared.runs import RunStatus, Unit, UnitStatus, read_run, read_units, summarise_progress
from sra_shared.runs.counts import Counts
from sra_shared.service.runs import describe_run
from sra_testing.fundata import GENERAL_FILE, NAVPS_FILE, load_first_chunks, make_work, navps, write_csv

DAYS = [f"2025-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]


async def report(pool: Pool) -> dict[str, Any]:
    """The response of `GET /runs/{id}` for the only run."""
    async with pool.acquire() as connection:
        task = await read_run(connection, await connection.fetchval("SELECT task_id FROM task_execution_log"))
        assert task is not None
        return describe_run(task, await read_units(connection, task.task_id)).model_dump(mode="json")


async def test_file_that_two_streams_read_is_reported_as_one(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = write_csv(tmp_path, NAVPS_FILE, [navps(str(key), day, "10.5") for key in range(20) for day in DAYS])
    size = target.stat().st_size
    work = make_work(tmp_path, batch_rows=600, streams=2)
    request = await load_first_chunks(database, pool, work, monkeypatch)
    result = await report(pool)
    progress = result["progress"]
    assert progress["bytes_total"] == size
    assert 0 < progress["bytes_done"] < size
    assert 0 < progress["rows"] < 6720
    files = [unit["progress"] for unit in result["units"] if unit["progress"]]
    assert {(file["file"], file["bytes_total"]) for file in files} == {(NAVPS_FILE, size)}
    # each stream reports of the other what was committed when it looked; the run reports all
    newest = max(files, key=lambda file: file["rows"])
    assert 0 < newest["rows"] <= progress["rows"]
    assert 0 < newest["bytes_done"] <= progress["bytes_done"]
    assert newest["rows_per_second"] > 0
    assert newest["eta_seconds"] >= 0

    done = await run_in_process(database, request, work)
    assert done.task.status == RunStatus.COMPLETED
    result = await report(pool)
    assert result["progress"] == {
        "bytes_done": size,
        "bytes_total": size,
        "rows": 6720,
        "rows_per_second": 0,
        "eta_seconds": 0,
    }
    # a stream that ends reports of the other what was committed by then, so that neither need have seen the last chunk
    assert newest["rows"] < max(unit["progress"].get("rows", 0) for unit in result["units"]) <= 6720


def make_unit(name: str, status: UnitStatus, **values: Any) -> Unit:
    unit = Unit(
        task_id=UUID(int=1),
        unit=name,
        ordinal=1,
        dataset="Any",
        status=status,
        fencing_token=1,
        owner=None,
        attempt=1,
        not_before=None,
        detail={},
        resume={},
        progress={},
        error=None,
        counts=Counts(),
        started_at=None,
        completed_at=None,
    )
    return replace(unit, **values)


def tell(file: str, done: int, total: int, rows: int) -> dict[str, Any]:
    speeds = {"rows_per_second": 100, "bytes_per_second": 1000, "eta_seconds": (total - done) // 1000}
    return {"file": file, "bytes_done": done, "bytes_total": total, "rows": rows, **speeds}


UNITS = [
    make_unit(
        f"{NAVPS_FILE} [{number}/2]",
        UnitStatus.RUNNING,
        detail={"file": NAVPS_FILE, "size": 50_000},
        progress=tell(NAVPS_FILE, done, 50_000, done // 10),
        counts=Counts(read=1500, stored=1500),
    )
    for number, done in ((1, 30_000), (2, 28_000))
] + [
    make_unit("waits", UnitStatus.QUEUED, detail={"file": GENERAL_FILE, "size": 40_000}),
    make_unit("done", UnitStatus.COMPLETED, detail={"file": "data/x.csv", "size": 10_000}, progress={}),
    make_unit("known", UnitStatus.SKIPPED, detail={"file": "data/y.csv", "size": 90_000}),
    make_unit("bad", UnitStatus.REJECTED, detail={"file": "data/z.csv", "size": 90_000}),
    make_unit("absent", UnitStatus.MISSING, detail={"missing_file": "data/w.csv"}),
]


def test_time_left_is_that_of_all_files_still_to_be_read() -> None:
    found = summarise_progress(UNITS)
    assert found is not None
    assert (found.bytes_done, found.bytes_total, found.rows) == (40_000, 100_000, 3000)
    assert (found.rows_per_second, found.eta_seconds) == (100, 60)
    assert summarise_progress([make_unit("quotes", UnitStatus.RUNNING, counts=Counts(read=1, stored=1))]) is None


@pytest.mark.parametrize("as_json", [False, True])
def test_load_without_a_terminal_reports_a_line_from_time_to_time(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    with LoadDisplay(Output(as_json=as_json), every_seconds=0) as progress:
        progress.show([])
        progress.show(UNITS)
    with LoadDisplay(Output(as_json=as_json), every_seconds=3600) as progress:
        progress.show(UNITS)
    result = capsys.readouterr()
    assert result.out == ""
    assert result.err.splitlines() == [
        "Inspecting the files.",
        "3,000 records, 100 a second, 40 % of 100,000 bytes, 60 s left",
    ]


def test_table_shows_each_file_once() -> None:
    table = render_progress(UNITS)
    assert [list(map(str, column.cells)) for column in table.columns] == [
        [shorten_file(NAVPS_FILE)],
        ["60 %"],
        ["3,000"],
        ["100"],
    ]
